/** Texts on a WebSocket, the browser's or that of the package ws. It neither dials nor listens. */
import type { Wire, WireHandlers } from './connection.ts'
import { exceeds, handshakeBytesMax, refused } from './frame.ts'
import type { Grant } from './handshake.ts'

/** What both kinds of WebSocket have, and what only that of Node has. */
export interface AnyWebSocket {
  readonly readyState: number
  readonly bufferedAmount: number
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(text: string): void
  close(code?: number): void
  pause?(): void
  resume?(): void
  terminate?(): void
}

/** What is sent within one turn leaves as one message of the socket, up to about this many characters. */
const togetherMax = 64 * 1024
/** No JSON text contains one. */
const separator = '\n'
const open = 1

/** The largest message of the socket, for frames of that many bytes. */
export function messageBytesMax(frameBytesMax: number): number {
  return frameBytesMax + 3 * togetherMax
}

/** A WebSocket as a wire. Frames of one turn travel in one message, a line each. */
export class WebSocketWire implements Wire {
  readonly peer: string
  readonly certified: Grant | null
  readonly closed: Promise<void>
  frameBytesMax = 0
  sentBytes = 0
  receivedBytes = 0
  handlers!: WireHandlers
  private readonly socket: AnyWebSocket
  private unsent: string[] = []
  private unsentLength = 0
  /** What came while it was paused: the socket hands out what it has read already. */
  private unread: string[] = []
  private isPaused = false
  private isOver = false
  private resolveClosed!: () => void

  constructor(socket: AnyWebSocket, peer: string, certified: Grant | null = null) {
    this.socket = socket
    this.peer = peer
    this.certified = certified
    this.closed = new Promise((resolve) => {
      this.resolveClosed = resolve
    })
    socket.onopen = () => this.handlers.opened()
    socket.onmessage = (event: { readonly data: unknown }) => this.take(event.data)
    socket.onerror = (event: { readonly error?: { readonly code?: string; readonly message: string } }) =>
      this.failed(event.error)
    socket.onclose = () => {
      this.resolveClosed()
      this.over('closed by the peer')
    }
  }

  send(text: string): void {
    if (this.unsent.length === 0) queueMicrotask(() => this.flush())
    this.unsent.push(text)
    this.unsentLength += text.length
    if (this.unsentLength > togetherMax) this.flush()
  }

  buffered(): number {
    return this.unsentLength + this.socket.bufferedAmount
  }

  pause(): void {
    this.isPaused = true
    if (this.socket.readyState === open) this.socket.pause?.()
  }

  resume(): void {
    this.isPaused = false
    const texts = this.unread
    this.unread = []
    for (const text of texts) this.frame(text)
    if (!this.isPaused && this.socket.readyState === open) this.socket.resume?.()
  }

  end(): void {
    this.flush()
    this.isOver = true
    if (this.socket.readyState === open) {
      // A paused socket never receives the other side's close. One of an unknown peer is read no further, because
      // what it still sends would be buffered.
      if (this.frameBytesMax > handshakeBytesMax) this.socket.resume?.()
      else this.socket.pause?.()
    }
    this.socket.close(1000)
    // A peer that does not answer the closing would keep the socket open.
    const alarm = setTimeout(() => this.socket.terminate?.(), 1000)
    void this.closed.then(() => clearTimeout(alarm))
  }

  destroy(): void {
    this.isOver = true
    if (this.socket.terminate === undefined) this.socket.close()
    else this.socket.terminate()
  }

  /** Called with bytes before they are a message. */
  tooLarge(): void {
    const what = `expected a frame of at most ${this.frameBytesMax} bytes, got more; is the peer one of ours?`
    if (!this.isOver) this.handlers.refused(refused('tooLarge', what))
  }

  private failed(error: { readonly code?: string; readonly message: string } | undefined): void {
    if (this.isOver) return
    const code = error?.code ?? ''
    if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') this.tooLarge()
    else if (code.startsWith('WS_ERR_')) this.handlers.refused(refused('malformed', error?.message ?? code))
    else this.over(error?.message ?? 'the connection failed')
  }

  private over(detail: string): void {
    if (this.isOver) return
    this.isOver = true
    this.socket.close()
    this.handlers.closed(detail)
  }

  private take(data: unknown): void {
    if (this.isOver) return
    if (typeof data !== 'string') {
      this.handlers.refused(refused('malformed', 'expected a message of text, got a binary one'))
      return
    }
    this.receivedBytes += data.length
    if (!data.includes(separator)) this.frame(data)
    else for (const text of data.split(separator)) this.frame(text)
  }

  private frame(text: string): void {
    if (this.isOver) return
    if (this.isPaused) this.unread.push(text)
    else if (exceeds(text, this.frameBytesMax)) this.tooLarge()
    else this.handlers.text(text)
  }

  private flush(): void {
    const texts = this.unsent
    this.unsent = []
    this.unsentLength = 0
    if (texts.length === 0 || this.socket.readyState !== open) return
    const text = texts.length === 1 ? texts[0]! : texts.join(separator)
    this.sentBytes += text.length
    this.socket.send(text)
  }
}
