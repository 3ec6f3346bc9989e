/** XState internals that this folder relies on, checked when the first machine is replicated. */
import { type AnyActorLogic, type AnyActorRef, createActor, createMachine } from 'xstate'

/** An action as XState hands it to its executor; `exec` runs it. */
export interface ExecutableAction {
  readonly type: string
  readonly info: unknown
  readonly params: unknown
  readonly exec?: ((info: unknown, params: unknown) => void) | undefined
}

/** An actor, with the parts that its own class does not publish. */
export interface InnerActor {
  readonly id: string
  sessionId: string
  logic: AnyActorLogic
  src: string | AnyActorLogic
  readonly systemId?: string
  readonly _parent?: InnerActor
  readonly _syncSnapshot?: boolean
  readonly system: InnerSystem
  _snapshot: { status: string; context?: unknown; error?: unknown }
  readonly _actorScope: InnerScope
  _send(event: unknown): void
}

/** The scope that an actor gives to its logic. */
export interface InnerScope {
  sessionId: string
  actionExecutor: (action: ExecutableAction) => void
  emit: (event: unknown) => void
}

/** The system of a root actor. */
export interface InnerSystem {
  readonly scheduler: {
    schedule: (source: InnerActor, target: unknown, event: unknown, delay: number, id?: string) => void
    cancel: (source: InnerActor, id: string) => void
    cancelAll: (actor: InnerActor) => void
  }
  _bookId: () => string
  _relay: (source: unknown, target: unknown, event: { readonly type: string }) => void
  _sendInspectionEvent: (event: { readonly type: string; readonly actorRef: unknown }) => void
}

let known: boolean | null = null

/**
 * Refuses an XState that is not built as we know it.
 * @throws Error naming what is missing.
 */
export function assertKnownXState(): void {
  known ??= missingPart() === null
  if (known) return
  throw new Error(
    `expected an XState whose actors have ${missingPart()}, got another; install the version that this package was tested with`,
  )
}

function missingPart(): string | null {
  let seen: InnerActor | undefined
  const inspect = ({ type, actorRef }: { type: string; actorRef: unknown }) => {
    if (type === '@xstate.actor') seen ??= actorRef as InnerActor
  }
  const actor = createActor(createMachine({}), { inspect: inspect as never }) as unknown as InnerActor
  if (seen !== actor) return 'an inspection event before their first snapshot'
  const { system, _actorScope: scope } = actor as Partial<InnerActor>
  if (system === undefined || typeof system.scheduler?.schedule !== 'function') return 'system.scheduler'
  const functions = [system._bookId, system._relay, system._sendInspectionEvent, system.scheduler.cancelAll]
  if (!functions.every((each) => typeof each === 'function')) return 'the functions of a system'
  if (typeof scope?.actionExecutor !== 'function' || typeof scope.emit !== 'function') return 'a scope'
  return typeof actor._send === 'function' && '_snapshot' in actor ? null : '_send and _snapshot'
}

/** The actor behind a reference. */
export function innerOf(ref: AnyActorRef): InnerActor {
  return ref as unknown as InnerActor
}

/** The ids from the root's child down to this actor; empty for the root. */
export function pathOf(actor: InnerActor): readonly string[] {
  const ids: string[] = []
  for (let at = actor; at._parent !== undefined; at = at._parent) ids.unshift(at.id)
  return ids
}
