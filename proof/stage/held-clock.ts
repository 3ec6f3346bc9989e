/** Time of a world driven by hand: timers wait until somebody fires them, and time never passes by itself. */
import type { TimeClock } from '../../actors/ports.ts'
import type { NodeId } from '../../machines/node-id.ts'

/** A timer that is set. */
export interface HeldTimer {
  readonly node: NodeId
  /** The delay's name in the chart, such as `pingInterval`; `timeLimit` for that of a client's calls. */
  readonly name: string
  /** Virtual milliseconds. */
  readonly due: number
  /** Counts what was scheduled, messages included, so that what is due at one moment has an order. */
  readonly order: number
  readonly run: () => void
}

/** A clock that stands until it is told to go on. */
export interface HeldClock extends TimeClock {
  /** The timers that are set, in the order in which they are due. */
  timers(): readonly HeldTimer[]
  /** Moves time to when the timer is due, if that is still to come, and fires it. */
  fire(timer: HeldTimer): void
  /** Moves time forward to `at`; never back. */
  advance(at: number): void
  /** Says whose chart sets the next timer, which XState does without a word to the clock. */
  announce(node: NodeId, eventType: string): void
  /** Runs a step in the name of a node: timers that nobody announced are its own. What is `soon` runs at its end. */
  actAs(node: NodeId, step: () => void): void
  nextOrder(): number
}

export function createHeldClock(): HeldClock {
  const timers = new Set<HeldTimer>()
  let announced: { readonly node: NodeId; readonly name: string }[] = []
  let soon: (() => void)[] = []
  let acting: NodeId = ''
  let now = 0
  let order = 0

  const actAs = (node: NodeId, step: () => void) => {
    acting = node
    announced = []
    step()
    while (soon.length > 0) {
      const steps = soon
      soon = []
      for (const run of steps) run()
    }
  }

  return {
    now: () => now,
    setTimeout(run, ms) {
      const { node, name } = announced.shift() ?? { node: acting, name: 'timeLimit' }
      const timer: HeldTimer = { node, name, due: now + ms, order: order++, run }
      timers.add(timer)
      return timer
    },
    clearTimeout: (handle) => void timers.delete(handle as HeldTimer),
    soon: (run) => void soon.push(run),
    timers: () => [...timers].sort((a, b) => a.due - b.due || a.order - b.order),
    fire(timer) {
      timers.delete(timer)
      now = Math.max(now, timer.due)
      actAs(timer.node, timer.run)
    },
    advance(at) {
      now = Math.max(now, at)
    },
    announce: (node, eventType) =>
      void announced.push({ node, name: /^xstate\.after\.([^.]+)/.exec(eventType)?.[1] ?? eventType }),
    actAs,
    nextOrder: () => order++,
  }
}
