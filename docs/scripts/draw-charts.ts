/** Draws the statecharts, from the machines themselves, into docs/charts: `npm run docs:charts`. A test notices when they go stale. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { AnyStateMachine } from 'xstate'
import { createClientMachine } from '../../machines/client.ts'
import { keyValueStore } from '../../machines/key-value-store.ts'
import { createServerMachine } from '../../machines/server.ts'
import { createViewServiceMachine } from '../../machines/view-service.ts'
import { type LayoutHints, layOut } from './chart-layout.ts'
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

/** The drawings as they should be: file names in docs/charts, and their text. */
export async function drawCharts(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>()
  for (const { name, title, machine, hints } of charts) {
    const chart = chartOf(machine)
    files.set(`${name}.svg`, svgOf(await layOut(chart, hints), title))
    files.set(`${name}-overview.svg`, svgOf(await layOut(overviewOf(chart), hints), title))
    files.set(`${name}.mmd`, mermaidOf(chart))
  }
  return files
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(chartsFolder, { recursive: true })
  for (const [name, text] of await drawCharts()) writeFileSync(`${chartsFolder}${name}`, text)
}
