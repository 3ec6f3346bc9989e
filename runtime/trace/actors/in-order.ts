/** Puts what an actor received before what it sent, for wires that report a state after its effects. */
import type { ActorRun, Taken } from './actor-run.ts'

type Report =
  | {
      readonly kind: 'deliver'
      readonly from: string | null
      readonly to: string
      readonly event: { readonly type: string }
    }
  | { readonly kind: 'take'; readonly taken: Taken }

/** Messages that are held back at most; past it they are passed on in their order of arrival. */
const heldMax = 20_000

/** A run whose messages may come before what caused them. */
export interface OrderedRun extends ActorRun {
  /** The actor will take nothing more of what was delivered to it: nothing waits for it. */
  settled(key: string): void
}

/**
 * The same run in causal order. An actor that sends while an event of its own is not yet reported as received must be processing
 * with that event: everything is held back until its state comes.
 */
export function inOrder(run: ActorRun): OrderedRun {
  const pending = new Map<string, number>()
  let held: Report[] = []
  let waitingFor: string | null = null

  const count = (key: string, change: number) => {
    const next = Math.max(0, (pending.get(key) ?? 0) + change)
    if (next === 0) pending.delete(key)
    else pending.set(key, next)
  }
  const pass = (report: Report): void => {
    if (report.kind === 'take') {
      count(report.taken.key, -1)
      run.take(report.taken)
      return
    }
    const { from, to, event } = report
    if (from !== null && from !== to && pending.has(from)) {
      waitingFor = from
      held.push(report)
      return
    }
    count(to, 1)
    run.deliver(from, to, event)
  }
  /** Passes on what was held; if it has to wait again, the rest is held in the same order. */
  const release = () => {
    const waiting = held
    held = []
    waitingFor = null
    for (const report of waiting) take(report)
  }
  const take = (report: Report): void => {
    if (waitingFor === null) {
      pass(report)
    } else if (report.kind === 'take' && report.taken.key === waitingFor) {
      pass(report)
      release()
    } else {
      held.push(report)
      if (held.length <= heldMax) return
      pending.delete(waitingFor)
      release()
    }
  }

  return {
    settled(key) {
      pending.delete(key)
      if (waitingFor === key) release()
    },
    appear: (actor) => run.appear(actor),
    isKnown: (key) => run.isKnown(key),
    deliver: (from, to, event) => take({ kind: 'deliver', from, to, event }),
    take: (taken) => take({ kind: 'take', taken }),
    restart: () => run.restart(),
  }
}
