/** Time and chance: RxJS schedulers behind the Clock port, and a seeded generator behind the Random port. */
import { mersenne } from 'pure-rand/generator/mersenne'
import {
  asyncScheduler,
  type SchedulerAction,
  type SchedulerLike,
  Subscription,
  VirtualTimeScheduler,
} from 'rxjs'
import type { Random, TimeClock } from '../actors/ports.ts'

/**
 * Work without a delay runs in the next turn of the event loop, all that is waiting in one turn; work with a delay is
 * RxJS's asyncScheduler's. Unlike asapScheduler it lets timers and sockets in between, however busy the system is.
 */
export const turnScheduler: SchedulerLike = {
  now: () => asyncScheduler.now(),
  schedule<State>(
    work: (this: SchedulerAction<State>, state?: State) => void,
    delay = 0,
    state?: State,
  ): Subscription {
    if (delay > 0) return asyncScheduler.schedule(work, delay, state as State)
    const subscription = new Subscription()
    queued.push({ work: work as never, state, subscription })
    if (queued.length === 1) nextTurn(runQueued)
    return subscription
  },
}

interface Queued {
  readonly work: (this: SchedulerAction<unknown>, state?: unknown) => void
  readonly state: unknown
  readonly subscription: Subscription
}

let queued: Queued[] = []

function runQueued(): void {
  const turn = queued
  queued = []
  for (const { work, state, subscription } of turn) {
    if (!subscription.closed) work.call(subscription as SchedulerAction<unknown>, state)
  }
}

const nextTurn: (run: () => void) => void =
  typeof setImmediate === 'function' ? (run) => void setImmediate(run) : throughMessageChannel()

/** Browsers have no setImmediate, and their setTimeout waits 4 ms: a message to oneself is the next turn. */
function throughMessageChannel(): (run: () => void) => void {
  let channel: MessageChannel | undefined
  let waiting: (() => void)[] = []
  return (run) => {
    if (channel === undefined) {
      channel = new MessageChannel()
      channel.port1.onmessage = () => {
        const turn = waiting
        waiting = []
        for (const next of turn) next()
      }
    }
    waiting.push(run)
    channel.port2.postMessage(null)
  }
}

/** A clock on an RxJS scheduler; real time by default. On a VirtualTimeScheduler it is exact. */
export function schedulerClock(scheduler: SchedulerLike = asyncScheduler): TimeClock {
  if (scheduler === asyncScheduler) return realClock
  const isVirtual = scheduler instanceof VirtualTimeScheduler
  return {
    now: () => scheduler.now(),
    setTimeout: (run, ms) => scheduler.schedule(run, ms),
    clearTimeout: (handle) => (handle as Subscription | undefined)?.unsubscribe(),
    soon: isVirtual ? (run) => void scheduler.schedule(run, 0) : (run) => queueMicrotask(run),
  }
}

/** What asyncScheduler does, without an action and a subscription for each timer: a busy node sets and clears one with every message. */
const realClock: TimeClock = {
  now: () => asyncScheduler.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout> | undefined),
  soon: (run) => queueMicrotask(run),
}

/** Chance from a seed (an integer), the same numbers on every machine: the Mersenne Twister of pure-rand, whose neighbouring seeds have nothing in common. */
export function seededRandom(seed: number): Random {
  const generator = mersenne(seed)
  return () => (generator.next() >>> 0) / 0x1_0000_0000
}
