/** A network driven by hand: every message waits until somebody delivers, drops, duplicates or delays it. */
import { messageIdOf } from '../../actors/observation.ts'
import type { Envelope, Observe, Transport } from '../../actors/ports.ts'
import { copyJson } from '../../machines/application/json.ts'
import type { Message } from '../../machines/messages.ts'
import { type NodeId, parseNodeId } from '../../machines/node-id.ts'
import { createNetworkTelling } from '../../runtime/transport/network-telling.ts'
import type { HeldClock } from './held-clock.ts'

/** A copy of a message that is under way. */
export interface HeldMessage {
  readonly id: string
  /** 0 for the original. */
  readonly copy: number
  readonly envelope: Envelope
  readonly sentAt: number
  /** When it arrives by itself, in virtual milliseconds. */
  readonly due: number
  readonly order: number
}

/** The levers of the network; nodes by their names. What is sent over a cut link is lost at once. */
export interface HeldNetwork extends Transport {
  /** What is under way, in the order in which it is due. */
  inFlight(): readonly HeldMessage[]
  find(id: string, copy: number): HeldMessage | undefined
  /** Any copy that was ever sent, whether or not it is still under way. */
  sent(id: string): Envelope | undefined
  isAttached(id: NodeId): boolean
  deliver(message: HeldMessage): void
  drop(message: HeldMessage, why: string): void
  /** Puts another copy of it under way; returns that copy. */
  duplicate(envelope: Envelope): HeldMessage
  delay(message: HeldMessage, ms: number): void
  cut(from: string, to: string): void
  partition(groups: readonly (readonly string[])[]): void
  heal(from?: string, to?: string): void
  isCut(from: NodeId, to: NodeId): boolean
  /** Each link that is cut, one way each. */
  cuts(): readonly { readonly from: string; readonly to: string }[]
}

interface Cut {
  readonly from: string
  readonly to: string
  /** Joined again by the next partition. */
  readonly isPartition: boolean
}

export interface HeldNetworkOptions {
  readonly clock: HeldClock
  readonly observe: Observe
  /** How long a message is under way when nobody touches it. */
  readonly latencyMs: number
}

export function createHeldNetwork({ clock, observe, latencyMs }: HeldNetworkOptions): HeldNetwork {
  const receivers = new Map<NodeId, (envelope: Envelope) => void>()
  const held = new Map<string, HeldMessage>()
  const sent = new Map<string, { readonly envelope: Envelope; copies: number }>()
  const cuts = new Map<string, Cut>()

  const keyOf = (id: string, copy: number) => `${copy}:${id}`
  const linkOf = (from: NodeId, to: NodeId) => `${nameOf(from)} -> ${nameOf(to)}`
  const telling = createNetworkTelling(clock, observe)
  const hold = (envelope: Envelope): HeldMessage => {
    const id = messageIdOf(envelope)
    const known = sent.get(id) ?? { envelope, copies: 0 }
    sent.set(id, known)
    const copy = known.copies++
    const sentAt = clock.now()
    const message = { id, copy, envelope, sentAt, due: sentAt + latencyMs, order: clock.nextOrder() }
    held.set(keyOf(id, copy), message)
    return message
  }

  return {
    attach(id, receive) {
      receivers.set(id, receive)
      return () => {
        if (receivers.get(id) === receive) receivers.delete(id)
      }
    },
    send(envelope) {
      const copy = { ...envelope, message: copyJson(envelope.message) as unknown as Message }
      if (cuts.has(linkOf(envelope.from, envelope.to))) telling.ofMessage('drop', copy, 0, 'link cut')
      else hold(copy)
    },
    close() {},
    inFlight: () => [...held.values()].sort((a, b) => a.due - b.due || a.order - b.order),
    find: (id, copy) => held.get(keyOf(id, copy)),
    sent: (id) => sent.get(id)?.envelope,
    isAttached: (id) => receivers.has(id),
    deliver({ id, copy, envelope }) {
      held.delete(keyOf(id, copy))
      receivers.get(envelope.to)?.(envelope)
    },
    drop({ id, copy, envelope }, why) {
      held.delete(keyOf(id, copy))
      telling.ofMessage('drop', envelope, copy, why)
    },
    duplicate(envelope) {
      const message = hold(envelope)
      telling.ofMessage('duplicate', envelope, message.copy, 'sent twice')
      return message
    },
    delay(message, ms) {
      held.set(keyOf(message.id, message.copy), { ...message, due: Math.max(message.due, clock.now()) + ms })
      telling.ofMessage('delay', message.envelope, message.copy, `${ms} ms`)
    },
    cut(from, to) {
      cuts.set(linkOf(from, to), { from, to, isPartition: false })
      telling.ofNetwork('partition', `${from} -> ${to} cut`)
    },
    partition(groups) {
      for (const [link, { isPartition }] of cuts) if (isPartition) cuts.delete(link)
      for (const [index, group] of groups.entries()) {
        const others = groups.flatMap((other, position) => (position === index ? [] : other))
        for (const from of group)
          for (const to of others) cuts.set(linkOf(from, to), { from, to, isPartition: true })
      }
      telling.ofNetwork('partition', groups.map((group) => group.join(' ')).join(' | '))
    },
    heal(from, to) {
      if (from === undefined || to === undefined) cuts.clear()
      else cuts.delete(linkOf(from, to))
      telling.ofNetwork(
        'heal',
        from === undefined ? 'every link works again' : `${from} -> ${to} works again`,
      )
    },
    isCut: (from, to) => cuts.has(linkOf(from, to)),
    cuts: () => [...cuts.values()].map(({ from, to }) => ({ from, to })),
  }
}

/** The node's name without its incarnation. */
export function nameOf(id: NodeId): string {
  return parseNodeId(id).name
}
