/**
 * Numbers for local states and observed values on which all threads of a search agree. Each thread numbers in the order in
 * which it meets things; what goes into the shared store has shared numbers. Who first enters something gives it the next
 * one, and tells the others by content what it stands for.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { Exchange } from '../engine/exchange.ts'
import type { LocalContent, SnapshotOrigin } from '../engine/node-state.ts'
import type { Observations } from '../properties/observations.ts'
import { counters, exclusively } from './shared-memory.ts'

/** What some shared numbers stand for. */
interface News {
  /** Counts all news of all threads. */
  readonly serial: number
  readonly snapshots: readonly (SnapshotOrigin & { readonly number: number })[]
  /** Their snapshots are shared numbers. */
  readonly locals: readonly (LocalContent & { readonly number: number })[]
  readonly observed: readonly { readonly number: number; readonly value: unknown }[]
}

export class SharedNumbers {
  readonly #exchange: Exchange
  readonly #observations: Observations
  readonly #counters: Int32Array
  /** To all other threads. */
  readonly #peers: readonly MessagePort[]
  readonly #snapshots = new Numbering()
  readonly #byLocal = new Numbering()
  readonly #byObserved = new Numbering()
  #serial = 0

  constructor(
    exchange: Exchange,
    observations: Observations,
    shared: Int32Array,
    peers: readonly MessagePort[],
  ) {
    this.#exchange = exchange
    this.#observations = observations
    this.#counters = shared
    this.#peers = peers
  }

  /** Sees to it that these have shared numbers; all are numbers of this thread. */
  publish(locals: Iterable<number>, observed: Iterable<number>): void {
    exclusively(this.#counters, () => {
      this.#learn()
      const news = {
        serial: this.#serial,
        snapshots: [] as News['snapshots'][number][],
        locals: [] as News['locals'][number][],
        observed: [] as News['observed'][number][],
      }
      for (const own of locals) {
        if (this.#byLocal.sharedOf(own) >= 0) continue
        const content = this.#exchange.contentOf(own)
        this.#publishSnapshot(content.snapshot, news.snapshots)
        const number = this.#next(counters.locals)
        this.#byLocal.set(own, number)
        news.locals.push({ ...content, snapshot: this.#snapshots.sharedOf(content.snapshot), number })
      }
      for (const own of observed) {
        if (this.#byObserved.sharedOf(own) >= 0) continue
        const number = this.#next(counters.observed)
        this.#byObserved.set(own, number)
        news.observed.push({ number, value: this.#observations.values[own] })
      }
      if (news.locals.length === 0 && news.observed.length === 0) return
      this.#serial = Atomics.add(this.#counters, counters.news, 1) + 1
      for (const peer of this.#peers) peer.postMessage(news satisfies News)
    })
  }

  /** The shared number of a local state; -1 if it was not published yet. */
  sharedLocal(own: number): number {
    return this.#byLocal.sharedOf(own)
  }

  sharedObserved(own: number): number {
    return this.#byObserved.sharedOf(own)
  }

  /** The number in this thread of a local state that some thread has published. */
  ownLocal(shared: number): number {
    const own = this.#byLocal.ownOf(shared)
    return own >= 0 ? own : this.#learned(this.#byLocal, shared)
  }

  ownObserved(shared: number): number {
    const own = this.#byObserved.ownOf(shared)
    return own >= 0 ? own : this.#learned(this.#byObserved, shared)
  }

  #learned(numbering: Numbering, shared: number): number {
    exclusively(this.#counters, () => this.#learn())
    const own = numbering.ownOf(shared)
    if (own < 0) throw new Error(`expected shared number ${shared} to be published; did another thread fail?`)
    return own
  }

  /** A snapshot is sent as the step that first led to it, after the snapshot before that step. */
  #publishSnapshot(snapshot: number, news: News['snapshots'][number][]): void {
    const chain: number[] = []
    for (let own = snapshot; own >= 0 && this.#snapshots.sharedOf(own) < 0; ) {
      chain.push(own)
      own = this.#exchange.originOf(own).from
    }
    for (const own of chain.reverse()) {
      const origin = this.#exchange.originOf(own)
      const number = this.#next(counters.snapshots)
      this.#snapshots.set(own, number)
      news.push({ ...origin, from: origin.from < 0 ? -1 : this.#snapshots.sharedOf(origin.from), number })
    }
  }

  #next(counter: number): number {
    return Atomics.add(this.#counters, counter, 1)
  }

  /** Call it while no other thread sends, so that nothing is missing among what arrives. */
  #learn(): void {
    if (Atomics.load(this.#counters, counters.news) === this.#serial) return
    const all: News[] = []
    for (const peer of this.#peers) {
      for (let received = receiveMessageOnPort(peer); received; received = receiveMessageOnPort(peer))
        all.push(received.message as News)
    }
    for (const { snapshots, locals, observed } of all.sort((a, b) => a.serial - b.serial)) {
      for (const { number, ...origin } of snapshots) {
        const from = origin.from < 0 ? -1 : this.#snapshots.ownOf(origin.from)
        this.#snapshots.set(this.#exchange.adoptSnapshot({ ...origin, from }), number)
      }
      for (const { number, ...content } of locals) {
        const snapshot = this.#snapshots.ownOf(content.snapshot)
        this.#byLocal.set(this.#exchange.adopt({ ...content, snapshot }), number)
      }
      for (const { number, value } of observed) this.#byObserved.set(this.#observations.idOf(value), number)
    }
    this.#serial = Atomics.load(this.#counters, counters.news)
  }
}

/** Pairs of a number of this thread and the shared one; -1 if none. */
class Numbering {
  #shared: Int32Array = new Int32Array(1024).fill(-1)
  #own: Int32Array = new Int32Array(1024).fill(-1)

  sharedOf(own: number): number {
    return own < this.#shared.length ? this.#shared[own]! : -1
  }

  ownOf(shared: number): number {
    return shared < this.#own.length ? this.#own[shared]! : -1
  }

  set(own: number, shared: number): void {
    this.#shared = withRoomFor(own, this.#shared)
    this.#own = withRoomFor(shared, this.#own)
    this.#shared[own] = shared
    this.#own[shared] = own
  }
}

function withRoomFor(index: number, table: Int32Array): Int32Array {
  if (index < table.length) return table
  const larger = new Int32Array(Math.max(index + 1, table.length * 2)).fill(-1)
  larger.set(table)
  return larger
}
