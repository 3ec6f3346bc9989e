/** The statechart of the shown node, and the nodes to choose from. The slot's component draws the chart; an outline is the fallback. */
import type { Json } from '../../machines/application/application.ts'
import type { StateDescription } from '../../runtime/trace/definition.ts'
import { chartSlot } from '../app/panels.ts'
import { currentRun, cursor, node } from '../app/state.ts'
import { stateAt } from './state-panel.tsx'

export function ChartStrip() {
  const [current, id] = [currentRun(), node.value]
  const lane = current?.lane(id) ?? null
  if (current === null || lane === null) return null
  const machine = current.machineOf(lane)
  const { value } = stateAt(current, lane.id, cursor.value)
  const last = current.lastStepOf(lane, cursor.value) ?? null
  const Chart = chartSlot.value
  return (
    <section class="chart-strip" tabIndex={Chart === null ? 0 : undefined} aria-label={`Statechart of ${id}`}>
      {machine === null ? (
        <p class="empty">The run does not tell the statechart of {id}.</p>
      ) : Chart === null ? (
        <Outline root={machine.definition.root} value={value ?? null} />
      ) : (
        <Chart node={lane.id} machine={machine} value={value ?? null} last={last} />
      )}
    </section>
  )
}

function Outline({ root, value }: { readonly root: StateDescription; readonly value: Json }) {
  return (
    <ul class="outline">
      {root.states.map((state) => (
        <OutlineState key={state.id} state={state} value={value} />
      ))}
    </ul>
  )
}

function OutlineState({ state, value }: { readonly state: StateDescription; readonly value: Json }) {
  const inner = innerOf(value, state.key)
  return (
    <li class={inner === undefined ? '' : 'active'}>
      <span>{state.key}</span>
      {inner === undefined ? null : <span class="sr-only"> active</span>}
      {state.states.length === 0 ? null : (
        <ul>
          {state.states.map((child) => (
            <OutlineState key={child.id} state={child} value={inner ?? null} />
          ))}
        </ul>
      )}
    </li>
  )
}

/** What the value says of a state: undefined where it is not active. */
function innerOf(value: Json, key: string): Json | undefined {
  if (value === key) return null
  if (value === null || typeof value !== 'object' || Array.isArray(value) || !Object.hasOwn(value, key))
    return undefined
  return (value as Record<string, Json>)[key]
}
