/** A statechart to look at, walk through and press: it knows nothing of runs, feeds and cursors. */
import { useMemo, useRef, useState } from 'preact/hooks'
import type { Json } from '../../machines/application/application.ts'
import type { Considered } from '../../runtime/trace/considered.ts'
import type { MachineDescription } from '../../runtime/trace/definition.ts'
import type { TransitionKey } from '../../runtime/trace/exports/chart-model.ts'
import { ChartDrawing } from './chart-drawing.tsx'
import { activeIds, enabledKeys, triedIn, valueText } from './chart-marks.ts'
import type { ChartLayout } from './chart-shapes.ts'
import { nextItem, stateText } from './chart-walk.ts'
import type { ChartMarks, Marker } from './drawing-props.ts'
import { useViewport } from './viewport.ts'

/** A node of the run on a chart that it shares with others. */
export interface NodeMarker extends Omit<Marker, 'states'> {
  readonly value: Json
}

export interface StateChartProps {
  readonly machine: MachineDescription
  readonly layout: ChartLayout
  /** Whose chart it is, for readers that see no picture: `server s1#1`. Default: the machine's id. */
  readonly name?: string
  /** The state value that is lit; default: none. */
  readonly active?: Json
  /** What was tried in the step that is shown: what was taken is lit, guards show what they said. */
  readonly microsteps?: readonly Considered[]
  /** Types of the events that can happen now; their transitions out of active states can be pressed. */
  readonly enabled?: readonly string[]
  readonly onFire?: (event: string) => void
  readonly markers?: readonly NodeMarker[]
  /** It has all the screen: it begins where it can be read, and the wheel zooms. */
  readonly fills?: boolean
}

const none: readonly never[] = []

export function StateChart(props: StateChartProps) {
  const { machine, layout, active = null, microsteps = none, enabled = none, markers = none } = props
  const [focused, setFocused] = useState<string | null>(null)
  const [pointed, setPointed] = useState<string | null>(null)
  const frame = useRef<HTMLDivElement>(null)

  const marks = useMemo((): ChartMarks => {
    const states = activeIds(machine, active)
    const places = markers.map(({ value, ...marker }) => ({ ...marker, states: activeIds(machine, value) }))
    const lit = { active: states, ...triedIn(machine, microsteps) }
    const pressable = enabledKeys(machine, states, enabled)
    return { ...lit, enabled: pressable, markers: places, near: null, delays: machine.delays }
  }, [machine, active, microsteps, enabled, markers])

  const first = layout.boxes.findLast(({ id, kind }) => kind !== 'anywhere' && marks.active.has(id))
  const fills = props.fills === true
  const view = useViewport(frame, layout, { near: first ?? (fills ? layout.boxes[0]! : null), fills })
  const walk = layout.boxes.filter(({ kind }) => kind !== 'anywhere')
  const current = walk.some(({ id }) => id === focused) ? focused : (walk[0]?.id ?? null)
  const fire = (key: string | undefined) => {
    const event = marks.enabled.get(key as TransitionKey)
    if (event !== undefined) props.onFire?.(event)
  }

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const target = event.target as Element
    const pressed = target.closest('[data-transition]')?.getAttribute('data-transition')
    const isPress = event.key === 'Enter' || event.key === ' '
    if (isPress && pressed) fire(pressed)
    else if (!view.takeKey(event.key)) {
      const item = nextItem(target, event.key)
      if (item === null) return
      item.focus()
    }
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <div class="chart" ref={frame} data-far={view.scale < 0.5 ? '' : undefined}>
      <svg
        class="chart-drawing"
        viewBox={view.box}
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a drawing that is walked through is a tree
        role="tree"
        aria-label={chartText(props)}
        onKeyDown={onKeyDown}
        onClick={(event) => fire(transitionAt(event.target))}
        onFocusIn={(event) => setFocused(stateAt(event.target) ?? focused)}
        onPointerOver={(event) => setPointed(stateAt(event.target))}
        onPointerLeave={() => setPointed(null)}
        onPointerDown={view.onPointerDown}
      >
        <ChartDrawing
          layout={layout}
          marks={{ ...marks, near: pointed === layout.boxes[0]?.id ? null : pointed }}
          scale={view.scale}
          stateProps={(id) => {
            const { level, text } = stateText(layout, marks, id)
            const place = walk.findIndex((box) => box.id === id)
            const isActive = marks.active.has(id)
            return {
              role: 'treeitem',
              tabindex: id === current ? 0 : -1,
              'aria-label': text,
              'aria-level': level,
              'aria-selected': isActive,
              'data-place': place,
            }
          }}
          transitionProps={(transition) => ({
            role: 'button',
            tabindex: -1,
            'data-transition': transition,
            'aria-label': `fire ${marks.enabled.get(transition)}`,
          })}
        />
      </svg>
      <div class="chart-tools">
        <button type="button" title="Zoom out (-)" aria-label="Zoom out" onClick={() => view.takeKey('-')}>
          −
        </button>
        <button type="button" title="Zoom in (+)" aria-label="Zoom in" onClick={() => view.takeKey('+')}>
          +
        </button>
        <button type="button" title="Fit the whole chart (0)" onClick={() => view.takeKey('0')}>
          fit
        </button>
      </div>
    </div>
  )
}

/** `server s1#1: heartbeat pinging; role primary serving` */
function chartText({ machine, name = machine.id, active = null, markers = none }: StateChartProps): string {
  if (markers.length === 0) return `${name}: ${valueText(active)}`
  const nodes = markers.map(
    ({ title, value, diverged }) =>
      `${title} ${valueText(value)}${diverged ? ', differs from the others' : ''}`,
  )
  return `${name}: ${nodes.join('. ')}`
}

function stateAt(target: EventTarget | null): string | null {
  return (target as Element | null)?.closest('[data-state]')?.getAttribute('data-state') ?? null
}

function transitionAt(target: EventTarget | null): string | undefined {
  return (
    (target as Element | null)?.closest('[data-transition]')?.getAttribute('data-transition') ?? undefined
  )
}
