/** `inspect: standbyInspector()` of any XState 5 app: its actors as a run, sent to the inspector's page, a socket or a function. */
import type { InspectionEvent } from 'xstate'
import { knownOptions } from '../../actors/known-options.ts'
import { createActorRun } from '../../runtime/trace/actors/actor-run.ts'
import type { TraceEnd, TraceHeader, TraceStep } from '../../runtime/trace/format.ts'
import { createShadow } from '../../runtime/trace/shadow.ts'
import {
  type Channel,
  callbackChannel,
  type InspectorFrame,
  socketChannel,
  windowChannel,
} from './channels.ts'
import { takeLater } from './later.ts'
import { followInspection } from './xstate-stream.ts'

/** Where `standby inspect --listen` listens by default. */
export const defaultInspectorUrl = 'ws://127.0.0.1:4711/feed'

/** Where the run goes. */
export interface StandbyInspectorOptions {
  /**
   * `ws:` and `wss:` URLs: the address that `standby inspect --listen` prints. Other URLs: the page `inspector.html`, opened as
   * a window (call it from a click, or the browser blocks it), or shown in an `iframe`. A function gets the lines of a trace
   * one by one, while the app waits. Default: `ws://127.0.0.1:4711/feed`.
   */
  readonly to?: string | URL | ((line: string) => void)
  /** A frame that shows the page, instead of a window of its own; `to` is the page's address. */
  readonly iframe?: InspectorFrame
  /** Which inspection events are recorded; default all. An event that is left out is neither sent nor kept. */
  readonly filter?: (event: InspectionEvent) => boolean
  /** Replaces contexts and events before they are encoded, to keep secrets within the app. Must not change what it is given. */
  readonly sanitize?: (value: unknown, kind: 'context' | 'event') => unknown
  /** Steps that wait for a listener; past it the run begins again from the current state of its actors. Default 10,000. */
  readonly bufferMax?: number
  /** Steps that are kept for a page that is reloaded or comes late. Default 5,000. */
  readonly replayMax?: number
  /** For a Node without a WebSocket of its own: the one of the package `ws`; default: that package, if it is installed. */
  readonly WebSocket?: unknown
  /** Receives what is wrong with the connection, once; default `console.warn`. */
  readonly onProblem?: (text: string) => void
}

/** An observer for XState's `inspect`. */
export interface StandbyInspector {
  next(event: InspectionEvent): void
  /** Ends the trace, sends what waits, and lets go of the page or the socket. Stopping twice is harmless. */
  stop(): void
  /** Steps that no listener will see: the run began again after them. */
  readonly dropped: number
}

/** The inspectors of a page, by address, also across copies of this module, as hot reloading makes them. */
const sharedKey = Symbol.for('standby.inspectors')

/**
 * Observes a system of XState 5 actors. It never throws into the app, encodes off the app's path, and holds no more than
 * `bufferMax` steps: a page that joins late gets the run from its start, or, of a long run, from the current state of
 * each actor. In a page, calls for the same address share one run. Without a window, as under server rendering, an inspector for a
 * page does nothing.
 * @throws TypeError for an address that is no URL, and for an unknown option.
 * @example
 * createActor(machine, { inspect: standbyInspector({ to: '/inspector.html' }) }).start()
 */
export function standbyInspector(options: StandbyInspectorOptions = {}): StandbyInspector {
  knownOptions('standbyInspector', options, {
    ...{ to: true, iframe: true, filter: true, sanitize: true, bufferMax: true, replayMax: true },
    ...{ WebSocket: true, onProblem: true },
  })
  const { to = defaultInspectorUrl } = options
  if (typeof to === 'function') return createInspector(callbackChannel(to), options)
  const hasWindow = typeof window !== 'undefined' && typeof document !== 'undefined'
  if (!hasWindow && !/^wss?:/.test(String(to))) return idle
  const url = new URL(to, hasWindow ? document.baseURI : undefined)
  if (!hasWindow) return createInspector(channelTo(url, options), options)
  return shared(url.href, () => createInspector(channelTo(url, options), options))
}

const idle: StandbyInspector = { next: () => {}, stop: () => {}, dropped: 0 }

interface Shared {
  readonly inspector: StandbyInspector
  users: number
}

/** The inspector for this address: a new one, or a share in the one that is there. It stops when its last user stops it. */
function shared(address: string, create: () => StandbyInspector): StandbyInspector {
  const holder = globalThis as { [sharedKey]?: Map<string, Shared> }
  holder[sharedKey] ??= new Map()
  const all = holder[sharedKey]
  const one: Shared = all.get(address) ?? { inspector: create(), users: 0 }
  one.users += 1
  all.set(address, one)
  let isStopped = false
  return {
    next(event) {
      if (!isStopped) one.inspector.next(event)
    },
    stop() {
      if (isStopped) return
      isStopped = true
      one.users -= 1
      if (one.users > 0) return
      all.delete(address)
      one.inspector.stop()
    },
    get dropped() {
      return one.inspector.dropped
    },
  }
}

function createInspector(channel: Channel, options: StandbyInspectorOptions): StandbyInspector {
  const { bufferMax = 10_000, replayMax = 5000, filter, sanitize, onProblem = warn } = options
  let waiting: string[] = []
  /** All lines since the header, while they are few enough to be sent again. */
  let replay: string[] | null = []
  let steps = 0
  let dropped = 0
  /** Set once a listener needs the run from its header on. */
  let mustRestart = false
  let isScheduled = false
  let isStopped = false

  const flush = () => {
    isScheduled = false
    const state = channel.state()
    if (state === 'busy' && !isStopped) schedule()
    if (state !== 'ready') return
    if (mustRestart) {
      mustRestart = false
      waiting = []
      run.restart()
    }
    const lines = waiting
    waiting = []
    if (lines.length > 0) channel.send(lines)
  }
  /** For a listener that has none of the run: all of it, or the state of each actor and what comes from then on. */
  const begin = () => {
    if (replay === null || !channel.isReloaded) mustRestart = true
    else waiting = [...replay]
  }
  const keep = (line: string, isHeader: boolean) => {
    if (isHeader) replay = []
    replay?.push(line)
    if (replay !== null && replay.length > replayMax) replay = null
  }
  const push = (value: TraceHeader | TraceStep) => {
    const line = JSON.stringify(value)
    const isHeader = 'format' in value
    steps = isHeader ? 0 : steps + 1
    keep(line, isHeader)
    if (waiting.length >= bufferMax) {
      dropped += waiting.length
      waiting = []
      mustRestart = true
    }
    if (mustRestart) dropped += 1
    else waiting.push(line)
    schedule()
  }
  const schedule = () => {
    if (isScheduled) return
    isScheduled = true
    channel.schedule(flush)
  }
  const fail = (error: unknown) => {
    isStopped = true
    onProblem(`standbyInspector stopped: ${error instanceof Error ? error.message : error}`)
  }

  const run = createActorRun(
    { header: push, step: push },
    { origin: 'xstate 5', shadow: createShadow(), ...(sanitize && { sanitize }) },
  )
  const inspection = followInspection(run)
  const later = takeLater(inspection, fail)
  const close = channel.open((isFirst) => {
    later.drain()
    if (!isFirst) begin()
    flush()
  })
  let isSettling = false
  /** XState inspects nothing when a root actor throws: it shows once the event has been dealt with. */
  const settleSoon = () => {
    if (isSettling) return
    isSettling = true
    queueMicrotask(() => {
      isSettling = false
      if (!isStopped) inspection.settle()
    })
  }

  return {
    next(event) {
      if (isStopped) return
      try {
        if (filter !== undefined && !filter(event)) return
        if (!channel.isSynchronous) return later.next(event)
        inspection.take(event)
        settleSoon()
      } catch (error) {
        fail(error)
      }
    },
    stop() {
      if (isStopped) return
      later.drain()
      inspection.settle()
      isStopped = true
      const end: TraceEnd = { end: true, steps, dropped: 0 }
      if (!mustRestart) waiting.push(JSON.stringify(end))
      flush()
      close()
    },
    get dropped() {
      return dropped
    },
  }
}

function warn(text: string): void {
  console.warn(text)
}

function channelTo(url: URL, { WebSocket, iframe, onProblem = warn }: StandbyInspectorOptions): Channel {
  const isSocket = url.protocol === 'ws:' || url.protocol === 'wss:'
  return isSocket ? socketChannel(url, WebSocket, onProblem) : windowChannel(url, onProblem, iframe)
}
