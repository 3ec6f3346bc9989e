/** The nodes of this process on a transport, and what all transports share: encoding, local delivery, counters. */
import { StandbyError } from '../../actors/errors.ts'
import type { Envelope, Observe, TimeClock } from '../../actors/ports.ts'
import { isNodeId, type NodeId } from '../../machines/node-id.ts'
import { printable } from '../../machines/printable.ts'
import { schedulerClock, turnScheduler } from '../schedulers.ts'
import {
  decodeFrame,
  encodeEnvelope,
  exceeds,
  type Frame,
  type FrameLimits,
  type FrameRefusal,
  frameRefusals,
} from './frame.ts'
import { createNetworkReports, type NetworkReports } from './network-reports.ts'

/** Why an envelope of this process was lost before it left, or had no receiver. */
export const lossReasons = ['noRoute', 'unreachable', 'queueFull', 'tooLarge', 'notJson', 'nobody'] as const
export type LossReason = (typeof lossReasons)[number]

/** What a transport has counted since it began: envelopes sent, received and lost, and frames refused. */
export interface EnvelopeCounters {
  readonly sent: number
  readonly received: number
  readonly lost: Readonly<Record<LossReason, number>>
  readonly refused: Readonly<Record<FrameRefusal, number>>
}

/** What an endpoint is given. */
export interface EndpointOptions {
  readonly limits: FrameLimits
  /** Default: real time. */
  readonly clock?: TimeClock
  /** Receives what is lost and what is refused. */
  readonly observe?: Observe
}

/** @throws StandbyError `invalidOption` for what can hold no options */
export function refuseNoOptions(options: unknown): void {
  if (typeof options === 'object' && options !== null) return
  throw new StandbyError(
    'invalidOption',
    `options: expected an object, got ${String(options)}; leave it out for the defaults`,
  )
}

/** The end of a transport in this process. */
export class Endpoint {
  readonly clock: TimeClock
  private readonly limits: FrameLimits
  private readonly observe: Observe | undefined
  private readonly reports: NetworkReports
  private readonly receivers = new Map<NodeId, (envelope: Envelope) => void>()
  private closed = false
  private sent = 0
  private received = 0
  private readonly lost = zeros(lossReasons)
  private readonly refusals = zeros(frameRefusals)

  constructor({ limits, clock = schedulerClock(), observe }: EndpointOptions) {
    this.limits = limits
    this.clock = clock
    this.observe = observe
    this.reports = createNetworkReports(clock, observe)
  }

  get isClosed(): boolean {
    return this.closed
  }

  ids(): readonly NodeId[] {
    return [...this.receivers.keys()]
  }

  has(id: NodeId): boolean {
    return this.receivers.has(id)
  }

  /**
   * Attaches a node; returns how to detach it, which calls `onDetach`.
   * @throws StandbyError `duplicateNode`, `stopped`, or `invalidOption` for an id that is not one
   */
  attach(id: NodeId, receive: (envelope: Envelope) => void, onDetach: () => void = () => {}): () => void {
    if (this.closed) {
      const what = `expected an open transport to attach ${id} to, got a closed one; create a new one`
      throw new StandbyError('stopped', what)
    }
    if (!isNodeId(id)) {
      const what = `expected an id of printable characters to attach, got ${JSON.stringify(id)}`
      throw new StandbyError('invalidOption', what)
    }
    if (this.receivers.has(id)) {
      const what = `expected an id that is not attached yet, got ${id}; stop the other node first`
      throw new StandbyError('duplicateNode', what)
    }
    this.receivers.set(id, receive)
    return () => {
      if (this.receivers.get(id) !== receive) return
      this.receivers.delete(id)
      onDetach()
    }
  }

  /** The text of an envelope; null if it cannot travel, which is counted. */
  textOf(envelope: Envelope): string | null {
    try {
      const text = encodeEnvelope(envelope)
      if (!exceeds(text, this.limits.frameBytesMax)) return text
      this.lose('tooLarge', envelope)
    } catch {
      this.lose('notJson', envelope)
    }
    return null
  }

  /** The frame that a text is; null if it is refused, which is counted. */
  read(text: string): Frame | null {
    const frame = decodeFrame(text, this.limits)
    if (frame.frame !== null) return frame
    this.refuse(frame.code, frame.message)
    return null
  }

  /** Delivers to a node of this process, as a copy and in a later turn. */
  deliverHere(text: string): void {
    this.sent += 1
    turnScheduler.schedule(() => this.deliver(JSON.parse(text) as Envelope))
  }

  /** Delivers an envelope to its node, if attached. */
  deliver(envelope: Envelope): void {
    if (this.closed) return
    this.received += 1
    const receive = this.receivers.get(envelope.to)
    if (receive === undefined) this.lost.nobody += 1
    else receive(envelope)
  }

  /** Counts what has left, or what was lost instead. */
  count(reason: LossReason | null, envelope: Envelope): void {
    if (reason === null) this.sent += 1
    else this.lose(reason, envelope)
  }

  lose(reason: LossReason, envelope: Envelope): void {
    this.lost[reason] += 1
    this.reports.ofMessage('drop', envelope, 0, reason)
  }

  /** Counts messages that were lost together, when a connection failed that they waited for. */
  loseMany(reason: LossReason, number: number): void {
    this.lost[reason] += number
  }

  refuse(code: FrameRefusal, message: string | null): void {
    this.refusals[code] += 1
    if (message !== null) this.report(message)
  }

  report(text: string): void {
    const detail = printable(text)
    this.observe?.({
      kind: 'refuse',
      node: null,
      t: this.clock.now(),
      clock: null,
      ignored: [detail],
      detail,
    })
  }

  counters(): EnvelopeCounters {
    const { sent, received, lost, refusals } = this
    return { sent, received, lost: { ...lost }, refused: { ...refusals } }
  }

  close(): void {
    this.closed = true
    this.receivers.clear()
  }
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>
}
