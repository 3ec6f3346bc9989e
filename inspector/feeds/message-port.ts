/** Runs from the window that opened the page, or that holds it in a frame: through a port, or over the wires of XState's own inspectors. */
import { createTraceLineReader } from '../../runtime/trace/read.ts'
import type { Feed, FeedSink, Messages } from './feed.ts'
import { statelyConnected, statelyFeed } from './stately.ts'
import { isConnectMessage, readyType, wireVersion } from './window-wire.ts'
import { xstateInspectFeed, xstateInspecting } from './xstate-inspect.ts'

/** Lines of a trace, or arrays of them, through a port. What is no line of a trace ends it with a sentence. */
export function portFeed(port: MessagePort): Feed {
  return (sink) => {
    let read = lineReader(sink)
    port.onmessage = ({ data }: MessageEvent<unknown>) => {
      const lines: readonly unknown[] = Array.isArray(data) ? data : [data]
      for (const line of lines) {
        if (typeof line !== 'string') continue
        // A slow or late receiver gets everything from the beginning.
        if (line.startsWith('{"format"')) read = lineReader(sink)
        if (read(line)) continue
        port.onmessage = null
        return
      }
    }
    return () => {
      port.onmessage = null
      port.close()
    }
  }
}

/** Takes one line after another; false once a line is wrong. */
function lineReader(sink: FeedSink): (line: string) => boolean {
  const reader = createTraceLineReader()
  return (line) => {
    try {
      const read = reader.read(line)
      if (read.kind === 'header') sink.header(read.header)
      else if (read.kind === 'step') sink.step(read.step)
      else sink.end(read.end)
      return true
    } catch (error) {
      sink.problem(`What the app sends cannot be read: ${error instanceof Error ? error.message : error}`)
      return false
    }
  }
}

/** Where a run from the opener comes from, for the address bar and for people. */
export type OpenerSource = 'app' | 'stately' | 'xstate-inspect'

/**
 * Tells the opener, over each wire, that the page is there, and opens a feed when it begins to speak.
 *
 * Other messages are ignored: a message must come from the opener's own window, and from the same origin as its first one.
 * Its content is read as data, never run. The page says that it is there a task after its load event: Stately's
 * inspector loses what it is asked for earlier.
 */
export function listenToOpener(page: Window, open: (feed: Feed, source: OpenerSource) => void): () => void {
  const peer: Window | null = page.opener ?? (page.parent === page ? null : page.parent)
  if (peer === null) return () => {}
  let origin: string | null = null
  const listeners = new Set<(data: unknown) => void>()
  let current: OpenerSource | null = null

  /** A feed first receives the message that opened it. */
  const messagesFrom =
    (first: unknown): Messages =>
    (listen) => {
      listeners.clear()
      listeners.add(listen)
      listen(first)
      return () => void listeners.delete(listen)
    }

  const take = ({ source, origin: from, data, ports }: MessageEvent<unknown>) => {
    if (source !== peer || (origin !== null && from !== origin)) return
    const wire = wireOf(data)
    if (wire === null) return
    origin = from
    if (wire === 'app') {
      const [port] = ports
      if (port === undefined) return
      listeners.clear()
      current = 'app'
      open(portFeed(port), 'app')
    } else if (wire === current && listeners.size > 0) {
      for (const listen of listeners) listen(data)
    } else {
      current = wire
      open(wire === 'stately' ? statelyFeed(messagesFrom(data)) : xstateInspectFeed(messagesFrom(data)), wire)
    }
  }

  const announce = () => {
    // To any origin: it says that a page is there and nothing else.
    for (const hello of [statelyConnected, xstateInspecting, { type: readyType, version: wireVersion }]) {
      peer.postMessage(hello, '*')
    }
  }
  const later = () => setTimeout(announce)
  page.addEventListener('message', take)
  if (page.document.readyState === 'complete') later()
  else page.addEventListener('load', later, { once: true })
  return () => page.removeEventListener('message', take)
}

function wireOf(data: unknown): OpenerSource | null {
  if (isConnectMessage(data)) return 'app'
  const type: unknown = (data as { type?: unknown } | null)?.type
  if (typeof type !== 'string') return null
  if (type.startsWith('service.')) return 'xstate-inspect'
  const isStately = type.startsWith('@xstate.') && '_version' in (data as object)
  return isStately ? 'stately' : null
}
