/** Coverage of statecharts over a whole run of vitest: a plugin, one line in its configuration. */
import { fileURLToPath } from 'node:url'
import { coverageKinds } from './merge.ts'
import type { CoverageThresholds } from './report.ts'

/** All of it is optional. */
export interface ChartCoverageOptions {
  /** Default: `text` only. `json` writes `charts.json`, `html` writes `index.html`. */
  readonly reporters?: readonly ('text' | 'json' | 'html')[]
  /** Where `json` and `html` are written; default `coverage/charts`. */
  readonly directory?: string
  /** Percentages below which the run fails, for each machine. */
  readonly thresholds?: CoverageThresholds
  /** Ids of the machines that count; default: all that the tests run. */
  readonly machines?: readonly string[]
}

/** A plugin as vite takes it. */
export interface ChartCoveragePlugin {
  readonly name: string
  config(): { readonly test: { readonly setupFiles: string[]; readonly globalSetup: string[] } }
}

/**
 * States, transitions, and guards both ways, of every machine that the tests run as an actor, by XState's `transition`, or
 * by `chart` of `standby/testing`.
 * @throws TypeError for an option, a reporter or a threshold that does not exist
 * @example
 * export default defineConfig({ plugins: [chartCoverage({ thresholds: { transitions: 90 } })] })
 */
export function chartCoverage(options: ChartCoverageOptions = {}): ChartCoveragePlugin {
  refuseUnknown('chartCoverage', Object.keys(options), ['reporters', 'directory', 'thresholds', 'machines'])
  refuseUnknown('reporters', options.reporters ?? [], ['text', 'json', 'html'])
  refuseUnknown('thresholds', Object.keys(options.thresholds ?? {}), coverageKinds)
  for (const [kind, percent] of Object.entries(options.thresholds ?? {}))
    if (!(percent >= 0 && percent <= 100))
      throw new TypeError(
        `thresholds.${kind}: expected a percentage from 0 to 100, got ${percent}; correct it`,
      )
  // Built, the files beside this one end in .js.
  const extension = /\.\w+$/.exec(import.meta.url)![0]
  const beside = (path: string) => fileURLToPath(new URL(path.replace(/\.ts$/, extension), import.meta.url))
  return {
    name: 'standby:chart-coverage',
    config() {
      process.env.STANDBY_CHART_COVERAGE_OPTIONS = JSON.stringify(options)
      return { test: { setupFiles: [beside('./vitest-file.ts')], globalSetup: [beside('./vitest-run.ts')] } }
    },
  }
}

function refuseUnknown(what: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new TypeError(`${what}: expected ${known.join(', ')}, got ${unknown}; correct the name`)
}
