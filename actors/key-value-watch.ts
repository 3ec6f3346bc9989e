/** Changes of the key-value store as an async iterator (W1 to W3). */
import type { Json } from '../machines/application/application.ts'
import type { News, WatchedKeys } from './watching.ts'

/** What is watched, and from when. */
export interface WatchOptions {
  /** One key; or else a `prefix`. */
  readonly key?: string
  /** What the keys begin with; `''` for all. */
  readonly prefix?: string
  /** The first revision that is wanted; default: what is decided after the watch has begun. */
  readonly from?: number
  /** Ends the iteration. */
  readonly signal?: AbortSignal
}

/** A change of one key. */
export interface KeyChange {
  readonly key: string
  /** Null if the key is gone. */
  readonly value: Json
  /** The position of the change in the replicated order. */
  readonly revision: number
  /** Whether the key was deleted or has expired. */
  readonly deleted: boolean
  /** Part of what there is now, in the place of a history that is no longer kept (W2). */
  readonly snapshot?: true
}

/** Changes that wait for a slow reader; past that it is given a snapshot in their place (W3). */
const waitingMax = 1024

/** @throws TypeError for options that name neither or both of `key` and `prefix`, or no whole number. */
export function watchChanges(
  { key, prefix, from, signal }: WatchOptions,
  watchKeys: (keys: WatchedKeys, next: (news: News) => void) => () => void,
): AsyncIterableIterator<KeyChange> {
  if ((key === undefined) === (prefix === undefined) || typeof (key ?? prefix) !== 'string')
    throw new TypeError('watch: expected either a key or a prefix, as text, got neither or both')
  if (from !== undefined && !(Number.isSafeInteger(from) && from >= 0))
    throw new TypeError(
      `watch: expected from to be a revision, a whole number from 0 on, got ${String(from)}`,
    )
  const keys = { key: (key ?? prefix)!, prefix: prefix !== undefined }
  const changes: KeyChange[] = []
  let waiting: { resolve(result: IteratorResult<KeyChange>): void }[] = []
  let isOver = false
  let end: (() => void) | null = null

  const over = () => {
    if (isOver) return
    isOver = true
    end?.()
    signal?.removeEventListener('abort', over)
    for (const { resolve } of waiting) resolve({ done: true, value: undefined })
    waiting = []
  }
  const hear = (news: News) => {
    for (const change of changesIn(news, keys)) changes.push(change)
    while (waiting.length > 0 && changes.length > 0)
      waiting.shift()!.resolve({ done: false, value: changes.shift()! })
    if (changes.length <= waitingMax || end === null) return
    // Too slow: what waits is dropped, and what is there by then takes its place.
    changes.length = 0
    end()
    end = null
  }
  const begin = (after: number | null) => {
    end = watchKeys({ ...keys, after }, hear)
  }
  if (signal?.aborted) isOver = true
  else {
    signal?.addEventListener('abort', over, { once: true })
    begin(from === undefined ? Number.MAX_SAFE_INTEGER : Math.max(0, from - 1))
  }
  return {
    next() {
      const change = changes.shift()
      if (change !== undefined) return Promise.resolve({ done: false, value: change })
      if (isOver) return Promise.resolve({ done: true, value: undefined })
      if (end === null) begin(null)
      return new Promise((resolve) => waiting.push({ resolve }))
    },
    return() {
      over()
      return Promise.resolve({ done: true, value: undefined })
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

function changesIn(
  { revision: upTo, snapshot, entries }: News,
  keys: { key: string; prefix: boolean },
): KeyChange[] {
  const mark = snapshot ? { snapshot: true as const } : {}
  if (snapshot && !keys.prefix && entries.length === 0)
    return [{ key: keys.key, value: null, revision: upTo, deleted: true, ...mark }]
  return entries.map(({ key, value, revision }) => ({
    key,
    value: value === undefined ? null : value,
    revision,
    deleted: value === undefined,
    ...mark,
  }))
}
