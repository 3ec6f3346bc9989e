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
import { describeLogic, plainSnapshot } from '../../runtime/trace/actors/plain-actors.ts'
import { type Considered, consideredIn } from '../../runtime/trace/considered.ts'
import { describeMachine, type MachineDescription } from '../../runtime/trace/definition.ts'
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
  /** Delivered and not yet told as taken, in order. */
  readonly inbox: Event[]
  snapshot: Snapshot<unknown> | undefined
  microsteps: { event: string; source: string; target: string[]; guard: string | null }[]
  isRefused: boolean
  actions: { type: string; params: unknown }[]
  /** The event whose step was told before its snapshot came. */
  told: Event | null
}

/** Feeds a run from inspection events, one after another. */
export function followInspection(run: ActorRun): (event: InspectionEvent) => void {
  const standings = new WeakMap<object, Standing>()
  const descriptions = new WeakMap<object, MachineDescription>()

  const standingOf = (actor: InspectedActor): Standing => {
    let standing = standings.get(actor)
    if (standing === undefined) {
      standing = { inbox: [], snapshot: undefined, microsteps: [], isRefused: false, actions: [], told: null }
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
    standing.snapshot = snapshot
    standing.microsteps = []
    standing.actions = []
    standing.isRefused = false
    const plain = plainSnapshot(snapshot)
    const isAMachine = isMachineSnapshot(snapshot)
    run.take({
      key: actor.sessionId,
      event: plainEvent(event),
      ...plain,
      status,
      ...(status === 'error' ? { error: textOf(snapshot.error) } : {}),
      ...(isAMachine ? { microsteps: considered(before, event, microsteps), actions } : {}),
      ...(isRefused && microsteps.length === 0 ? { refused: 'no transition takes it in this state' } : {}),
    })
  }

  /** Before what it sends is told, an actor's step is told: XState gives its snapshot only afterwards. */
  const tellSoFar = (actor: InspectedActor) => {
    const standing = standingOf(actor)
    const [event] = standing.inbox
    if (event === undefined) return
    const snapshot = actor.getSnapshot()
    const hasBegun =
      standing.microsteps.length > 0 ||
      standing.actions.length > 0 ||
      event.type === 'xstate.init' ||
      !isMachineSnapshot(snapshot) ||
      snapshot.status === 'error'
    if (!hasBegun) return
    standing.told = event
    take(actor, standing, event, snapshot)
  }

  return (inspected) => {
    const actor = inspected.actorRef as InspectedActor
    const standing = standingOf(actor)
    switch (inspected.type) {
      case '@xstate.event': {
        const event = inspected.event
        const source = inspected.sourceRef as InspectedActor | undefined
        if (source !== undefined) tellSoFar(source)
        // An actor that failed has told nobody: it shows when the next event comes for it.
        if (actor._processingStatus === 2 && standing.snapshot?.status === 'active') tellSoFar(actor)
        run.deliver(source?.sessionId ?? null, actor.sessionId, plainEvent(event))
        if (actor._processingStatus !== 2) standing.inbox.push(event)
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
      case '@xstate.snapshot': {
        const { event, snapshot } = inspected
        const isTold = standing.told === event && standing.snapshot?.status === snapshot.status
        standing.told = null
        if (!isTold) take(actor, standing, event, snapshot)
      }
    }
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
    guard: guard === undefined ? null : guardName(guard),
  }
}

function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard
  const { type } = guard as { type?: string }
  return typeof type === 'string' ? type : '(inline)'
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
