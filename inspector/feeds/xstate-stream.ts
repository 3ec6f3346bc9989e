/** XState 5's own inspection stream as the steps of a run: microsteps, guards, actions and refused events included. */
import type {
  ActorRefLike,
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyTransitionDefinition,
  InspectionEvent,
  Snapshot,
} from 'xstate'
import type { Json } from '../../machines/application/application.ts'
import type { ActorRun } from '../../runtime/trace/actors/actor-run.ts'
import { inOrder } from '../../runtime/trace/actors/in-order.ts'
import { describeLogic, plainSnapshot } from '../../runtime/trace/actors/plain-actors.ts'
import { type Considered, consideredIn, refusalOf } from '../../runtime/trace/considered.ts'
import { describeMachine, type MachineDescription, nameOf } from '../../runtime/trace/definition.ts'
import { encode } from '../../runtime/trace/encode.ts'

type Event = { readonly type: string }

/** The parts of an actor that are read. */
interface InspectedActor extends ActorRefLike {
  readonly id?: string
  readonly logic?: object
  readonly src?: unknown
  readonly _parent?: InspectedActor
  readonly _processingStatus?: number
  getSnapshot(): Snapshot<unknown>
}

interface Standing {
  /** Events that were delivered and whose snapshot is still to come, in order. */
  readonly inbox: Event[]
  snapshot: Snapshot<unknown> | undefined
  microsteps: { event: string; source: string; target: string[]; guard: string | null }[]
  isRefused: boolean
  actions: { type: string; params: unknown }[]
}

/** What XState's `_processingStatus` says of an actor that has ended. */
const stopped = 2

/** What an inspection event does not carry, and what may be another once it is taken. */
export interface Seen {
  /** Whether the actor had ended. */
  readonly isStopped: boolean
  /** The actor's snapshot if it had failed. */
  readonly failed: Snapshot<unknown> | null
}

/** What is seen of almost every event: made once, for this is on the app's path. */
const alive: Seen = { isStopped: false, failed: null }

export function seenNow({ type, actorRef }: InspectionEvent): Seen {
  if (type === '@xstate.microstep' || type === '@xstate.action') return alive
  const actor = actorRef as InspectedActor
  const isStopped = actor._processingStatus === stopped
  // An actor that is being made has no snapshot that could be asked for.
  const snapshot = type === '@xstate.snapshot' ? actor.getSnapshot() : null
  const failed = snapshot?.status === 'error' ? snapshot : null
  return isStopped || failed !== null ? { isStopped, failed } : alive
}

/** Takes inspection events, one after another. */
export interface Inspection {
  /** `seen`: what was true of the actors when XState reported the event; default: what is true now. */
  take(event: InspectionEvent, seen?: Seen): void
  /** Takes the end of actors that threw: XState inspects nothing then. */
  settle(): void
}

/**
 * Feeds a run from inspection events. XState gives an actor's snapshot after all that its actions have brought about;
 * the run is in causal order, so that the step comes first, with all of its actions.
 */
export function followInspection(target: ActorRun): Inspection {
  const run = inOrder(target)
  const standings = new WeakMap<object, Standing>()
  const descriptions = new WeakMap<object, MachineDescription>()
  /** Actors with an event in their inbox. */
  const busy = new Set<InspectedActor>()

  const standingOf = (actor: InspectedActor): Standing => {
    let standing = standings.get(actor)
    if (standing === undefined) {
      standing = { inbox: [], snapshot: undefined, microsteps: [], isRefused: false, actions: [] }
      standings.set(actor, standing)
      appear(actor)
    }
    return standing
  }

  const appear = (actor: InspectedActor) => {
    const { logic = {}, sessionId, id, _parent: parent, src } = actor
    if (parent !== undefined) standingOf(parent)
    let machine = descriptions.get(logic)
    if (machine === undefined) {
      machine = isMachine(logic) ? describeMachine(logic) : describeLogic(logicName(src, id, sessionId))
      descriptions.set(logic, machine)
    }
    const name = id === undefined || id === sessionId ? machine.id : id
    run.appear({ key: sessionId, name, parent: parent?.sessionId ?? null, machine, machineKey: logic })
  }

  const take = (actor: InspectedActor, standing: Standing, event: Event, snapshot: Snapshot<unknown>) => {
    const { microsteps, actions, isRefused, snapshot: before } = standing
    const { status } = snapshot
    const index = standing.inbox.indexOf(event)
    if (index >= 0) standing.inbox.splice(0, index + 1)
    if (standing.inbox.length === 0) busy.delete(actor)
    standing.snapshot = snapshot
    standing.microsteps = []
    standing.actions = []
    standing.isRefused = false
    const isAMachine = isMachineSnapshot(snapshot)
    const tried = isAMachine ? considered(before, event, microsteps) : []
    const isRefusal = isRefused && microsteps.length === 0
    run.take({
      key: actor.sessionId,
      event: plainEvent(event),
      ...plainSnapshot(snapshot),
      status,
      ...(status === 'error' ? { error: textOf(snapshot.error) } : {}),
      ...(isAMachine ? { microsteps: tried, actions } : {}),
      ...(isRefusal ? { refused: refusalOf(tried) } : {}),
    })
    if (status === 'error') run.settled(actor.sessionId)
  }

  const settle = (actors: Iterable<InspectedActor> = busy) => {
    for (const actor of actors) {
      const standing = standingOf(actor)
      const snapshot = actor.getSnapshot()
      const [event] = standing.inbox
      if (snapshot.status !== 'error' || event === undefined) continue
      take(actor, standing, event, snapshot)
      standing.inbox.length = 0
      busy.delete(actor)
    }
  }

  return {
    settle: () => settle(),
    take(inspected, seen = seenNow(inspected)) {
      const actor = inspected.actorRef as InspectedActor
      const standing = standingOf(actor)
      switch (inspected.type) {
        case '@xstate.event': {
          const { event } = inspected
          const source = inspected.sourceRef as InspectedActor | undefined
          if (source !== undefined) standingOf(source)
          // Of an actor that throws there is no snapshot, only the news for its parent, or nothing.
          if (source !== undefined && event.type.startsWith('xstate.error.actor.')) settle([source])
          if (seen.isStopped) settle([actor])
          run.deliver(source?.sessionId ?? null, actor.sessionId, plainEvent(event))
          if (seen.isStopped) {
            run.settled(actor.sessionId)
            return
          }
          standing.inbox.push(event)
          busy.add(actor)
          return
        }
        case '@xstate.microstep': {
          const transitions = inspected._transitions
          if (transitions.length === 0) standing.isRefused = true
          standing.microsteps.push(...transitions.map((one) => microstepOf(inspected.event.type, one)))
          return
        }
        case '@xstate.action':
          standing.actions.push(inspected.action)
          return
        case '@xstate.snapshot':
          // An action that throws at the start leaves a snapshot that says nothing of it.
          take(actor, standing, inspected.event, seen.failed ?? inspected.snapshot)
      }
    },
  }
}

function considered(
  before: Snapshot<unknown> | undefined,
  event: Event,
  microsteps: Standing['microsteps'],
): readonly Considered[] {
  const known = before !== undefined && isMachineSnapshot(before) ? before : undefined
  return consideredIn(known, event.type, microsteps)
}

function microstepOf(event: string, { source, target, guard }: AnyTransitionDefinition) {
  return {
    event,
    source: source.id,
    target: target?.map(({ id }) => id) ?? [],
    guard: guard === undefined ? null : nameOf(guard),
  }
}

/** A snapshot in an event brings along its whole machine: what it says is enough. */
const plainEvents = new WeakMap<object, Event>()
function plainEvent(event: Event): Event {
  const { snapshot } = event as { snapshot?: Snapshot<unknown> }
  if (snapshot === undefined || !event.type.startsWith('xstate.snapshot.')) return event
  let plain = plainEvents.get(event)
  if (plain === undefined) {
    const { status, output, error } = snapshot
    const { value, context } = plainSnapshot(snapshot)
    plain = { ...event, snapshot: { status, value, context, output, error } } as Event
    plainEvents.set(event, plain)
  }
  return plain
}

function logicName(src: unknown, id: string | undefined, sessionId: string): string {
  if (typeof src === 'string') return src
  return id === undefined || id === sessionId ? 'actor' : id
}

function isMachine(logic: object): logic is AnyStateMachine {
  return 'root' in logic && 'implementations' in logic
}

function isMachineSnapshot(snapshot: Snapshot<unknown>): snapshot is AnyMachineSnapshot {
  return '_nodes' in snapshot
}

function textOf(error: unknown): string {
  const encoded: Json = encode(error)
  const message = (encoded as { message?: Json } | null)?.message
  return typeof message === 'string' ? message : JSON.stringify(encoded)
}
