/** Logic that stands in for a promise, a callback or an observable: it waits for the outcome of the real one (M4). */
import type { AnyActorLogic, AnyActorRef, AnyStateMachine } from 'xstate'
import type { EffectReport } from '../application.ts'

/** The snapshot of an effect in the replicated state. */
export interface EffectSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped'
  readonly output: unknown
  readonly error: unknown
  readonly input: unknown
  /** The newest value of an observable. */
  readonly context?: unknown
  /** Which start of the effect this is: counted per instance, so that a late report of an earlier one is known. */
  readonly invocation: number
}

/** What an effect asks of the machine that it lives in. */
export interface EffectHost {
  nextInvocation(): number
  started(self: AnyActorRef, snapshot: EffectSnapshot): void
  stopped(self: AnyActorRef, snapshot: EffectSnapshot): void
  received(self: AnyActorRef, snapshot: EffectSnapshot, event: { readonly type: string }): void
}

/** The event by which a report reaches the stand-in, decoded. */
export const reportType = 'standby.report'

interface Scope {
  readonly self: AnyActorRef & { readonly _parent?: AnyActorRef }
  readonly system: { _relay(source: unknown, target: unknown, event: unknown): void }
  defer(run: () => void): void
  emit(event: unknown): void
}

/** Whether this is a machine: its steps are pure, so it runs in the replicated state itself. */
export function isMachine(logic: AnyActorLogic): logic is AnyStateMachine {
  return 'root' in logic && 'implementations' in logic
}

/** Whether this logic acts on the world: all but machines and `fromTransition`, which has nothing to start. */
export function isEffect(logic: AnyActorLogic): boolean {
  return !isMachine(logic) && typeof logic.start === 'function'
}

/** The stand-in for an effect that lives in `host`. */
export function inertLogic(host: EffectHost): AnyActorLogic {
  const logic = {
    getInitialSnapshot: (_: unknown, input: unknown): EffectSnapshot => ({
      status: 'active',
      output: undefined,
      error: undefined,
      input,
      invocation: host.nextInvocation(),
    }),
    start(snapshot: EffectSnapshot, { self }: Scope): void {
      host.started(self, snapshot)
    },
    transition(snapshot: EffectSnapshot, event: { readonly type: string }, scope: Scope): EffectSnapshot {
      if (event.type === reportType)
        return reported(snapshot, (event as unknown as { report: DecodedReport }).report, scope)
      if (event.type !== 'xstate.stop') {
        host.received(scope.self, snapshot, event)
        return snapshot
      }
      host.stopped(scope.self, snapshot)
      return { ...snapshot, status: 'stopped', input: undefined }
    },
    getPersistedSnapshot: (snapshot: EffectSnapshot) => snapshot,
    restoreSnapshot: (snapshot: EffectSnapshot) => snapshot,
  }
  return logic as unknown as AnyActorLogic
}

/** A report with the values that the machine sees. */
export type DecodedReport = { readonly kind: EffectReport['kind'] } & Record<string, unknown>

function reported(snapshot: EffectSnapshot, report: DecodedReport, scope: Scope): EffectSnapshot {
  switch (report.kind) {
    case 'done':
      return { ...snapshot, status: 'done', output: report.output, input: undefined }
    case 'error':
      return { ...snapshot, status: 'error', error: report.error, input: undefined }
    case 'next':
      return { ...snapshot, context: report.context }
    case 'send':
      scope.defer(() => scope.system._relay(scope.self, scope.self._parent, report.event))
      return snapshot
    case 'emit':
      scope.defer(() => scope.emit(report.event))
      return snapshot
  }
}
