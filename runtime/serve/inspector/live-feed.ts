/** The observations of a running system on their way to pages: written when there is time, bounded, and never waited for. */
import type { Observation } from '../../../actors/observation.ts'
import type { Observe } from '../../../actors/ports.ts'
import { createTrace, type Trace } from '../../trace/write.ts'
import { control, type Viewer } from './source.ts'

export interface LiveFeedOptions {
  /** For the header of what is sent. */
  readonly options?: unknown
  /** How many past observations a late viewer receives; default 250. */
  readonly pastMax?: number
  /** How many observations wait for one viewer; beyond it the oldest are dropped, counted and reported. Default 10,000. */
  readonly queueMax?: number
  /** Milliseconds of work at a time while the system is busy, with four times as long between; default 2. */
  readonly sliceMs?: number
}

export interface LiveFeed {
  /** Costs next to nothing without viewers. */
  readonly observe: Observe
  /** Begins to show it what happens, from the recent past on; returns how to stop that. */
  join(viewer: Viewer): () => void
  readonly viewers: number
  /** Observations that viewers were too slow for, of all viewers there ever were. */
  readonly dropped: number
  /** Nothing more will happen: sends every viewer the rest and the end, at once. */
  end(): void
}

/** A page sees things this much later, and they are written while the system rests. */
const pauseMs = 5
/** Work at a time while the system is idle: a call that arrives then waits no longer. */
const restSliceMs = 0.25
/** A system that does not rest for so long is interrupted. */
const patienceMs = 25
/** Lines are gathered for so long. */
const batchMs = 20
/** A viewer that has not taken this much is left alone until it has. */
const waitingMax = 4 * 1024 * 1024

/** A feed for any number of viewers; each gets a trace of its own, from the recent past on. */
export function createLiveFeed({
  options = {},
  pastMax = 250,
  queueMax = 10_000,
  sliceMs = 2,
}: LiveFeedOptions = {}): LiveFeed {
  /** Between `pastMax` and twice as many, so that keeping the past costs a constant time for each. */
  let past: Observation[] = []
  /** The machine of each node that runs, as its start may be too long ago for those who come late. */
  const machines = new Map<string, string>()
  const readers = new Set<Reader>()
  let timer: NodeJS.Timeout | NodeJS.Immediate | null = null
  let [observed, seen] = [0, 0]
  /** When the system was last seen at rest, or work began. */
  let since = 0
  let ended = false
  let dropped = 0

  const work = (ms: number) => {
    const end = performance.now() + Math.min(ms, sliceMs)
    for (const reader of readers) reader.work(end)
  }
  const isAny = (is: (reader: Reader) => boolean) => [...readers].some(is)
  const goOn = (next: () => void) => {
    if (isAny(({ isReady }) => isReady)) next()
    // What is left is gathered for a batch, or waits for a viewer.
    else if (isAny(({ hasWork }) => hasWork)) later(begin, batchMs)
    else timer = null
  }
  /** Nothing was observed for a turn of the event loop: the system is probably idle. */
  const look = () => {
    const isResting = observed === seen
    seen = observed
    if (isResting) {
      work(restSliceMs)
      since = performance.now()
      goOn(() => soon(look))
    } else if (performance.now() - since < patienceMs) later(lookAgain, 1)
    else {
      work(sliceMs)
      goOn(() => later(begin, sliceMs * 4))
    }
  }
  /** Over one turn, not over the time slept: of a busy system there is always something in a millisecond. */
  const lookAgain = () => {
    seen = observed
    soon(look)
  }
  const begin = () => {
    since = performance.now()
    lookAgain()
  }
  const soon = (run: () => void) => {
    // Not `unref`: an event loop with nothing else to do would sleep over it until something happens.
    timer = setImmediate(run)
  }
  const later = (run: () => void, ms: number) => {
    timer = setTimeout(run, ms)
    timer.unref()
  }
  const schedule = () => {
    if (timer === null) later(begin, pauseMs)
  }

  return {
    observe(observation) {
      const { kind, node, after } = observation
      observed += 1
      past.push(observation)
      if (past.length >= pastMax * 2) past = past.slice(-pastMax)
      if (kind === 'start' && node !== null && after !== undefined) machines.set(node, after.machine.id)
      else if ((kind === 'crash' || kind === 'stop') && node !== null) machines.delete(node)
      if (readers.size === 0) return
      for (const reader of readers) reader.add(observation)
      schedule()
    },
    join(viewer) {
      const nodes = [...machines].map(([id, machine]) => ({ id, machine }))
      const onDropped = (count: number) => {
        dropped += count
      }
      const reader = new Reader(viewer, { nodes, options, queueMax, onDropped }, past.slice(-pastMax))
      if (ended) reader.end()
      readers.add(reader)
      schedule()
      return () => void readers.delete(reader)
    },
    get viewers() {
      return readers.size
    },
    get dropped() {
      return dropped
    },
    end() {
      ended = true
      for (const reader of readers) reader.end()
    },
  }
}

interface ReaderOptions {
  readonly nodes: readonly { readonly id: string; readonly machine: string }[]
  readonly options: unknown
  readonly queueMax: number
  readonly onDropped: (count: number) => void
}

/** One viewer, with a trace of its own: each has seen something else. */
class Reader {
  readonly #viewer: Viewer
  readonly #queueMax: number
  readonly #onDropped: (count: number) => void
  readonly #trace: Trace
  #queue: Observation[]
  /** How many of the queue have been written. */
  #taken = 0
  #lines: string[] = []
  #dropped = 0
  #hasEnded = false
  #sentAt = Number.NEGATIVE_INFINITY

  constructor(viewer: Viewer, { nodes, options, queueMax, onDropped }: ReaderOptions, past: Observation[]) {
    this.#onDropped = onDropped
    this.#viewer = viewer
    this.#queueMax = queueMax
    this.#queue = past
    this.#trace = createTrace({ write: (line) => void this.#lines.push(line), nodes, options })
  }

  /** There is something to write, and a viewer that takes it. */
  get isReady(): boolean {
    return this.#queue.length > this.#taken && this.#viewer.waiting() <= waitingMax
  }

  get hasWork(): boolean {
    return this.#queue.length > this.#taken || this.#lines.length > 0 || this.#dropped > 0
  }

  add(observation: Observation): void {
    this.#queue.push(observation)
    if (this.#queue.length - this.#taken <= this.#queueMax) return
    // A tenth at a time: dropping one by one would move the whole queue for each.
    const count = Math.ceil(this.#queueMax / 10)
    this.#queue.splice(0, this.#taken + count)
    this.#taken = 0
    this.#dropped += count
    this.#onDropped(count)
  }

  work(until: number): void {
    if (this.#viewer.waiting() > waitingMax) return
    while (this.#taken < this.#queue.length && performance.now() < until) {
      this.#trace.observe(this.#queue[this.#taken++]!)
    }
    if (this.#taken === this.#queue.length) {
      this.#queue = []
      this.#taken = 0
      if (this.#hasEnded) this.#trace.close()
    }
    if (this.#dropped > 0) {
      this.#lines.push(control({ dropped: this.#dropped }))
      this.#dropped = 0
    }
    if (this.#lines.length === 0 || performance.now() - this.#sentAt < batchMs) return
    this.#sentAt = performance.now()
    this.#viewer.send(this.#lines.join('\n'))
    this.#lines = []
  }

  end(): void {
    this.#hasEnded = true
    this.#sentAt = Number.NEGATIVE_INFINITY
    this.work(Number.POSITIVE_INFINITY)
  }
}
