/** All nodes of a machine on its one chart, as numbered markers; those that disagree with the others are marked. */
import { signal } from '@preact/signals'
import type { Json } from '../../machines/application/application.ts'
import { chosenNode, cursor, growth, node, run } from '../app/state.ts'
import { ChartFrame } from '../charts/chart-frame.tsx'
import { divergedNodes } from '../charts/divergence.ts'
import type { NodeMarker } from '../charts/statechart.tsx'
import type { Lane } from '../model/lane.ts'
import type { Run } from '../model/run.ts'
import { stateAt } from './state-panel.tsx'

/** The id of the machine whose nodes are shown; null follows the shown node. */
const chosenMachine = signal<string | null>(null)

export function ChartsPanel() {
  growth.value
  const current = run.value
  if (current === null) return null
  const machines = current.machines.filter(({ definition }) =>
    current.lanes.some(({ machine }) => machine === definition.id),
  )
  const wanted = chosenMachine.value ?? current.lane(node.value)?.machine
  const shown = machines.find(({ definition }) => definition.id === wanted) ?? machines[0]
  if (shown === undefined) return <p class="empty">This run contains no statecharts.</p>
  const { definition } = shown
  const nodes = statesOf(current, definition.id)
  const diverged = divergedNodes(nodes)
  const markers = nodes.map(
    ({ id, value, lane, number }): NodeMarker => ({
      label: `${number}`,
      title: id,
      colour: `var(--node-${lane.index % 8})`,
      value,
      diverged: diverged.has(id),
    }),
  )
  return (
    <div class="charts-panel">
      <div class="chart-nodes">
        {machines.length > 1 && (
          <select
            aria-label="Machine"
            value={definition.id}
            onChange={(event) => (chosenMachine.value = event.currentTarget.value)}
          >
            {machines.map((machine) => (
              <option key={machine.definition.id}>{machine.definition.id}</option>
            ))}
          </select>
        )}
        <ul>
          {markers.map((marker) => (
            <MarkerLine key={marker.title} {...marker} />
          ))}
        </ul>
      </div>
      <ChartFrame machine={definition} name={`${definition.id}, all nodes`} markers={markers} />
    </div>
  )
}

function MarkerLine({ label, title, colour, value, diverged }: NodeMarker) {
  return (
    <li>
      <button type="button" class="plain" onClick={() => (chosenNode.value = title)}>
        <svg width="18" height="18" viewBox="-9 -9 18 18" aria-hidden="true">
          <circle r="8" fill={colour} />
          <text y="4" text-anchor="middle">
            {label}
          </text>
        </svg>
        {title}
      </button>{' '}
      {value === null ? 'not running' : ''}
      {diverged && <b class="chart-no"> ≠ differs from the others</b>}
    </li>
  )
}

interface ShownNode {
  readonly id: string
  readonly lane: Lane
  /** Among the nodes of its machine, from 1. */
  readonly number: number
  readonly value: Json
  readonly context: Json
}

/** The nodes of a machine that have started by now. */
function statesOf(current: Run, machine: string): readonly ShownNode[] {
  const lanes = current.lanes.filter((lane) => lane.machine === machine)
  return lanes.flatMap((lane, index) => {
    const last = current.lastStepOf(lane, cursor.value)
    if (last === undefined) return []
    const isDown = last.kind === 'crash' || last.kind === 'stop'
    const { value = null, context = null } = stateAt(current, lane.id, cursor.value)
    return [
      {
        id: lane.id,
        lane,
        number: index + 1,
        value: isDown ? null : value,
        context: isDown ? null : context,
      },
    ]
  })
}
