/**
 * `npm run verify`: the long set. Prints its results as Markdown and ends with 1 if anything failed. `--quick` does the same
 * with small bounds, `--only search,mutants` a part of it, `--state-megabytes 100` a smaller big
 * state, `--seed 7 --families kills,cuts` what is survived.
 */
import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { benches } from '../../bench/benches.ts'
import { progressLine } from '../../cli/progress-line.ts'
import { scenarios } from '../../proof/protocol/scenarios.ts'
import { bigStateRows } from './big-states/rows.ts'
import { fuzzRows } from './fuzz.ts'
import { mutantTable } from './mutant-table.ts'
import { count, type Row } from './row.ts'
import { survivalRows } from './survival/rows.ts'

const sections = [
  'search',
  'threads',
  'walks',
  'liveness',
  'handlers',
  'simulate',
  'histories',
  'survival',
  'big-states',
  'fuzz',
  'benchmarks',
  'mutants',
] as const
type Section = (typeof sections)[number]

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    'state-megabytes': { type: 'string' },
    seed: { type: 'string' },
    families: { type: 'string' },
  },
})
const { quick } = values
const stateBytes = Number(values['state-megabytes'] ?? (quick ? 50 : 1000)) * 1e6
const wanted = values.only === undefined ? sections : (values.only.split(',') as Section[])
const unknown = wanted.filter((name) => !sections.includes(name))
if (unknown.length > 0) {
  console.error(`expected --only with some of ${sections.join(',')}; got ${unknown.join(',')}`)
  process.exit(2)
}

/** The one that goes as far as memory and patience allow. */
const largest = 'three-servers'
const statesMax = (name: string) => (quick ? 100_000 : name === largest ? 50_000_000 : 5_000_000)
const inhabited = scenarios.filter(({ states = Number.POSITIVE_INFINITY }) => states > 50_000)

/** Large enough that the shared index grows while threads are at work. */
const threaded = scenarios
  .filter(({ states = 0 }) => states > (quick ? 200_000 : 1_000_000))
  .flatMap((scenario) => [2, 3, 8].map((workers) => ({ scenario, workers })))
  .slice(0, quick ? 3 : undefined)

const rowsOf: Record<Exclude<Section, 'mutants'>, () => Promise<Row[]>> = {
  search: () =>
    oneByOne(scenarios, async ({ name, states }) => {
      const isPinned = states !== undefined && states <= statesMax(name)
      const { out, seconds, ok } = await checkCommand(name, ['--states', String(statesMax(name))])
      const { verdict, bound, goals } = out
      const missed = goals.filter(({ steps }) => steps === null).map((goal) => goal.name)
      const isRight = isPinned ? verdict === 'exhausted' && out.states === states : bound === 'states'
      const size = `${count(out.states)} states, depth ${out.depth}, ${count(Math.round(out.states / out.seconds))}/s, ${Math.round(out.bytes / out.states)} bytes a state`
      const end = verdict === 'bounded' ? `bounded by ${bound}` : verdict
      const problem = isRight ? '' : isPinned ? `; expected ${count(states)} states, exhausted` : ''
      return {
        what: name,
        result: `${end}: ${size}${missed.length === 0 ? '' : `; not reached: ${missed.join(', ')}`}${problem}`,
        seconds,
        // What lies too deep for a search is for walks to reach.
        ok: ok && isRight,
      }
    }),
  threads: () =>
    oneByOne(threaded, async ({ scenario: { name, states }, workers }) => {
      const { out, seconds, ok } = await checkCommand(name, ['--workers', String(workers)])
      const isRight = out.verdict === 'exhausted' && out.states === states
      const problem = isRight ? '' : `; expected ${count(states!)} states, exhausted`
      return {
        what: `${name}, ${workers} threads`,
        result: `${out.verdict}: ${count(out.states)} states, depth ${out.depth}, ${count(Math.round(out.states / out.seconds))}/s${problem}`,
        seconds,
        ok: ok && isRight,
      }
    }),
  walks: () =>
    oneByOne(inhabited, async ({ name }) => {
      const walks = quick ? 200 : 2000
      const { out, seconds, ok } = await checkCommand(name, [
        '--walk',
        '--seed',
        '7',
        '--walks',
        String(walks),
      ])
      const missed = out.goals.filter(({ steps }) => steps === null).map((goal) => goal.name)
      const notReached = missed.length === 0 ? '' : `; not reached: ${missed.join(', ')}`
      return {
        what: name,
        result: `${out.verdict}: ${count(out.walks)} walks, ${count(out.transitions)} steps, the longest ${out.depth}, ${count(out.states)} distinct states${notReached}`,
        seconds,
        // What walks rarely reach is for searches and for liveness to show.
        ok,
      }
    }),
  liveness: () =>
    oneByOne(inhabited, async ({ name }) => {
      const [states, samples] = quick ? ['20000', '40'] : ['500000', '1000']
      const { out, seconds, ok } = await checkCommand(name, ['--states', states, '--liveness', samples])
      const { sampled, stuck, slowestMs, failed } = out.liveness!
      return {
        what: name,
        result: `${sampled} states, ${stuck} stuck, ${failed} not live, the slowest ${slowestMs} ms`,
        seconds,
        ok,
      }
    }),
  handlers: () =>
    oneByOne(inhabited, async ({ name }) => {
      const { out, seconds, ok } = await checkCommand(name, [
        '--states',
        quick ? '20000' : '500000',
        '--handlers',
      ])
      const result =
        out.violation === null
          ? `${count(out.snapshotSteps)} steps of machines asked again`
          : out.violation.name
      return { what: name, result, seconds, ok }
    }),
  simulate: async () => {
    const seeds = quick ? '1..60' : '1..2000'
    const { stdout, seconds, code } = await run(
      ...['cli/main.ts', 'simulate', '--seeds', seeds, '--workers', String(availableParallelism())],
      ...(quick ? [] : ['--require-all']),
    )
    const [verdicts = '', sum = ''] = stdout.trim().split('\n')
    return [
      { what: `seeds ${seeds}`, result: `${verdicts.trim()};${sum.trimEnd()}`, seconds, ok: code === 0 },
    ]
  },
  histories: async () => {
    const { stdout, seconds, code } = await run('node_modules/vitest/vitest.mjs', 'run', 'test/history')
    const passed = /Tests\s+(.*)/.exec(stdout)?.[1] ?? 'no tests were found'
    return [{ what: 'corpora and judges', result: passed, seconds, ok: code === 0 }]
  },
  survival: () => {
    const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed)
    const only = values.families?.split(',') ?? null
    const [runs, rounds] = quick ? [1, 3] : [3, 10]
    return survivalRows({ seed, runs, rounds, only, progress: (text) => progress.show(null, text) })
  },
  fuzz: () => fuzzRows(quick ? 20_000 : 1_000_000, (text) => progress.show(null, text)),
  benchmarks: () =>
    oneByOne(Object.keys(benches), async (name) => {
      const args = ['--expose-gc', 'bench/main.ts', '--quick', '--json', '--only', name]
      const { stdout, seconds, code } = await run(...args)
      const lines = stdout.split('\n').filter((line) => line !== '')
      const ok = code === 0 && lines.length > 0
      return { what: name, result: `${lines.length} measurements`, seconds, ok }
    }),
  'big-states': () => bigStateRows(stateBytes, (text) => progress.show(null, text)),
}

const titles: Record<Section, string> = {
  search: 'Searches',
  threads: 'Searches on several threads',
  walks: 'Random walks',
  liveness: 'Liveness from sampled states',
  handlers: 'Handlers',
  simulate: 'Simulation',
  histories: 'Linearizability',
  survival: 'Survival',
  'big-states': 'Big states',
  fuzz: 'Frames that are invalid',
  benchmarks: 'Benchmarks, a quick pass',
  mutants: 'Broken protocols',
}

const progress = progressLine()
let failures = 0
for (const section of wanted) {
  progress.show(null, `${titles[section]} ...`)
  if (section === 'mutants') {
    const { table, survivors } = mutantTable((name) => progress.show(null, `${titles[section]}: ${name}`))
    failures += survivors.length
    progress.end()
    console.log(`\n### ${titles[section]}\n\n${table}`)
    for (const name of survivors) console.log(`\nFAILED: nothing catches "${name}"`)
    continue
  }
  const rows = await rowsOf[section]()
  failures += rows.filter(({ ok }) => !ok).length
  progress.end()
  console.log(`\n### ${titles[section]}\n\n| | result | seconds |\n| --- | --- | ---: |`)
  for (const { what, result, seconds, ok } of rows)
    console.log(`| ${what} | ${ok ? '' : '**FAILED** '}${result} | ${seconds.toFixed(1)} |`)
}
console.log(failures === 0 ? '\nAll as it should be.' : `\n${failures} failed.`)
process.exitCode = failures === 0 ? 0 : 1

/** What `standby check --json` prints, as far as it is needed here. */
interface CheckOutput {
  readonly verdict: string
  readonly bound: string | null
  readonly states: number
  readonly transitions: number
  readonly depth: number
  readonly seconds: number
  readonly bytes: number
  readonly walks: number
  readonly snapshotSteps: number
  readonly violation: { readonly name: string } | null
  readonly goals: readonly { readonly name: string; readonly steps: number | null }[]
  readonly liveness: {
    readonly sampled: number
    readonly stuck: number
    readonly failed: number
    readonly slowestMs: number
  } | null
}

/** In a process of its own, which gives its memory back. */
async function checkCommand(name: string, options: readonly string[]) {
  progress.show(null, `${name} ${options.join(' ')}`)
  const { stdout, seconds, code } = await run('cli/main.ts', 'check', name, '--json', ...options)
  return { out: JSON.parse(stdout) as CheckOutput, seconds, ok: code === 0 }
}

function run(...args: string[]): Promise<{ stdout: string; seconds: number; code: number }> {
  const started = performance.now()
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: '1' }
    const options = { env, maxBuffer: 64 * 2 ** 20 }
    execFile(process.execPath, ['--import', 'tsx', ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? 1)
      if (code !== 0) process.stderr.write(stderr)
      resolve({ stdout, seconds: (performance.now() - started) / 1000, code })
    })
  })
}

async function oneByOne<Item>(items: readonly Item[], rowOf: (item: Item) => Promise<Row>): Promise<Row[]> {
  const rows: Row[] = []
  for (const item of items) rows.push(await rowOf(item))
  return rows
}
