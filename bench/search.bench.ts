/** The model checker: distinct states a second, against a bare loop that only hashes and inserts such states, and bytes a state. */

import { happeningsTo } from '../proof/check/counterexample.ts'
import { Arrivals } from '../proof/check/engine/arrivals.ts'
import { Search } from '../proof/check/engine/search.ts'
import { StateStore } from '../proof/check/engine/state-store.ts'
import { scenarioNamed } from '../proof/protocol/scenarios.ts'
import type { BenchOptions, Measurement } from './measurement.ts'

export async function searchBench({ quick }: BenchOptions): Promise<Measurement[]> {
  const system = scenarioNamed('three-servers').system()
  const search = new Search(system)
  for (const goal of system.begin ?? []) {
    const { goals } = search.run({ goals: [goal], stopAtGoals: true })
    search.restartAfter(happeningsTo(search, goals[0]!.state!))
  }
  const { states, seconds, transitions, bytes } = search.run({
    bounds: { states: quick ? 200_000 : 3_000_000 },
  })
  const bare = bareRate(search, states)
  const rate = states / seconds
  return [
    {
      name: 'search, three servers and two clients',
      value: rate,
      unit: 'states/s',
      target: { atLeast: 1_000_000 },
    },
    { name: 'search: transitions', value: transitions / seconds, unit: 'transitions/s' },
    {
      name: 'search: of a bare loop that hashes and inserts',
      value: rate / bare,
      unit: 'x',
      target: { atLeast: 0.5 },
    },
    { name: 'search: memory', value: bytes / states, unit: 'bytes/state', target: { atMost: 80 } },
  ]
}

/** The same states again, hashed and inserted into an empty store in the same batches, and nothing else. */
function bareRate(search: Search, states: number): number {
  const store = new StateStore(search.width)
  const arrivals = new Arrivals(search.width)
  const state = new Int32Array(search.width)
  const start = performance.now()
  for (let number = 0; number < states; ) {
    for (const end = Math.min(states, number + 128); number < end; number++) {
      search.store.read(number, state)
      arrivals.add(state, search.hash(state), -1, 0, 0)
    }
    store.prepare(arrivals)
    for (let index = 0; index < arrivals.count; index++) store.add(arrivals, index)
    arrivals.clear()
  }
  return states / ((performance.now() - start) / 1000)
}
