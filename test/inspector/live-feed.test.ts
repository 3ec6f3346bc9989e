/** The feed of a live system: late comers see the recent past, slow viewers lose and are reported, no one is waited for. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Observation } from '../../actors/observation.ts'
import { createVirtualClock } from '../../proof/simulate/virtual-clock.ts'
import { createCluster } from '../../runtime/index.ts'
import { createTraceLineReader, type TraceStep } from '../../runtime/observe/index.ts'
import {
  createLiveFeed,
  type LiveFeed,
  type LiveFeedOptions,
} from '../../runtime/serve/inspector/live-feed.ts'
import { createMemoryTransport } from '../../runtime/transport/memory.ts'

beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
    }),
)
afterEach(() => void vi.useRealTimers())

/** A system on virtual time, as busy as one likes, watched by a feed. */
function watched(options: LiveFeedOptions = {}) {
  const feed = createLiveFeed({ sliceMs: 1000, ...options })
  const clock = createVirtualClock()
  const transport = createMemoryTransport({ scheduler: clock.scheduler, delayMs: 1 })
  let observed = 0
  createCluster({
    clock,
    transport,
    observe(observation) {
      observed += 1
      feed.observe(observation)
    },
  })
  const run = (ms: number) => {
    const end = clock.now() + ms
    while (clock.step(end)) {}
    clock.advance(end)
  }
  return { feed, run, observed: () => observed }
}

/** What so many milliseconds of a system bring. */
function recorded(ms: number) {
  const observations: Observation[] = []
  const clock = createVirtualClock()
  createCluster({
    clock,
    transport: createMemoryTransport({ scheduler: clock.scheduler, delayMs: 1 }),
    observe: (observation) => void observations.push(observation),
  })
  while (clock.step(ms)) {}
  return observations
}

function viewer(feed: LiveFeed) {
  const reader = createTraceLineReader()
  const steps: TraceStep[] = []
  const said: Record<string, unknown>[] = []
  let sends = 0
  const state = { waiting: 0, nodes: [] as readonly { id: string; machine: string }[] }
  const leave = feed.join({
    waiting: () => state.waiting,
    send(lines) {
      sends += 1
      for (const line of lines.split('\n')) {
        if (line.startsWith('{"inspector"')) said.push(JSON.parse(line).inspector)
        else {
          const read = reader.read(line)
          if (read.kind === 'header') state.nodes = read.header.nodes
          if (read.kind === 'step') steps.push(read.step)
        }
      }
    },
  })
  return { state, steps, said, leave, reader, sends: () => sends }
}

const turn = () => vi.advanceTimersByTime(1000)

describe('a viewer', () => {
  test('it sees everything from the start on, in batches, as one trace', () => {
    const { feed, run, observed } = watched()
    const { steps, sends } = viewer(feed)
    run(300)
    turn()
    expect(steps).toHaveLength(observed())
    expect(steps.map(({ i }) => i)).toEqual(steps.map((_, i) => i))
    expect(sends()).toBe(1)
    run(100)
    turn()
    expect(steps).toHaveLength(observed())
  })

  test('who comes late sees the recent past, its first states whole, and knows every node that runs', () => {
    const { feed, run } = watched({ pastMax: 50 })
    run(2000)
    const { steps, state } = viewer(feed)
    turn()
    expect(steps).toHaveLength(50)
    expect(state.nodes.map(({ id }) => id)).toEqual(['view-service', 's1#1', 's2#1', 's3#1'])
    const firsts = new Map<string | null, TraceStep>()
    for (const step of steps)
      if (step.after !== undefined && !firsts.has(step.node)) firsts.set(step.node, step)
    expect(firsts.size).toBeGreaterThan(2)
    for (const { after } of firsts.values()) expect(after!.context).toBeDefined()
  })

  test('who is too slow loses the oldest, and learns how many', () => {
    const { feed, run, observed } = watched({ queueMax: 100 })
    const { state, steps, said } = viewer(feed)
    state.waiting = Number.POSITIVE_INFINITY
    run(3000)
    turn()
    expect(steps).toEqual([])
    state.waiting = 0
    run(10)
    turn()
    const dropped = said.reduce((sum, one) => sum + ((one.dropped as number | undefined) ?? 0), 0)
    expect(dropped).toBeGreaterThan(0)
    expect(steps.length + dropped).toBe(observed())
    expect(feed.dropped).toBe(dropped)
    expect(steps.length).toBeLessThanOrEqual(110)
  })

  test('a slow viewer costs another nothing', () => {
    const { feed, run, observed } = watched({ queueMax: 100 })
    const slow = viewer(feed)
    const { steps } = viewer(feed)
    slow.state.waiting = Number.POSITIVE_INFINITY
    for (let round = 0; round < 30; round++) {
      run(50)
      turn()
    }
    expect(steps).toHaveLength(observed())
  })

  test('who has left gets nothing, and is not thought of', () => {
    const { feed, run } = watched()
    const { leave, sends } = viewer(feed)
    turn()
    leave()
    const before = sends()
    run(300)
    turn()
    expect(sends()).toBe(before)
    expect(feed.viewers).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('the end is reported after the rest', () => {
    const { feed, run, observed } = watched()
    const { steps, reader } = viewer(feed)
    run(200)
    feed.end()
    turn()
    expect(steps).toHaveLength(observed())
    expect(reader.complete).toBe(true)
  })
})

test('with no viewer nothing is written and no timer runs', () => {
  const { feed, run } = watched()
  run(1000)
  expect(vi.getTimerCount()).toBe(0)
  expect(feed.viewers).toBe(0)
})

test('the work at a time is bounded', () => {
  const { feed, run, observed } = watched({ sliceMs: 0 })
  const { steps } = viewer(feed)
  run(500)
  turn()
  expect(observed()).toBeGreaterThan(100)
  expect(steps.length).toBeLessThan(observed())
})

test('what has piled up is written although the process has nothing else to do', async () => {
  vi.useRealTimers()
  const { feed, run, observed } = watched()
  const { steps } = viewer(feed)
  run(5000)
  expect(observed()).toBeGreaterThan(1000)
  // The only timer that is left: it would take minutes if each turn of the event loop had to wait for it.
  const wait = () => new Promise((resolve) => setTimeout(resolve, 200))
  for (let waited = 0; waited < 100 && steps.length < observed(); waited++) await wait()
  expect(steps.length).toBe(observed())
})

test('a system that rests within every millisecond is kept up with, a little at a time', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const observations = recorded(5000)
  const feed = createLiveFeed({ queueMax: 100_000 })
  const { steps } = viewer(feed)
  // Time goes by with the work: a tenth of a millisecond between any two looks at the clock.
  const now = performance.now.bind(performance)
  let looks = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now() + 0.1 * looks++)
  for (const [i, observation] of observations.entries()) {
    feed.observe(observation)
    if (i % 2 === 0) continue
    vi.advanceTimersByTime(1)
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(observations.length).toBeGreaterThan(1000)
  expect(observations.length - steps.length).toBeLessThan(200)
})
