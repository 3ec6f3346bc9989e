/** Random crashes with disks that lose what was not flushed: answered once means there, once, for ever (D1 to D6). */
import { describe, expect, test } from 'vitest'
import type { ClusterServer } from '../../actors/cluster.ts'
import type { Random, TimeClock } from '../../actors/ports.ts'
import { parseNodeId } from '../../machines/node-id.ts'
import { seededRandom } from '../../runtime/schedulers.ts'
import {
  createSimulatedDisk,
  type SimulatedDisk,
  type SimulatedDiskOptions,
} from '../store/simulated-disk.ts'
import { append, createWorld, get, type World, type WorldCall } from '../support/world.ts'

interface Run {
  readonly seed: number
  readonly fault?: SimulatedDiskOptions['fault']
  /** Whether a disk is lost at the end, of one member of an acknowledged view. */
  readonly losesDisk?: boolean
}

/** What came of a run. */
interface Outcome {
  /** What is wrong; null if nothing is. */
  readonly wrong: string | null
  readonly answered: number
  /** Writes that crashes lost. */
  readonly lost: number
}

/** A clock for disks that are there before the world is. */
function createLateClock(worldOf: () => World | null) {
  const early: (() => void)[] = []
  const clock: TimeClock = {
    now: () => worldOf()?.clock.now() ?? 0,
    setTimeout: (run, ms) => worldOf()?.clock.setTimeout(run, ms) ?? early.push(run),
    clearTimeout: () => {},
    soon: (run) => void clock.setTimeout(run, 0),
  }
  return { clock, begin: () => early.forEach((run) => void run()) }
}

/** Callers append marks while servers crash and restart in any number; then all restart. */
function outcomeOf({ seed, fault, losesDisk = false }: Run): Outcome {
  const random = seededRandom(seed)
  const disks = new Map<string, SimulatedDisk>()
  const calls: { readonly mark: string; readonly call: WorldCall }[] = []
  let world: World | null = null
  const { clock, begin } = createLateClock(() => world)
  const store = (name: string) => {
    const options = { clock, random, writeMsMax: 6, snapshotAfter: 3000, ...(fault && { fault }) }
    const disk = disks.get(name) ?? createSimulatedDisk(options)
    disks.set(name, disk)
    return disk.store
  }
  world = createWorld({ seed, limits: { transferBytesMax: 300 }, store })
  begin()
  const { cluster } = world
  const crash = (server: ClusterServer) => {
    server.crash()
    disks.get(server.name)!.crash()
  }
  const clients = [world.client('c1'), world.client('c2')]
  for (let turn = 0; turn < 60; turn++) {
    const mark = `<${turn}>`
    const client = clients[random() < 0.5 ? 0 : 1]!
    calls.push({ mark, call: world.call(client, append('log', mark), 4000) })
    world.advance(Math.floor(random() * 12))
    stir(cluster, random, crash)
  }
  const all = cluster.servers
  const crashAll = () => {
    for (const server of all) crash(server)
  }
  const log = () => {
    crashAll()
    for (const server of shuffled(all, random)) server.restart()
    world.settle()
    const { primary, backup } = cluster.view()
    if (losesDisk && backup !== null) {
      crashAll()
      disks.get(parseNodeId(random() < 0.5 ? primary! : backup).name)!.wipe()
      for (const server of shuffled(all, random)) server.restart()
      world.settle()
    }
    world.until('every call to end', () => calls.every(({ call }) => call.ends.length > 0), 60_000)
    return (world.execute(clients[0]!, get('log')) as { value?: string | null }).value ?? ''
  }
  const isAnswered = ({ ends }: WorldCall) => ends[0] !== undefined && 'value' in ends[0]
  const sum = {
    answered: calls.filter(({ call }) => isAnswered(call)).length,
    lost: [...disks.values()].reduce((total, disk) => total + disk.lost(), 0),
  }
  try {
    const text = log()
    const times = (mark: string) => text.split(mark).length - 1
    const bad = calls.find(({ mark, call }) => times(mark) > 1 || (isAnswered(call) && times(mark) === 0))
    return { ...sum, wrong: bad === undefined ? null : `${bad.mark} is there ${times(bad.mark)} times` }
  } catch (error) {
    return { ...sum, wrong: String(error) }
  }
}

/** Crashes and restarts some servers, or all. */
function stir({ servers }: World['cluster'], random: Random, crash: (server: ClusterServer) => void): void {
  for (const server of servers) {
    if (server.alive && random() < 0.06) crash(server)
    else if (!server.alive && random() < 0.3) server.restart()
  }
  if (random() < 0.05) for (const server of servers) crash(server)
}

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item)
}

const seeds = Array.from({ length: 20 }, (_, index) => index + 1)

describe('D1, D2, D6: crashes at any moment, of any servers', () => {
  const outcomes: Outcome[] = []

  test.each(seeds)('seed %i: what was answered is there, once', (seed) => {
    const outcome = outcomeOf({ seed })
    outcomes.push(outcome)
    expect(outcome.wrong).toBeNull()
  })

  test.each(seeds)('seed %i: with one disk lost at the end', (seed) => {
    const outcome = outcomeOf({ seed: seed + 1000, losesDisk: true })
    outcomes.push(outcome)
    expect(outcome.wrong).toBeNull()
  })

  test('the runs did answer calls, and did lose writes', () => {
    const sum = (value: (outcome: Outcome) => number) =>
      outcomes.reduce((total, outcome) => total + value(outcome), 0)
    expect(sum(({ answered }) => answered)).toBeGreaterThan(outcomes.length * 5)
    expect(sum(({ lost }) => lost)).toBeGreaterThan(outcomes.length)
  })
})

describe('negative controls', () => {
  test('D2: a disk that says durable too early is caught', () => {
    expect(seeds.some((seed) => outcomeOf({ seed, fault: 'lies' }).wrong !== null)).toBe(true)
  })
})
