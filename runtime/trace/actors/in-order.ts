/** Puts what an actor took before what it sent: wires that only tell states tell them after all that they have brought about. */
import type { ActorRun, Taken } from './actor-run.ts'

type Told =
  | {
      readonly kind: 'deliver'
      readonly from: string | null
      readonly to: string
      readonly event: { readonly type: string }
    }
  | { readonly kind: 'take'; readonly taken: Taken }

/** Messages that are held back at most; past it they are told in the order in which they came. */
const heldMax = 20_000

/** A run whose messages may come before what caused them. */
export interface OrderedRun extends ActorRun {
  /** The actor will take nothing more of what was delivered to it: nothing waits for it. */
  settled(key: string): void
}

/**
 * The same run, told in causal order. An actor that sends while an event of its own is not yet told as taken must be dealing
 * with that event: everything is held back until its state comes.
 */
export function inOrder(run: ActorRun): OrderedRun {
  const pending = new Map<string, number>()
  let held: Told[] = []
  let waitingFor: string | null = null

  const count = (key: string, change: number) => {
    const next = Math.max(0, (pending.get(key) ?? 0) + change)
    if (next === 0) pending.delete(key)
    else pending.set(key, next)
  }
  const tell = (told: Told): void => {
    if (told.kind === 'take') {
      count(told.taken.key, -1)
      run.take(told.taken)
      return
    }
    const { from, to, event } = told
    if (from !== null && from !== to && pending.has(from)) {
      waitingFor = from
      held.push(told)
      return
    }
    count(to, 1)
    run.deliver(from, to, event)
  }
  /** Tells what was held; if it has to wait again, the rest is held in the same order. */
  const release = () => {
    const waiting = held
    held = []
    waitingFor = null
    for (const told of waiting) take(told)
  }
  const take = (told: Told): void => {
    if (waitingFor === null) {
      tell(told)
    } else if (told.kind === 'take' && told.taken.key === waitingFor) {
      tell(told)
      release()
    } else {
      held.push(told)
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
