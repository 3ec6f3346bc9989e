/** What leaves for a NATS server, bounded by what it has confirmed. */
import type { NatsWire } from './nats-wire.ts'

/** Publishes, and keeps count of the bytes that are not confirmed yet. */
export class NatsOutbox {
  private readonly nats: NatsWire
  private readonly bytesMax: number
  private unconfirmed = 0
  private isFlushing = false

  constructor(nats: NatsWire, bytesMax: number) {
    this.nats = nats
    this.bytesMax = bytesMax
  }

  /** Publishes the parts of one text; why it was lost, or null. */
  publish(subject: string, payloads: readonly Uint8Array[]): 'unreachable' | 'queueFull' | null {
    if (this.unconfirmed >= this.bytesMax) return 'queueFull'
    try {
      for (const payload of payloads) {
        this.nats.publish(subject, payload)
        this.unconfirmed += payload.length
      }
    } catch {
      return 'unreachable'
    }
    if (!this.isFlushing) this.confirm()
    return null
  }

  /** A new connection has nothing unconfirmed. */
  reset(): void {
    this.unconfirmed = 0
  }

  /** One flush at a time: what was published before it is with the server when it returns. */
  private confirm(): void {
    const asked = this.unconfirmed
    this.isFlushing = true
    const done = () => {
      this.isFlushing = false
      this.unconfirmed = Math.max(0, this.unconfirmed - asked)
      if (this.unconfirmed > 0 && !this.nats.isClosed()) this.confirm()
    }
    this.nats.flush().then(done, () => {
      this.isFlushing = false
      this.unconfirmed = 0
    })
  }
}
