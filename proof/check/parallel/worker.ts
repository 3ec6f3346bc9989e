/** One thread of a parallel search: takes unexplored states and enters their successors into the shared store. */
import { workerData } from 'node:worker_threads'
import { Search } from '../engine/search.ts'
import { batchMax } from '../engine/traversal.ts'
import type { FromWorker, Order, WorkerStart } from './messages.ts'
import { counters, stops } from './shared-memory.ts'
import { SharedNumbers } from './shared-numbers.ts'
import { SharedStateStore } from './shared-store.ts'
import { systemFrom } from './system-source.ts'

const start = workerData as WorkerStart
const shared = new Int32Array(start.memory.counters)

function answer(message: FromWorker): void {
  start.control.postMessage(message)
}

/** A search that answers orders. */
async function worker(): Promise<(order: Order) => void> {
  const search = new Search(await systemFrom(start.source), start.reduction, start.stepwise)
  const { states, model, width } = search
  const numbers = new SharedNumbers(model.exchange, states.observations, shared, start.peers)
  const store = new SharedStateStore(width, start.statesMax, start.memory, start.index, numbers)
  states.begin(null, { store })
  return ({ end, index, reads }) => {
    if (index !== null) store.use(index)
    states.learnReads(reads)
    while (Atomics.load(shared, counters.stop) === 0) {
      const first = Atomics.add(shared, counters.next, batchMax)
      if (first >= end) break
      states.explore(first, Math.min(end, first + batchMax))
      if (states.violation !== null || store.size >= start.statesMax)
        Atomics.store(shared, counters.stop, stops.over)
    }
    answer({
      kind: 'report',
      transitions: states.transitions,
      bytes: states.bytes - store.bytes,
      locals: model.states.size,
      snapshotSteps: model.transitions.count,
      violation: states.violation,
      coverage: search.coverage,
      sentReads: states.sentReads,
      goals: states.goalStates,
      reads: states.reads,
    })
  }
}

function failed(error: unknown): void {
  answer({
    kind: 'failed',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
}

try {
  const obey = await worker()
  start.control.on('message', (order: Order) => {
    try {
      obey(order)
    } catch (error) {
      failed(error)
    }
  })
} catch (error) {
  failed(error)
}
