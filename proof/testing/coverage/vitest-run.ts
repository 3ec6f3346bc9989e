/** Around a whole run of vitest: collects the counts of all files, writes the reports, and fails the run below a threshold. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { mergeCoverage } from './merge.ts'
import type { ChartCoverageOptions } from './plugin.ts'
import type { MachineCoverage } from './recorder.ts'
import { coverageHtml, coverageText, missedThresholds } from './report.ts'

/** Runs once, before the first test; what it returns runs after the last. */
export default function setup(): () => void {
  const options = JSON.parse(process.env.STANDBY_CHART_COVERAGE_OPTIONS ?? '{}') as ChartCoverageOptions
  const folder = mkdtempSync(join(tmpdir(), 'standby-chart-coverage-'))
  process.env.STANDBY_CHART_COVERAGE = folder
  return () => {
    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
    const all = mergeCoverage(files.map((text) => JSON.parse(text) as readonly MachineCoverage[]))
    rmSync(folder, { recursive: true, force: true })
    const coverage = all.filter(({ machine }) => options.machines?.includes(machine) ?? true)
    report(coverage, options)
  }
}

function report(
  coverage: readonly MachineCoverage[],
  { reporters = ['text'], directory = 'coverage/charts', thresholds = {} }: ChartCoverageOptions,
): void {
  if (reporters.includes('text')) console.log(`\n${coverageText(coverage)}`)
  if (reporters.includes('json') || reporters.includes('html'))
    mkdirSync(resolve(directory), { recursive: true })
  if (reporters.includes('json'))
    writeFileSync(join(directory, 'charts.json'), JSON.stringify(coverage, null, 2))
  if (reporters.includes('html')) writeFileSync(join(directory, 'index.html'), coverageHtml(coverage))
  const missed = missedThresholds(coverage, thresholds)
  for (const sentence of missed) console.error(sentence)
  if (missed.length > 0) process.exitCode = 1
}
