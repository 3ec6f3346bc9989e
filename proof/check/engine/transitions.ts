/** What XState is asked: the next snapshot for a snapshot and an event, with what it sends and sets. Memoized. */
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import type { PureAction, Stepper } from '../../../machines/step.ts'
import { reasonOf } from '../properties/judged.ts'
import type { CheckedNode } from '../system.ts'
import type { Local, SnapshotOrigin, SnapshotStep, TimerChange } from './node-state.ts'
import type { NodeStates } from './node-states.ts'
import { createTolerantStepper } from './tolerant-stepper.ts'
import { refuseInvalidStep } from './valid-step.ts'

/** A message's number is one part of a key beside a snapshot's. */
const messagesMax = 0x200000

export class Transitions {
  /** How often XState itself was asked. */
  count = 0
  readonly #states: NodeStates
  readonly #steppers: Stepper<CheckedNode['machine']>[]
  readonly #byMessage = new Map<number, SnapshotStep>()
  readonly #byEvent = new Map<string, SnapshotStep>()

  constructor(states: NodeStates) {
    this.#states = states
    this.#steppers = states.nodes.map(({ machine }) => createTolerantStepper(machine))
  }

  /** The start of a life. @throws Error if the machine throws before it has any state */
  onStart(node: number, life: number, id: string, input: unknown): SnapshotStep {
    const { snapshot, actions } = this.#started(node, id, input)
    const origin: SnapshotOrigin = { node, life, from: -1, event: null }
    return this.#stepOf(origin, id, snapshot as AnyMachineSnapshot, actions, null)
  }

  onMessage(now: Local, message: number): SnapshotStep {
    const key = now.snapshot * messagesMax + message
    let step = this.#byMessage.get(key)
    if (step === undefined) {
      const { from, message: body } = this.#states.messages.get(message)
      step = this.ask(now, { ...body, from } as EventObject, null)
      this.#byMessage.set(key, step)
    }
    return step
  }

  /** @param scripted an event of a script is shown to the observer */
  onEvent(now: Local, event: EventObject, scripted: boolean): SnapshotStep {
    const key = `${now.snapshot} ${scripted} ${JSON.stringify(event)}`
    let step = this.#byEvent.get(key)
    if (step === undefined) {
      step = this.ask(now, event, scripted ? event : null)
      this.#byEvent.set(key, step)
    }
    return step
  }

  /** Asks XState, not the memory. */
  ask({ node, life, snapshot: from }: Local, event: EventObject, scripted: EventObject | null): SnapshotStep {
    this.count++
    const { snapshot, actions } = this.#steppers[node]!.step(
      this.#states.snapshot(from) as never,
      event as never,
    )
    const id = this.#states.idOf(node, life)
    return this.#stepOf({ node, life, from, event }, id, snapshot as AnyMachineSnapshot, actions, scripted)
  }

  #started(node: number, id: string, input: unknown) {
    const failed = (error: unknown) => {
      const reason = reasonOf(error)
      return new Error(`node "${id}" cannot start: ${reason}`, { cause: error })
    }
    let start: ReturnType<Stepper<CheckedNode['machine']>['start']>
    try {
      start = this.#steppers[node]!.start(input as never)
    } catch (error) {
      throw failed(error)
    }
    const { status, error } = start.snapshot as AnyMachineSnapshot
    if (status === 'error') throw failed(error)
    return start
  }

  #stepOf(
    origin: SnapshotOrigin,
    id: string,
    snapshot: AnyMachineSnapshot,
    actions: readonly PureAction[],
    scripted: EventObject | null,
  ): SnapshotStep {
    refuseInvalidStep(id, snapshot, actions)
    const sends: number[] = []
    const timers: TimerChange[] = []
    const others: PureAction[] = []
    for (const { type, params } of actions) {
      if (type === 'send') {
        const sent = params as { to: string; message: EventObject }
        const message = this.#states.messages.idOf({ from: id, ...sent })
        if (message >= 0) sends.push(message)
      } else if (type === 'xstate.raise') {
        const { event, id: timer, delay } = params as { event: EventObject; id?: string; delay?: number }
        if (delay !== undefined) timers.push({ set: { id: timer ?? event.type, event, delay } })
      } else if (type === 'xstate.cancel') {
        timers.push({ cancel: String((params as { sendId?: unknown })?.sendId ?? params) })
      } else if (type !== 'ignore') others.push({ type, params })
    }
    const emission =
      others.length === 0 && scripted === null
        ? 0
        : this.#states.emissionId({ node: id, event: scripted, actions: others })
    return { snapshot: this.#states.snapshotId(origin, snapshot), sends, timers, emission }
  }
}
