/** Sorts the actions of a step by what they do. */
import type { PureAction } from '../../machines/step.ts'
import { nameOf } from '../../runtime/trace/definition.ts'
import type { AnyEvent, Effects, Sent, Spawned } from './moment.ts'

/** What the actions do, of the effects of a step. */
export type ActionEffects = Omit<Effects, 'microsteps' | 'taken' | 'refused'>

export function effectsOf(actions: readonly PureAction[]): ActionEffects {
  const of = (type: string) => actions.filter((action) => action.type === type).map(({ params }) => params)
  return {
    actions,
    sent: actions.flatMap((action) => sentBy(action) ?? []),
    emitted: of('xstate.emit').map((params) => (params as { event: AnyEvent }).event),
    raised: (of('xstate.raise') as { event: AnyEvent; delay?: number }[])
      .filter(({ delay }) => delay === undefined)
      .map(({ event }) => event),
    spawned: of('xstate.spawnChild').map(spawnedBy),
    stopped: of('xstate.stopChild').map(idOf),
    logged: of('xstate.log').map((params) => (params as { value: unknown }).value),
  }
}

/** What a sending action sends; null for any other action. */
export function sentBy({ type, params }: PureAction): Sent | null {
  if (type === 'xstate.sendTo') {
    const { to, targetId, event, delay, id } = params as SendTo
    return { to: receiverOf(to, targetId), event, ...defined({ delay, id }) }
  }
  if (type !== 'send') return null
  const { to, message } = params as { to?: unknown; message?: AnyEvent }
  return typeof to === 'string' && typeof message === 'object' ? { to, event: message } : null
}

interface SendTo {
  readonly to: unknown
  readonly targetId?: string
  readonly event: AnyEvent
  readonly delay?: number
  readonly id?: string
}

function receiverOf(to: unknown, targetId: string | undefined): string {
  return targetId ?? (typeof to === 'string' ? to : idOf(to))
}

function spawnedBy(params: unknown): Spawned {
  const { id, src, input, actorRef } = params as {
    id: string
    src: unknown
    input?: unknown
    actorRef?: unknown
  }
  const logic = src ?? (actorRef as { src?: unknown } | undefined)?.src
  return { id, src: nameOf(logic ?? '(inline)'), input: input ?? null }
}

function idOf(actor: unknown): string {
  return typeof actor === 'string' ? actor : ((actor as { id?: string } | undefined)?.id ?? '(unknown)')
}

function defined(values: { readonly delay?: number | undefined; readonly id?: string | undefined }): {
  delay?: number
  id?: string
} {
  const { delay, id } = values
  return { ...(delay === undefined ? {} : { delay }), ...(id === undefined ? {} : { id }) }
}
