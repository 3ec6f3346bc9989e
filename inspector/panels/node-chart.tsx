/** The statechart of the shown node, with what its last step tried; every guard that was asked, and what it said. */
import type { Considered } from '../../runtime/trace/considered.ts'
import type { TraceStep } from '../../runtime/trace/format.ts'
import { type ChartSlotProps, chartActions } from '../app/panels.ts'
import { cursor, run } from '../app/state.ts'
import { ChartFrame } from '../charts/chart-frame.tsx'
import { countBelow } from '../model/sorted.ts'

const none: readonly never[] = []

export function NodeChart({ node, machine, value, last: latest }: ChartSlotProps) {
  const last = stepOfChart(node, latest)
  const actions = chartActions.value
  const isDown = last !== null && ends.has(last.kind)
  return (
    <div class="node-chart">
      <ChartFrame
        machine={machine.definition}
        name={node}
        active={isDown ? null : value}
        microsteps={last?.microsteps ?? none}
        enabled={isDown ? none : (actions?.eventsOf(node) ?? none)}
        onFire={(event) => actions?.fire(node, event)}
      />
      <Tried last={last} />
    </div>
  )
}

/** The step in which the chart did what the node's latest step, such as a send, came of. */
function stepOfChart(node: string, latest: TraceStep | null): TraceStep | null {
  const lane = run.value?.lane(node) ?? null
  if (lane === null || latest === null) return latest
  for (let index = countBelow(lane.steps, latest.i + 1) - 1; index >= 0; index--) {
    const step = run.value?.step(lane.steps[index]!)
    if (step === undefined) break
    if (step.after !== undefined || step.refused !== undefined || ends.has(step.kind)) return step
  }
  return latest
}

const ends: ReadonlySet<TraceStep['kind']> = new Set(['crash', 'stop'])

/** Step by step: what was asked, in order, and what was taken. */
function Tried({ last }: { readonly last: TraceStep | null }) {
  if (last === null) return null
  const { microsteps = [], i, refused } = last
  const when = i === cursor.value ? 'At this step' : `At step ${i}`
  return (
    <section class="chart-tried" aria-label="What was tried" tabIndex={0}>
      {microsteps.length === 0 && refused === undefined ? (
        <span class="chart-tried-when">{when} no transition was tried.</span>
      ) : (
        <span class="chart-tried-when">{when}:</span>
      )}
      {microsteps.map((considered, index) => (
        <TriedOne key={index} considered={considered} />
      ))}
      {refused !== undefined && (
        <span>
          <b>{refused.event}</b> changed nothing: {refused.reason}
        </span>
      )}
    </section>
  )
}

function TriedOne({
  considered: { event, guard, result, source, target },
}: {
  readonly considered: Considered
}) {
  const to = target.length === 0 ? 'stays' : `→ ${target.map(lastOf).join(', ')}`
  return (
    <span class={result ? 'chart-tried-taken' : undefined}>
      <span aria-hidden="true" class={result ? 'chart-yes' : 'chart-no'}>
        {result ? '✓' : '✗'}
      </span>
      <span class="sr-only">{result ? 'taken: ' : 'refused: '}</span> {lastOf(source)}:{' '}
      <b>{eventText(event)}</b>
      {guard === null ? '' : ` [${guard}]`} {to}
    </span>
  )
}

function lastOf(id: string): string {
  return id.slice(id.lastIndexOf('.') + 1)
}

function eventText(event: string): string {
  const [, delay] = /^xstate\.after\.([^.]+)\./.exec(event) ?? []
  if (delay !== undefined) return `after ${delay}`
  return event === '' ? 'always' : event
}
