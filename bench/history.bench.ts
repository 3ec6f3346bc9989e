// How long judging a history takes: many keys and one hot key, with crashes, legal and illegal.
import {
  checkHistory,
  type KeyValueInput,
  keyValueModel,
  type Operation,
  type Verdict,
} from '../proof/history/index.ts'
import { type Random, randomFrom, simulateHistory, type Workload } from '../test/history/simulated-history.ts'

const operations = 10_000
const clients = 16
const tenKeys = Array.from({ length: 10 }, (_, index) => `key-${index}`)

const mixed = (random: Random, key: string, serial: number): KeyValueInput => {
  const kind = random.below(10)
  if (kind < 4) return { op: 'get', key }
  if (kind < 7) return { op: 'put', key, value: `v${serial}` }
  return { op: 'append', key, value: `,${serial}` }
}

const putsAndGets = (random: Random, key: string, serial: number): KeyValueInput =>
  random.chance(0.5) ? { op: 'get', key } : { op: 'put', key, value: `v${serial}` }

const appendsAndGets = (random: Random, key: string, serial: number): KeyValueInput =>
  random.chance(0.5) ? { op: 'get', key } : { op: 'append', key, value: `,${serial}` }

const fewValues = (random: Random, key: string): KeyValueInput => {
  const kind = random.below(10)
  const value = `v${random.below(5)}`
  if (kind < 4) return { op: 'get', key }
  if (kind < 6) return { op: 'put', key, value }
  if (kind < 7) return { op: 'delete', key }
  return { op: 'compareAndSet', key, expected: `v${random.below(5)}`, value }
}

interface Case {
  readonly name: string
  readonly workload: Workload
  /** What the wrong read gives: a value from long before (default), or, where that may be right, one that was never written. */
  readonly wrong?: 'stale' | 'unwritten'
}

const base = { clients, operations }
const cases: Case[] = [
  { name: '10 keys, 10 % unanswered', workload: { ...base, keys: tenKeys, crashes: 0.1, command: mixed } },
  {
    name: '10 keys, appends only acknowledged',
    workload: { ...base, keys: tenKeys, crashes: 0.1, command: mixed, silentAppends: true },
  },
  { name: 'hot key, puts and gets', workload: { ...base, keys: ['k'], crashes: 0.2, command: putsAndGets } },
  {
    name: 'hot key, appends and gets',
    workload: { ...base, keys: ['k'], crashes: 0.2, command: appendsAndGets, silentAppends: true },
  },
  {
    name: 'hot key, all mixed',
    workload: { ...base, keys: ['k'], crashes: 0.2, command: mixed, silentAppends: true },
  },
  {
    name: 'hot key, five values',
    workload: { ...base, keys: ['k'], crashes: 0.05, command: fewValues },
    wrong: 'unwritten',
  },
]

/** One number that a benchmark found. */
export interface Measurement {
  readonly name: string
  readonly value: number
  readonly unit: string
}

/** Judges 10,000 operations of 16 clients, in milliseconds by kind of history; each also with one answer made wrong. */
export async function historyBench(): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  for (const [index, { name, workload, wrong = 'stale' }] of cases.entries()) {
    const legal = simulateHistory(randomFrom(index + 1), workload)
    measurements.push(measure(`${name}: legal`, legal, 'ok'))
    measurements.push(measure(`${name}: ${wrong} read`, withWrongRead(legal, wrong), 'illegal'))
  }
  return measurements
}

function measure(name: string, history: readonly Operation[], expected: Verdict): Measurement {
  const before = performance.now()
  const { verdict } = checkHistory(keyValueModel, history, { timeLimitMs: 60_000 })
  const value = performance.now() - before
  return {
    name: verdict === expected ? name : `${name} (expected ${expected}, got ${verdict})`,
    value,
    unit: 'ms',
  }
}

/** Three quarters in, a read gives what an earlier read of the same key gave long before, or what was never written. */
function withWrongRead(history: readonly Operation[], wrong: 'stale' | 'unwritten'): Operation[] {
  const reads = history.filter((operation) => operation.op === 'get' && operation.return !== null)
  const late = reads[Math.floor(reads.length * 0.75)]!
  const source = reads.find(
    ({ key, output, call }) => key === late.key && output !== null && output !== late.output && call > 2000,
  )!
  const output = wrong === 'stale' ? source.output : 'never written'
  return history.map((operation) =>
    operation === late ? ({ ...operation, output } as Operation) : operation,
  )
}

if (import.meta.url === `file://${process.argv[1]}`) {
  for (const { name, value, unit } of await historyBench()) {
    console.log(`${name.padEnd(60)} ${value.toFixed(1).padStart(10)} ${unit}`)
  }
}
