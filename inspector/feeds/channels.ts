/** Ways for the lines of a trace out of an app: into a function, into a window with the page, into a socket. */
import { connectType, isReadyMessage, wireVersion } from './window-wire.ts'

/** One way out. It may open late, close, and open again. */
export interface Channel {
  /** `onOpen` is called each time a receiver begins to listen; `isFirst` is false from the second time on. Returns how to close it. */
  open(onOpen: (isFirst: boolean) => void): () => void
  /** Whether each line is handed over at once, while the app waits. */
  readonly isSynchronous?: true
  /** Whether a listener that opens again is a page that was reloaded, and has nothing of the run. */
  readonly isReloaded?: true
  /** `busy`: a listener is behind. */
  state(): 'closed' | 'busy' | 'ready'
  send(lines: readonly string[]): void
  /** Runs `flush` soon, so that many steps leave as one message. */
  schedule(flush: () => void): void
}

const gatherMs = 8

/** Each line at once. */
export function callbackChannel(write: (line: string) => void): Channel {
  return {
    isSynchronous: true,
    open: () => () => {},
    state: () => 'ready',
    send: (lines) => {
      for (const line of lines) write(line)
    },
    schedule: (flush) => flush(),
  }
}

/** A frame that shows the page: an `HTMLIFrameElement`, which a Node without the types of a browser does not know. */
export interface InspectorFrame {
  src: string
  readonly contentWindow: object | null
}

/** The page in a window of its own, or in a frame; it says when it is there, and everything goes through a port of the two. */
export function windowChannel(url: URL, onProblem: (text: string) => void, iframe?: InspectorFrame): Channel {
  let port: MessagePort | null = null
  return {
    isReloaded: true,
    open(onOpen) {
      if (iframe !== undefined && iframe.src !== url.href) iframe.src = url.href
      const page =
        iframe === undefined ? window.open(url, 'standby-inspector') : (iframe.contentWindow as Window | null)
      if (page === null) {
        onProblem(
          'expected a window for the inspector, got none; allow this site to open windows, or start it from a click',
        )
        return () => {}
      }
      let isFirst = true
      const listen = ({ source, data }: MessageEvent<unknown>) => {
        if (source !== page || !isReadyMessage(data)) return
        port?.close()
        const { port1, port2 } = new MessageChannel()
        port = port1
        // Pages from disk have no origin that could be named.
        const origin = url.protocol === 'file:' ? '*' : url.origin
        page.postMessage({ type: connectType, version: wireVersion }, origin, [port2])
        onOpen(isFirst)
        isFirst = false
      }
      window.addEventListener('message', listen)
      return () => {
        window.removeEventListener('message', listen)
        port?.close()
        port = null
      }
    },
    state: () => (port === null ? 'closed' : 'ready'),
    send: (lines) => port?.postMessage(lines),
    schedule: (flush) => void setTimeout(flush, gatherMs),
  }
}

/** The parts of a WebSocket that are used, in browsers and of the package `ws`. */
interface Socket {
  readonly readyState: number
  readonly bufferedAmount: number
  onopen: (() => void) | null
  onclose: (() => void) | null
  onerror: (() => void) | null
  send(text: string): void
  close(): void
}
type SocketClass = new (url: string) => Socket

const bufferedMax = 8 * 1024 * 1024
const [retryMinMs, retryMaxMs] = [250, 8000]

/** A socket that is opened again when it closes; a message is one or more lines. A receiver that is slow is not sent more. */
export function socketChannel(url: URL, given: unknown, onProblem: (text: string) => void): Channel {
  let socket: Socket | null = null
  let isClosed = false
  let retryMs = retryMinMs
  let timer: ReturnType<typeof setTimeout> | undefined
  let hasComplained = false
  const complain = (text: string) => {
    if (!hasComplained) onProblem(text)
    hasComplained = true
  }
  return {
    open(onOpen) {
      let isFirst = true
      const connect = async () => {
        const WebSocket = await socketClass(given)
        if (isClosed) return
        if (WebSocket === null) {
          complain(
            'expected a WebSocket, got none; install the package ws, or pass its WebSocket to standbyInspector',
          )
          return
        }
        const opened = new WebSocket(url.href)
        socket = opened
        opened.onopen = () => {
          if (isClosed) {
            opened.close()
            return
          }
          retryMs = retryMinMs
          onOpen(isFirst)
          isFirst = false
        }
        opened.onerror = () =>
          complain(`expected a receiver at ${url.href}, got none; start standby inspect --listen`)
        opened.onclose = () => {
          socket = null
          if (isClosed) return
          timer = setTimeout(connect, retryMs)
          unref(timer)
          retryMs = Math.min(retryMs * 2, retryMaxMs)
        }
      }
      void connect()
      return () => {
        isClosed = true
        clearTimeout(timer)
        socket?.close()
      }
    },
    state() {
      if (socket?.readyState !== 1) return 'closed'
      return socket.bufferedAmount < bufferedMax ? 'ready' : 'busy'
    },
    send: (lines) => socket?.send(lines.join('\n')),
    schedule: (flush) => unref(setTimeout(flush, gatherMs)),
  }
}

/** Watching must not keep a process alive. */
function unref(timer: unknown): void {
  ;(timer as { unref?: () => void }).unref?.()
}

async function socketClass(given: unknown): Promise<SocketClass | null> {
  if (typeof given === 'function') return given as SocketClass
  const own: unknown = globalThis.WebSocket
  if (typeof own === 'function') return own as SocketClass
  try {
    // Not a literal, so that bundlers for browsers do not look for it.
    const name = 'ws'
    const { WebSocket } = (await import(name)) as { WebSocket: SocketClass }
    return WebSocket
  } catch {
    return null
  }
}
