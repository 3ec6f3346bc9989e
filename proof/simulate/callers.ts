/** The callers of a simulation: each client makes its planned calls one after another, and what comes of them is the history. */
import type { CallEnd, ClientCore } from '../../actors/client.ts'
import type { TimeClock } from '../../actors/ports.ts'
import type { PlannedCall } from './plan.ts'
import { answeredOperation, calledOperation, type SimulatedOperation, type Workload } from './workload.ts'

/** What callers need of their world. */
export interface CallersOptions {
  readonly workload: Workload
  readonly clock: TimeClock
  readonly client: (name: string) => ClientCore
  /** How long a call that is made now may wait; Infinity: for ever. */
  readonly limitMs: () => number
  /** A call ended without a result; its code says why. */
  readonly failed: (code: string) => void
}

interface Caller {
  readonly waiting: PlannedCall[]
  /** When its outstanding call was made; null while it has none. */
  since: number | null
}

/** Calls, and the history that they make. */
export class Callers {
  readonly #options: CallersOptions
  readonly #callers = new Map<string, Caller>()
  readonly #history: (SimulatedOperation | null)[] = []
  #events = 0
  /** Calls that are planned and have not ended. */
  open: number

  constructor(calls: readonly PlannedCall[], options: CallersOptions) {
    this.#options = options
    this.open = calls.length
  }

  /** Whether anyone waits for an answer. */
  get isLoaded(): boolean {
    for (const { since } of this.#callers.values()) if (since !== null) return true
    return false
  }

  /** The client that has waited longest for its outstanding call, and since when; null if no call waits. */
  longestWaiting(): { readonly client: string; readonly since: number } | null {
    let longest: { client: string; since: number } | null = null
    for (const [client, { since }] of this.#callers) {
      if (since !== null && (longest === null || since < longest.since)) longest = { client, since }
    }
    return longest
  }

  /** By ascending call; what was never transmitted is left out. */
  history(): SimulatedOperation[] {
    return this.#history.filter((operation) => operation !== null)
  }

  /** The call's time has come. */
  add(call: PlannedCall): void {
    let caller = this.#callers.get(call.client)
    if (caller === undefined) {
      caller = { waiting: [], since: null }
      this.#callers.set(call.client, caller)
    }
    caller.waiting.push(call)
    this.proceed(call.client)
  }

  /** The client's next call, unless one is outstanding. */
  proceed(name: string): void {
    const caller = this.#callers.get(name)
    if (caller === undefined || caller.since !== null) return
    const call = caller.waiting.shift()
    if (call === undefined) return
    const { command } = call
    const { workload, clock, client, limitMs } = this.#options
    caller.since = clock.now()
    const called = calledOperation(workload, name, command, this.#events++)
    const index = this.#history.push(called) - 1
    client(name).submit(
      command,
      (end) => {
        this.#history[index] = this.#ended(called, command, end)
        this.open--
        caller.since = null
        // A stopped client's next call is its successor's.
        clock.soon(() => this.proceed(name))
      },
      limitMs(),
    )
  }

  /** The history's line of a call that has ended; null if no server can have received it. */
  #ended(called: SimulatedOperation, command: unknown, end: CallEnd): SimulatedOperation | null {
    const { workload, failed } = this.#options
    if ('value' in end) return answeredOperation(workload, called, command, end, this.#events++)
    if ('error' in end)
      return answeredOperation(workload, called, command, { error: end.error.message }, this.#events++)
    failed(end.failure.code)
    return end.failure.mayHaveExecuted ? called : null
  }
}
