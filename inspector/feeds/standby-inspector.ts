/** `inspect: standbyInspector()` of any XState 5 app: its actors as a run, sent to the inspector's page, a socket or a function. */
import type { InspectionEvent } from 'xstate'
import { knownOptions } from '../../actors/known-options.ts'
import { createActorRun } from '../../runtime/trace/actors/actor-run.ts'
import type { TraceHeader, TraceStep } from '../../runtime/trace/format.ts'
import { type Channel, callbackChannel, socketChannel, windowChannel } from './channels.ts'
import { followInspection } from './xstate-stream.ts'

/** Where `standby inspect --listen` listens unless it is told otherwise. */
export const defaultInspectorUrl = 'ws://127.0.0.1:4711/feed'

/** Where the run goes. */
export interface StandbyInspectorOptions {
  /**
   * `ws:` and `wss:` URLs: the address that `standby inspect --listen` prints. Other URLs: the page `inspector.html`, opened as
   * a window (call it from a click, or the browser blocks it). A function gets the lines of a trace one by one. Default:
   * `ws://127.0.0.1:4711/feed`.
   */
  readonly to?: string | URL | ((line: string) => void)
  /** Steps that wait while nobody takes them; past it the run begins again from where its actors stand. Default 10,000. */
  readonly bufferMax?: number
  /** For a Node without a WebSocket of its own: the one of the package `ws`; default: that package, where it is installed. */
  readonly WebSocket?: unknown
  /** Hears once what is wrong with the connection; default `console.warn`. */
  readonly onProblem?: (text: string) => void
}

/** An observer for XState's `inspect`. */
export interface StandbyInspector {
  next(event: InspectionEvent): void
  /** Sends what waits, then lets go of the page or the socket. */
  stop(): void
  /** Steps that nobody will see: the run began again after them. */
  readonly dropped: number
}

/**
 * Observes a system of XState 5 actors. It never throws into the app, never makes it wait, and holds no more than `bufferMax`
 * steps: a page that joins late, or was too slow, is told where each actor stands and then goes on from there.
 * @throws TypeError for an address that is no URL.
 * @example
 * createActor(machine, { inspect: standbyInspector({ to: '/inspector.html' }) }).start()
 */
export function standbyInspector(options: StandbyInspectorOptions = {}): StandbyInspector {
  knownOptions('standbyInspector', options, { to: true, bufferMax: true, WebSocket: true, onProblem: true })
  const { bufferMax = 10_000, onProblem = (text: string) => console.warn(text) } = options
  const channel = channelTo(options, onProblem)
  let waiting: string[] = []
  let dropped = 0
  /** Whoever listens needs the run from its header on. */
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
  const push = (value: TraceHeader | TraceStep) => {
    if (waiting.length >= bufferMax) {
      dropped += waiting.length
      waiting = []
      mustRestart = true
    }
    if (mustRestart) dropped += 1
    else waiting.push(JSON.stringify(value))
    schedule()
  }
  const schedule = () => {
    if (isScheduled) return
    isScheduled = true
    channel.schedule(flush)
  }
  const run = createActorRun({ header: push, step: push }, { origin: 'xstate 5' })
  const follow = followInspection(run)
  const close = channel.open((isFirst) => {
    if (!isFirst) mustRestart = true
    flush()
  })

  return {
    next(event) {
      if (isStopped) return
      try {
        follow(event)
      } catch (error) {
        isStopped = true
        onProblem(`standbyInspector stopped: ${error instanceof Error ? error.message : error}`)
      }
    },
    stop() {
      if (isStopped) return
      isStopped = true
      flush()
      close()
    },
    get dropped() {
      return dropped
    },
  }
}

function channelTo(options: StandbyInspectorOptions, onProblem: (text: string) => void): Channel {
  const { to = defaultInspectorUrl } = options
  if (typeof to === 'function') return callbackChannel(to)
  const base = typeof document === 'undefined' ? undefined : document.baseURI
  const url = new URL(to, base)
  const isSocket = url.protocol === 'ws:' || url.protocol === 'wss:'
  return isSocket ? socketChannel(url, options.WebSocket, onProblem) : windowChannel(url, onProblem)
}
