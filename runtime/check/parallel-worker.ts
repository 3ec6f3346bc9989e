/** One part of a parallel search, in a thread of its own: the states whose hash makes them its own. */
import { receiveMessageOnPort, workerData } from 'node:worker_threads'
import { Arrivals } from './arrivals.ts'
import {
  type BetweenWorkers,
  type FromWorker,
  slots,
  systemFrom,
  type ToWorker,
  type WorkerStart,
} from './parallel-messages.ts'
import { Search } from './search.ts'
import { Listener, Teller } from './translation.ts'

/** States that are expanded before what they lead to is entered. */
const batchMax = 32
/** States that go to another worker together. */
const parcelMax = 4096

class Part {
  readonly #start: WorkerStart
  readonly #search: Search
  readonly #shared: Int32Array
  readonly #parcels: Arrivals[]
  readonly #tellers: Teller[]
  readonly #listeners: Listener[]
  readonly #forCoordinator: Teller
  readonly #incoming: Arrivals
  readonly #state: Int32Array
  #explored = 0
  #counted = 0
  /** Peers that have more to send in this level. */
  #sending = 0

  constructor(start: WorkerStart, search: Search) {
    this.#start = start
    this.#search = search
    this.#shared = new Int32Array(start.shared)
    const { states, width } = search
    this.#parcels = start.peers.map(() => new Arrivals(width))
    this.#tellers = start.peers.map(() => new Teller(states.tongue))
    this.#listeners = start.peers.map(() => new Listener(states.tongue))
    this.#forCoordinator = new Teller(states.tongue)
    this.#incoming = new Arrivals(width)
    this.#state = new Int32Array(width)
    states.partition = {
      index: start.index,
      count: start.count,
      give: (owner, arrivals, arrival) => {
        const parcel = this.#parcels[owner]!
        parcel.take(arrivals, arrival)
        if (parcel.count >= parcelMax) this.#deliver(owner)
      },
    }
    search.prefix = start.prefix
    states.begin(search.begin(), Number.POSITIVE_INFINITY)
    // Every worker finds the first state; it belongs to one of them.
    for (const parcel of this.#parcels) parcel.clear()
    this.#count()
  }

  /** Waits for orders and carries them out, for ever. */
  serve(): never {
    for (;;) {
      const order = this.#await<ToWorker>(() => receive(this.#start.control))
      if (order.kind === 'tell') this.#tell(order.state, order.to)
      else this.#level()
    }
  }

  /** Explores all that was found in the level before, and takes in what the others find for it. */
  #level(): void {
    const { states } = this.#search
    const end = states.store.size
    this.#sending = this.#start.count - 1
    while (this.#explored < end && !this.#isStopped()) {
      const first = this.#explored
      this.#explored = Math.min(end, first + batchMax)
      states.explore(first, this.#explored)
      if (states.violation !== null) break
      Atomics.add(this.#shared, slots.explored, this.#explored - first)
      this.#count()
      while (this.#hear());
    }
    this.#explored = Math.min(this.#explored, end)
    for (let owner = 0; owner < this.#parcels.length; owner++) {
      if (owner === this.#start.index) continue
      this.#deliver(owner)
      this.#post(owner, { kind: 'end' })
    }
    while (this.#sending > 0) this.#await(() => (this.#hear() ? true : null))
    this.#count()
    const { store, violation, goalStates } = states
    const { locals } = this.#search
    this.#report({
      kind: 'levelEnd',
      states: store.size,
      frontier: store.size - this.#explored,
      transitions: states.transitions,
      bytes: states.bytes,
      locals: locals.size,
      snapshotSteps: locals.snapshotSteps,
      violation:
        violation === null
          ? null
          : {
              name: violation.name,
              reason: violation.reason,
              state: this.#global(violation.state),
              to: violation.to ?? null,
            },
      goals: goalStates.map((state) => (state === null ? null : this.#global(state))),
    })
  }

  #global(number: number): number {
    return number * this.#start.count + this.#start.index
  }

  #isStopped(): boolean {
    return Atomics.load(this.#shared, slots.stop) !== 0
  }

  /** Adds what is new here to the count of all; stops everyone when that is enough. */
  #count(): void {
    const { size } = this.#search.states.store
    const all = Atomics.add(this.#shared, slots.states, size - this.#counted) + size - this.#counted
    this.#counted = size
    if (all >= this.#start.statesMax) Atomics.store(this.#shared, slots.stop, 1)
  }

  /** Takes in one message from each other worker; whether there was any. */
  #hear(): boolean {
    let heard = false
    for (let peer = 0; peer < this.#start.peers.length; peer++) {
      const port = this.#start.peers[peer]
      const message = port == null ? null : receive<BetweenWorkers>(port)
      if (message === null) continue
      heard = true
      if (message.kind === 'end') this.#sending--
      else this.#takeIn(this.#listeners[peer]!, message)
    }
    return heard
  }

  /** The state before it was judged elsewhere; what its verdicts were reached from is among the news. */
  #takeIn(listener: Listener, { rows, count, news }: Extract<BetweenWorkers, { kind: 'states' }>): void {
    listener.learn(news)
    const parcel = this.#incoming
    const received = new Arrivals(parcel.width, rows, count)
    for (let index = 0; index < count; index++) {
      received.read(index, this.#state)
      listener.understand(this.#state)
      parcel.add(
        this.#state,
        received.hash(index),
        received.parent(index),
        received.changed(index),
        received.place(index),
      )
    }
    this.#search.states.enterTold(parcel)
  }

  #deliver(owner: number): void {
    const parcel = this.#parcels[owner]!
    if (parcel.count === 0) return
    const teller = this.#tellers[owner]!
    for (let index = 0; index < parcel.count; index++) {
      parcel.read(index, this.#state)
      teller.note(this.#state)
    }
    const rows = parcel.rows.slice(0, parcel.count * parcel.row)
    this.#post(owner, { kind: 'states', rows, count: parcel.count, news: teller.news() }, [rows.buffer])
    parcel.clear()
  }

  #post(owner: number, message: BetweenWorkers, transfer: ArrayBuffer[] = []): void {
    this.#start.peers[owner]!.postMessage(message, transfer)
    Atomics.add(this.#shared, slots.mail + owner, 1)
    Atomics.notify(this.#shared, slots.mail + owner)
  }

  /** Tries until there is something, and sleeps meanwhile. */
  #await<Result>(attempt: () => Result | null): Result {
    const mailbox = slots.mail + this.#start.index
    for (;;) {
      const seen = Atomics.load(this.#shared, mailbox)
      const result = attempt()
      if (result !== null) return result
      Atomics.wait(this.#shared, mailbox, seen, 1000)
    }
  }

  #tell(state: number, to: number | null): void {
    this.#search.store.read(state, this.#state)
    this.#forCoordinator.note(this.#state)
    if (to !== null) this.#forCoordinator.noteLocal(to)
    const parent = this.#search.store.parent(state)
    this.#report({ kind: 'told', state: this.#state.slice(), to, parent, news: this.#forCoordinator.news() })
  }

  #report(message: FromWorker): void {
    this.#start.control.postMessage(message)
  }
}

function receive<Message>(port: { postMessage: unknown }): Message | null {
  return (receiveMessageOnPort(port as never)?.message ?? null) as Message | null
}

const start = workerData as WorkerStart
try {
  new Part(start, new Search(await systemFrom(start.source), start.reduction)).serve()
} catch (error) {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  start.control.postMessage({ kind: 'failed', message } satisfies FromWorker)
}
