/** A step of a trace as a vitest to paste: the chart's own machine, the events its node had taken, and the outcome of this step. */
import type { Json } from '../../../machines/application/application.ts'
import { omittedKey } from '../encode.ts'
import type { TraceStep } from '../format.ts'
import type { ReadTrace } from '../read.ts'
import { oneLine } from './text.ts'

/** Events that are printed at most: a test of more is no longer read by anybody. */
const eventsMax = 5000

const charts: Readonly<Record<string, { readonly create: string; readonly imports: readonly string[] }>> = {
  server: {
    create: 'createServerMachine(keyValueStore)',
    imports: ['createServerMachine', 'keyValueStore'],
  },
  viewService: { create: 'createViewServiceMachine()', imports: ['createViewServiceMachine'] },
  client: { create: 'createClientMachine()', imports: ['createClientMachine'] },
}

/** A step that cannot become a test, and why. */
export class TransitionTestError extends Error {
  override readonly name = 'TransitionTestError'
}

/**
 * A test file that runs as it is, with `standby`, `xstate` and `vitest` installed. It takes the node from its start through
 * every event that it took, so that nothing of its context has to be guessed, and expects of the step at `index` the state,
 * the messages and the ignored event that the trace has. For a run with an application of your own, put it in place of
 * `keyValueStore`.
 * @throws TransitionTestError for a step that is no transition, or of a chart that is not one of standby's.
 */
export function toTransitionTest({ steps }: ReadTrace, index: number): string {
  const step = steps[index]
  if (step === undefined) {
    throw new TransitionTestError(
      `expected a step between 0 and ${steps.length - 1}, got ${index}; choose one that the trace has`,
    )
  }
  const { node, after, kind } = step
  if (node === null || after === undefined) {
    throw new TransitionTestError(
      `expected a step in which a chart takes an event, got ${index}, a ${kind}; choose a receive, a timer, a local event or a start`,
    )
  }
  const own = lifeOf(steps, index, node)
  const start = own[0]!
  const chart = Object.hasOwn(charts, start.machine ?? '') ? charts[start.machine!]! : undefined
  if (chart === undefined) {
    throw new TransitionTestError(
      `expected a server, a client or a view service, got the chart ${start.machine}; a test of another chart needs its source`,
    )
  }
  const events = own.slice(1).map(eventOf)
  if (events.length > eventsMax) {
    throw new TransitionTestError(
      `expected at most ${eventsMax} events before the step, got ${events.length}; choose an earlier step, or record a shorter run`,
    )
  }
  return printed({ step, start, chart, events, sent: sentBy(steps, step), index })
}

/** The node's own transitions of the life that the step belongs to, its start first and the step last. */
function lifeOf(steps: readonly TraceStep[], index: number, node: string): readonly TraceStep[] {
  const own = steps.slice(0, index + 1).filter((step) => step.node === node && step.after !== undefined)
  const start = own.findLastIndex(({ kind }) => kind === 'start')
  if (start < 0) {
    throw new TransitionTestError(
      `expected the start of ${node} in the trace, got none before step ${index}; record the run from its beginning`,
    )
  }
  return own.slice(start)
}

function eventOf({ i, kind, message, event, microsteps }: TraceStep): Json {
  const type = microsteps?.[0]?.event
  const taken: Json | undefined =
    kind === 'receive' && message !== undefined
      ? { type: message.type, from: message.from, ...(message.body as Record<string, Json>) }
      : (event ?? (type === undefined ? undefined : { type }))
  const text = JSON.stringify(taken)
  if (taken === undefined || text.includes(`"${omittedKey}"`) || / characters in all\)"/.test(text)) {
    throw new TransitionTestError(
      `expected the whole event of step ${i}, got only a part: it was too large for the trace; choose a step before it`,
    )
  }
  return taken
}

/** The messages that the step sent: they follow it as steps of the same node. */
function sentBy(steps: readonly TraceStep[], step: TraceStep): readonly Json[] {
  const count = (step.actions ?? []).filter(({ type }) => type === 'send').length
  return steps
    .slice(step.i + 1)
    .filter(({ node, kind, message }) => node === step.node && kind === 'send' && message !== undefined)
    .slice(0, count)
    .map(({ message }) => ({
      to: message!.to,
      message: { type: message!.type, ...(message!.body as Record<string, Json>) },
    }))
}

interface Parts {
  readonly step: TraceStep
  readonly start: TraceStep
  readonly chart: { readonly create: string; readonly imports: readonly string[] }
  readonly events: readonly Json[]
  readonly sent: readonly Json[]
  readonly index: number
}

function printed({ step, start, chart, events, sent, index }: Parts): string {
  const context = start.after?.context as Record<string, Json>
  const { id, viewService, record } = context
  const input = start.machine === 'viewService' ? { id, record } : { id, viewService }
  const reasons = (step.actions ?? []).flatMap(({ type, params }) =>
    type === 'ignore' ? [(params as { reason: Json }).reason] : [],
  )
  const last = events.at(-1) as { type: string } | undefined
  const title = oneLine(`${step.node}, step ${index}: ${last === undefined ? 'start' : last.type}`, 100)
  return `import { createStepper, ${[...chart.imports].sort().join(', ')} } from 'standby/machines'
import { expect, test } from 'vitest'

const { start, step } = createStepper(${chart.create})

const input = ${JSON.stringify(input)}

/** What the node took, in order; the last one is what is tested. */
const events = [
${events.map((event) => `  ${JSON.stringify(event)},\n`).join('')}]

test(${JSON.stringify(title)}, () => {
  let { snapshot, actions } = start(input as never)
  for (const event of events) ({ snapshot, actions } = step(snapshot, event as never))

  expect(snapshot.value).toEqual(${JSON.stringify(step.after?.value)})
  expect(actions.filter(({ type }) => type === 'send').map(({ params }) => params)).toEqual(${JSON.stringify(sent, null, 2).replaceAll('\n', '\n  ')})
  expect(actions.flatMap(({ type, params }) => (type === 'ignore' ? [(params as { reason: string }).reason] : []))).toEqual(${JSON.stringify(reasons)})
})
`
}
