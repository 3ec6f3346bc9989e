/** Watchers of a primary: each is sent decided changes in order, once, without a gap (W1 to W3). */
import type { Application, Change, Json, Selection } from '../application/application.ts'
import type { Decided, Replica } from '../application/at-most-once.ts'
import { jsonSize } from '../application/json.ts'
import { rememberLast } from '../application/remember-last.ts'
import { sendTo } from '../effects.ts'
import type { Message } from '../messages.ts'
import type { NodeId } from '../node-id.ts'
import type { View } from '../view.ts'
import { type Enqueue, enqueueOn, guard, type ServerOptions } from './context.ts'
import { noWatching, type Watch, type Watching, WatchingBox } from './watching-state.ts'

/** The most entries of a snapshot that a watcher is given. */
const snapshotMax = 10_000
const clientsMax = 10_000

/** The parts of a server's context that matter here. */
interface Known {
  readonly view: View
  readonly replica: Replica | null
  readonly watching: Watching
}

/** The rules of watching. */
export function watchRules(application: Application, options: ServerOptions) {
  const { historyMax = 0, historyBytesMax } = options
  const indexOf = rememberLast((watches: Watching['watches']) => {
    const keys = new Map<string, NodeId[]>()
    const prefixes: { readonly prefix: string; readonly client: NodeId }[] = []
    for (const [client, list] of watches.entriesAfter()) {
      for (const { key, prefix } of list) {
        if (prefix) prefixes.push({ prefix: key, client })
        else keys.set(key, [...(keys.get(key) ?? []), client])
      }
    }
    return { keys, prefixes }
  })

  /** What has been executed becomes history. A replica that was installed begins a new one. */
  const recorded = (
    watching: Watching,
    before: Replica,
    after: Replica,
    happened: readonly Decided[],
  ): Watching => {
    if (historyMax === 0) return watching
    const known = watching.history
    const { from, ...rest } =
      known.upTo === before.position ? known : { ...noWatching.history, from: before.position }
    let { entries, bytes } = rest
    let start = from
    for (const { position, changes = [] } of happened) {
      if (changes.length === 0) continue
      entries = entries.set(position, changes)
      bytes += sizeOf(changes)
    }
    for (let first = entries.first(); first !== undefined; first = entries.first()) {
      if (entries.size <= historyMax && bytes <= historyBytesMax) break
      const [position, changes] = first
      entries = entries.delete(position)
      bytes -= sizeOf(changes)
      start = position
    }
    return { ...watching, history: { upTo: after.position, from: start, entries, bytes } }
  }

  /** What a watch has not been sent after a position; a snapshot where the history does not reach back that far (W2). */
  const newsOf = (watch: Watch, after: number | null, { replica, watching }: Known) => {
    const { history } = watching
    const entries: { revision: number; key: string; value?: Json }[] = []
    if (after === null || after < history.from) {
      const selection: Selection = { key: watch.key, prefix: watch.prefix }
      for (const entry of application.current?.(replica!.state, selection, snapshotMax) ?? []) {
        entries.push({ revision: replica!.position, ...entry })
      }
      return { id: watch.id, snapshot: true, entries }
    }
    for (const [revision, changes] of history.entries.entriesAfter(after)) {
      for (const change of changes) if (matches(watch, change.key)) entries.push({ revision, ...change })
    }
    return { id: watch.id, snapshot: false, entries }
  }

  const send = (
    enqueue: Enqueue,
    client: NodeId,
    known: Known,
    news: readonly ReturnType<typeof newsOf>[],
  ): Watching['pending'] => {
    const revision = known.replica!.position
    const watches = news.filter(({ snapshot, entries }) => snapshot || entries.length > 0)
    const list = known.watching.watches.get(client) ?? []
    const newest = list.reduce((highest, { id }) => Math.max(highest, id), 0)
    const message: Message = { type: 'changes', viewNumber: known.view.number, revision, newest, watches }
    enqueue(sendTo(client, message))
    return known.watching.pending.set(client, { sent: revision, more: false })
  }

  /** Each client that waits for one of these changes is sent it; who has not confirmed the last ones is sent it then. */
  const notified = (known: Known, happened: readonly Decided[], enqueue: Enqueue): Watching => {
    const { watching, view } = known
    if (watching.viewNumber !== view.number || watching.watches.size === 0) return watching
    const { keys, prefixes } = indexOf(watching.watches)
    const clients = new Set<NodeId>()
    for (const { changes = [] } of happened) {
      for (const { key } of changes) {
        for (const client of keys.get(key) ?? []) clients.add(client)
        for (const { prefix, client } of prefixes) if (key.startsWith(prefix)) clients.add(client)
      }
    }
    let { pending } = watching
    const first = happened[0]?.position ?? 0
    for (const client of clients) {
      const behind = pending.get(client)
      if (behind !== undefined) pending = pending.set(client, { ...behind, more: true })
      else {
        const list = watching.watches.get(client) ?? []
        const now = { ...known, watching: { ...watching, pending } }
        pending = send(
          enqueue,
          client,
          now,
          list.map((watch) => newsOf(watch, first - 1, now)),
        )
      }
    }
    return { ...watching, pending }
  }

  /** A client says what it watches from now on; of a view that has just begun this may be the first message of it. */
  const subscribed = (known: Known, client: NodeId, list: readonly Watch[], enqueue: Enqueue): Watching => {
    const isNewView = known.watching.viewNumber !== known.view.number
    const { watches, pending } = isNewView ? noWatching : known.watching
    const base = { ...known.watching, viewNumber: known.view.number }
    if (list.length === 0)
      return { ...base, watches: watches.delete(client), pending: pending.delete(client) }
    const isKnown = watches.has(client)
    const first = watches.first()
    const room =
      isKnown || watches.size < clientsMax || first === undefined ? watches : watches.delete(first[0])
    const now = { ...known, watching: { ...base, watches: room.set(client, list), pending } }
    return {
      ...now.watching,
      pending: send(
        enqueue,
        client,
        now,
        list.map((watch) => newsOf(watch, watch.after, now)),
      ),
    }
  }

  /** A client has everything up to `revision`, or asks whether there is more. */
  const confirmed = (known: Known, client: NodeId, revision: number, enqueue: Enqueue): Watching => {
    const { watching, view } = known
    const list = watching.viewNumber === view.number ? watching.watches.get(client) : undefined
    if (list === undefined) return watching
    const behind = watching.pending.get(client)
    const isUpToDate = behind === undefined
    if (behind !== undefined && revision >= behind.sent && !behind.more)
      return { ...watching, pending: watching.pending.delete(client) }
    const news = isUpToDate ? [] : list.map((watch) => newsOf(watch, revision, known))
    const pending = send(enqueue, client, known, news)
    return { ...watching, pending: isUpToDate ? watching.pending : pending }
  }

  return {
    recorded,
    notified,
    /** What did not change stays the same object: a step that changes nothing leaves its context alone. */
    boxed: ({ watching }: { readonly watching: WatchingBox }, next: Watching) =>
      next === openOf({ watching }) ? watching : new WatchingBox(next),
    guards: { isWatchOfMyView: guard('watch', ({ view }, { viewNumber }) => viewNumber === view.number) },
    actions: {
      takeWatch: enqueueOn('watch', (context, event, enqueue) => {
        const { from, watches, revision } = event
        if (context.replica === null) return
        const known = { view: context.view, replica: context.replica, watching: openOf(context) }
        const watching =
          watches === null
            ? confirmed(known, from, revision, enqueue)
            : subscribed(known, from, watches, enqueue)
        enqueue.assign({ watching: new WatchingBox(watching) })
      }),
    },
  }
}

/** A context that has been JSON knows no watchers any more. */
export function openOf({ watching }: { readonly watching: WatchingBox }): Watching {
  return (watching as WatchingBox | null)?.open ?? noWatching
}

function matches({ key, prefix }: Watch, changed: string): boolean {
  return prefix ? changed.startsWith(key) : changed === key
}

function sizeOf(changes: readonly Change[]): number {
  return changes.reduce(
    (sum, { key, value }) => sum + key.length + (value === undefined ? 0 : jsonSize(value)),
    0,
  )
}
