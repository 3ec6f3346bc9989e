/** Faults as a decorator of any transport: loss, delay, duplicates, reordering, cut links and partitions; chance comes from a seed. */
/// <reference lib="esnext.disposable" preserve="true" />
import * as v from 'valibot'
import { checked } from '../../actors/checked.ts'
import { StandbyError } from '../../actors/errors.ts'
import { knownOptions, nearest } from '../../actors/known-options.ts'
import type { Envelope, Observe, Random, TimeClock, Transport } from '../../actors/ports.ts'
import { type MessageType, messageSchemas } from '../../machines/messages.ts'
import type { NodeId } from '../../machines/node-id.ts'
import { parseNodeId } from '../../machines/node-id.ts'
import { createNetworkReports } from './network-reports.ts'

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
  /** Whether cuts and partitions let `from` reach `to`. */
  connected(from: NodeId, to: NodeId): boolean
}

/** A transport with levers for faults. */
export interface FaultyTransport extends Transport, AsyncDisposable {
  readonly faults: Faults
}

/** What a faulty network needs: time for delays, and chance. */
export interface FaultOptions {
  readonly clock: TimeClock
  readonly random: Random
  readonly observe?: Observe
}

const someRate = 'expected a probability from 0 to 1'
const rate = v.optional(v.pipe(v.number(someRate), v.minValue(0, someRate), v.maxValue(1, someRate)))
const someDelay = 'expected milliseconds from 0 on'
const ratesSchema = v.strictObject(
  {
    drop: rate,
    duplicate: rate,
    delay: rate,
    delayMaxMs: v.optional(v.pipe(v.number(someDelay), v.minValue(0, someDelay))),
  },
  'expected rates such as { drop: 0.1 }',
)
const someNode = 'expected a node by its id or name, such as s1#1 or s1'
const nodeSchema = v.pipe(v.string(someNode), v.minLength(1, someNode))
const scopeSchema = v.strictObject(
  {
    from: v.optional(nodeSchema),
    to: v.optional(nodeSchema),
    type: v.optional(
      v.picklist(
        Object.keys(messageSchemas),
        `type: expected one of ${Object.keys(messageSchemas).join(', ')}`,
      ),
    ),
  },
  'expected a scope such as { from: "s1", type: "ping" }',
)
const groupsSchema = v.array(
  v.array(nodeSchema, 'expected groups of nodes, each a list such as ["s1", "s2"]'),
)

/** `inner` with faults. Nothing goes wrong until a lever is moved, and then the cost of a message is a look at the rules. */
export function withFaults(inner: Transport, options: FaultOptions): FaultyTransport {
  knownOptions('withFaults', options, { clock: true, random: true, observe: true })
  const { clock, random, observe } = options
  let rules: { readonly scope: FaultScope; readonly rates: FaultRates }[] = []
  let cuts: { readonly from: string; readonly to: string }[] = []
  let groups: readonly (readonly string[])[] = []
  let closed = false
  const delayed = new Set<unknown>()
  /** Nodes that were ever attached here or sent anything from elsewhere. */
  const met = new Set<NodeId>()

  /** Refuses a name that no node had so far, except before there is any node. */
  const knownNode = (where: string, given: unknown): string => {
    const node = checked(where, nodeSchema, given)
    if (met.size === 0 || [...met].some((id) => isNode(id, node))) return node
    const names = [...new Set([...met].map((id) => parseNodeId(id).name))]
    const near = nearest(node, [...names, ...met])
    throw new StandbyError(
      'invalidOption',
      `${where}: expected one of the nodes ${names.join(', ')}, got ${JSON.stringify(node)}; ${near === null ? 'name a node that has been started' : `did you mean ${near}?`}`,
    )
  }

  const reports = createNetworkReports(clock, observe)
  const close = () => {
    closed = true
    for (const handle of delayed) clock.clearTimeout(handle)
    delayed.clear()
    return inner.close()
  }

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
    reports.ofMessage('delay', envelope, copy, `${Math.round(ms)} ms`)
    const handle = clock.setTimeout(() => {
      delayed.delete(handle)
      inner.send(envelope)
    }, ms)
    delayed.add(handle)
  }

  return {
    attach(id, receive) {
      const detach = inner.attach(id, (envelope) => {
        met.add(envelope.from)
        receive(envelope)
      })
      met.add(id)
      return detach
    },
    send(envelope) {
      if (closed) return
      if ((cuts.length > 0 || groups.length > 0) && !connected(envelope.from, envelope.to)) {
        reports.ofMessage('drop', envelope, 0, 'link cut')
        return
      }
      const rates = rules.length === 0 ? undefined : ratesFor(envelope)
      if (rates === undefined) return inner.send(envelope)
      if (rates.drop && random() < rates.drop) {
        reports.ofMessage('drop', envelope, 0, 'lost')
        return
      }
      pass(envelope, 0, rates)
      if (rates.duplicate && random() < rates.duplicate) {
        reports.ofMessage('duplicate', envelope, 1, 'sent twice')
        pass(envelope, 1, rates)
      }
    },
    close,
    [Symbol.asyncDispose]: async () => close(),
    faults: {
      set(rates, scope = {}) {
        checked('faults.set', ratesSchema, rates)
        checked('faults.set scope', scopeSchema, scope)
        if (scope.from !== undefined) knownNode('faults.set scope.from', scope.from)
        if (scope.to !== undefined) knownNode('faults.set scope.to', scope.to)
        const isSame = (other: FaultScope) => JSON.stringify(keyed(other)) === JSON.stringify(keyed(scope))
        rules = rules.filter((rule) => !isSame(rule.scope))
        rules.push({ scope, rates })
      },
      cut(from, to) {
        knownNode('faults.cut from', from)
        knownNode('faults.cut to', to)
        if (!cuts.some((cut) => cut.from === from && cut.to === to)) cuts.push({ from, to })
        reports.ofNetwork('partition', `${from} -> ${to} cut`)
      },
      partition(...next) {
        for (const group of checked('faults.partition', groupsSchema, next))
          for (const node of group) knownNode('faults.partition', node)
        groups = next
        reports.ofNetwork('partition', next.map((group) => group.join(' ')).join(' | '))
      },
      heal() {
        if (cuts.length === 0 && groups.length === 0) return
        cuts = []
        groups = []
        reports.ofNetwork('heal', 'every link works again')
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
