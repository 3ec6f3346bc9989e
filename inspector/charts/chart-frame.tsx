/** A statechart with its layout found, its level chosen, and a way to see it large; an outline where it cannot be drawn. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { MachineDescription } from '../../runtime/trace/definition.ts'
import type { Level } from '../../runtime/trace/exports/chart-model.ts'
import { type ChartLayouts, createChartLayouts, type KnownPlaces, layoutsBlock } from './chart-layouts.ts'
import { ChartOutline } from './chart-outline.tsx'
import type { ChartLayout } from './chart-shapes.ts'
import { embeddedEngine } from './layout-engine.ts'
import { StateChart, type StateChartProps } from './statechart.tsx'

const levels: readonly { readonly level: Level; readonly title: string }[] = [
  { level: 'map', title: 'states' },
  { level: 'overview', title: 'events and guards' },
  { level: 'detail', title: 'everything' },
]

type Props = Omit<StateChartProps, 'layout'>

export function ChartFrame(props: Props) {
  const { machine, name = machine.id } = props
  const [level, setLevel] = useState<Level>('map')
  const [large, setLarge] = useState<Level | null>(null)
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (large !== null && dialog.current?.open === false) dialog.current.showModal()
  }, [large])
  return (
    <div class="chart-frame">
      <div class="chart-head">
        <b>{name}</b>
        <LevelChoice level={level} choose={setLevel} />
        <button type="button" onClick={() => setLarge('detail')} aria-label={`Enlarge the chart of ${name}`}>
          Enlarge
        </button>
      </div>
      <LaidOut {...props} level={level} />
      {large !== null && (
        <dialog
          class="chart-large"
          ref={dialog}
          aria-label={`Statechart of ${name}`}
          onClose={() => setLarge(null)}
          onKeyDown={(event) => event.stopPropagation()}
        >
          <div class="chart-head">
            <b>{name}</b>
            <LevelChoice level={large} choose={setLarge} />
            <button type="button" onClick={() => dialog.current?.close()}>
              Close
            </button>
          </div>
          <LaidOut {...props} level={large} fills />
        </dialog>
      )}
    </div>
  )
}

function LevelChoice({ level, choose }: { readonly level: Level; choose(level: Level): void }) {
  return (
    <label>
      <span class="sr-only">What the chart says</span>
      <select value={level} onChange={(event) => choose(event.currentTarget.value as Level)}>
        {levels.map((one) => (
          <option key={one.level} value={one.level}>
            {one.title}
          </option>
        ))}
      </select>
    </label>
  )
}

function LaidOut({ level, ...props }: Props & { readonly level: Level }) {
  const result = useLayout(props.machine, level)
  if (result.layout !== null) return <StateChart {...props} layout={result.layout} />
  return (
    <div class="chart-undrawn">
      <p class="empty">
        {result.problem === null ? 'The chart is being laid out ...' : `No drawing: ${result.problem}.`}
      </p>
      <ChartOutline {...props} />
    </div>
  )
}

interface Result {
  readonly layout: ChartLayout | null
  readonly problem: string | null
}

function useLayout(machine: MachineDescription, level: Level): Result {
  const found = layouts().of(machine, level)
  const [made, setMade] = useState<(Result & { readonly of: unknown }) | null>(null)
  useEffect(() => {
    if (!(found instanceof Promise)) return
    let isWanted = true
    const take = (result: Result) => {
      if (isWanted) setMade({ ...result, of: found })
    }
    found.then(
      (layout) => take({ layout, problem: null }),
      (error: Error) => take({ layout: null, problem: error.message }),
    )
    return () => {
      isWanted = false
    }
  }, [found])
  if (!(found instanceof Promise)) return { layout: found, problem: null }
  return made?.of === found ? made : { layout: null, problem: null }
}

/** Starts the layout engine when one of these machines will need it; says whether it was. */
export function prepareLayouts(machines: readonly MachineDescription[]): boolean {
  if (machines.every((machine) => layouts().knows(machine))) return false
  engine().prepare()
  return true
}

const engine = once(() => embeddedEngine(document))

/** The layouts of this page, read from it when a chart is first shown. */
const layouts = once((): ChartLayouts => {
  const text = document.getElementById(layoutsBlock)?.textContent ?? '{}'
  return createChartLayouts(JSON.parse(text) as KnownPlaces, engine())
})

function once<Made>(make: () => Made): () => Made {
  let made: { readonly value: Made } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
