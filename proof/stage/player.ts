/** One node of a stage through all of its lives: its chart, clocks, timers, script and sent messages. */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate'
import { microstepsOf } from '../../actors/node.ts'
import type { Microstep } from '../../actors/observation.ts'
import { type Clock, zeroClock } from '../../machines/clocks.ts'
import type { PureAction, Stepper } from '../../machines/step.ts'
import { createTolerantStepper } from '../check/engine/tolerant-stepper.ts'
import type { CheckedNode, NodeView, SentMessage } from '../check/system.ts'

/** A timer that is set. */
export interface ArmedTimer {
  /** The id of the life that set it. */
  readonly node: string
  /** The delay's name in the chart, such as `pingInterval`, or its milliseconds; unique within the node. */
  readonly name: string
  readonly event: EventObject
  /** Virtual milliseconds. */
  readonly due: number
  /** Breaks ties between messages and timers that are due together. */
  readonly order: number
}

/** What one event did to a chart. */
export interface Taken {
  /** Undefined for the start of a life. */
  readonly before?: AnyMachineSnapshot
  readonly after: AnyMachineSnapshot
  readonly actions: readonly PureAction[]
  readonly microsteps: readonly Microstep[]
}

/** A node on the stage. The stage decides what happens to it, and when. */
export class Player {
  /** The same for all lives. */
  readonly name: string
  readonly node: CheckedNode
  id: string
  life = 1
  alive = true
  clock: Clock = zeroClock
  snapshot: AnyMachineSnapshot = null as never
  /** Events of the script that have happened. */
  scripted = 0
  /** Calls of this life. */
  callsMade = 0
  /** Calls without an end, by their ids: the commands. */
  readonly calls = new Map<number, unknown>()
  readonly #stepper: Stepper<AnyStateMachine>
  readonly #timers = new Map<string, ArmedTimer>()
  /** What was ever sent from here, former lives included, each message once. It only grows. */
  readonly #sent: SentMessage[] = []
  #microsteps: Microstep[] = []

  constructor(node: CheckedNode, name: string) {
    this.node = node
    this.name = name
    this.id = node.id
    this.#stepper = createTolerantStepper(node.machine, (inspected) => {
      if (inspected.type === '@xstate.microstep') this.#microsteps.push(...microstepsOf(inspected))
    })
  }

  /** Whether it takes events: a machine that is done takes no more. */
  get isActive(): boolean {
    return this.alive && this.snapshot.status === 'active'
  }

  /** What properties can see of it. It stays as it is when the node moves on. */
  view(): NodeView {
    const { id, alive, snapshot } = this
    const count = this.#sent.length
    const all = this.#sent
    return {
      id,
      alive,
      snapshot,
      get sent() {
        return all.length === count ? all : all.slice(0, count)
      },
    }
  }

  start(input: unknown): Taken {
    return this.#collect(() => this.#stepper.start(input as never))
  }

  take(event: EventObject): Taken {
    const before = this.snapshot
    return { before, ...this.#collect(() => this.#stepper.step(before as never, event as never)) }
  }

  /** The timers that are set, in the order in which they are due. */
  timers(): readonly ArmedTimer[] {
    if (!this.isActive) return []
    return [...this.#timers.values()].sort((a, b) => a.due - b.due || a.order - b.order)
  }

  /** Sets, sets again or cancels a timer as XState's own actions ask for. */
  setTimer(params: unknown, now: number, nextOrder: () => number): void {
    const { event, id, sendId, delay } = (params ?? {}) as Partial<TimerParams>
    if (event === undefined) this.#timers.delete(String(sendId ?? params))
    else if (delay !== undefined) {
      const key = id ?? event.type
      this.#timers.delete(key)
      const name = this.#timerName(event.type)
      this.#timers.set(key, { node: this.id, name, event, due: now + delay, order: nextOrder() })
    }
  }

  /** A timer with this event fires or has fired. */
  forgetTimer(event: EventObject): void {
    const text = JSON.stringify(event)
    for (const [key, timer] of this.#timers) {
      if (JSON.stringify(timer.event) === text) this.#timers.delete(key)
    }
  }

  forgetTimers(): void {
    this.#timers.clear()
  }

  hasSent(message: SentMessage): void {
    this.#sent.push(message)
  }

  /** Short if no other timer of this node has that name. */
  #timerName(type: string): string {
    const short = timerName(type)
    return [...this.#timers.values()].some(({ name, event }) => name === short && event.type !== type)
      ? type
      : short
  }

  #collect(run: () => { readonly snapshot: unknown; readonly actions: readonly PureAction[] }): Taken {
    this.#microsteps = []
    const { snapshot, actions } = run()
    this.snapshot = snapshot as AnyMachineSnapshot
    return { after: this.snapshot, actions, microsteps: this.#microsteps }
  }
}

interface TimerParams {
  readonly event: EventObject
  readonly id: string
  readonly sendId: string
  readonly delay: number
}

/** The name of a delay, from the event of its timer. */
export function timerName(type: string): string {
  return /^xstate\.after\.([^.]+)/.exec(type)?.[1] ?? type
}
