/** When XState takes a step itself: quietly where a chart needs it, with a warning where XState is not as expected. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type AnyMachineSnapshot, type AnyStateMachine, createMachine } from 'xstate'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import { createServerMachine } from '../../machines/server/index.ts'
import { createStepper } from '../../machines/step.ts'

const toggle = () =>
  createMachine({ id: 'toggle', initial: 'a', states: { a: { on: { go: 'b' } }, b: { on: { go: 'a' } } } })

/** The state after one event; how often XState's own `transition` was asked, and what was printed. */
function stepped(machine: AnyStateMachine, take = createStepper) {
  const stepper = take(machine)
  const { snapshot } = stepper.start({})
  const asked = vi.spyOn(machine, 'transition')
  const { value } = stepper.step(snapshot, { type: 'go' }).snapshot as AnyMachineSnapshot
  const warnings = vi.mocked(console.warn).mock.calls.map(([text]) => String(text))
  return { value, byXState: asked.mock.calls.length, warnings }
}

beforeEach(() => {
  vi.resetModules()
  vi.spyOn(console, 'warn').mockReturnValue()
})
afterEach(() => vi.restoreAllMocks())

describe('a chart takes its steps by XState', () => {
  test('not if it has nothing but states, transitions and actions', () => {
    expect(stepped(toggle())).toEqual({ value: 'b', byXState: 0, warnings: [] })
  })

  test('not if it is a server', () => {
    const machine = createServerMachine(keyValueStore)
    const stepper = createStepper(machine)
    let { snapshot } = stepper.start({ id: 's1#1', viewService: 'v' })
    const asked = vi.spyOn(machine as AnyStateMachine, 'transition')
    const view = { number: 1, primary: 's1#1', backup: null }
    for (const event of [
      { type: 'viewReply', from: 'v', view },
      { type: 'request', from: 'c1#1', viewNumber: 1, session: null, seq: 0, commands: [], bytes: 0 },
      { type: 'xstate.after.pingInterval.server.heartbeat.pinging' },
      { type: 'nonsense' },
    ])
      snapshot = stepper.step(snapshot, event as never).snapshot
    expect([snapshot.matches({ role: { primary: 'serving' } }), asked.mock.calls.length]).toEqual([true, 0])
  })

  test.each([
    [
      'eventless transitions',
      {
        initial: 'a',
        states: { a: { on: { go: 'b' }, always: { guard: () => false, target: 'b' } }, b: {} },
      },
    ],
    ['a final state entered', { initial: 'a', states: { a: { on: { go: 'b' } }, b: { type: 'final' } } }],
    [
      'an actor invoked',
      { initial: 'a', states: { a: { on: { go: 'b' } }, b: { invoke: { src: 'none' } } } },
    ],
    [
      'history',
      {
        initial: 'a',
        states: { a: { on: { go: 'b.h' } }, b: { initial: 'c', states: { c: {}, h: { type: 'history' } } } },
      },
    ],
  ])('in a step with %s, without a warning of ours', (_, config) => {
    const { byXState, warnings } = stepped(createMachine(config as never))
    expect([byXState, warnings.filter((text) => text.startsWith('standby'))]).toEqual([1, []])
  })

  test('if it was made from another and has steps of its own', () => {
    const machine = toggle()
    const own = Object.assign(Object.create(machine), {
      transition: (_: AnyMachineSnapshot, event: never, scope: never) =>
        machine.transition(machine.resolveState({ value: 'b' }) as never, event, scope),
    }) as AnyStateMachine
    const stepper = createStepper(own)
    const { value } = stepper.step(stepper.start({}).snapshot, { type: 'go' }).snapshot as AnyMachineSnapshot
    expect([value, vi.mocked(console.warn).mock.calls]).toEqual(['a', []])
  })
})

describe('where XState is not as expected, it takes all steps itself, and one warning says what is missing', () => {
  test('a state node without what is known of it', () => {
    const machine = toggle()
    Object.assign(machine.root.states.b!, { tags: undefined })
    const first = stepped(machine)
    const other = toggle()
    Object.assign(other.root.states.b!, { tags: undefined })

    expect([first.value, first.byXState]).toEqual(['b', 1])
    expect(first.warnings).toEqual([
      expect.stringMatching(
        /^standby: expected an array 'tags' of the state toggle\.b in the machine toggle, found none; XState takes its steps itself/,
      ),
    ])
    expect(stepped(other)).toMatchObject({ value: 'b', byXState: 1, warnings: first.warnings })
  })

  test('an enqueueActions with a method that is not known', async () => {
    vi.doMock('xstate', async (original) => {
      const xstate = (await original()) as typeof import('xstate')
      const enqueueActions: typeof xstate.enqueueActions = (collect) => {
        const action = xstate.enqueueActions(collect) as unknown as {
          collect: (args: { enqueue: object }) => void
        }
        const inner = action.collect
        action.collect = (args) =>
          inner({ ...args, enqueue: Object.assign(args.enqueue, { later: () => {} }) })
        return action as never
      }
      return { ...xstate, enqueueActions }
    })
    const { createStepper: fresh } = await import('../../machines/step.ts')
    expect(stepped(toggle(), fresh)).toEqual({
      value: 'b',
      byXState: 1,
      warnings: [
        expect.stringMatching(/^standby: expected no method enqueue\.later in this version of XState/),
      ],
    })
    vi.doUnmock('xstate')
  })

  test('a microstep that reaches something else', async () => {
    vi.doMock('xstate/guards', async (original) => ({
      ...((await original()) as object),
      evaluateGuard: () => true,
    }))
    const { createStepper: fresh } = await import('../../machines/step.ts')
    expect(stepped(toggle(), fresh)).toEqual({
      value: 'b',
      byXState: 1,
      warnings: [expect.stringMatching(/^standby: expected the step .* in this version of XState/)],
    })
    vi.doUnmock('xstate/guards')
  })
})
