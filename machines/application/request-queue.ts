/** The requests that wait at a primary, in order of arrival, one per session (S7). Every change is a new queue. */
import type { Request } from '../messages.ts'
import type { NodeId } from '../node-id.ts'
import { OrderedMap } from './ordered-map.ts'

/** A session belongs to the client that opened it; a client that opens one has none yet. */
export type SessionKey = string

/**
 * Names the session of a request: unambiguous, because no number and no `null` contains a space. What the primary
 * itself proposes shares one name.
 */
export function sessionKey({
  client,
  session,
  own,
}: {
  readonly client: NodeId
  readonly session: number | null
  readonly own?: boolean | undefined
}): SessionKey {
  return own ? 'own' : `${session} ${client}`
}

/** What of a queue goes out together; a single larger request still goes, alone. */
export interface BatchBounds {
  readonly requestsMax: number
  readonly bytesMax: number
}

/** Each entry names the one behind it: a place in the line is no number that would grow for ever (N4). */
interface Entry {
  readonly request: Request
  readonly next: SessionKey | null
}

interface Line {
  readonly entries: OrderedMap<SessionKey, Entry>
  readonly first: SessionKey | null
  readonly last: SessionKey | null
  readonly bytes: number
}

const emptyLine: Line = { entries: OrderedMap.from(), first: null, last: null, bytes: 0 }

/** A persistent queue; finding, adding and taking one request cost O(log n). As JSON it is the list of its requests. */
export class RequestQueue implements Iterable<Request> {
  readonly #line: Line

  private constructor(line: Line) {
    this.#line = line
  }

  static readonly empty: RequestQueue = new RequestQueue(emptyLine)

  /** A queue of these requests, as if they had arrived one after another. */
  static from(requests: Iterable<Request>): RequestQueue {
    let queue = RequestQueue.empty
    for (const request of requests) queue = queue.with(request)
    return queue
  }

  get size(): number {
    return this.#line.entries.size
  }

  /** Of all the requests together, as they say themselves. */
  get bytes(): number {
    return this.#line.bytes
  }

  /** The request of this session, if one waits. */
  get(key: SessionKey): Request | undefined {
    return this.#line.entries.get(key)?.request
  }

  /** With one request more, at the end; a later request of a session that waits already takes the earlier one's place. */
  with(request: Request): RequestQueue {
    const { entries, first, last, bytes } = this.#line
    const key = sessionKey(request)
    const old = entries.get(key)
    if (old !== undefined) {
      return new RequestQueue({
        entries: entries.set(key, { request, next: old.next }),
        first,
        last,
        bytes: bytes - old.request.bytes + request.bytes,
      })
    }
    const linked = last === null ? entries : entries.set(last, { ...entries.get(last)!, next: key })
    return new RequestQueue({
      entries: linked.set(key, { request, next: null }),
      first: first ?? key,
      last: key,
      bytes: bytes + request.bytes,
    })
  }

  /** The requests at the front that fit the bounds, at least one if there is any, and the queue without them. */
  take({ requestsMax, bytesMax }: BatchBounds): {
    readonly taken: readonly Request[]
    readonly left: RequestQueue
  } {
    const taken: Request[] = []
    let bytes = 0
    for (const request of this) {
      if (taken.length > 0 && (taken.length >= requestsMax || bytes + request.bytes > bytesMax)) break
      taken.push(request)
      bytes += request.bytes
    }
    return { taken, left: this.without(taken, bytes) }
  }

  *[Symbol.iterator](): IterableIterator<Request> {
    const { entries, first } = this.#line
    for (let key = first; key !== null; ) {
      const { request, next } = entries.get(key)!
      yield request
      key = next
    }
  }

  /** Plain JSON, so that queues of the same requests have equal text. */
  toJSON(): readonly Request[] {
    return [...this]
  }

  // Not `#without`: TypeScript 6 compiles a class with a static field and a #method that names the class to one that
  // throws when it is loaded.
  /** Without these, which stand at the front. */
  private without(requests: readonly Request[], bytes: number): RequestQueue {
    if (requests.length === this.size) return RequestQueue.empty
    let { entries, first } = this.#line
    for (const request of requests) {
      const key = sessionKey(request)
      first = entries.get(key)!.next
      entries = entries.delete(key)
    }
    return new RequestQueue({ entries, first, last: this.#line.last, bytes: this.bytes - bytes })
  }
}
