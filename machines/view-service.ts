/** The view service: decides which view is current. It knows servers by their pings only, and counts time in ping checks. */
import { assign, raise, setup } from 'xstate'
import { type Clock, zeroClock } from './clocks.ts'
import { effects, ignore, isMessage, sendTo } from './effects.ts'
import type { Received } from './messages.ts'
import { type NodeId, parseNodeId } from './node-id.ts'
import { type ContextCodec, persistable } from './persistence.ts'
import { nextView, noView, type View } from './view.ts'

/** What must be durable before a message speaks of it (V11). */
export interface ViewRecord {
  readonly view: View
  readonly acknowledged: boolean
  /** The newest incarnation that has pinged, per server name (V7). */
  readonly incarnations: readonly { readonly name: string; readonly incarnation: number }[]
}

/** What a view service knows: plain data, replaced and never changed. */
export interface ViewServiceContext extends Omit<ViewRecord, 'acknowledged'> {
  readonly id: NodeId
  readonly clock: Clock
  /** The servers that count as alive, and how many ping checks have passed since each one's last ping (V7). */
  readonly servers: readonly { readonly id: NodeId; readonly silentChecks: number }[]
  /** Only while starting: what a former life of the view service left. */
  readonly record: ViewRecord | null
}

/** Who the view service is, and what a former life of it left (V11). */
export interface ViewServiceInput {
  readonly id: NodeId
  readonly record?: ViewRecord | null
}

/** All of them have defaults in `viewServiceDefaults`. */
export interface ViewServiceOptions {
  /** A server is dead at this many ping checks after its last ping; an integer, at least 1 (V7). */
  readonly pingTimeout: number
  /** At least twice the servers' ping interval, so that one lost ping is survived (V7). */
  readonly pingCheckIntervalMs: number
}

/** The default way in which a view service measures silence (V7). */
export const viewServiceDefaults: ViewServiceOptions = { pingTimeout: 2, pingCheckIntervalMs: 100 }

type Question = Received<'ping'> | Received<'getView'>
type Event = Question | { readonly type: 'pingCheck' }
type Situation = { readonly acknowledged: boolean }
type Liveness = Pick<ViewServiceContext, 'servers' | 'incarnations'>

const types = {
  context: {} as ViewServiceContext,
  events: {} as Event,
  input: {} as ViewServiceInput,
  tags: {} as 'acknowledged',
}
const bare = setup({ types, actions: effects })

/** The chart of the view service; options that are left out are `viewServiceDefaults`. */
export function createViewServiceMachine(options: Partial<ViewServiceOptions> = {}) {
  const { pingTimeout, pingCheckIntervalMs } = { ...viewServiceDefaults, ...options }
  /** What the view service knows of its servers once this event is counted (V5: liveness first). */
  const counted = (context: ViewServiceContext, event: Event): Liveness =>
    event.type === 'ping'
      ? heard(context, event.from)
      : event.type === 'pingCheck'
        ? checked(context, pingTimeout)
        : context

  const successor = (context: ViewServiceContext, event: Event, acknowledged: boolean) =>
    nextView({
      view: context.view,
      acknowledged,
      alive: counted(context, event).servers.map(({ id }) => id),
    })

  const machine = setup({
    types,
    delays: { pingCheckInterval: pingCheckIntervalMs },
    guards: {
      isMessage,
      resumes: ({ context }, { acknowledged }: Situation) =>
        context.record !== null &&
        context.record.view.number > 0 &&
        context.record.acknowledged === acknowledged,
      acknowledges: ({ context, event }) => acknowledges(context, event),
      tellsNothingNew: ({ context, event }, { acknowledged }: Situation) => {
        const { servers, incarnations } = counted(context, event)
        const sameLiveness = servers === context.servers && incarnations === context.incarnations
        return sameLiveness && (acknowledged || !acknowledges(context, event))
      },
      mustChangeView: ({ context, event }, { acknowledged }: Situation) =>
        successor(context, event, acknowledged || acknowledges(context, event)) !== null,
    },
    actions: {
      ...effects,
      resume: assign(({ context }) => (context.record === null ? {} : resumed(context.record))),
      countLiveness: assign(({ context, event }) => counted(context, event)),
      changeView: assign(({ context, event }, { acknowledged: before }: Situation) => {
        const acknowledged = before || acknowledges(context, event)
        const view = successor(context, event, acknowledged) ?? context.view
        return { ...counted(context, event), view }
      }),
      /** S1: a new view goes at once to its members, and to the server whose ping made it. */
      tellView: bare.enqueueActions(({ context: { view }, event, enqueue }) => {
        const pinger = event.type === 'ping' ? event.from : null
        for (const id of new Set([view.primary, view.backup, pinger]))
          if (id !== null) enqueue(sendTo(id, { type: 'viewReply', view }))
      }),
    },
  })

  /** The answer to a ping or a question: the current view (V8). */
  const answer = {
    type: 'send',
    params: ({ context, event }: { context: ViewServiceContext; event: Question }) =>
      sendTo(event.from, { type: 'viewReply', view: context.view }).params,
  } as const

  /** What a ping and a ping check do, which differs between the states only in whether the view is acknowledged. */
  const decisions = (acknowledged: boolean) => {
    const mustChangeView = { type: 'mustChangeView', params: { acknowledged } } as const
    const changeView = { type: 'changeView', params: { acknowledged } } as const
    const tellsNothingNew = { type: 'tellsNothingNew', params: { acknowledged } } as const
    return {
      ping: [
        {
          guard: mustChangeView,
          target: 'awaitingAcknowledgement',
          actions: [changeView, 'tellView'],
          description: 'The ping makes a change due: a new view, in one step (V5, V6).',
        },
        { guard: tellsNothingNew, actions: answer, description: 'Nothing but an answer is due (V8).' },
        {
          guard: 'acknowledges',
          target: 'acknowledged',
          actions: ['countLiveness', answer],
          description: 'The primary pings with the number of the view (V4).',
        },
        { actions: ['countLiveness', answer], description: 'Proves life and volunteers (V8).' },
      ],
      pingCheck: [
        {
          guard: mustChangeView,
          target: 'awaitingAcknowledgement',
          actions: [changeView, 'tellView'],
          description: 'A server has fallen silent and can be replaced (V6).',
        },
        { guard: tellsNothingNew, description: 'No server is left to fall silent (V7).' },
        { actions: 'countLiveness', description: 'One more check of silence for everyone (V7).' },
      ],
    } as const
  }

  const chart = machine.createMachine({
    id: 'viewService',
    description: 'Decides which view is current: who is primary, who is backup.',
    context: ({ input }) => ({
      id: input.id,
      clock: zeroClock,
      view: noView,
      incarnations: [],
      servers: [],
      record: input.record ?? null,
    }),
    type: 'parallel',
    states: {
      checks: {
        description: 'Counts time: liveness is measured in ping checks (V7).',
        initial: 'waiting',
        states: {
          waiting: {
            after: {
              pingCheckInterval: { target: 'waiting', reenter: true, actions: raise({ type: 'pingCheck' }) },
            },
          },
        },
      },
      views: {
        description: 'The current view.',
        initial: 'starting',
        on: {
          getView: { actions: answer, description: 'A question, not a ping (V8).' },
          '*': { guard: 'isMessage', actions: ignore('not a message for a view service') },
        },
        states: {
          starting: {
            description: 'Takes up the record of a former life, if there is one (V11).',
            always: [
              {
                guard: { type: 'resumes', params: { acknowledged: true } },
                target: 'acknowledged',
                actions: 'resume',
              },
              {
                guard: { type: 'resumes', params: { acknowledged: false } },
                target: 'awaitingAcknowledgement',
                actions: 'resume',
              },
              { target: 'awaitingFirstPing', actions: 'resume' },
            ],
          },
          awaitingFirstPing: {
            description: 'View 0: the first server to ping becomes primary of view 1 at once (V1).',
            on: {
              ping: {
                target: 'awaitingAcknowledgement',
                actions: [{ type: 'changeView', params: { acknowledged: false } }, 'tellView'],
                description: 'With any number (V1, V8).',
              },
              pingCheck: { description: 'There is no server to count yet.' },
            },
          },
          awaitingAcknowledgement: {
            description: 'The primary has not confirmed this view: its primary cannot be replaced yet (V4).',
            on: decisions(false),
          },
          acknowledged: {
            description:
              'The primary has confirmed this view, so its backup, if any, holds the state (V4, S1).',
            tags: 'acknowledged',
            on: decisions(true),
          },
        },
      },
    },
  })
  return persistable(chart, plainContext)
}

/** A view service's context is JSON as it is. */
const plainContext: ContextCodec<ViewServiceContext> = {
  save: (context) => context,
  load: (saved: ViewServiceContext) => saved,
}

/** The record that must be durable before any part of this state is sent (V11). */
export function viewRecord(context: ViewServiceContext, acknowledged: boolean): ViewRecord {
  const { view, incarnations } = context
  return { view, acknowledged, incarnations }
}

function acknowledges({ view }: ViewServiceContext, event: Event): boolean {
  return event.type === 'ping' && event.from === view.primary && event.viewNumber === view.number
}

/** A newer incarnation makes the older dead at once; an older one's late ping proves nothing (V7). */
function heard(context: ViewServiceContext, from: NodeId): Liveness {
  const { servers, incarnations } = context
  const isHeard = servers.some(({ id, silentChecks }) => id === from && silentChecks === 0)
  if (isHeard || isSuperseded(from, incarnations)) return { servers, incarnations }
  const { name, incarnation } = parseNodeId(from)
  const others = servers.filter(({ id }) => parseNodeId(id).name !== name)
  const isKnown = incarnations.some((entry) => entry.name === name && entry.incarnation === incarnation)
  return {
    servers: byId([...others, { id: from, silentChecks: 0 }]),
    incarnations: isKnown
      ? incarnations
      : byName([...incarnations.filter((entry) => entry.name !== name), { name, incarnation }]),
  }
}

/** Whether a newer incarnation of the name has been heard: then this one is dead for good (N2, V7). */
function isSuperseded(id: NodeId, incarnations: ViewRecord['incarnations']): boolean {
  const { name, incarnation } = parseNodeId(id)
  return incarnations.some((entry) => entry.name === name && entry.incarnation > incarnation)
}

/** Who has been silent for `pingTimeout` checks is dead and forgotten (V7). */
function checked({ servers, incarnations }: ViewServiceContext, pingTimeout: number): Liveness {
  if (servers.length === 0) return { servers, incarnations }
  return {
    servers: servers
      .map(({ id, silentChecks }) => ({ id, silentChecks: silentChecks + 1 }))
      .filter(({ silentChecks }) => silentChecks < pingTimeout),
    incarnations,
  }
}

/** A view service that starts again gives everyone in its view a fresh chance to ping, but for the superseded (V7, V11). */
function resumed({ view, incarnations }: ViewRecord): Partial<ViewServiceContext> {
  const members = [view.primary, view.backup].filter((id) => id !== null)
  const chances = members.filter((id) => !isSuperseded(id, incarnations))
  return {
    view,
    incarnations: byName([...incarnations]),
    servers: byId(chances.map((id) => ({ id, silentChecks: 0 }))),
    record: null,
  }
}

/** Sorted, so that the order of arrival leaves no trace in the state (N3). */
function byId<Entry extends { readonly id: NodeId }>(entries: Entry[]): Entry[] {
  return entries.sort((a, b) => (a.id < b.id ? -1 : 1))
}

function byName<Entry extends { readonly name: string }>(entries: Entry[]): Entry[] {
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}
