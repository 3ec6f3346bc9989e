/** One connection between two processes: handshake, then frames. It knows no socket (a `Wire` is one) and no route. */
import type { Envelope, TimeClock } from '../../actors/ports.ts'
import {
  type AcceptedKey,
  type Authentication,
  isProof,
  nonceOf,
  prove,
  type Side,
} from './authentication.ts'
import {
  decodeFrame,
  encodeControl,
  type Frame,
  type FrameLimits,
  type FrameRefusal,
  type Hello,
  handshakeBytesMax,
  type Refused,
  refused,
  unknownVersion,
  versions,
} from './frame.ts'

/** What carries texts between two processes, whole and in order, until it breaks. */
export interface Wire {
  /** Where the other end is, for people. */
  readonly peer: string
  /** The names in the certificate that the other end has proved (mTLS); null without one. */
  readonly certificateNames: readonly string[] | null
  /** The largest frame that it takes now, in bytes; a larger one is refused before it is in memory. */
  frameBytesMax: number
  /** Set before anything happens on it. */
  handlers: WireHandlers
  send(text: string): void
  /** Bytes that were sent and have not left the process. */
  buffered(): number
  /** Bytes of frames that it has given to its socket, and that it was given; over WebSocket characters, of which some are several bytes. */
  readonly sentBytes: number
  readonly receivedBytes: number
  pause(): void
  resume(): void
  /** Sends what is buffered, then closes. */
  end(): void
  destroy(): void
  /** Resolves once it is closed, however. */
  readonly closed: Promise<void>
}

export interface WireHandlers {
  opened(): void
  text(text: string): void
  refused(refusal: Refused): void
  closed(detail: string): void
}

/** What a connection tells whoever owns it. */
export interface ConnectionHost {
  readonly process: string
  readonly system: string
  readonly authentication: Authentication
  readonly limits: ConnectionLimits
  readonly clock: TimeClock
  opened(connection: Connection): void
  received(connection: Connection, envelope: Envelope): void
  nodes(connection: Connection, attached: readonly string[], detached: readonly string[]): void
  /** A frame of the peer, or the peer itself, was not taken here. */
  refused(connection: Connection, code: FrameRefusal, message: string): void
  /** The peer did not take us, or one of our nodes. */
  wasRefused(connection: Connection, code: string, message: string): void
  closed(connection: Connection, detail: string): void
}

export interface ConnectionLimits extends FrameLimits {
  /** Bytes that wait to be sent on one connection; what comes when there are as many is lost. */
  readonly sendBytesMax: number
  /** Frames that one connection may bring in a second; past them it is read more slowly. A frame counts once for each 4 KiB. */
  readonly framesPerSecondMax: number
}

/** How often the pace of a connection is looked at. */
const paceMs = 100

/** The connection, on the side that dialed or on the side that listened. */
export class Connection {
  readonly side: Side
  readonly wire: Wire
  /** The names that the peer may speak for: each list must permit a name. Without lists any name is permitted. */
  grants: (readonly string[])[] = []
  /** For the errors: the key that was proved. */
  peerKey: string | null = null
  /** The process at the other end, as it calls itself. */
  peerProcess = ''
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
  private ownHello = ''
  private peerHello = ''
  private accepted: AcceptedKey | null = null
  private isProving = false
  private waiting: string[] = []
  private pace = 0
  private paceFrom: number

  constructor(host: ConnectionHost, side: Side, wire: Wire) {
    this.host = host
    this.side = side
    this.wire = wire
    this.paceFrom = host.clock.now()
    // Who was dialed may send envelopes right behind its proof; who dials waits for one.
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

  /** False where its queue is full: nothing was sent. */
  send(text: string): boolean {
    if (this.wire.buffered() >= this.host.limits.sendBytesMax) return false
    this.spoke = true
    this.wire.send(text)
    return true
  }

  /** Tells the peer why, and closes. */
  refuse({ code, message }: Refused): void {
    if (this.state === 'closed') return
    this.host.refused(this, code, message)
    this.wire.send(encodeControl({ frame: 'refuse', code, message }))
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
    if (this.side === 'dialer') this.sayHello()
  }

  private sayHello(): void {
    const { key, accepts } = this.host.authentication
    const hello: Hello = {
      frame: 'hello',
      protocol: 'standby',
      versions: [...versions],
      system: this.host.system,
      process: this.host.process,
      nonce: nonceOf(32),
      key: this.side === 'dialer' && key !== undefined ? key.id : null,
      proves: this.side === 'listener' ? accepts !== undefined : key !== undefined,
    }
    this.ownHello = encodeControl(hello)
    this.wire.send(this.ownHello)
  }

  private take(raw: string) {
    if (this.state === 'closed') return
    if (this.isProving) {
      this.waiting.push(raw)
      return
    }
    this.heard = true
    const frame = decodeFrame(raw, this.host.limits)
    if (frame.frame === null) return this.refuse(frame)
    if (this.state === 'open') {
      this.takeOpen(frame)
      this.keepPace(raw.length)
    } else if (frame.frame === 'refuse') this.takeRefusal(frame)
    else if (this.state === 'hello' && frame.frame === 'hello') this.takeHello(frame, raw)
    else if (this.state === 'ready' && frame.frame === 'ready') this.takeReady(frame.proof)
    else this.refuse(refused('malformed', `expected the handshake, got a frame ${frame.frame} in its place`))
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
        return this.takeRefusal(frame)
      default:
        return this.refuse(refused('malformed', `expected envelopes, got a frame ${frame.frame} once more`))
    }
  }

  private takeRefusal({ code, message }: { code: string; message: string }): void {
    this.host.wasRefused(this, code, message)
  }

  private takeHello(hello: Hello, raw: string) {
    const refusal = this.unacceptable(hello)
    if (refusal !== null) return this.refuse(refusal)
    this.peerHello = raw
    this.peerProcess = hello.process
    this.state = 'ready'
    if (this.side === 'listener') this.sayHello()
    else {
      const { key } = this.host.authentication
      if (key === undefined) this.sendReady(null)
      else
        this.proving(async () =>
          this.sendReady(await prove(key.secret, 'dialer', this.ownHello, this.peerHello)),
        )
    }
  }

  private unacceptable(hello: Hello): Refused | null {
    const { process, system, authentication } = this.host
    const version = unknownVersion(hello.versions)
    if (version !== null) return refused('version', version)
    if (hello.system !== system) {
      const what = `expected a peer of the system ${system}, got one of ${hello.system.slice(0, 40)}; look at the directory`
      return refused('system', what)
    }
    if (hello.process === process) {
      return refused('ownConnection', 'expected another process, got this one; look at the directory')
    }
    if (this.side === 'dialer') {
      if (authentication.key === undefined || hello.proves) return null
      const what =
        'expected a peer that asks for a key, got one without keys; give it the keys that it accepts'
      return refused('unauthenticated', what)
    }
    if (authentication.accepts === undefined) return null
    // An unknown key and a wrong proof are told apart by nobody: whoever guesses learns nothing.
    const { accepts } = authentication
    this.peerKey = hello.key
    this.accepted = hello.key !== null && Object.hasOwn(accepts, hello.key) ? accepts[hello.key]! : null
    return null
  }

  private takeReady(proof: string | null) {
    const { key, accepts } = this.host.authentication
    if (this.side === 'dialer') {
      if (key === undefined) return this.open()
      return this.proving(async () => {
        const isRight = await this.isRight(proof, key.secret, 'listener')
        if (isRight) this.open()
        else this.refuse(refused('unauthenticated', notProved))
      })
    }
    if (accepts === undefined) {
      this.sendReady(null)
      return this.open()
    }
    this.proving(async () => {
      const { accepted } = this
      const isRight = await this.isRight(proof, accepted?.secret ?? this.host.process, 'dialer')
      if (!isRight || accepted === null) return this.refuse(refused('unauthenticated', notProved))
      this.grants.push(accepted.names)
      this.sendReady(await prove(accepted.secret, 'listener', this.peerHello, this.ownHello))
      this.open()
    })
  }

  private async isRight(proof: string | null, secret: string, side: Side): Promise<boolean> {
    const [dialed, listened] =
      this.side === 'dialer' ? [this.ownHello, this.peerHello] : [this.peerHello, this.ownHello]
    return isProof(proof ?? '', secret, side, dialed, listened)
  }

  /** What comes while a proof is worked out waits: the wire is read no further than what it has read already. */
  private proving(run: () => Promise<void>): void {
    this.isProving = true
    this.wire.pause()
    const go = () => {
      this.isProving = false
      if (this.state === 'closed') return
      const { waiting } = this
      this.waiting = []
      for (const raw of waiting) this.take(raw)
      if (!this.isProving) this.wire.resume()
    }
    run().then(go, () => this.refuse(refused('unauthenticated', notProved)))
  }

  private sendReady(proof: string | null): void {
    if (this.state !== 'closed') this.wire.send(encodeControl({ frame: 'ready', proof }))
  }

  private open(): void {
    if (this.state === 'closed') return
    this.state = 'open'
    this.wire.frameBytesMax = this.host.limits.frameBytesMax
    if (this.side === 'listener' && this.wire.certificateNames !== null)
      this.grants.push(this.wire.certificateNames)
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

const notProved =
  'expected a proof of a key that is accepted here, got none; look at the id and the secret of the key on both sides'
