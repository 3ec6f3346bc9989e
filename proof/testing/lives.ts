/** Random lives of a chart for fast-check: events from arbitraries, timers, outcomes of children; shrunk when one fails. */
import * as fc from 'fast-check'
import type { AnyStateMachine } from 'xstate'
import { chart } from './chart.ts'
import { eventsOf } from './explore.ts'
import { brokenBy, type ChartInvariants } from './invariants.ts'
import type { AnyEvent, Moment } from './moment.ts'

/** Where the events of a life come from; all of it is optional. */
export interface LifeOptions {
  /** An arbitrary of events, by type or for all; default: each event of the chart, without data. */
  readonly events?: fc.Arbitrary<AnyEvent> | Readonly<Record<string, fc.Arbitrary<object>>>
  /** An arbitrary of the machine's input. */
  readonly input?: fc.Arbitrary<unknown>
  /** Arbitraries of the outputs of children, by id. */
  readonly outputs?: Readonly<Record<string, fc.Arbitrary<unknown>>>
  /** The most steps of a life; default 50. */
  readonly stepsMax?: number
}

/** A life: its input, and its steps, each an event or a number that picks a timer or the end of a child. */
export interface Life {
  readonly input: unknown
  readonly steps: readonly Step[]
}

/** What comes next: an event, or one of what the chart waits for. */
export type Step =
  | { readonly kind: 'event'; readonly event: AnyEvent }
  /** The timer with this number, modulo those that run; nothing if none does. */
  | { readonly kind: 'timer'; readonly pick: number }
  /** The end of the child with this number, modulo those that run; nothing if none does. */
  | {
      readonly kind: 'child'
      readonly pick: number
      readonly fails: boolean
      readonly outputs: Readonly<Record<string, unknown>>
    }

/** An arbitrary of lives. */
export function lives(machine: AnyStateMachine, options: LifeOptions = {}): fc.Arbitrary<Life> {
  const { input = fc.constant(undefined), outputs = {}, stepsMax = 50 } = options
  const event = fc.record({ kind: fc.constant('event' as const), event: eventsFrom(machine, options) })
  const timer = fc.record({ kind: fc.constant('timer' as const), pick: fc.nat(7) })
  const child = fc.record({
    kind: fc.constant('child' as const),
    pick: fc.nat(7),
    fails: fc.boolean(),
    outputs: fc.record(outputs),
  })
  const steps = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: event },
      { weight: 1, arbitrary: timer },
      { weight: 1, arbitrary: child },
    ),
    {
      maxLength: stepsMax,
    },
  )
  return fc.record({ input, steps }) as fc.Arbitrary<Life>
}

/** The moments of a life, the start first. */
export function* momentsOf<Machine extends AnyStateMachine>(
  machine: Machine,
  { input, steps }: Life,
): Generator<Moment<Machine>> {
  let moment = chart(machine).start(...([input] as never))
  yield moment
  for (const step of steps) {
    const next = after(moment as Moment, step)
    if (next === null) continue
    moment = next as Moment<Machine>
    yield moment
  }
}

/**
 * A property: every invariant holds at every moment of every life. For `fc.assert`, which shrinks a life that fails and
 * prints its seed.
 * @example
 * fc.assert(holdsInEveryLife(doorMachine, { 'never both': ({ context }) => !(context.open && context.locked) }))
 */
export function holdsInEveryLife<Machine extends AnyStateMachine>(
  machine: Machine,
  invariants: ChartInvariants<Machine>,
  options: LifeOptions = {},
): fc.IProperty<[Life]> {
  return fc.property(lives(machine, options), (life) => {
    for (const moment of momentsOf(machine, life)) {
      const broken = brokenBy(moment, invariants)
      if (broken === null) continue
      const cause = broken.error === null ? {} : { cause: broken.error }
      throw new Error(`"${broken.invariant}" does not hold in ${JSON.stringify(moment.value)}`, cause)
    }
  })
}

function eventsFrom(machine: AnyStateMachine, { events }: LifeOptions): fc.Arbitrary<AnyEvent> {
  if (events === undefined) return fc.constantFrom(...orNone(eventsOf(machine)))
  if (typeof (events as fc.Arbitrary<AnyEvent>).generate === 'function')
    return events as fc.Arbitrary<AnyEvent>
  const byType = Object.entries(events as Readonly<Record<string, fc.Arbitrary<object>>>)
  return fc.oneof(...byType.map(([type, data]) => data.map((value) => ({ ...value, type }))))
}

/** A chart without events of its own still has timers and children. */
function orNone(events: readonly AnyEvent[]): readonly AnyEvent[] {
  return events.length === 0 ? [{ type: 'an event that the chart does not name' }] : events
}

function after(moment: Moment, step: Step): Moment | null {
  if (moment.status !== 'active') return null
  if (step.kind === 'event') return moment.step(step.event as never)
  const waiting = step.kind === 'timer' ? moment.timers : moment.children
  if (waiting.length === 0) return null
  const picked = waiting[step.pick % waiting.length]!
  if (step.kind === 'timer') return moment.fire((picked as Moment['timers'][number]).id)
  const child = picked as string
  return step.fails
    ? moment.fail(child, new Error('failed, as a test says'))
    : moment.done(child, step.outputs[child])
}
