/** Compares compiled steps with XState's on a chart that uses what they rely on, once, before any machine is stepped. */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  assign,
  createMachine,
  enqueueActions,
  raise,
} from 'xstate'
import { compiledStep } from './compiled-step.ts'
import { enqueueMethods } from './enqueue.ts'
import { inertScope, type PureAction } from './inert-scope.ts'
import {
  chartOf,
  stepByXState,
  type TakeStep,
  transitionsByXState,
  warnOfFallback,
} from './xstate-internals.ts'

/** What the XState that is installed does where its versions differ. */
export interface Manner {
  /** Whether it tries a wildcard transition after those of the event itself have failed. */
  readonly fallsThrough: boolean
}

let checked: Manner | null | undefined

/** The manner of the installed XState; null, after a warning, if it steps otherwise than compiled charts do. */
export function mannerOfXState(): Manner | null {
  if (checked === undefined) checked = check()
  return checked
}

function check(): Manner | null {
  const machine = probe()
  const chart = chartOf(machine)
  if (chart === null) return null
  const fallsThrough = triesWildcards()
  const unknown = methodsOfEnqueue().find((name) => !enqueueMethods.includes(name))
  if (unknown !== undefined) return differs(`no method enqueue.${unknown}`)
  const expected = played(machine, stepByXState(machine))
  const got = played(machine, compiledStep(chart, fallsThrough))
  const first = expected.findIndex((text, index) => text !== got[index])
  if (first >= 0) return differs(`the step ${got[first]} instead of ${expected[first]}`)
  return { fallsThrough }
}

function differs(missing: string): null {
  warnOfFallback(missing, 'this version of XState')
  return null
}

function triesWildcards(): boolean {
  const machine = createMachine({ on: { a: { guard: () => false }, '*': { actions: 'any' } } } as never)
  const snapshot = machine.resolveState({ value: {}, context: {} } as never)
  return transitionsByXState(machine, snapshot, { type: 'a' }).length > 0
}

function methodsOfEnqueue(): readonly string[] {
  let names: readonly string[] = []
  const entry = enqueueActions(({ enqueue }) => {
    names = Object.keys(enqueue)
  })
  const machine = createMachine({ entry } as never)
  machine.getInitialSnapshot(inertScope(machine, () => {}) as never)
  return names
}

/** Each step as text: snapshot, actions, and transitions microstep by microstep. */
function played(machine: AnyStateMachine, takeStep: TakeStep): readonly string[] {
  let actions: PureAction[] = []
  let transitions: unknown[] = []
  const scope = inertScope(machine, (action) => actions.push(action), {
    inspect: (inspected) => {
      if (inspected.type !== '@xstate.microstep') return
      transitions.push(inspected._transitions.map(({ source, eventType }) => [source.id, eventType]))
    },
  })
  let snapshot = machine.getInitialSnapshot(scope as never) as AnyMachineSnapshot
  return probeEvents.map((type) => {
    actions = []
    transitions = []
    const before = snapshot
    snapshot = takeStep(before, { type }, scope)
    const { value, context, status, tags, _nodes } = snapshot
    const states = (_nodes as unknown as readonly { id: string }[]).map(({ id }) => id)
    const seen = { type, value, context, status, tags: [...tags], states, actions, transitions }
    return JSON.stringify({ ...seen, isSame: snapshot === before })
  })
}

const probeEvents = [
  'go',
  'mixed',
  'unknown',
  'inner',
  'both',
  'again',
  'again',
  'deep',
  'xstate.after.5.probe.right.on',
  'root',
  'mixed',
]

function probe(): AnyStateMachine {
  const note = (text: string) => ({ type: 'note', params: { text } })
  const count = assign(({ context }) => ({ count: context.count + 1 }))
  const config = {
    id: 'probe',
    type: 'parallel',
    context: { count: 0 },
    entry: note('root'),
    on: { root: { target: '.left', reenter: true }, '*': { actions: note('other') } },
    states: {
      left: {
        initial: 'off',
        exit: ['count', note('not left')],
        states: {
          off: { tags: 'off', on: { go: { target: 'on', guard: 'isSmall', actions: 'count' }, both: 'on' } },
          on: {
            tags: ['on', 'lit'],
            initial: 'one',
            entry: raise({ type: 'inner' }),
            on: { again: { target: 'on', reenter: true }, both: { target: ['#probe.right.off'] } },
            states: { one: { on: { inner: 'two' } }, two: { entry: 'mixed', exit: note('not two') } },
          },
        },
      },
      right: {
        initial: 'on',
        states: {
          on: { after: { 5: 'off' }, on: { both: 'off', mixed: { actions: ['mixed', 'effect'] } } },
          off: {
            on: { deep: 'on', again: { actions: { type: 'note', params: () => ({ text: 'again' }) } } },
          },
        },
      },
    },
  }
  const actions = {
    count,
    mixed: enqueueActions(({ enqueue, check }) => {
      enqueue.assign({ count: ({ context }: { context: { count: number } }) => context.count * 2 })
      if (check('isSmall')) enqueue.raise({ type: 'inner' })
      enqueue({ type: 'note', params: { text: 'mixed' } })
    }),
  }
  const guards = { isSmall: ({ context }: { context: { count: number } }) => context.count < 3 }
  return createMachine(config as never, { actions, guards } as never) as AnyStateMachine
}
