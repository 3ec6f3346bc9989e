/** How a connection to NATS is: whether there is one, what the server does not permit, and a log of both. */
import type { TimeClock } from '../../actors/ports.ts'
import type { NatsWire } from './nats-wire.ts'
import { ReportOnce } from './report-once.ts'

/** A smaller payload leaves no room for parts: every message would be hundreds of them. */
export const payloadBytesMin = 16 * 1024

/** How long a refusal to publish counts: a server that permits it later says nothing. */
const refusedPublishMs = 10_000

/** Follows the status of one connection. */
export class NatsHealth {
  isConnected = true
  private readonly nats: NatsWire
  private readonly clock: TimeClock
  private readonly report: (detail: string) => void
  private readonly onReconnect: () => void
  private readonly reports: ReportOnce
  /** By subject: subscriptions that the server does not permit. */
  private readonly unsubscribed = new Map<string, string>()
  private refusedPublish: { readonly detail: string; readonly at: number } | null = null

  constructor(nats: NatsWire, clock: TimeClock, report: (detail: string) => void, onReconnect: () => void) {
    this.nats = nats
    this.clock = clock
    this.report = report
    this.onReconnect = onReconnect
    this.reports = new ReportOnce(report)
    void this.watch()
  }

  /** Why messages do not pass; null if they do, as far as is known. */
  problem(): string | null {
    if (!this.isConnected) return 'no connection to NATS'
    const payload = payloadProblem(this.nats)
    if (payload !== null) return payload
    for (const detail of this.unsubscribed.values()) return detail
    const { refusedPublish } = this
    const isRecent = refusedPublish !== null && this.clock.now() - refusedPublish.at < refusedPublishMs
    return isRecent ? refusedPublish.detail : null
  }

  /** The server does not permit a subscription, or does so again (null). */
  subscription(subject: string, error: Error | null): void {
    if (error === null) {
      if (this.unsubscribed.delete(subject)) this.report(`NATS: may subscribe to ${subject} again`)
      return
    }
    const detail = `NATS: may not subscribe to ${subject} (${error.message}); look at the permissions of its user`
    this.unsubscribed.set(subject, detail)
    this.reports.of(subject, 'subscribe', detail)
  }

  private async watch(): Promise<void> {
    for await (const status of this.nats.status()) this.take(status)
    this.isConnected = false
  }

  private take({ type, error }: { readonly type: string; readonly error?: Error }): void {
    if (type === 'disconnect' || type === 'close') {
      if (this.isConnected && !this.nats.isClosed()) this.report('NATS: the connection is lost; dials again')
      this.isConnected = false
    } else if (type === 'reconnect') {
      this.isConnected = true
      this.report('NATS: connected again')
      const problem = payloadProblem(this.nats)
      if (problem !== null) this.report(problem)
      this.onReconnect()
    } else if (type === 'error' && error !== undefined) this.takeError(error)
  }

  private takeError(error: Error & { readonly operation?: string; readonly subject?: string }): void {
    const { operation, subject = '' } = error
    if (operation === 'subscription') return
    const detail = `NATS: ${error.message}`
    if (operation === 'publish') {
      this.refusedPublish = { detail, at: this.clock.now() }
      // The last tokens are the sender's; the others change with each addressee.
      this.reports.of(subject.split('.').slice(-3).join('.'), 'publish', `${detail}; look at the permissions`)
    } else this.reports.of('server', error.message, detail)
  }
}

/** Why the largest payload of a server is too small, or null. */
export function payloadProblem({ info }: Pick<NatsWire, 'info'>): string | null {
  const max = info?.max_payload ?? payloadBytesMin
  return max >= payloadBytesMin
    ? null
    : `NATS: expected max_payload to be at least ${payloadBytesMin} bytes, got ${max}; raise it in the configuration of the server`
}
