/** The network of a stage: every message waits until someone delivers, drops, duplicates or delays it. */
import { messageIdOf } from '../../actors/observation.ts'
import type { Envelope, Observe } from '../../actors/ports.ts'
import { createNetworkReports, type NetworkReports } from '../../runtime/transport/network-reports.ts'

/** A copy of a message that is in flight. */
export interface HeldMessage {
  readonly id: string
  /** 0 for the original. */
  readonly copy: number
  readonly envelope: Envelope
  readonly sentAt: number
  /** When it arrives by itself, in virtual milliseconds. */
  readonly due: number
  /** Breaks ties between messages and timers that are due together. */
  readonly order: number
}

interface Cut {
  readonly from: string
  readonly to: string
  /** A later partition replaces this cut. */
  readonly isPartition: boolean
}

export interface NetworkOptions {
  readonly clock: { now(): number; nextOrder(): number }
  readonly observe: Observe
  /** How long a message is in flight if no one touches it, in milliseconds. */
  readonly latencyMs: () => number
  /** Whether what is sent on one link arrives in the order of sending; default false. */
  readonly isOrdered?: boolean
  /** The name of a node, the same for all of its lives. Links are cut between names. */
  readonly nameOf: (id: string) => string
}

/** Holds messages and cuts. A message that is sent over a cut link is lost at once. */
export class Network {
  readonly #options: NetworkOptions
  readonly #reports: NetworkReports
  readonly #held = new Map<string, HeldMessage>()
  readonly #sent = new Map<string, { readonly envelope: Envelope; copies: number }>()
  readonly #cuts = new Map<string, Cut>()
  /** Of ordered links, when the newest message is due. */
  readonly #dues = new Map<string, number>()

  constructor(options: NetworkOptions) {
    this.#options = options
    this.#reports = createNetworkReports(options.clock, options.observe)
  }

  send(envelope: Envelope): void {
    if (this.isCut(envelope.from, envelope.to)) this.#reports.ofMessage('drop', envelope, 0, 'link cut')
    else this.#hold(envelope)
  }

  /** What is in flight, in the order in which it is due. */
  inFlight(): readonly HeldMessage[] {
    return [...this.#held.values()].sort((a, b) => a.due - b.due || a.order - b.order)
  }

  /** What is due first. */
  first(): HeldMessage | undefined {
    let first: HeldMessage | undefined
    for (const message of this.#held.values()) {
      if (first === undefined || message.due < first.due) first = message
      else if (message.due === first.due && message.order < first.order) first = message
    }
    return first
  }

  find(id: string, copy: number): HeldMessage | undefined {
    return this.#held.get(keyOf(id, copy))
  }

  /** A message by its id, whether or not a copy of it is in flight. */
  sent(id: string): Envelope | undefined {
    return this.#sent.get(id)?.envelope
  }

  /** Takes a copy out of flight. */
  take({ id, copy }: HeldMessage): void {
    this.#held.delete(keyOf(id, copy))
  }

  drop(message: HeldMessage, why: string): void {
    this.take(message)
    this.#reports.ofMessage('drop', message.envelope, message.copy, why)
  }

  /** What is in flight sets out now, without a report. */
  setOutAgain(): void {
    const { clock, latencyMs } = this.#options
    this.#dues.clear()
    for (const [key, message] of this.#held) {
      const due = this.#inOrder(message.envelope, clock.now() + latencyMs())
      this.#held.set(key, { ...message, due })
    }
  }

  /** Forgets what is in flight, without a report. */
  clear(): void {
    this.#held.clear()
  }

  /** Puts another copy in flight; returns that copy. */
  duplicate(envelope: Envelope): HeldMessage {
    const message = this.#hold(envelope)
    this.#reports.ofMessage('duplicate', envelope, message.copy, 'sent twice')
    return message
  }

  delay(message: HeldMessage, ms: number): void {
    const due = Math.max(message.due, this.#options.clock.now()) + ms
    this.#held.set(keyOf(message.id, message.copy), { ...message, due })
    this.#reports.ofMessage('delay', message.envelope, message.copy, `${ms} ms`)
  }

  cut(from: string, to: string): void {
    this.#cuts.set(linkOf(from, to), { from, to, isPartition: false })
    this.#reports.ofNetwork('partition', `${from} -> ${to} cut`)
  }

  /** Cuts links that were never there, without a report. */
  cutFromTheStart(from: string, to: string): void {
    this.#cuts.set(linkOf(from, to), { from, to, isPartition: false })
  }

  partition(groups: readonly (readonly string[])[]): void {
    for (const [link, { isPartition }] of this.#cuts) if (isPartition) this.#cuts.delete(link)
    for (const [index, group] of groups.entries()) {
      const others = groups.flatMap((other, position) => (position === index ? [] : other))
      for (const from of group)
        for (const to of others) this.#cuts.set(linkOf(from, to), { from, to, isPartition: true })
    }
    this.#reports.ofNetwork('partition', groups.map((group) => group.join(' ')).join(' | '))
  }

  /** Joins one link one way; without arguments, all of them. */
  heal(from?: string, to?: string): void {
    const isOne = from !== undefined && to !== undefined
    if (isOne) this.#cuts.delete(linkOf(from, to))
    else this.#cuts.clear()
    this.#reports.ofNetwork('heal', isOne ? `${from} -> ${to} works again` : 'every link works again')
  }

  /** Takes ids or names. */
  isCut(from: string, to: string): boolean {
    const { nameOf } = this.#options
    return this.#cuts.size > 0 && this.#cuts.has(linkOf(nameOf(from), nameOf(to)))
  }

  /** Each link that is cut, one way each, by names. */
  cuts(): readonly { readonly from: string; readonly to: string }[] {
    return [...this.#cuts.values()].map(({ from, to }) => ({ from, to }))
  }

  /** No sooner than what was sent before on an ordered link. */
  #inOrder({ from, to }: Envelope, due: number): number {
    if (!this.#options.isOrdered) return due
    const link = linkOf(from, to)
    const ordered = Math.max(due, this.#dues.get(link) ?? 0)
    this.#dues.set(link, ordered)
    return ordered
  }

  /** A message that was sent earlier on the same link and is still in flight. */
  earlierOnLink({ envelope: { from, to }, order }: HeldMessage): HeldMessage | undefined {
    return this.inFlight().find(
      (other) => other.envelope.from === from && other.envelope.to === to && other.order < order,
    )
  }

  #hold(envelope: Envelope): HeldMessage {
    const { clock, latencyMs } = this.#options
    const id = messageIdOf(envelope)
    const known = this.#sent.get(id) ?? { envelope, copies: 0 }
    this.#sent.set(id, known)
    const copy = known.copies++
    const sentAt = clock.now()
    const due = this.#inOrder(envelope, sentAt + latencyMs())
    const message = { id, copy, envelope, sentAt, due, order: clock.nextOrder() }
    this.#held.set(keyOf(id, copy), message)
    return message
  }
}

const keyOf = (id: string, copy: number) => `${copy}:${id}`
const linkOf = (from: string, to: string) => JSON.stringify([from, to])
