/** A quick step is XState's step: the same states, context, tags, actions and inspected microsteps, on charts that try what may differ. */
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import {
  type AnyActorLogic,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  assign,
  createActor,
  createMachine,
  type EventObject,
  enqueueActions,
  type InspectionEvent,
  raise,
  stateIn,
} from 'xstate'
import { quickStep } from '../../actors/quick-step.ts'

const note = (text: string) => ({ type: 'note', params: { text } }) as const

type Context = { readonly log: readonly string[]; readonly count: number }
type Given = { readonly context: Context }

const implementations = {
  actions: {
    note: assign(({ context }: Given, { text }: { text: string }) => ({
      log: [...context.log, text].slice(-8),
    })),
    count: assign(({ context }: Given) => ({ count: (context.count + 1) % 5 })),
    tell: () => {},
    mixed: enqueueActions(({ context, enqueue, check }) => {
      enqueue.assign({ count: ({ context: { count } }: Given) => count + 1 })
      enqueue({ type: 'note', params: { text: `mixed ${context.count}` } })
      if (check(stateIn({ main: { on: { left: 'one' } } }) as never)) enqueue('tell')
      if (check('isOdd' as never)) enqueue.raise({ type: 'toggle' })
      enqueue.cancel('xstate.after.50.nested.main.off')
    }),
  },
  guards: { isOdd: ({ context }: Given) => context.count % 2 === 1 },
  delays: { while: ({ context }: Given) => 10 + context.count },
}

/** Regions within regions, transitions to, from and within each of them, and every way in which actions come about. */
const nested: AnyStateMachine = createMachine(
  {
    id: 'nested',
    type: 'parallel',
    context: { log: [], count: 0 },
    on: {
      inner: { actions: 'count' },
      main: { target: '.main', guard: 'isOdd' },
      both: { target: ['.main.off', '.side.b'] },
      '*': {
        actions: { type: 'note', params: ({ event }: { event: EventObject }) => ({ text: event.type }) },
      },
    },
    states: {
      main: {
        initial: 'off',
        entry: note('main'),
        exit: note('not main'),
        on: {
          stay: '.off',
          same: 'main',
          anew: { target: '.off', reenter: true },
          self: { target: 'main', reenter: true },
        },
        states: {
          off: { tags: 'off', after: { 50: 'on' }, on: { toggle: 'on', deep: 'on.right.two' } },
          on: {
            type: 'parallel',
            tags: ['on', 'lit'],
            entry: 'mixed',
            exit: note('not on'),
            after: { while: { target: 'off', actions: 'count' } },
            on: { toggle: { target: 'off', actions: ['mixed', () => {}] } },
            states: {
              left: {
                entry: note('left'),
                exit: note('not left'),
                initial: 'one',
                states: {
                  one: { exit: 'count', on: { next: 'two' } },
                  two: { entry: raise({ type: 'inner' }), on: { next: 'one', both: 'one' } },
                },
              },
              right: {
                initial: 'one',
                states: {
                  one: { exit: note('not one'), on: { next: 'two' } },
                  two: { entry: note('two'), tags: 'far', on: { back: 'one' } },
                },
              },
            },
          },
        },
      },
      side: {
        initial: 'a',
        states: { a: { on: { swap: 'b', toggle: 'b' } }, b: { on: { swap: 'a' } } },
      },
    },
  } as never,
  implementations as never,
)

const events = [
  'toggle',
  'inner',
  'main',
  'both',
  'stay',
  'anew',
  'self',
  'deep',
  'next',
  'back',
  'swap',
  'same',
]
const others = ['unknown', 'xstate.after.50.nested.main.off', 'xstate.after.while.nested.main.on']

/** Everything that steps of `take` show from outside. */
function seen(machine: AnyStateMachine, take: AnyActorLogic['transition'], types: readonly string[]) {
  const told: unknown[] = []
  const logic = {
    ...(machine as unknown as AnyActorLogic),
    getInitialSnapshot: (scope: never, input: never) => machine.getInitialSnapshot(scope, input),
    transition(snapshot: never, event: never, scope: { actionExecutor: (action: never) => void }) {
      const actionExecutor = (action: { readonly type: string; readonly params: unknown }) => {
        told.push([action.type, action.params])
        scope.actionExecutor(action as never)
      }
      return take(snapshot, event, { ...scope, actionExecutor } as never)
    },
  }
  const inspect = (inspected: InspectionEvent) => {
    if (inspected.type !== '@xstate.microstep') return
    const { value, context } = inspected.snapshot as AnyMachineSnapshot
    const transitions = inspected._transitions.map(({ source, target }) => [
      source.id,
      target?.map(({ id }) => id),
    ])
    told.push([inspected.event.type, value, context, transitions])
  }
  vi.useFakeTimers()
  try {
    const actor = createActor(logic as unknown as AnyStateMachine, { inspect })
    actor.start()
    for (const type of types) {
      const before = actor.getSnapshot()
      actor.send({ type } as never)
      const after = actor.getSnapshot() as AnyMachineSnapshot
      told.push([after.value, after.context, [...after.tags].sort(), after.status, after === before])
      vi.advanceTimersByTime(7)
    }
    actor.stop()
    return told
  } finally {
    vi.useRealTimers()
  }
}

const byXState = (machine: AnyStateMachine): AnyActorLogic['transition'] => {
  return (snapshot, event, scope) => machine.transition(snapshot as never, event as never, scope as never)
}

describe('a quick step', () => {
  test('is that of XState, on every sequence of events', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events, ...others), { maxLength: 60 }), (types) => {
        expect(seen(nested, quickStep(nested) as never, types)).toEqual(seen(nested, byXState(nested), types))
      }),
      { numRuns: 150 },
    )
  })

  test('is left to XState where a chart has more than is known here', () => {
    const idle = { states: { a: { on: { go: 'b' } }, b: {} }, initial: 'a' }
    const charts = {
      always: { ...idle, states: { a: { always: 'b' }, b: {} } },
      final: { ...idle, states: { a: { on: { go: 'b' } }, b: { type: 'final' } } },
      history: { ...idle, states: { a: {}, h: { type: 'history' } } },
      invoke: { ...idle, invoke: { src: 'child' } },
    }
    for (const [name, config] of Object.entries(charts)) {
      const machine = createMachine(config as never) as AnyStateMachine
      const taken = vi.spyOn(machine, 'transition').mockReturnValue('by XState' as never)
      expect(quickStep(machine)({ status: 'active' } as never, { type: 'go' }, {} as never), name).toBe(
        'by XState',
      )
      expect(taken).toHaveBeenCalledOnce()
    }
  })

  test('is not left to XState where a chart has no more than that', () => {
    const taken = vi.spyOn(nested, 'transition')
    seen(nested, quickStep(nested) as never, ['deep', 'back', 'inner', 'swap', 'stay', 'same', 'unknown'])
    expect(taken.mock.calls.filter(([, { type }]) => type !== 'xstate.stop')).toEqual([])
    taken.mockRestore()
  })

  test('is worked out once for all actors of a chart', () => {
    expect(quickStep(nested)).toBe(quickStep(nested))
  })
})
