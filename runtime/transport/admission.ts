/** Sockets of peers that have not proved yet who they are: bounded in time and number, from the first byte on. */
import type { TimeClock } from '../../actors/ports.ts'
import type { FrameRefusal } from './frame.ts'
import type { MeshLimits } from './mesh-options.ts'

/** The part of a socket that admission needs; `node:net` has it. */
export interface AdmittedSocket {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  destroy(): unknown
  once(event: 'close', listener: () => void): unknown
}

interface Stranger {
  readonly address: string
  readonly evict: (code: FrameRefusal, message: string) => void
  readonly alarm: unknown
}

/**
 * A socket is a stranger from its first byte until its handshake is over, TLS and the upgrade to WebSocket included.
 * If there are too many, the oldest is closed: a peer that knows its key is done in milliseconds, and a flood of
 * half-open connections keeps no newcomer out.
 */
export class Admission {
  private readonly limits: Pick<MeshLimits, 'strangersMax' | 'strangersPerAddressMax' | 'handshakeMs'>
  private readonly clock: TimeClock
  private readonly refused: (code: FrameRefusal, message: string) => void
  /** By remote address and port, oldest first. */
  private readonly strangers = new Map<string, Stranger>()
  private readonly byAddress = new Map<string, Set<string>>()

  constructor(
    limits: Admission['limits'],
    clock: TimeClock,
    refused: (code: FrameRefusal, message: string) => void,
  ) {
    this.limits = limits
    this.clock = clock
    this.refused = refused
  }

  /** Takes in a socket that has just been connected. */
  enter(socket: AdmittedSocket): void {
    const { remoteAddress: address = 'unknown' } = socket
    const key = keyOf(socket)
    const { strangersMax, strangersPerAddressMax, handshakeMs } = this.limits
    const ofAddress = this.byAddress.get(address) ?? new Set()
    const [oldestHere] = ofAddress
    if (ofAddress.size >= strangersPerAddressMax) this.evict(oldestHere!, 'strangersPerAddressMax')
    const [oldest] = this.strangers.keys()
    if (this.strangers.size >= strangersMax) this.evict(oldest!, 'strangersMax')
    const evict = (code: FrameRefusal, message: string) => {
      this.leave(key)
      this.refused(code, `${address}: ${message}`)
      socket.destroy()
    }
    const tooLate = () => evict('handshakeTimeout', `expected the handshake within ${handshakeMs} ms`)
    this.strangers.set(key, { address, evict, alarm: this.clock.setTimeout(tooLate, handshakeMs) })
    this.byAddress.set(address, ofAddress.add(key))
    socket.once('close', () => this.leave(key))
  }

  /** The peer behind the socket has proved who it is, or has gone. */
  leave(key: string): void {
    const stranger = this.strangers.get(key)
    if (stranger === undefined) return
    this.clock.clearTimeout(stranger.alarm)
    this.strangers.delete(key)
    const ofAddress = this.byAddress.get(stranger.address)
    ofAddress?.delete(key)
    if (ofAddress?.size === 0) this.byAddress.delete(stranger.address)
  }

  close(): void {
    for (const key of [...this.strangers.keys()]) this.leave(key)
  }

  private evict(key: string, limit: 'strangersMax' | 'strangersPerAddressMax'): void {
    const message = `expected at most ${this.limits[limit]} connections without a proof (limits.${limit}); the oldest made way`
    this.strangers.get(key)?.evict('strangersMax', message)
  }
}

/** Names a socket as long as it is open. */
export function keyOf({ remoteAddress = 'unknown', remotePort = 0 }: AdmittedSocket): string {
  return `${remoteAddress} ${remotePort}`
}
