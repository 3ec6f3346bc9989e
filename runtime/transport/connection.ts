/** One connection between two processes: a handshake, then frames. A `Wire` carries its texts; routes are the mesh's. */
import type { Envelope, TimeClock } from '../../actors/ports.ts'
import { permits } from './authentication.ts'
import {
  decodeFrame,
  encodeControl,
  type Frame,
  type FrameLimits,
  type FrameRefusal,
  handshakeBytesMax,
  type Refused,
  refused,
} from './frame.ts'
import { type Grant, Handshake, type HandshakeHost, type Side } from './handshake.ts'

/** What carries texts between two processes, whole and in order, until it breaks. */
export interface Wire {
  /** Where the other end is, for people: an address. */
  readonly peer: string
  /** Which nodes the certificate of the other end permits (mTLS); null without a certificate. */
  readonly certified: Grant | null
  /** The largest frame that it takes now, in bytes; a larger one is refused before it is in memory. */
  frameBytesMax: number
  /** Set before anything happens on it. */
  handlers: WireHandlers
  send(text: string): void
  /** Bytes that were sent and have not left the process. */
  buffered(): number
  /** Bytes of frames given to and received from its socket; over WebSocket characters. */
  readonly sentBytes: number
  readonly receivedBytes: number
  pause(): void
  resume(): void
  /** Sends what is buffered, then closes; reads nothing more. */
  end(): void
  destroy(): void
  /** Resolves once it is closed, however. */
  readonly closed: Promise<void>
}

/** What a wire reports. */
export interface WireHandlers {
  opened(): void
  text(text: string): void
  refused(refusal: Refused): void
  closed(detail: string): void
}

/** The owner of connections, and what a connection reports to it. */
export interface ConnectionHost extends HandshakeHost {
  readonly limits: ConnectionLimits
  readonly clock: TimeClock
  opened(connection: Connection): void
  received(connection: Connection, envelope: Envelope): void
  nodes(connection: Connection, attached: readonly string[], detached: readonly string[]): void
  /** A frame of the peer, or the peer itself, was refused here. */
  refused(connection: Connection, code: FrameRefusal, message: string): void
  /** The peer refused this process, or one of its nodes. */
  wasRefused(connection: Connection, code: string, message: string): void
  closed(connection: Connection, detail: string): void
}

/** Bounds of one connection. */
export interface ConnectionLimits extends FrameLimits {
  /** Bytes that wait to be sent on one connection; what comes when there are as many is lost. */
  readonly sendBytesMax: number
  /** Frames per second that are read from one connection before it is slowed. A frame counts once per 4 KiB. */
  readonly framesPerSecondMax: number
}

/** How often the pace of a connection is looked at. */
const paceMs = 100

/** The connection, on the side that dialed or on the side that listened. */
export class Connection {
  readonly side: Side
  readonly wire: Wire
  readonly handshake: Handshake
  /** Whether it is held to `framesPerSecondMax`. */
  isPaced = true
  /** Since the last look: whether anything came, was sent, or was an envelope. */
  heard = false
  spoke = false
  carried = false
  /** For how many looks nothing came, and no envelope either way. */
  silentLooks = 0
  idleLooks = 0

  private state: 'opening' | 'hello' | 'ready' | 'open' | 'closed' = 'opening'
  private readonly host: ConnectionHost
  private isProving = false
  private waiting: string[] = []
  private pace = 0
  private paceFrom: number

  /** `target`: the name that is dialed, or null at the listening side. */
  constructor(host: ConnectionHost, side: Side, wire: Wire, target: string | null) {
    this.host = host
    this.side = side
    this.wire = wire
    this.handshake = new Handshake(host, side, target)
    this.paceFrom = host.clock.now()
    // A peer that was dialed may send envelopes right behind its proof; one that dials waits for one.
    wire.frameBytesMax = side === 'dialer' ? host.limits.frameBytesMax : handshakeBytesMax
    wire.handlers = {
      opened: () => this.begin(),
      text: (text) => this.take(text),
      refused: (refusal) => this.refuse(refusal),
      closed: (detail) => this.finish(detail),
    }
  }

  get isOpen(): boolean {
    return this.state === 'open'
  }

  /** Whether the peer may speak for a node: by the key that it proved, and by its certificate. */
  permits(id: string): boolean {
    const { proved } = this.handshake
    if (proved !== null && !permits(proved.names, id)) return false
    return this.side === 'dialer' || (this.wire.certified?.(id) ?? true)
  }

  /** False if its queue is full: nothing was sent. */
  send(text: string): boolean {
    if (this.wire.buffered() >= this.host.limits.sendBytesMax) return false
    this.spoke = true
    this.wire.send(text)
    return true
  }

  /** Sends the peer the reason, and closes. */
  refuse({ code, message }: Refused): void {
    if (this.state === 'closed') return
    this.host.refused(this, code, message)
    this.wire.send(encodeControl({ frame: 'refuse', code, message: message.slice(0, 2000) }))
    this.end(`refused: ${code}`)
  }

  end(detail: string): void {
    if (this.state === 'closed') return
    this.wire.end()
    this.finish(detail)
  }

  destroy(detail: string): void {
    this.wire.destroy()
    this.finish(detail)
  }

  private finish(detail: string): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    this.waiting = []
    this.host.closed(this, detail)
  }

  private begin(): void {
    this.state = 'hello'
    if (this.side === 'dialer') this.wire.send(this.handshake.hello())
  }

  private take(raw: string): void {
    if (this.state === 'closed') return
    if (this.isProving) {
      this.waiting.push(raw)
      return
    }
    this.heard = true
    const frame = decodeFrame(raw, this.host.limits)
    if (frame.frame === null) this.refuse(frame)
    else if (this.state === 'open') {
      this.takeOpen(frame)
      this.keepPace(raw.length)
    } else this.takeOpening(frame, raw)
  }

  private takeOpening(frame: Frame, raw: string) {
    const { handshake, state } = this
    if (frame.frame === 'refuse') this.host.wasRefused(this, frame.code, frame.message)
    else if (state === 'hello' && frame.frame === 'hello') {
      const refusal = handshake.hear(frame, raw)
      if (refusal !== null) return this.refuse(refusal)
      this.state = 'ready'
      if (this.side === 'listener') this.wire.send(handshake.hello())
      else this.proving(() => this.sendReady())
    } else if (state === 'ready' && frame.frame === 'ready') {
      this.proving(async () => {
        const refusal = await handshake.judge(frame)
        if (refusal !== null) return this.refuse(refusal)
        if (this.side === 'listener') await this.sendReady()
        this.open()
      })
    } else this.refuse(refused('malformed', `expected the handshake, got a frame ${frame.frame} instead`))
  }

  private takeOpen(frame: Frame) {
    switch (frame.frame) {
      case 'envelope':
        this.carried = true
        return this.host.received(this, frame.envelope)
      case 'nodes':
        return this.host.nodes(this, frame.attached, frame.detached)
      case 'keepAlive':
        return
      case 'refuse':
        return this.host.wasRefused(this, frame.code, frame.message)
      default:
        return this.refuse(refused('malformed', `expected envelopes, got a second frame ${frame.frame}`))
    }
  }

  /** What arrives while a proof is computed waits: the wire is read no further than what it has read already. */
  private proving(run: () => Promise<void>): void {
    this.isProving = true
    this.wire.pause()
    const resume = () => {
      this.isProving = false
      if (this.state === 'closed') return
      const { waiting } = this
      this.waiting = []
      for (const raw of waiting) this.take(raw)
      if (!this.isProving) this.wire.resume()
    }
    run().then(resume, (error: unknown) =>
      this.refuse(refused('unauthenticated', `expected keys that can be used, got ${String(error)}`)),
    )
  }

  private async sendReady(): Promise<void> {
    const ready = encodeControl(await this.handshake.ready())
    if (this.state !== 'closed') this.wire.send(ready)
  }

  private open(): void {
    if (this.state === 'closed') return
    this.state = 'open'
    this.wire.frameBytesMax = this.host.limits.frameBytesMax
    this.host.opened(this)
  }

  /** A connection that brings too much is read more slowly, which in the end its sender feels; nothing is lost. */
  private keepPace(length: number): void {
    if (!this.isPaced) return
    this.pace += 1 + length / 4096
    if (this.pace < (this.host.limits.framesPerSecondMax * paceMs) / 1000) return
    this.pace = 0
    const { clock } = this.host
    const ahead = paceMs - (clock.now() - this.paceFrom)
    this.paceFrom = clock.now()
    if (ahead <= 0) return
    this.paceFrom += ahead
    this.wire.pause()
    clock.setTimeout(() => {
      if (this.state === 'open') this.wire.resume()
    }, ahead)
  }
}
