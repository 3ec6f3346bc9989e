/** Draws the statecharts, from the machines themselves, into docs/charts: `npm run docs:charts`. A test notices when they go stale. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import Elk from 'elkjs/lib/elk.bundled.js'
import { layOut } from '../../inspector/charts/chart-layout.ts'
import type { ChartLayout, LayoutEngine } from '../../inspector/charts/chart-shapes.ts'
import { svgOfChart } from '../../inspector/charts/svg-of-chart.tsx'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import { createClientMachine } from '../../machines/client/index.ts'
import { createServerMachine } from '../../machines/server/index.ts'
import { createViewServiceMachine } from '../../machines/view-service.ts'
import { describeMachine } from '../../runtime/trace/definition.ts'
import { chartOf } from '../../runtime/trace/exports/chart-model.ts'
import { toMermaidChart } from '../../runtime/trace/exports/mermaid-chart.ts'

const charts = [
  {
    name: 'view-service',
    title: 'Statechart of the view service',
    machine: describeMachine(createViewServiceMachine()),
  },
  {
    name: 'server',
    title: 'Statechart of a server: heartbeat and role',
    machine: describeMachine(createServerMachine(keyValueStore as never)),
  },
  { name: 'client', title: 'Statechart of a client', machine: describeMachine(createClientMachine()) },
] as const

export const chartsFolder = fileURLToPath(new URL('../charts/', import.meta.url))

/** One drawing: its file in docs/charts, what is where in it (null for text), and its content. */
export interface Drawing {
  readonly file: string
  readonly layout: ChartLayout | null
  readonly content: string
}

/** The drawings as they should be. */
export async function drawCharts(): Promise<readonly Drawing[]> {
  const engine: LayoutEngine = new (Elk as unknown as new () => LayoutEngine)()
  const drawings: Drawing[] = []
  for (const { name, title, machine } of charts) {
    const chart = chartOf(machine)
    for (const [file, level] of [
      [`${name}.svg`, 'detail'],
      [`${name}-overview.svg`, 'overview'],
    ] as const) {
      const layout = await layOut(chart, level, engine)
      drawings.push({ file, layout, content: svgOfChart(machine, layout, null, title) })
    }
    drawings.push({ file: `${name}.mmd`, layout: null, content: toMermaidChart(machine) })
  }
  return drawings
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(chartsFolder, { recursive: true })
  for (const { file, content } of await drawCharts()) writeFileSync(`${chartsFolder}${file}`, content)
}
