/** The wire of `@xstate/inspect` (0.8, XState 4): `service.*` messages, as text or as its receivers parse them, as the steps of a run. */
import type { Json } from '../../machines/application/application.ts'
import { createActorRun } from '../../runtime/trace/actors/actor-run.ts'
import { inOrder } from '../../runtime/trace/actors/in-order.ts'
import type { Considered } from '../../runtime/trace/considered.ts'
import type { MachineDescription } from '../../runtime/trace/definition.ts'
import { describeDefinition } from './definition-4.ts'
import type { Feed, Messages } from './feed.ts'

/** What its senders wait for before they send. */
export const xstateInspecting = { type: 'xstate.inspecting' } as const

/** A message; `machine`, `state` and `event` are JSON texts on the wire, and objects from a receiver. */
interface ServiceMessage {
  readonly type: string
  readonly sessionId: string
  readonly id?: string
  readonly parent?: string
  readonly machine?: unknown
  readonly state?: unknown
  readonly event?: unknown
}

/** The parts of a State of XState 4 that are read. */
interface State4 {
  readonly value: Json
  readonly context?: unknown
  readonly event?: { readonly type: string }
  readonly _event?: { readonly data?: { readonly type: string } }
  readonly changed?: boolean
  readonly done?: boolean
  readonly actions?: readonly { readonly type?: string }[]
  readonly transitions?: readonly Transition4[]
}

interface Transition4 {
  readonly eventType?: string
  readonly source?: unknown
  readonly target?: readonly unknown[]
  readonly cond?: unknown
}

/**
 * A feed of its messages. A sender brings no microsteps, but the transitions that were taken; its receivers lose those, and
 * whether anything changed. Of a service that was there before the page it brings the state, and nothing of its past.
 */
export function xstateInspectFeed(messages: Messages): Feed {
  return (sink) => {
    const run = inOrder(createActorRun(sink, { origin: '@xstate/inspect' }))
    const machines = new Map<string, MachineDescription>()
    const started = new Set<string>()
    let hasComplained = false

    const register = ({ sessionId, id = sessionId, parent, machine, state }: ServiceMessage) => {
      if (run.isKnown(sessionId)) return
      const definition = plain(machine)
      const key = JSON.stringify(definition)
      const known = machines.get(key) ?? describeDefinition(definition)
      machines.set(key, known)
      run.appear({
        key: sessionId,
        name: id,
        parent: parent !== undefined && run.isKnown(parent) ? parent : null,
        machine: known,
        machineKey: known,
      })
      take(sessionId, plain(state) as State4)
    }
    const take = (sessionId: string, state: State4) => {
      const { value, context, done, changed, actions = [], transitions = [] } = state
      const event = state._event?.data ?? state.event ?? { type: 'xstate.init' }
      const isFirst = !started.has(sessionId)
      // It tells the initial state twice: when it registers, and when the service has started.
      if (!isFirst && event.type === 'xstate.init') return
      started.add(sessionId)
      const isRecord = typeof context === 'object' && context !== null && !Array.isArray(context)
      run.take({
        key: sessionId,
        event,
        value,
        context: isRecord ? (context as Record<string, unknown>) : context == null ? {} : { context },
        status: done === true ? 'done' : 'active',
        // A service that was there before has its last event still in its state.
        microsteps: isFirst ? [] : transitions.map((transition) => consideredOf(event.type, transition)),
        actions: actions.map(({ type = '(inline)', ...params }) => ({ type, params })),
        ...(changed === false && !isFirst && transitions.length === 0
          ? { refused: 'no transition takes it in this state' }
          : {}),
      })
    }
    const deliver = ({ sessionId, event }: ServiceMessage) => {
      const { data, origin } = (plain(event) ?? {}) as { data?: { type: string }; origin?: string }
      if (data === undefined || data.type === 'xstate.init') return
      run.deliver(origin !== undefined && run.isKnown(origin) ? origin : null, sessionId, data)
    }
    const stop = ({ sessionId, state }: ServiceMessage) => {
      const last = (plain(state) ?? {}) as Partial<State4>
      run.take({
        key: sessionId,
        event: { type: 'xstate.stop' },
        value: last.value ?? null,
        context: {},
        status: 'stopped',
      })
    }
    return messages((data) => {
      if (!isServiceMessage(data)) return
      try {
        if (data.type === 'service.register') register(data)
        else if (data.type === 'service.event') deliver(data)
        else if (data.type === 'service.state') take(data.sessionId, plain(data.state) as State4)
        else if (data.type === 'service.stop') stop(data)
      } catch (error) {
        if (!hasComplained) sink.problem(`A message of @xstate/inspect cannot be read: ${error}`)
        hasComplained = true
      }
    })
  }
}

function consideredOf(event: string, { eventType, source, target = [], cond }: Transition4): Considered {
  return {
    event: eventType ?? event,
    source: stateId(source),
    target: target.map(stateId),
    guard: cond === undefined || cond === null ? null : nameOf(cond),
    result: true,
  }
}

/** `#id` on the wire, a node from a receiver. */
function stateId(state: unknown): string {
  if (typeof state === 'string') return state.replace(/^#/, '')
  return String((state as { id?: unknown } | null)?.id ?? '')
}

function nameOf(cond: unknown): string {
  if (typeof cond === 'string') return cond
  const { name, type } = cond as { name?: string; type?: string }
  return name || type || '(inline)'
}

/** The value of a JSON text, or what a receiver made of it as plain data. */
function plain(given: unknown): unknown {
  if (typeof given === 'string') return JSON.parse(given)
  const { definition } = (given ?? {}) as { definition?: unknown }
  return definition ?? given
}

function isServiceMessage(data: unknown): data is ServiceMessage {
  if (typeof data !== 'object' || data === null) return false
  const { type, sessionId } = data as Record<string, unknown>
  return typeof type === 'string' && typeof sessionId === 'string'
}
