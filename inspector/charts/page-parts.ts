/** What charts bring into the page when it is built: their style, the layouts of our machines, and ELK, compressed. Runs in Node only. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import Elk from 'elkjs/lib/elk.bundled.js'
import { gzip } from 'pako'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import { createClientMachine } from '../../machines/client/index.ts'
import { createServerMachine } from '../../machines/server/index.ts'
import { createViewServiceMachine } from '../../machines/view-service.ts'
import { describeMachine, type MachineDescription } from '../../runtime/trace/definition.ts'
import { chartOf, type Level } from '../../runtime/trace/exports/chart-model.ts'
import { placesIn } from './chart-layout.ts'
import { type KnownPlaces, keyOf, layoutsBlock } from './chart-layouts.ts'
import type { Places } from './chart-places.ts'
import type { LayoutEngine } from './chart-shapes.ts'
import { engineBlock } from './layout-engine.ts'

/** The charts of this project, with their default delays. */
export const ownMachines: readonly MachineDescription[] = [
  describeMachine(createViewServiceMachine()),
  describeMachine(createServerMachine(keyValueStore as never)),
  describeMachine(createClientMachine()),
]

/** ELK in this process. */
export function createEngine(): LayoutEngine {
  return new (Elk as unknown as new () => LayoutEngine)()
}

/** What the engine says of the charts of this project. */
export async function ownPlaces(engine: LayoutEngine = createEngine()): Promise<KnownPlaces> {
  const known: Record<string, Record<Level, readonly Places[]>> = {}
  for (const machine of ownMachines) {
    const chart = chartOf(machine)
    known[keyOf(machine)] = {
      detail: await placesIn(chart, 'detail', engine),
      overview: await placesIn(chart, 'overview', engine),
      map: await placesIn(chart, 'map', engine),
    }
  }
  return known
}

/** Blocks for the end of the page's body; nothing in them is run from there. */
export async function chartBlocks(): Promise<string> {
  const layouts = JSON.stringify(await ownPlaces()).replaceAll('<', '\\u003c')
  const worker = readFileSync(createRequire(import.meta.url).resolve('elkjs/lib/elk-worker.min.js'))
  // Not the zlib of Node, whose bytes differ from version to version.
  const packed = Buffer.from(gzip(worker, { level: 9 })).toString('base64')
  return `<script type="application/json" id="${layoutsBlock}">${layouts}</script>
<!-- elkjs, Eclipse Public License 2.0, https://github.com/kieler/elkjs -->
<script type="application/octet-stream" id="${engineBlock}">${packed}</script>`
}

/** The block of a page that holds ELK: it has a budget of its own. */
export function engineIn(page: string): string {
  const start = page.indexOf(`<script type="application/octet-stream" id="${engineBlock}">`)
  return start < 0 ? '' : page.slice(start, page.indexOf('</script>', start))
}
