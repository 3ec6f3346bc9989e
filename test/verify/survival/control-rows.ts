/** The negative controls as rows: each must be caught within a few rounds; the same faults without it must show nothing. */
import { rmSync } from 'node:fs'
import { count, type Row } from '../row.ts'
import { brokenFamily, type Control, controls, soundFamily } from './controls.ts'
import { type SurvivalReport, survive } from './run.ts'

/** A control that was not caught by then is not caught at all. */
const roundsMax = 5

/** One row for each control, and one for the sound system. Rounds have seeds from `seed` on. */
export async function controlRows(seed: number, progress: (text: string) => void): Promise<Row[]> {
  const rows: Row[] = []
  for (const control of controls) rows.push(await controlRow(control, seed, progress))
  const begun = performance.now()
  const report = await survive(soundFamily(), seed, controls.length, progress).catch((error: Error) => error)
  const problems = report instanceof Error ? [report.message] : report.problems
  const answers = report instanceof Error ? '' : `${count(report.answered)} answers, `
  rows.push({
    what: `unbroken, seed ${seed}`,
    result: `${answers}${problems.length === 0 ? 'nothing was lost, twice, wrong or unanswered' : problems.join('; ')}`,
    seconds: (performance.now() - begun) / 1000,
    ok: problems.length === 0,
  })
  return rows
}

async function controlRow(control: Control, seed: number, progress: (text: string) => void): Promise<Row> {
  const begun = performance.now()
  const row = (result: string, ok: boolean): Row => ({
    what: `${control.rule}: ${control.name}`,
    result,
    seconds: (performance.now() - begun) / 1000,
    ok,
  })
  const family = brokenFamily(control)
  const missed: string[] = []
  for (let round = 1; round <= roundsMax; round++) {
    const report = await survive(family, seed + round - 1, 1, progress).catch((error: Error) => error)
    if (report instanceof Error) missed.push(report.message)
    else {
      if (report.folder !== null) rmSync(report.folder, { recursive: true })
      if (control.isCaught(report)) return row(`caught in round ${round}: ${textOf(report)}`, true)
      missed.push(textOf(report))
    }
  }
  return row(`not caught in ${roundsMax} rounds: ${missed.join('; ')}`, false)
}

function textOf({ answered, lost, duplicates, verdict, failures, problems }: SurvivalReport): string {
  const isStuck = problems.some((problem) => problem.includes('to be answered'))
  return `of ${count(answered)} answers ${lost.length} writes lost, ${duplicates.length} twice, history ${verdict}, ${failures.length} calls failed, ${isStuck ? 'some never answered' : 'all answered'}`
}
