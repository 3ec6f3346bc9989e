/** The wire of `@statelyai/inspect` (0.7): actors, events and snapshots of an XState 5 app, without microsteps, as the steps of a run. */
import { createMachine } from 'xstate'
import { createActorRun, type RunSink, type Taken } from '../actors/actor-run.ts'
import { inOrder } from '../actors/in-order.ts'
import { describeLogic, plainSnapshot } from '../actors/plain-actors.ts'
import { describeMachine, type MachineDescription } from '../definition.ts'

/** What its inspectors wait for before they send. */
export const statelyConnected = { type: '@statelyai.connected' } as const

type Status = 'active' | 'done' | 'error' | 'stopped'

interface ActorMessage {
  readonly type: '@xstate.actor'
  readonly name?: string
  readonly sessionId: string
  readonly parentId?: string
  /** JSON of the machine's config, or of `{ id }` for an actor without one. */
  readonly definition?: string
}
interface EventMessage {
  readonly type: '@xstate.event'
  readonly sessionId: string
  readonly sourceId?: string
  readonly event: { readonly type: string }
}
interface SnapshotMessage {
  readonly type: '@xstate.snapshot'
  readonly sessionId: string
  readonly event: { readonly type: string }
  readonly snapshot: { readonly status?: Status; readonly error?: unknown }
}
type StatelyMessage = ActorMessage | EventMessage | SnapshotMessage

/** Where the run goes, and what is wrong with it. */
export interface StatelySink extends RunSink {
  problem(text: string): void
}

export interface StatelyReader {
  /** Takes one message; what is none is passed over. */
  take(data: unknown): void
  /** Takes what still waits for an introduction. */
  finish(): void
  stop(): void
}

/**
 * Reads its messages. An actor's snapshot comes after those of the actors that it sent to, so that the steps stand in the
 * order in which snapshots were taken; clocks are kept by that order.
 */
export function createStatelyReader(sink: StatelySink): StatelyReader {
  const run = inOrder(createActorRun(sink, { origin: '@statelyai/inspect' }))
  const last = new Map<string, Pick<Taken, 'value' | 'context'>>()
  const machines = new Map<string, MachineDescription>()
  let hasComplained = false

  const machineOf = (name: string, definition: string | undefined): MachineDescription => {
    const key = definition ?? name
    let machine = machines.get(key)
    if (machine === undefined) {
      machine = described(name, definition, (reason) =>
        sink.problem(`The chart of ${name} cannot be drawn: ${reason}. Its states are shown as they come.`),
      )
      machines.set(key, machine)
    }
    return machine
  }
  const appear = ({ sessionId, parentId, definition, name = sessionId }: ActorMessage) => {
    if (run.isKnown(sessionId)) return
    const machine = machineOf(name, definition)
    const isKnownParent = parentId !== undefined && run.isKnown(parentId)
    const shown = name === sessionId ? machine.id : name
    run.appear({
      key: sessionId,
      name: shown,
      parent: isKnownParent ? parentId : null,
      machine,
      machineKey: machine,
    })
  }
  const take = (message: StatelyMessage) => {
    if (message.type === '@xstate.actor') appear(message)
    else if (message.type === '@xstate.event') {
      const { sourceId, sessionId, event } = message
      // Of an actor that fails no snapshot comes, only the news for its parent.
      if (sourceId !== undefined && event.type.startsWith('xstate.error.actor.')) fail(sourceId, event)
      run.deliver(sourceId !== undefined && run.isKnown(sourceId) ? sourceId : null, sessionId, event)
    } else if (message.type === '@xstate.snapshot') {
      const { sessionId, event, snapshot } = message
      const { status = 'active', error } = snapshot
      run.take({
        key: sessionId,
        event,
        ...plainSnapshot(snapshot),
        status,
        ...(error === undefined ? {} : { error: typeof error === 'string' ? error : JSON.stringify(error) }),
      })
    }
  }
  const fail = (key: string, event: { readonly type: string; readonly error?: unknown }) => {
    const plain = last.get(key) ?? { value: 'error', context: {} }
    last.delete(key)
    run.take({
      key,
      event: { type: 'xstate.error' },
      ...plain,
      status: 'error',
      error: textOf(event.error),
    })
  }
  const stranger = (message: StatelyMessage): string | null => {
    const id = message.type === '@xstate.actor' ? message.parentId : message.sessionId
    return id === undefined || run.isKnown(id) ? null : id
  }
  const order = createIntroductions(stranger, take, (sessionId) =>
    appear({ type: '@xstate.actor', sessionId }),
  )
  return {
    take(data) {
      if (!isStatelyMessage(data)) return
      try {
        order.take(data)
      } catch (error) {
        if (!hasComplained) sink.problem(`A message of @statelyai/inspect cannot be read: ${error}`)
        hasComplained = true
      }
    },
    finish: order.giveUp,
    stop: order.stop,
  }
}

/** How long a message waits for the actor that it speaks of to be introduced, and how many wait. */
const [patienceMs, patienceMax] = [500, 5000]

/**
 * Introductions first: a browser that is busy may run the idle callbacks in which messages are written in another order.
 * After one actor was never introduced, because the sender kept only its last 200 messages, the reader waits for no other.
 */
function createIntroductions(
  strangerIn: (message: StatelyMessage) => string | null,
  tell: (message: StatelyMessage) => void,
  introduce: (sessionId: string) => void,
) {
  let held: StatelyMessage[] = []
  let awaited: string | null = null
  let isPatient = true
  let timer: ReturnType<typeof setTimeout> | undefined

  const take = (message: StatelyMessage): void => {
    if (awaited !== null) {
      if (message.type === '@xstate.actor' && message.sessionId === awaited) {
        tell(message)
        release()
        return
      }
      held.push(message)
      if (held.length > patienceMax) giveUp()
      return
    }
    const stranger = strangerIn(message)
    if (stranger !== null && isPatient) {
      awaited = stranger
      held.push(message)
      timer = setTimeout(giveUp, patienceMs)
      return
    }
    if (stranger !== null) introduce(stranger)
    tell(message)
  }
  const giveUp = () => {
    isPatient = false
    release()
  }
  const release = () => {
    clearTimeout(timer)
    const waiting = held
    held = []
    awaited = null
    for (const message of waiting) take(message)
  }
  return { take, giveUp, stop: () => clearTimeout(timer) }
}

function textOf(error: unknown): string {
  if (typeof error === 'string') return error
  const { message } = (error ?? {}) as { message?: unknown }
  if (typeof message === 'string') return message
  // An Error is written as an empty object.
  const text = JSON.stringify(error) ?? '{}'
  return text === '{}' ? 'with an error whose text the wire does not carry' : text
}

/** A machine from the JSON of its config: XState itself reads it, and nothing in it can be run. */
function described(
  name: string,
  definition: string | undefined,
  complain: (reason: string) => void,
): MachineDescription {
  const config = parsed(definition)
  if (config === null || !('states' in config || 'on' in config)) return describeLogic(name)
  try {
    return describeMachine(createMachine(config as never))
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error))
    return describeLogic(name)
  }
}

function parsed(text: string | undefined): object | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null')
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}

function isStatelyMessage(data: unknown): data is StatelyMessage {
  if (typeof data !== 'object' || data === null) return false
  const { type, sessionId, event } = data as Record<string, unknown>
  if (typeof type !== 'string' || typeof sessionId !== 'string') return false
  return type === '@xstate.actor' || typeof (event as { type?: unknown } | null)?.type === 'string'
}
