/** Steps of a run as messages of `@xstate/inspect` (0.8, XState 4): any of its receivers shows them as services. It knows no XState 4 itself. */
import { knownOptions } from '../../actors/known-options.ts'
import type { Json } from '../../machines/application/application.ts'
import type { MachineDescription } from '../../runtime/trace/definition.ts'
import type { TraceHeader, TraceStep } from '../../runtime/trace/format.ts'
import { applyPatch } from '../../runtime/trace/patch.ts'
import { configOf, eventName4 } from './config-4.ts'

/** A message as its receivers take it: machine, state and event are JSON texts. */
export type ServiceMessage =
  | {
      readonly type: 'service.register'
      readonly machine: string
      readonly state: string
      readonly id: string
      readonly sessionId: string
      readonly parent?: string
    }
  | { readonly type: 'service.event'; readonly event: string; readonly sessionId: string }
  | { readonly type: 'service.state'; readonly state: string; readonly sessionId: string }
  | { readonly type: 'service.stop'; readonly sessionId: string }

/** Takes a run, and tells it to receivers; a node is a service, its id the session's. */
export interface ServiceMessages {
  header(header: TraceHeader): void
  /** The messages of a step, none for what happens between nodes only. */
  step(step: TraceStep): readonly ServiceMessage[]
  /** For a receiver that comes late: what it has missed, or, of a long run, where each node stood and what came after that. */
  replay(): readonly ServiceMessage[]
}

/** How much is kept for those who come late. */
export interface ServiceMessagesOptions {
  /** Messages that are kept for replays. Default 5,000. */
  readonly replayMax?: number
}

/** How far a node has come. */
interface Standing {
  readonly context: Json
}

/** A translation of one run after another: feed it a header and then its steps. */
export function createServiceMessages(options: ServiceMessagesOptions = {}): ServiceMessages {
  knownOptions('createServiceMessages', options, { replayMax: true })
  const { replayMax = 5000 } = options
  const machines = new Map<string, MachineDescription>()
  const standings = new Map<string, Standing>()
  const recent: ServiceMessage[] = []
  /** Of each node that ran when the oldest of the recent messages came: its registration, with its state of then. */
  const base = new Map<string, ServiceMessage & { readonly type: 'service.register' }>()

  const keep = (messages: readonly ServiceMessage[]) => {
    recent.push(...messages)
    // A tenth at a time: taking one from the front costs as much as taking many.
    if (recent.length <= replayMax * 1.1) return
    for (const message of recent.splice(0, recent.length - replayMax)) {
      if (message.type === 'service.register') base.set(message.sessionId, message)
      else if (message.type === 'service.stop') base.delete(message.sessionId)
      else if (message.type === 'service.state') {
        const known = base.get(message.sessionId)
        if (known !== undefined) base.set(message.sessionId, { ...known, state: message.state })
      }
    }
  }

  const register = (step: TraceStep, node: string): ServiceMessage[] => {
    const { machine = '', definition, parent, after } = step
    if (definition !== undefined) machines.set(definition.id, definition)
    const description = machines.get(machine)
    const context = after?.context ?? {}
    standings.set(node, { context })
    return [
      {
        type: 'service.register',
        machine: JSON.stringify(description === undefined ? { id: machine } : configOf(description, context)),
        state: JSON.stringify(stateOf(step, context)),
        id: node,
        sessionId: node,
        ...(parent === undefined ? {} : { parent }),
      },
    ]
  }

  const messagesOf = (step: TraceStep): ServiceMessage[] => {
    const { node, kind, after } = step
    if (node === null) return []
    if (kind === 'start') return register(step, node)
    if (kind === 'crash' || kind === 'stop') {
      return standings.delete(node) ? [{ type: 'service.stop', sessionId: node }] : []
    }
    const known = standings.get(node)
    if (after === undefined || known === undefined) return []
    const context =
      after.context ?? (after.patch?.length ? applyPatch(known.context, after.patch) : known.context)
    standings.set(node, { context })
    return [
      { type: 'service.event', event: JSON.stringify(scxmlOf(step)), sessionId: node },
      { type: 'service.state', state: JSON.stringify(stateOf(step, context)), sessionId: node },
    ]
  }

  return {
    header(header) {
      recent.length = 0
      base.clear()
      machines.clear()
      standings.clear()
      for (const { definition } of header.machines) machines.set(definition.id, definition)
    },
    step(step) {
      const messages = messagesOf(step)
      keep(messages)
      return messages
    },
    replay: () => [...base.values(), ...recent],
  }
}

/** The event as XState 4 wraps it. */
function scxmlOf({ kind, message, event, microsteps }: TraceStep) {
  const type = kind === 'start' ? 'xstate.init' : (message?.type ?? microsteps?.[0]?.event ?? typeIn(event))
  const name = eventName4(type)
  const body = message === undefined ? event : message.body
  const data = { ...(isRecord(body) ? body : {}), type: name }
  return {
    name,
    data,
    $$type: 'scxml',
    type: kind === 'receive' ? 'external' : 'internal',
    ...(message === undefined ? {} : { origin: message.from, sendid: message.id }),
  }
}

/** A state as XState 4 writes it; `_event` must be there, or its receivers throw. */
function stateOf(step: TraceStep, context: Json) {
  const { node, after, before, microsteps = [], actions = [] } = step
  const _event = scxmlOf(step)
  const taken = microsteps.filter(({ result }) => result)
  return {
    value: after?.value ?? {},
    context,
    event: _event.data,
    _event,
    _sessionid: node,
    actions: actions.map(({ type, params }) => ({ ...(isRecord(params) ? params : {}), type })),
    activities: {},
    meta: {},
    events: [],
    transitions: taken.map(({ event, source, target, guard }) => ({
      eventType: eventName4(event),
      event: eventName4(event),
      source: `#${source}`,
      target: target.map((id) => `#${id}`),
      actions: [],
      ...(guard === null ? {} : { cond: { type: 'xstate.guard', name: guard } }),
    })),
    children: {},
    tags: [],
    ...(before === undefined ? {} : { changed: taken.length > 0 }),
    done: false,
  }
}

function typeIn(event: Json | undefined): string {
  const type = isRecord(event) ? event.type : undefined
  return typeof type === 'string' ? type : ''
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
