/** Walks breadth first over all moments of a chart that given events, timers and outcomes of children can lead to. */
import type { AnyStateMachine } from 'xstate'
import { chart } from './chart.ts'
import type { AnyEvent, Moment } from './moment.ts'

/** What an exploration may do. */
export interface ExploreOptions {
  /** Events to try in every state; default: each event of the chart, without data. */
  readonly events?: readonly AnyEvent[]
  readonly input?: unknown
  /** Outputs to try for each child that is done, by id; default: none, so that `onDone` gets `undefined`. */
  readonly outputs?: Readonly<Record<string, readonly unknown[]>>
  /** The most moments that are visited; default 10,000. */
  readonly statesMax?: number
  /** Called for a step that throws, which is then left out; without it, the error ends the walk. */
  readonly onError?: (failure: {
    readonly from: Visited<AnyStateMachine>
    readonly choice: Choice
    readonly error: unknown
  }) => void
}

/** A moment with the way to it. */
export interface Visited<Machine extends AnyStateMachine> {
  readonly moment: Moment<Machine>
  /** What led here from the start, such as `OPEN`, `timer 5000`, `done charge`. */
  readonly path: readonly Choice[]
}

/** Something that can happen next. */
export interface Choice {
  readonly label: string
  readonly take: (moment: Moment) => Moment
}

/** The result of an exploration. */
export interface Explored {
  readonly visited: number
  /** Whether nothing is left to visit. */
  readonly exhausted: boolean
}

/** Visits each moment once, by value, context, timers and children; `visit` is called for every step that leads to one. */
export function explore<Machine extends AnyStateMachine>(
  machine: Machine,
  options: ExploreOptions,
  visit: (step: {
    readonly from: Visited<Machine> | null
    readonly to: Visited<Machine>
    readonly isNew: boolean
    /** Texts that are the same for moments that behave alike. */
    readonly key: string
    readonly fromKey: string | null
  }) => boolean,
): Explored {
  const { statesMax = 10_000 } = options
  const start: Visited<Machine> = {
    moment: chart(machine).start(...([options.input] as never)),
    path: [],
  }
  const first = keyOf(start.moment)
  const seen = new Set([first])
  const queue = [{ visited: start, key: first }]
  const isWanted = visit({ from: null, to: start, isNew: true, key: first, fromKey: null })
  if (!isWanted) return { visited: 1, exhausted: false }
  for (let index = 0; index < queue.length; index++) {
    const { visited: from, key: fromKey } = queue[index]!
    for (const choice of choicesOf(from.moment as Moment, options)) {
      const moment = taken(from, choice, options)
      if (moment === null) continue
      const key = keyOf(moment as Moment)
      const isNew = !seen.has(key)
      const to = { moment, path: [...from.path, choice] }
      if (!visit({ from, to, isNew, key, fromKey })) return { visited: seen.size, exhausted: false }
      if (!isNew) continue
      if (seen.size >= statesMax) return { visited: seen.size, exhausted: false }
      seen.add(key)
      queue.push({ visited: to, key })
    }
  }
  return { visited: seen.size, exhausted: true }
}

function taken<Machine extends AnyStateMachine>(
  from: Visited<Machine>,
  choice: Choice,
  { onError }: ExploreOptions,
): Moment<Machine> | null {
  try {
    return choice.take(from.moment as Moment) as Moment<Machine>
  } catch (error) {
    if (onError === undefined) throw error
    onError({ from: from as Visited<AnyStateMachine>, choice, error })
    return null
  }
}

/** What can happen to a chart at a moment: each event, each timer that could be next, the end of each child. */
export function choicesOf(moment: Moment, options: ExploreOptions): readonly Choice[] {
  if (moment.status !== 'active') return []
  const events = options.events ?? eventsOf(moment.snapshot.machine as AnyStateMachine)
  return [
    ...events.map((event): Choice => ({ label: labelOf(event), take: (at) => at.step(event as never) })),
    ...moment.timers.map(
      ({ id, delay }): Choice => ({ label: `timer ${delay}: ${id}`, take: (at) => at.fire(id) }),
    ),
    ...moment.children.flatMap((child): Choice[] => [
      ...(options.outputs?.[child] ?? [undefined]).map((output) => ({
        label: `done ${child}`,
        take: (at: Moment) => at.done(child, output),
      })),
      { label: `error ${child}`, take: (at) => at.fail(child, new Error('failed, as a test says')) },
    ]),
  ]
}

/** The events that a chart names, without data; XState's own and wildcards are left out. */
export function eventsOf(machine: AnyStateMachine): readonly AnyEvent[] {
  return machine.events
    .filter((type) => !type.startsWith('xstate.') && !type.includes('*'))
    .map((type) => ({ type }))
}

/** A text that is the same for moments that behave alike, as far as JSON tells values apart. */
export function keyOf({ value, context, timers, children, status, snapshot }: Moment): string {
  const { historyValue } = snapshot as { historyValue?: Record<string, readonly { id: string }[]> }
  const history = Object.entries(historyValue ?? {}).map(([id, nodes]) => [id, nodes.map((node) => node.id)])
  return text([value, context, timers.map(({ id, delay }) => [id, delay]), children, status, history])
}

function labelOf({ type, ...data }: AnyEvent): string {
  return Object.keys(data).length === 0 ? type : `${type} ${text(data)}`
}

/** A value of any kind as a text: functions, actors, errors, maps, sets and circles. */
export function text(value: unknown): string {
  const seen = new Set<unknown>()
  return JSON.stringify(value, (_, child: unknown) => {
    if (typeof child === 'function') return `(function ${child.name})`
    if (typeof child === 'bigint') return `${child}n`
    if (typeof child !== 'object' || child === null) return child
    if (isActorRef(child)) return `(actor ${child.id})`
    if (seen.has(child)) return '(seen)'
    if (child instanceof Map) return ['(map)', ...child]
    if (child instanceof Set) return ['(set)', ...child]
    if (child instanceof Error) return `(error ${child.message})`
    return child
  })
}

function isActorRef(value: object): value is { readonly id: string } {
  return 'getSnapshot' in value && 'sessionId' in value
}
