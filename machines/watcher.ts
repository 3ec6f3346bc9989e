/** A watcher: it finds the primary, tells it what is watched, and confirms what it is sent (W1 to W3). */
import { assign, enqueueActions, setup } from 'xstate'
import { type Clock, zeroClock } from './clocks.ts'
import { effects, ignore, isMessage, sendTo } from './effects.ts'
import type { Received } from './messages.ts'
import type { NodeId } from './node-id.ts'
import type { Watch } from './server/watching-state.ts'
import { noView, type View } from './view.ts'

export type { Watch } from './server/watching-state.ts'

/** What is known of a watcher's watches; `after` moves on with what arrives. */
export interface WatcherContext {
  readonly id: NodeId
  readonly viewService: NodeId
  readonly clock: Clock
  readonly view: View
  readonly watches: readonly Watch[]
  /** Everything up to here has arrived. */
  readonly revision: number
}

/** Intervals of a watcher, in milliseconds. */
export interface WatcherOptions {
  /** How long it waits for an answer before it asks for the view and says it again. */
  readonly retryIntervalMs: number
  /** How long it hears nothing before it asks whether the primary is still there. */
  readonly idleIntervalMs: number
}

type Event =
  | Received<'viewReply'>
  | Received<'changes'>
  /** From within the process: everything that is watched from now on. A new watch has a new id. */
  | { readonly type: 'watches'; readonly watches: readonly Watch[] }

/** The chart of a watcher. It hands over what it is sent by the effect `deliver`. */
export function createWatcherMachine(options: WatcherOptions) {
  return setup({
    types: {
      context: {} as WatcherContext,
      events: {} as Event,
      input: {} as { readonly id: NodeId; readonly viewService: NodeId },
    },
    delays: { retryInterval: options.retryIntervalMs, idleInterval: options.idleIntervalMs },
    guards: {
      isMessage,
      isUsableView: ({ context, event }) =>
        event.type === 'viewReply' &&
        event.from === context.viewService &&
        event.view.number > context.view.number &&
        event.view.primary !== null,
      isMine: ({ context, event }) =>
        event.type === 'changes' &&
        event.from === context.view.primary &&
        event.viewNumber === context.view.number &&
        event.revision >= context.revision,
      /** The primary knows all that is watched. */
      answersAll: ({ context, event }) =>
        event.type === 'changes' &&
        event.from === context.view.primary &&
        event.viewNumber === context.view.number &&
        event.revision >= context.revision &&
        context.watches.every(({ id }) => id <= event.newest),
      hasNone: ({ context, event }) =>
        (event.type === 'watches' ? event.watches : context.watches).length === 0,
    },
    actions: {
      ...effects,
      deliver: (_: unknown, _params: { readonly news: readonly News[] }): void => {},
      askViewService: enqueueActions(({ context, enqueue }) => {
        enqueue(sendTo(context.viewService, { type: 'getView' }))
      }),
      /** A new primary may know less of the order than was seen: never less than was decided (S4). */
      adoptView: assign(({ event }) => (event.type === 'viewReply' ? { view: event.view } : {})),
      /** A watch that goes on keeps what it has seen. */
      setWatches: assign(({ context, event }) => {
        if (event.type !== 'watches') return {}
        const known = new Map(context.watches.map((watch) => [watch.id, watch]))
        return { watches: event.watches.map((watch) => known.get(watch.id) ?? watch) }
      }),
      sayWatches: enqueueActions(({ context: { view, watches }, enqueue }) => {
        if (view.primary === null) return
        enqueue(sendTo(view.primary, { type: 'watch', viewNumber: view.number, revision: 0, watches }))
      }),
      confirm: enqueueActions(({ context: { view, revision }, enqueue }) => {
        if (view.primary === null) return
        enqueue(sendTo(view.primary, { type: 'watch', viewNumber: view.number, revision, watches: null }))
      }),
      take: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'changes') return
        const { revision, newest } = event
        const news = newsIn(context, event)
        if (news.length > 0) enqueue({ type: 'deliver', params: { news } })
        const watches = context.watches.map((watch) =>
          watch.id <= newest ? { ...watch, after: revision } : watch,
        )
        enqueue.assign({ revision, watches })
      }),
      confirmNews: enqueueActions(({ context: { view }, event, enqueue }) => {
        if (event.type !== 'changes' || event.watches.length === 0 || view.primary === null) return
        const { revision } = event
        enqueue(sendTo(view.primary, { type: 'watch', viewNumber: view.number, revision, watches: null }))
      }),
    },
  }).createMachine({
    id: 'watcher',
    context: ({ input }) => ({ ...input, clock: zeroClock, view: noView, watches: [], revision: 0 }),
    initial: 'idle',
    on: {
      viewReply: { actions: ignore('viewReply: not newer than my view, or without a primary') },
      changes: { actions: ignore('changes: not from the primary of my view, or older than what I have') },
      '*': { guard: 'isMessage', actions: ignore('not a message for a watcher') },
      watches: [
        { guard: 'hasNone', target: '.leaving', actions: 'setWatches' },
        { target: '.asking', actions: 'setWatches' },
      ],
    },
    states: {
      idle: { description: 'Nothing is watched: no timer runs.' },
      leaving: {
        description: 'Nothing is watched any more: the primary is notified once.',
        entry: 'sayWatches',
        always: 'idle',
      },
      asking: {
        description: 'The primary does not know of all watches yet; the view may be another by now.',
        entry: ['askViewService', 'sayWatches'],
        after: { retryInterval: { target: 'asking', reenter: true } },
        on: {
          viewReply: { guard: 'isUsableView', target: 'asking', reenter: true, actions: 'adoptView' },
          changes: [
            { guard: 'answersAll', target: 'watching', actions: ['take', 'confirm'] },
            { guard: 'isMine', actions: 'take', description: 'From before the newest watch.' },
          ],
        },
      },
      watching: {
        description: 'The primary sends what it decides.',
        after: { idleInterval: 'checking' },
        on: {
          viewReply: { guard: 'isUsableView', target: 'asking', actions: 'adoptView' },
          changes: { guard: 'isMine', target: 'watching', reenter: true, actions: ['take', 'confirmNews'] },
        },
      },
      checking: {
        description: 'Nothing was heard for a while: is it still there?',
        entry: 'confirm',
        after: { retryInterval: 'asking' },
        on: {
          viewReply: { guard: 'isUsableView', target: 'asking', actions: 'adoptView' },
          changes: { guard: 'isMine', target: 'watching', actions: ['take', 'confirmNews'] },
        },
      },
    },
  })
}

/** What is new for one watch: nothing of it was seen before (W1). */
export interface News {
  readonly id: number
  readonly revision: number
  readonly snapshot: boolean
  readonly entries: Received<'changes'>['watches'][number]['entries']
}

/** A message that arrives twice is no news the second time. */
function newsIn({ watches }: WatcherContext, event: Received<'changes'>): News[] {
  const news: News[] = []
  for (const { id, snapshot, entries } of event.watches) {
    const watch = watches.find((each) => each.id === id)
    if (watch === undefined) continue
    const { after } = watch
    if (snapshot && (after === null || event.revision > after)) {
      news.push({ id, revision: event.revision, snapshot, entries })
      continue
    }
    const unseen = snapshot ? [] : entries.filter(({ revision }) => after === null || revision > after)
    if (unseen.length > 0) news.push({ id, revision: event.revision, snapshot, entries: unseen })
  }
  return news
}

/** The type of the chart that `createWatcherMachine` makes. */
export type WatcherMachine = ReturnType<typeof createWatcherMachine>
