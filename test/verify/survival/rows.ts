/** The section `survival`: each family of faults with several seeds, and what came of it. */
import { killedAt, steps } from '../../serve/killed-at.ts'
import { createProcesses } from '../../serve/processes.ts'
import { wrongsIn } from '../../store/sent-views.ts'
import { skipsNats } from '../../transport/nats-server.ts'
import { count, type Row } from '../row.ts'
import { controlRows } from './control-rows.ts'
import { hasFullDevice } from './disk-faults.ts'
import { families } from './families.ts'
import { type SurvivalReport, survive } from './run.ts'

/** How much there is to survive. */
export interface SurvivalOptions {
  /** The first of the seeds. */
  readonly seed: number
  /** Runs of each family. */
  readonly runs: number
  /** Rounds of faults in a run. */
  readonly rounds: number
  /** Only the families of these names, and `controls`; default: all. */
  readonly only: readonly string[] | null
  readonly progress: (text: string) => void
}

/** One row for each run; its seed repeats its faults, if not their moments. */
export async function survivalRows(options: SurvivalOptions): Promise<Row[]> {
  const { seed: first, runs, rounds, only, progress } = options
  const rows: Row[] = only === null ? [await killedStepsRow(progress)] : []
  if (only === null || only.includes('controls')) rows.push(...(await controlRows(first, progress)))
  for (const family of families) {
    if (only !== null && !only.includes(family.name)) continue
    if ((family.network === 'nats' && skipsNats) || (family.needsFullDevice && !hasFullDevice)) continue
    for (let seed = first; seed < first + runs; seed++) {
      const begun = performance.now()
      const report = await survive(family, seed, rounds, progress).catch((error: Error) => error)
      const seconds = (performance.now() - begun) / 1000
      const ok = !(report instanceof Error) && report.problems.length === 0
      const result = report instanceof Error ? report.message : textOf(report)
      rows.push({ what: `${family.name}, seed ${seed}`, result, seconds, ok })
    }
  }
  return rows
}

/** V11: a view service that is killed before each step of writing its record, one after another. */
async function killedStepsRow(progress: (text: string) => void): Promise<Row> {
  const begun = performance.now()
  const problems: string[] = []
  for (let step = steps.first; step <= steps.last; step++) {
    progress(`a view service killed before step ${step}`)
    const processes = createProcesses()
    try {
      const { sentViews, signal } = await killedAt(processes, step)
      const wrongs = wrongsIn(sentViews)
      if (wrongs.length > 0 || signal !== 'SIGKILL') problems.push(`step ${step}: ${signal}, ${wrongs}`)
    } catch (error) {
      problems.push(`step ${step}: ${(error as Error).message}`)
    } finally {
      await processes.end()
    }
  }
  const all = `killed before ${steps.last - steps.first + 1} steps of its record, each time the views went on`
  return {
    what: 'a view service',
    result: problems.length === 0 ? all : problems.join('; '),
    seconds: (performance.now() - begun) / 1000,
    ok: problems.length === 0,
  }
}

function textOf({
  faults,
  answered,
  gone,
  verdict,
  problems,
  folder,
  lost,
  duplicates,
}: SurvivalReport): string {
  const struck = [...faults].map(([name, times]) => (times === 1 ? name : `${times} ${name}`))
  const sums = `${count(answered)} answers, ${gone} callers killed meanwhile, ${lost.length} writes lost, ${duplicates.length} twice, history ${verdict}`
  const rest = problems.length === 0 ? '' : `; ${problems.join('; ')}; see ${folder}`
  return `${sums} (${struck.join(', ')})${rest}`
}
