/** A statechart under test: started, stepped, its timers fired, its children ended, with no actor started. */
import type {
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  EventFromLogic,
  InputFrom,
  InspectionEvent,
  SnapshotFrom,
} from 'xstate'
import { createStepper, type PureAction, type Stepper } from '../../machines/step.ts'
import { currentRecorder, inChart } from './coverage/hook.ts'
import { effectsOf } from './effects.ts'
import type { AnyEvent, Microstep, Moment, Timer } from './moment.ts'
import { refusalOf } from './refusal.ts'
import { timerNamed, timersAfter, timersLater } from './timers.ts'
import { takenBy } from './transitions.ts'

/** A machine under test. */
export interface Chart<Machine extends AnyStateMachine> {
  readonly machine: Machine
  /** The first moment. The input may be left out if the machine needs none. */
  start(
    ...input: undefined extends InputFrom<Machine>
      ? [input?: InputFrom<Machine>]
      : [input: InputFrom<Machine>]
  ): Moment<Machine>
  /** A moment from a persisted snapshot (`actor.getPersistedSnapshot()`). Its timers do not run, as in XState. */
  restore(persisted: unknown): Moment<Machine>
  /** A moment in these states with this context, reachable or not. */
  at(value: SnapshotFrom<Machine>['value'], context: SnapshotFrom<Machine>['context']): Moment<Machine>
}

/** What is known when a step is over. */
interface Now {
  readonly snapshot: AnyMachineSnapshot
  readonly timers: readonly Timer[]
  readonly event: AnyEvent | null
  readonly actions: readonly PureAction[]
  readonly microsteps: readonly Microstep[]
  readonly before: AnyMachineSnapshot | null
}

/**
 * A machine under test. Works for every XState 5 machine, invoked and spawned actors included: their outcomes are events
 * that the test gives (`done`, `fail`, `update`), and time passes when the test says so (`fire`, `wait`).
 * @throws TypeError if it is given no machine
 * @example
 * const opened = chart(doorMachine).start().step('OPEN')
 * opened.value // 'open'
 * opened.timers // [{ id: 'xstate.after.5000.door.open', delay: 5000, ... }]
 * opened.fire(5000).value // 'closed'
 */
export function chart<Machine extends AnyStateMachine>(machine: Machine): Chart<Machine> {
  if (typeof machine?.resolveState !== 'function')
    throw new TypeError(
      `chart: expected a machine made by createMachine or setup, got ${machine === null ? 'null' : typeof machine}; pass the machine, not an actor of it`,
    )
  let microsteps: Microstep[] = []
  let latest: AnyMachineSnapshot | null = null
  const onInspection = (inspected: InspectionEvent) => {
    if (inspected.type !== '@xstate.microstep') return
    const after = inspected.snapshot as AnyMachineSnapshot
    const { event, _transitions: transitions } = inspected
    microsteps.push({ event: event as AnyEvent, transitions, after })
    currentRecorder()?.count(latest, event, transitions, after)
    latest = after
  }
  const stepper = createStepper(machine as AnyStateMachine, {
    inspect: onInspection,
    isChild: true,
  }) as unknown as Stepper<AnyStateMachine>

  const taking = (run: () => { snapshot: unknown; actions: readonly PureAction[] }) => {
    microsteps = []
    const { snapshot, actions } = inChart(run)
    return { snapshot: snapshot as AnyMachineSnapshot, actions, microsteps }
  }
  const next = (now: Now, event: AnyEvent, timers = now.timers): Now => {
    latest = now.snapshot
    const step = taking(() => stepper.step(now.snapshot as never, event as never))
    return { ...step, event, timers: timersAfter(timers, step.actions), before: now.snapshot }
  }
  const momentOf = (now: Now): Moment<Machine> => createMoment(now, next, momentOf)

  return {
    machine,
    start(...[input]) {
      latest = null
      const step = taking(() => stepper.start(input as never))
      return momentOf({ ...step, event: null, timers: timersAfter([], step.actions), before: null })
    },
    restore(persisted) {
      const snapshot = stepper.restore(persisted) as AnyMachineSnapshot
      return momentOf({ snapshot, event: null, timers: [], actions: [], microsteps: [], before: null })
    },
    at(value, context) {
      const snapshot = machine.resolveState({ value, context } as never) as AnyMachineSnapshot
      return momentOf({ snapshot, event: null, timers: [], actions: [], microsteps: [], before: null })
    },
  }
}

function createMoment<Machine extends AnyStateMachine>(
  now: Now,
  next: (now: Now, event: AnyEvent, timers?: readonly Timer[]) => Now,
  momentOf: (now: Now) => Moment<Machine>,
): Moment<Machine> {
  const { snapshot, timers, event, actions, microsteps, before } = now
  const taken = microsteps.flatMap(({ transitions }) => transitions.map(takenBy))
  const eventOf = (given: EventFromLogic<Machine> | string) =>
    (typeof given === 'string' ? { type: given } : given) as AnyEvent
  const fired = (from: Now, timer: Timer): Now => {
    const left = from.timers.filter(({ id }) => id !== timer.id)
    if (timer.to === null) return next(from, timer.event, left)
    const sent = { type: 'xstate.sendTo', params: { to: timer.to, targetId: timer.to, event: timer.event } }
    return {
      ...from,
      timers: left,
      event: timer.event,
      actions: [sent],
      microsteps: [],
      before: from.snapshot,
    }
  }
  const childEvent = (kind: string, child: string, data: object) => {
    if (!(child in snapshot.children)) throw noSuchChild(child, Object.keys(snapshot.children))
    return momentOf(next(now, { type: `xstate.${kind}.${child}`, ...data, actorId: child }))
  }
  return {
    ...effectsOf(actions),
    snapshot: snapshot as SnapshotFrom<Machine>,
    value: snapshot.value,
    context: snapshot.context,
    status: snapshot.status,
    output: snapshot.output,
    error: snapshot.error,
    states: [...(snapshot._nodes as readonly AnyStateNode[])]
      .sort((left, right) => left.order - right.order)
      .map(({ id }) => id),
    tags: [...snapshot.tags],
    event,
    changed: snapshot !== before,
    microsteps,
    taken,
    get refused() {
      const isTaken = event === null || before === null || taken.length > 0 || isSending(now)
      return isTaken ? null : refusalOf(before, event)
    },
    timers,
    children: Object.keys(snapshot.children),
    step: (given) => momentOf(next(now, eventOf(given as never))),
    run: (...given) => momentOf(given.reduce<Now>((from, one) => next(from, eventOf(one as never)), now)),
    fire: (name) => momentOf(fired(now, timerNamed(timers, name))),
    wait: (ms) => momentOf(waited(now, ms, fired)),
    done: (child, output) => childEvent('done.actor', child, { output }),
    fail: (child, error) => childEvent('error.actor', child, { error }),
    update: (child, of) => childEvent('snapshot', child, { snapshot: of }),
    can: (given) =>
      next(now, eventOf(given as never)).microsteps.some(({ transitions }) => transitions.length > 0),
    isIn: (state) => isIn(snapshot, state),
  } as Moment<Machine>
}

/** Whether the moment is that of a delayed event to another actor. */
function isSending({ actions, event }: Now): boolean {
  const [first] = actions
  return (
    actions.length === 1 &&
    first?.type === 'xstate.sendTo' &&
    (first.params as { event: unknown }).event === event
  )
}

function waited(from: Now, ms: number, fired: (now: Now, timer: Timer) => Now): Now {
  if (!(ms >= 0)) throw new TypeError(`wait: expected milliseconds of at least 0, got ${ms}`)
  let now: Now = { ...from, actions: [], microsteps: [], event: null, before: from.snapshot }
  let left = ms
  for (let count = 0; ; count++) {
    const [timer] = now.timers
    if (timer === undefined || timer.remaining > left) break
    if (count === 10_000)
      throw new TypeError(
        `wait: expected fewer than 10,000 timers within ${ms} ms; the last was ${timer.id}; wait for less`,
      )
    left -= timer.remaining
    const later = { ...now, timers: timersLater(now.timers, timer.remaining) }
    const after = fired(later, timer)
    now = {
      ...after,
      actions: [...now.actions, ...after.actions],
      microsteps: [...now.microsteps, ...after.microsteps],
      before: from.snapshot,
    }
  }
  return { ...now, timers: timersLater(now.timers, left) }
}

function isIn(snapshot: AnyMachineSnapshot, state: string | object): boolean {
  if (typeof state !== 'string') return snapshot.matches(state as never)
  const root = `${snapshot.machine.id}.`
  const paths = (snapshot._nodes as readonly AnyStateNode[]).map(({ path }) => path.join('.'))
  const ids = (snapshot._nodes as readonly AnyStateNode[]).map(({ id }) => id)
  const plain = state.replace(/^#/, '')
  return (
    ids.includes(plain) ||
    paths.includes(plain) ||
    (plain.startsWith(root) && paths.includes(plain.slice(root.length)))
  )
}

function noSuchChild(child: string, running: readonly string[]): TypeError {
  const which = running.length === 0 ? 'none runs' : `running: ${running.join(', ')}`
  return new TypeError(`child: expected the id of a running child, got ${JSON.stringify(child)}; ${which}`)
}
