/**
 * Node states as integers (interning): a node's snapshot, what it has sent so far, its timers and the rest of its script.
 * A state of the whole system is then one integer per node, and a step changes one of them.
 */
import type { AnyMachineSnapshot } from 'xstate'
import type { CheckedNode, CheckedSystem, Emission, NodeView } from '../system.ts'
import { mix, textHash } from './hash.ts'
import { Messages } from './messages.ts'
import {
  type Coverage,
  intern,
  type Local,
  type SnapshotOrigin,
  type Timer,
  withoutSent,
} from './node-state.ts'
import { PairTable } from './pair-table.ts'

const nothing = new Int32Array(0)

/** The number of a set of timers is one part of a node state's key. */
const timerSetsMax = 0x800

export class NodeStates {
  readonly nodes: readonly CheckedNode[]
  readonly messages: Messages
  /** Per node state: a number that looks random, made of the content alone. The xor over all nodes is a state's hash. */
  hashes: Uint32Array = new Uint32Array(1024)
  /** Per node state: the number of its life with its snapshot. */
  selves: Int32Array = new Int32Array(1024)
  /** Per node state: the number of what it has sent. */
  outboxes: Int32Array = new Int32Array(1024)
  /** Per node state and node: the channel to it; see `channel`. */
  channels: Int32Array
  readonly #ordered: boolean
  /** Whether a node state has all that was sent; else the network has what is in flight. */
  readonly keepsSent: boolean

  readonly #snapshots: AnyMachineSnapshot[] = []
  readonly #snapshotIds = new Map<string, number>()
  readonly #snapshotHashes: number[] = []
  readonly #origins: SnapshotOrigin[] = []
  readonly #timerSets: (readonly Timer[])[] = []
  readonly #timerIds = new Map<string, number>()
  readonly #timerHashes: number[] = []
  readonly #emissions: (Emission | null)[] = [null]
  readonly #emissionIds = new Map<string, number>()
  readonly #locals: Local[] = []
  readonly #localIds = new PairTable()
  readonly #sentIds = new PairTable()
  #sentCount = 0
  readonly #selves = new PairTable()
  #selfCount = 0
  readonly #views: (NodeView | undefined)[] = []
  /** For each node how many events of its script have happened at most. */
  readonly #scripted: number[]

  constructor(system: CheckedSystem) {
    this.nodes = system.nodes
    this.messages = new Messages(system)
    this.channels = new Int32Array(this.hashes.length * system.nodes.length)
    this.#ordered = system.timers === 'ordered'
    this.keepsSent = (system.network ?? 'set') === 'set'
    this.#scripted = system.nodes.map(() => 0)
    this.timersId([])
  }

  get size(): number {
    return this.#locals.length
  }

  get(local: number): Local {
    return this.#locals[local]!
  }

  snapshot(snapshot: number): AnyMachineSnapshot {
    return this.#snapshots[snapshot]!
  }

  originOf(snapshot: number): SnapshotOrigin {
    return this.#origins[snapshot]!
  }

  timers(timers: number): readonly Timer[] {
    return this.#timerSets[timers]!
  }

  emission(emission: number): Emission | null {
    return this.#emissions[emission]!
  }

  /** The id under which a node lives, counted from life 1. */
  idOf(node: number, life: number): string {
    const { id, restart } = this.nodes[node]!
    return life === 1 || restart === undefined ? id : restart(life).id
  }

  /** What a node has sent to the node at `place`, as a channel: 0 if nothing. */
  channel(local: number, place: number): number {
    return this.channels[local * this.nodes.length + place]!
  }

  /** A machine that is done takes no more, as a live actor would not. */
  takesEvents({ alive, snapshot }: Local): boolean {
    return alive && this.#snapshots[snapshot]!.status === 'active'
  }

  /** The messages of a channel that are for this life of the receiver. */
  messagesFor(now: Local, channel: number): Int32Array {
    if (!this.takesEvents(now)) return nothing
    const messages = this.messages.inChannel(channel)
    if (this.nodes[now.node]!.restart === undefined) return messages
    const id = this.idOf(now.node, now.life)
    return messages.filter((message) => this.messages.get(message).to === id)
  }

  /** A node state as properties see it. */
  view(local: number): NodeView {
    let view = this.#views[local]
    if (view === undefined) {
      view = this.viewOf(this.#locals[local]!)
      this.#views[local] = view
    }
    return view
  }

  viewOf({ node, life, alive, snapshot, outbox }: Local): NodeView {
    const [id, now] = [this.idOf(node, life), this.#snapshots[snapshot]!]
    if (!this.keepsSent) return withoutSent(id, alive, now)
    return { id, alive, snapshot: now, sent: this.messages.sentIn(outbox) }
  }

  coverage(): Coverage {
    const messages = new Map<string, Coverage['messages'][number]>()
    for (const [index, { from, message }] of this.messages.all.entries()) {
      const [{ type }, to] = [message, this.messages.receiver(index)]
      messages.set(`${to} ${type}`, { type, from, to })
    }
    const effects = new Map<string, Coverage['effects'][number]>()
    for (const emission of this.#emissions)
      for (const { type } of emission?.actions ?? [])
        effects.set(`${emission!.node} ${type}`, { type, node: emission!.node })
    return { messages: [...messages.values()], effects: [...effects.values()], scripted: this.#scripted }
  }

  snapshotId(origin: SnapshotOrigin, snapshot: AnyMachineSnapshot): number {
    const key = `${origin.node} ${snapshotText(snapshot)}`
    return intern(this.#snapshotIds, key, () => {
      this.#snapshotHashes.push(textHash(key))
      this.#origins.push(origin)
      return this.#snapshots.push(snapshot) - 1
    })
  }

  timersId(timers: readonly Timer[]): number {
    const list = this.#ordered ? timers : [...timers].sort((a, b) => (a.id < b.id ? -1 : 1))
    const key = JSON.stringify(list)
    return intern(this.#timerIds, key, () => {
      if (this.#timerSets.length === timerSetsMax)
        throw new RangeError(
          `expected at most ${timerSetsMax} different sets of timers; let timers carry less`,
        )
      this.#timerHashes.push(textHash(key))
      return this.#timerSets.push(list) - 1
    })
  }

  emissionId(emission: Emission): number {
    return intern(this.#emissionIds, JSON.stringify(emission), () => this.#emissions.push(emission) - 1)
  }

  localId(local: Local): number {
    const { life, alive, snapshot, outbox, timers, script } = local
    // A snapshot belongs to one node, so that the node need not be part of the key.
    const sent = this.#sentIds.getOrSet(snapshot, outbox, () => this.#sentCount++)
    const rest = ((life * 2 + (alive ? 1 : 0)) * 0x400 + script) * timerSetsMax + timers
    return this.#localIds.getOrSet(sent, rest, () => {
      const id = this.#locals.push(local) - 1
      this.#scripted[local.node] = Math.max(this.#scripted[local.node]!, script)
      if (id >= this.hashes.length) this.#grow()
      this.hashes[id] = this.#hashOf(local)
      this.selves[id] = this.#selves.getOrSet(snapshot, life * 2 + (alive ? 1 : 0), () => this.#selfCount++)
      this.outboxes[id] = outbox
      this.channels.set(this.messages.channelsOf(outbox), id * this.nodes.length)
      return id
    })
  }

  #grow(): void {
    this.hashes = grownTo(new Uint32Array(this.hashes.length * 2), this.hashes)
    this.selves = grownTo(new Int32Array(this.selves.length * 2), this.selves)
    this.outboxes = grownTo(new Int32Array(this.outboxes.length * 2), this.outboxes)
    this.channels = grownTo(new Int32Array(this.channels.length * 2), this.channels)
  }

  /** The same for the same content, under any numbering: searches that number differently agree on it. */
  #hashOf({ life, alive, snapshot, outbox, timers, script }: Local): number {
    const rest = mix(script * 64 + life * 2 + (alive ? 1 : 0)) ^ this.#timerHashes[timers]!
    return mix(mix(this.#snapshotHashes[snapshot]! ^ mix(rest)) ^ this.messages.outboxHash(outbox))
  }
}

/** What tells two snapshots of a machine apart. */
function snapshotText(snapshot: AnyMachineSnapshot): string {
  const { value, context, status, output, historyValue } = snapshot as AnyMachineSnapshot & {
    historyValue: object
  }
  const history = Object.entries(historyValue).map(([key, nodes]) => [
    key,
    (nodes as { id: string }[]).map(({ id }) => id),
  ])
  return JSON.stringify([value, context, status, output, history])
}

function grownTo<Table extends Int32Array | Uint32Array>(larger: Table, table: Table): Table {
  larger.set(table)
  return larger
}
