/** The feed of a page that was served: lines of a trace over a WebSocket, and what is said beside them. */
import type { WorldMessage } from '../../proof/stage/shared-world.ts'
import { createTraceLineReader, type TraceLineReader } from '../../runtime/trace/read.ts'
import type { Feed, FeedSink } from './feed.ts'

/** What the other side says of itself first. */
export interface Hello {
  /** `live`: a running system; `trace`: a file; `world`: a system on the other side's stage. */
  readonly kind: 'live' | 'trace' | 'world'
  readonly title: string
  /** What may be driven; null: nothing. */
  readonly drive: { readonly servers: readonly string[] } | null
}

/** Is notified of a connection. */
export interface ConnectionListener {
  /** The other side is there; `feed` brings what it sends from now on. Also said when it may be driven later. */
  hello(hello: Hello, feed: Feed): void
  /** Observations that were dropped on the way since the last time. */
  dropped(count: number): void
  /** Of a `world`: what is sent of it. */
  world(message: WorldMessage): void
  /** The connection is gone; it is tried again until it is there, or given up. */
  lost(isGivenUp: boolean): void
}

export interface Connection {
  /** Asks for something to be done to the system. @throws Error with what is wrong. */
  ask(action: object): Promise<void>
  close(): void
}

interface Said {
  readonly kind?: Hello['kind']
  readonly title?: string
  readonly drive?: Hello['drive']
  readonly dropped?: number
  readonly problem?: string
  readonly world?: WorldMessage
  readonly done?: number
  readonly failed?: number
  readonly reason?: string
}

const retriesMax = 5
const retryMs = 1000

/** Connects to an address such as `ws://127.0.0.1:4711/feed?token=...`, and again when the connection is lost. */
export function connect(address: string, listener: ConnectionListener): Connection {
  const asked = new Map<number, { readonly done: () => void; readonly failed: (reason: Error) => void }>()
  let socket: WebSocket | null = null
  let sink: FeedSink | null = null
  let reader: TraceLineReader | null = null
  let waiting: string[] = []
  let isClosed = false
  let ids = 0
  let retries = 0

  const feed: Feed = (given) => {
    sink = given
    const lines = waiting
    waiting = []
    for (const line of lines) take(line)
    return () => {
      if (sink === given) sink = null
      isClosed = true
      socket?.close()
    }
  }

  const take = (line: string) => {
    if (line.startsWith('{"inspector"')) return obey((JSON.parse(line) as { inspector: Said }).inspector)
    if (sink === null) return void waiting.push(line)
    reader ??= createTraceLineReader()
    try {
      const read = reader.read(line)
      if (read.kind === 'header') sink.header(read.header)
      else if (read.kind === 'step') sink.step(read.step)
      else {
        sink.end(read.end)
        isClosed = true
      }
    } catch (error) {
      sink.problem(`What was received cannot be read: ${(error as Error).message}`)
      isClosed = true
      socket?.close()
    }
  }

  const obey = (said: Said) => {
    if (said.kind !== undefined) {
      const { kind, title = '', drive = null } = said
      listener.hello({ kind, title, drive }, feed)
    }
    if (said.dropped !== undefined) listener.dropped(said.dropped)
    if (said.world !== undefined) listener.world(said.world)
    if (said.problem !== undefined) sink?.problem(said.problem)
    if (said.done !== undefined) asked.get(said.done)?.done()
    if (said.failed !== undefined) asked.get(said.failed)?.failed(new Error(said.reason ?? 'it was refused'))
  }

  const open = () => {
    const opened = new WebSocket(address)
    socket = opened
    opened.onmessage = ({ data }) => {
      retries = 0
      for (const line of String(data).split('\n')) if (line !== '') take(line)
    }
    opened.onclose = ({ code }) => {
      for (const { failed } of asked.values()) failed(new Error('the connection was lost'))
      asked.clear()
      if (isClosed) return
      reader = null
      retries += 1
      // Going away is said by a system that ends: the next run has another address.
      const isGivenUp = retries > retriesMax || code === 1001
      listener.lost(isGivenUp)
      if (!isGivenUp) setTimeout(() => isClosed || open(), retryMs)
    }
  }

  open()
  return {
    ask(action) {
      const id = ++ids
      return new Promise<void>((done, failed) => {
        if (socket?.readyState !== WebSocket.OPEN) return failed(new Error('the system is not connected'))
        asked.set(id, { done, failed })
        socket.send(JSON.stringify({ id, action }))
      }).finally(() => asked.delete(id))
    },
    close() {
      isClosed = true
      socket?.close()
    },
  }
}
