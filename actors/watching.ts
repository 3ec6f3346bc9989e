/** Watches of a client: one node of its own, started with the first of them, serves them all (W1 to W3). */
import { createActor } from 'xstate'
import type { NodeId } from '../machines/node-id.ts'
import { parseNodeId } from '../machines/node-id.ts'
import type { PureAction } from '../machines/step.ts'
import { createWatcherMachine, type News, type Watch } from '../machines/watcher.ts'
import { type NodePorts, nodeLogic, startNode } from './node.ts'

export type { News } from '../machines/watcher.ts'

/** What is watched: one key, or all that begin with a prefix. */
export interface WatchedKeys {
  readonly key: string
  readonly prefix: boolean
  /** The last revision that is known already; null: begin with what is there now. */
  readonly after: number | null
}

/** The watches of one client. */
export interface Watching {
  /** Calls `next` with what is new, in order, each once; returns how to end that. */
  watch(keys: WatchedKeys, next: (news: News) => void): () => void
  /** Resolves when the primary knows all watches; at once if there are none. */
  known(): Promise<void>
  stop(): void
}

export interface WatchingOptions extends NodePorts {
  /** The client's own id. */
  readonly client: NodeId
  readonly viewService: NodeId
  readonly retryIntervalMs: number
  readonly vectorEntriesMax: number
}

/** The watches of a client; nothing runs until there is one. */
export function createWatching(options: WatchingOptions): Watching {
  const { client, viewService, clock, retryIntervalMs } = options
  const { name, incarnation } = parseNodeId(client)
  const id = `${name}.watch#${incarnation}`
  const watches = new Map<number, { readonly watch: Watch; readonly next: (news: News) => void }>()
  let newest = 0
  let waiting: (() => void)[] = []
  let node: ReturnType<typeof start> | null = null
  let isSaying = false
  let stopped = false

  const start = () => {
    const machine = createWatcherMachine({ retryIntervalMs, idleIntervalMs: retryIntervalMs * 10 })
    const carryOut = ({ params }: PureAction) => {
      for (const news of (params as { news: readonly News[] }).news) watches.get(news.id)?.next(news)
    }
    const own = { ...options, id, roles: { own: 'client', viewService } as const, carryOut }
    const actor = createActor(nodeLogic(machine, own), { id, input: { id, viewService }, clock })
    actor.subscribe({
      next: (snapshot) => {
        if (!snapshot.matches('watching') || isSaying) return
        const settled = waiting
        waiting = []
        for (const settle of settled) settle()
      },
      error: () => {},
    })
    startNode(actor, own)
    return actor
  }

  /** What is watched or ended in one go is said once. */
  const say = () => {
    if (isSaying) return
    isSaying = true
    clock.soon(() => {
      isSaying = false
      if (stopped) return
      node ??= start()
      node.send({ type: 'watches', watches: [...watches.values()].map(({ watch }) => watch) })
    })
  }

  return {
    watch(keys, next) {
      const own = ++newest
      watches.set(own, { watch: { id: own, ...keys }, next })
      say()
      return () => {
        if (watches.delete(own) && !stopped) say()
      }
    },
    known: () =>
      new Promise((resolve) => {
        if (stopped || watches.size === 0 || (!isSaying && node?.getSnapshot().matches('watching'))) resolve()
        else waiting.push(resolve)
      }),
    stop() {
      stopped = true
      watches.clear()
      for (const settle of waiting) settle()
      node?.stop()
    },
  }
}
