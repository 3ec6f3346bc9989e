/** The states of a machine as a nested list, if there is no drawing. */
import type { StateDescription } from '../../runtime/trace/definition.ts'
import { activeIds } from './chart-marks.ts'
import type { StateChartProps } from './statechart.tsx'

export function ChartOutline({ machine, active = null, markers = [] }: Omit<StateChartProps, 'layout'>) {
  const lit = activeIds(machine, active)
  const places = markers.map(({ title, value }) => ({ title, states: activeIds(machine, value) }))
  const item = (state: StateDescription) => {
    const here = places.filter(({ states }) => states.has(state.id)).map(({ title }) => title)
    const isActive = lit.has(state.id) || here.length > 0
    return (
      <li key={state.id} class={isActive ? 'chart-outline-active' : undefined}>
        <span>{state.key}</span>
        {lit.has(state.id) && ' ● active'}
        {here.length > 0 && ` ● ${here.join(', ')}`}
        {state.states.length > 0 && <ul>{state.states.map(item)}</ul>}
      </li>
    )
  }
  return <ul class="chart-outline">{item(machine.root)}</ul>
}
