/** Faults as a decorator of any transport: loss, delay, duplicates, reordering, cut links and partitions; chance comes from a seed. */
import * as v from 'valibot'
import { StandbyError } from '../../actors/errors.ts'
import type { Envelope, Observe, Random, TimeClock, Transport } from '../../actors/ports.ts'
import { type MessageType, messageSchemas } from '../../machines/messages.ts'
import type { NodeId } from '../../machines/node-id.ts'
import { parseNodeId } from '../../machines/node-id.ts'
import { createNetworkTelling } from './network-telling.ts'

/** How often what goes wrong; probabilities in [0, 1], all 0 by default. */
export interface FaultRates {
  readonly drop?: number
  readonly duplicate?: number
  /** A message that is delayed waits between 0 and `delayMaxMs`; others may overtake it, which is reordering. */
  readonly delay?: number
  /** Default 50. */
  readonly delayMaxMs?: number
}

/** Which messages a rule is about; what is left out matches everything. Nodes by id (`s1#1`) or by name (`s1`, every life). */
export interface FaultScope {
  readonly from?: string
  readonly to?: string
  readonly type?: MessageType
}

/** The levers of a faulty network. All of them take effect for what is sent afterwards. */
export interface Faults {
  /** Sets the rates for a scope; the last rule that matches a message decides. Rates of 0 end it. */
  set(rates: FaultRates, scope?: FaultScope): void
  /** Cuts the link one way. Nodes by id or by name. */
  cut(from: string, to: string): void
  /** Cuts every link between different groups, both ways; a node in no group keeps its links. */
  partition(...groups: readonly (readonly string[])[]): void
  /** Joins every cut link and partition. Rates stay. */
  heal(): void
  /** Ends everything: rates, cuts, partitions. */
  clear(): void
  /** Whether what `from` sends reaches `to` as far as cuts and partitions go. */
  connected(from: NodeId, to: NodeId): boolean
}

/** A transport with levers for faults. */
export interface FaultyTransport extends Transport {
  readonly faults: Faults
}

/** What a faulty network needs: time for delays, and chance. */
export interface FaultOptions {
  readonly clock: TimeClock
  readonly random: Random
  readonly observe?: Observe
}

const rate = v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)))
const ratesSchema = v.strictObject({
  drop: rate,
  duplicate: rate,
  delay: rate,
  delayMaxMs: v.optional(v.pipe(v.number(), v.minValue(0))),
})

/** `inner` with faults. Nothing goes wrong until a lever is moved, and then the cost of a message is a look at the rules. */
export function withFaults(inner: Transport, { clock, random, observe }: FaultOptions): FaultyTransport {
  let rules: { readonly scope: FaultScope; readonly rates: FaultRates }[] = []
  let cuts: { readonly from: string; readonly to: string }[] = []
  let groups: readonly (readonly string[])[] = []
  let closed = false
  const delayed = new Set<unknown>()

  const telling = createNetworkTelling(clock, observe)

  const connected = (from: NodeId, to: NodeId): boolean => {
    for (const cut of cuts) if (isNode(from, cut.from) && isNode(to, cut.to)) return false
    const [a, b] = [groupOf(groups, from), groupOf(groups, to)]
    return a === undefined || b === undefined || a === b
  }

  const ratesFor = ({ from, to, message }: Envelope): FaultRates | undefined => {
    for (let index = rules.length - 1; index >= 0; index--) {
      const { scope, rates } = rules[index]!
      if (scope.from !== undefined && !isNode(from, scope.from)) continue
      if (scope.to !== undefined && !isNode(to, scope.to)) continue
      if (scope.type === undefined || scope.type === message.type) return rates
    }
    return undefined
  }

  const pass = (envelope: Envelope, copy: number, { delay = 0, delayMaxMs = 50 }: FaultRates) => {
    if (delay === 0 || random() >= delay) return inner.send(envelope)
    const ms = random() * delayMaxMs
    telling.ofMessage('delay', envelope, copy, `${Math.round(ms)} ms`)
    const handle = clock.setTimeout(() => {
      delayed.delete(handle)
      inner.send(envelope)
    }, ms)
    delayed.add(handle)
  }

  return {
    attach: (id, receive) => inner.attach(id, receive),
    send(envelope) {
      if (closed) return
      if ((cuts.length > 0 || groups.length > 0) && !connected(envelope.from, envelope.to)) {
        telling.ofMessage('drop', envelope, 0, 'link cut')
        return
      }
      const rates = rules.length === 0 ? undefined : ratesFor(envelope)
      if (rates === undefined) return inner.send(envelope)
      if (rates.drop && random() < rates.drop) {
        telling.ofMessage('drop', envelope, 0, 'lost')
        return
      }
      pass(envelope, 0, rates)
      if (rates.duplicate && random() < rates.duplicate) {
        telling.ofMessage('duplicate', envelope, 1, 'sent twice')
        pass(envelope, 1, rates)
      }
    },
    close() {
      closed = true
      for (const handle of delayed) clock.clearTimeout(handle)
      delayed.clear()
      return inner.close()
    },
    faults: {
      set(rates, scope = {}) {
        const { success, issues } = v.safeParse(ratesSchema, rates)
        if (!success) throw invalid(`${v.getDotPath(issues[0]) ?? 'rates'}: ${issues[0].message}`)
        if (scope.type !== undefined && !Object.hasOwn(messageSchemas, scope.type)) {
          throw invalid(`type: expected one of ${Object.keys(messageSchemas).join(', ')}, got ${scope.type}`)
        }
        const isSame = (other: FaultScope) => JSON.stringify(keyed(other)) === JSON.stringify(keyed(scope))
        rules = rules.filter((rule) => !isSame(rule.scope))
        rules.push({ scope, rates })
      },
      cut(from, to) {
        if (!cuts.some((cut) => cut.from === from && cut.to === to)) cuts.push({ from, to })
        telling.ofNetwork('partition', `${from} -> ${to} cut`)
      },
      partition(...next) {
        groups = next
        telling.ofNetwork('partition', next.map((group) => group.join(' ')).join(' | '))
      },
      heal() {
        if (cuts.length === 0 && groups.length === 0) return
        cuts = []
        groups = []
        telling.ofNetwork('heal', 'every link works again')
      },
      clear() {
        rules = []
        this.heal()
      },
      connected,
    },
  }
}

function isNode(id: NodeId, idOrName: string): boolean {
  // Asked for every message: most answers need no look at the parts of the id.
  return id.startsWith(idOrName) && (id === idOrName || parseNodeId(id).name === idOrName)
}

function groupOf(groups: readonly (readonly string[])[], id: NodeId): readonly string[] | undefined {
  for (const group of groups) for (const name of group) if (isNode(id, name)) return group
  return undefined
}

function keyed({ from, to, type }: FaultScope): unknown[] {
  return [from, to, type]
}

function invalid(what: string): StandbyError {
  return new StandbyError('invalidOption', `faults.set: ${what}; probabilities are between 0 and 1`)
}
