/** The handshake of one connection: both ends prove who they are, to whom, and over which connection. It sends nothing. */
import { type NodeId, parseNodeId } from '../../machines/node-id.ts'
import {
  type AcceptedKey,
  type Authentication,
  isProof,
  nonceOf,
  permits,
  prove,
  type Statement,
} from './authentication.ts'
import {
  encodeControl,
  type Hello,
  type Ready,
  type Refused,
  refused,
  unknownVersion,
  versions,
} from './frame.ts'

/** Which end of a connection. */
export type Side = Statement['side']

/** What a handshake knows of its own process. */
export interface HandshakeHost {
  readonly process: string
  readonly system: string
  readonly authentication: Authentication
  /** Whether this process has nodes, and none of this name. */
  isElsewhere(name: string): boolean
}

/** Whether a peer may speak for a node. */
export type Grant = (id: NodeId) => boolean

/**
 * | dialer                                   | listener                                         |
 * | ---------------------------------------- | ------------------------------------------------ |
 * | `hello`: nonce, key id, name it dials    |                                                  |
 * |                                          | `hello`: nonce, key id                           |
 * | `ready`: proof of its key                |                                                  |
 * |                                          | `ready`: proof of its own key, and of the dialer's if that is a secret |
 */
export class Handshake {
  /** The peer's process, as it calls itself. */
  peerProcess = ''
  /** The id of the key that the peer named. */
  peerKey: string | null = null
  /** The accepted key that the peer has proved; null if it had to prove none. */
  proved: AcceptedKey | null = null
  private readonly host: HandshakeHost
  private readonly side: Side
  /** The name that is dialed; null at the listener until the dialer sends it. */
  private target: string | null
  private own: Hello | null = null
  private ownText = ''
  private peerText = ''
  private peerProves = false

  constructor(host: HandshakeHost, side: Side, target: string | null) {
    this.host = host
    this.side = side
    this.target = target
  }

  /** The first frame of this side. */
  hello(): string {
    const { key, accepts } = this.host.authentication
    this.own = {
      frame: 'hello',
      protocol: 'standby',
      versions: [...versions],
      system: this.host.system,
      process: this.host.process,
      nonce: nonceOf(32),
      key: key?.id ?? null,
      proves: this.side === 'listener' ? accepts !== undefined : key !== undefined,
      to: this.side === 'dialer' ? this.target : null,
    }
    this.ownText = encodeControl(this.own)
    return this.ownText
  }

  /** Takes the first frame of the other side; why it is not acceptable, or null. */
  hear(hello: Hello, raw: string): Refused | null {
    const { process, system } = this.host
    const version = unknownVersion(hello.versions)
    if (version !== null) return refused('version', version)
    if (hello.system !== system) {
      const what = `expected a peer of the system ${system}, got one of ${hello.system.slice(0, 40)}; look at the directory`
      return refused('system', what)
    }
    if (hello.process === process) {
      return refused('ownConnection', 'expected another process, got this one; look at the directory')
    }
    this.peerText = raw
    this.peerProcess = hello.process
    this.peerKey = hello.key
    this.peerProves = hello.proves
    return this.side === 'dialer' ? this.unreliable() : this.misdirected(hello.to)
  }

  /** The proofs of this side, once both hellos are said and, at the listener, the dialer is known. */
  async ready(): Promise<Ready> {
    const { key } = this.host.authentication
    if (this.side === 'dialer') {
      const isAsked = key !== undefined && this.peerProves
      return { frame: 'ready', proof: isAsked ? await this.proofOf(key, key.id) : null, known: null }
    }
    const { proved, peerKey } = this
    const known = proved !== null && 'secret' in proved ? await this.proofOf(proved, peerKey!) : null
    return { frame: 'ready', proof: key === undefined ? null : await this.proofOf(key, key.id), known }
  }

  /** Takes the proofs of the other side; why they do not do, or null. */
  async judge({ proof, known }: Ready): Promise<Refused | null> {
    const { key, accepts = {} } = this.host.authentication
    if (this.side === 'listener') {
      if (this.host.authentication.accepts === undefined) return null
      return (await this.proves(proof, this.acceptedKey(accepts))) ? null : notProved
    }
    const candidates = this.keysOfTarget()
    if (candidates.length > 0) {
      const accepted = candidates.find(([id]) => id === this.peerKey)?.[1] ?? null
      return (await this.proves(proof, accepted)) ? null : notTarget(this.target!)
    }
    if (key === undefined) return null
    if (!('secret' in key)) return notTarget(this.target ?? 'the peer')
    const statement = { ...this.statement('listener'), key: key.id }
    return (await isProof(known ?? '', key, statement)) ? null : notProved
  }

  private async proves(proof: string | null, accepted: AcceptedKey | null): Promise<boolean> {
    // An unknown key takes as long as a wrong proof: a peer that guesses learns nothing.
    const key = accepted ?? { secret: this.host.process }
    const other = this.side === 'dialer' ? 'listener' : 'dialer'
    const isRight = await isProof(proof ?? '', key, { ...this.statement(other), key: this.peerKey ?? '' })
    if (isRight) this.proved = accepted
    return isRight && accepted !== null
  }

  private acceptedKey(accepts: Readonly<Record<string, AcceptedKey>>): AcceptedKey | null {
    const id = this.peerKey
    return id !== null && Object.hasOwn(accepts, id) ? accepts[id]! : null
  }

  /** The accepted keys that may speak for the name that is dialed. */
  private keysOfTarget(): readonly (readonly [string, AcceptedKey])[] {
    const { target } = this
    if (target === null) return []
    const { accepts = {} } = this.host.authentication
    return Object.entries(accepts).filter(([, { names }]) => permits(names, target))
  }

  /** What a dialer refuses at once: a listener that will prove nothing that it could check. */
  private unreliable(): Refused | null {
    const { key } = this.host.authentication
    if (this.keysOfTarget().length > 0) return this.peerKey === null ? notTarget(this.target!) : null
    if (key === undefined || this.peerProves) return null
    const what = 'expected a peer that asks for a key, got one without keys; give it the keys that it accepts'
    return refused('unauthenticated', what)
  }

  /** What a listener refuses at once: a dialer that means another process. */
  private misdirected(to: string | null): Refused | null {
    this.target = to
    if (to === null || !this.host.isElsewhere(to)) return null
    const what = `expected a peer that dials a node of this process, got one that dials ${to.slice(0, 100)}; look at its directory`
    return refused('wrongTarget', what)
  }

  private proofOf(key: Parameters<typeof prove>[0], id: string): Promise<string> {
    return prove(key, { ...this.statement(this.side), key: id })
  }

  private statement(side: Side): Omit<Statement, 'key'> {
    const isDialer = this.side === 'dialer'
    const [dialed, listened] = isDialer ? [this.ownText, this.peerText] : [this.peerText, this.ownText]
    return { side, dialed, listened }
  }
}

const notProved = refused(
  'unauthenticated',
  'expected a proof of a key that is accepted here, got none; look at the id and the secret of the key on both sides',
)

function notTarget(name: string): Refused {
  return refused(
    'unauthenticated',
    `expected a proof of a key that may speak for ${parseNodeId(name).name}, got none; look at authentication.key there, at authentication.accepts here, and at the directory`,
  )
}
