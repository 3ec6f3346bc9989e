/** Finds the layout of a machine: known ones come with the page, others are made on demand and kept. */
import { digest } from '../../machines/application/digest.ts'
import type { MachineDescription } from '../../runtime/trace/definition.ts'
import { chartOf, type Level } from '../../runtime/trace/exports/chart-model.ts'
import { assembled, layOut } from './chart-layout.ts'
import type { Places } from './chart-places.ts'
import type { ChartLayout, LayoutEngine } from './chart-shapes.ts'

/** Numbers of an engine by the key of the machine: a layout is made of them without one. */
export type KnownPlaces = Readonly<Record<string, Readonly<Record<Level, readonly Places[]>>>>

/** The id of the block in the page that holds `KnownPlaces` as JSON. */
export const layoutsBlock = 'chart-layouts'

export interface ChartLayouts {
  /** Whether the page came with the layout of this machine. */
  knows(machine: MachineDescription): boolean
  /** The layout if it is there; otherwise the promise of it, which fails without a layout engine. */
  of(machine: MachineDescription, level: Level): ChartLayout | Promise<ChartLayout>
}

/** Charts with more states are not laid out: they would be unreadable. */
const statesMax = 500
const keptMax = 64

export function createChartLayouts(known: KnownPlaces, engine: LayoutEngine): ChartLayouts {
  const made = new Map<string, ChartLayout | Promise<ChartLayout>>()
  const keep = <Layout extends ChartLayout | Promise<ChartLayout>>(name: string, layout: Layout): Layout => {
    made.set(name, layout)
    if (made.size > keptMax) made.delete(made.keys().next().value as string)
    return layout
  }
  return {
    knows: (machine) => Object.hasOwn(known, keyOf(machine)),
    of(machine, level) {
      const key = keyOf(machine)
      const name = `${level} ${key}`
      const before = made.get(name)
      if (before !== undefined) return before
      const places = this.knows(machine) ? known[key]?.[level] : undefined
      if (places !== undefined) return keep(name, assembled(chartOf(machine), level, places))
      const making = make(machine, level, engine).then((layout) => {
        made.set(name, layout)
        return layout
      })
      // A chart that cannot be laid out is not tried again.
      making.catch(() => {})
      return keep(name, making)
    },
  }
}

async function make(machine: MachineDescription, level: Level, engine: LayoutEngine): Promise<ChartLayout> {
  const chart = chartOf(machine)
  const states = chart.parents.size + 1
  if (states > statesMax)
    throw new Error(`${states} states are too many for a drawing; the most are ${statesMax}`)
  return layOut(chart, level, engine)
}

const keys = new WeakMap<MachineDescription, string>()

/** Tells machines apart by all that a layout depends on; the lengths of delays are not part of it. */
export function keyOf(machine: MachineDescription): string {
  const known = keys.get(machine)
  if (known !== undefined) return known
  const key = `${machine.id} ${digest(machine.root)}`
  keys.set(machine, key)
  return key
}
