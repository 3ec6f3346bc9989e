/** Draws the statecharts, from the machines themselves, into docs/charts: `npm run docs:charts`. A test notices when they go stale. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { AnyStateMachine } from 'xstate'
import { createClientMachine } from '../../machines/client.ts'
import { keyValueStore } from '../../machines/key-value-store.ts'
import { createServerMachine } from '../../machines/server.ts'
import { createViewServiceMachine } from '../../machines/view-service.ts'
import { type Layout, type LayoutHints, layOut } from './chart-layout.ts'
import { mermaidOf } from './chart-mermaid.ts'
import { chartOf, overviewOf } from './chart-model.ts'
import { svgOf } from './chart-svg.ts'

const charts: readonly { name: string; title: string; machine: AnyStateMachine; hints: LayoutHints }[] = [
  {
    name: 'view-service',
    title: 'Statechart of the view service',
    machine: createViewServiceMachine(),
    hints: { direction: 'DOWN' },
  },
  {
    name: 'server',
    title: 'Statechart of a server: heartbeat and role',
    machine: createServerMachine(keyValueStore as never),
    hints: { direction: 'DOWN' },
  },
  {
    name: 'client',
    title: 'Statechart of a client',
    machine: createClientMachine(),
    hints: { direction: 'DOWN' },
  },
]

export const chartsFolder = fileURLToPath(new URL('../charts/', import.meta.url))

/** One drawing: its file in docs/charts, what is where in it (null for text), and its content. */
export interface Drawing {
  readonly file: string
  readonly layout: Layout | null
  readonly content: string
}

/** The drawings as they should be. */
export async function drawCharts(): Promise<readonly Drawing[]> {
  const drawings: Drawing[] = []
  for (const { name, title, machine, hints } of charts) {
    const chart = chartOf(machine)
    for (const [file, shown] of [
      [`${name}.svg`, chart],
      [`${name}-overview.svg`, overviewOf(chart)],
    ] as const) {
      const layout = await layOut(shown, hints)
      drawings.push({ file, layout, content: svgOf(layout, title) })
    }
    drawings.push({ file: `${name}.mmd`, layout: null, content: mermaidOf(chart) })
  }
  return drawings
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(chartsFolder, { recursive: true })
  for (const { file, content } of await drawCharts()) writeFileSync(`${chartsFolder}${file}`, content)
}
