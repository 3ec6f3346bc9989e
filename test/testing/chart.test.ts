/** `chart(machine)`: steps, timers, children, effects and refusals of any machine, as data. */

import { describe, expect, test } from 'vitest'
import {
  and,
  assign,
  cancel,
  createMachine,
  emit,
  fromPromise,
  not,
  raise,
  sendParent,
  sendTo,
  setup,
  stateIn,
} from 'xstate'
import { chart } from '../../proof/testing/chart.ts'

const door = setup({
  types: {
    context: {} as { code: number; opened: number },
    events: {} as { type: 'OPEN'; code: number } | { type: 'CLOSE' } | { type: 'KNOCK' },
  },
  guards: { rightCode: ({ context, event }) => event.type === 'OPEN' && event.code === context.code },
  actions: { count: assign({ opened: ({ context }) => context.opened + 1 }) },
  delays: { autoClose: 5_000 },
}).createMachine({
  id: 'door',
  context: { code: 7, opened: 0 },
  initial: 'closed',
  states: {
    closed: { on: { OPEN: { guard: 'rightCode', target: 'open', actions: 'count' } } },
    open: {
      after: { autoClose: 'closed' },
      on: { CLOSE: 'closed', KNOCK: undefined },
      entry: emit({ type: 'opened' }),
    },
  },
})

describe('a step', () => {
  test('has value, context, states and the transition taken', () => {
    const opened = chart(door).start().step({ type: 'OPEN', code: 7 })

    expect(opened.value).toBe('open')
    expect(opened.context.opened).toBe(1)
    expect(opened.states).toEqual(['door', 'door.open'])
    expect(opened.taken.map(({ id }) => id)).toEqual(['door.closed: OPEN [rightCode] -> door.open'])
    expect(opened.emitted).toEqual([{ type: 'opened' }])
    expect(opened.refused).toBeNull()
  })

  test('leaves the moment before as it was, so that one is the start of many', () => {
    const closed = chart(door).start()

    closed.step({ type: 'OPEN', code: 7 })

    expect(closed.value).toBe('closed')
    expect(closed.step({ type: 'OPEN', code: 7 }).context.opened).toBe(1)
  })

  test('takes several events, and is of the last', () => {
    const closed = chart(door).start().run({ type: 'OPEN', code: 7 }, 'CLOSE')

    expect(closed.value).toBe('closed')
    expect(closed.emitted).toEqual([])
  })
})

describe('a refusal', () => {
  test('is a guard that said no, with its name', () => {
    const { refused, changed } = chart(door).start().step({ type: 'OPEN', code: 1 })

    expect(refused).toEqual({
      event: { type: 'OPEN', code: 1 },
      reason: 'guard',
      guards: [{ state: 'door.closed', guard: 'rightCode', result: false }],
    })
    expect(changed).toBe(false)
  })

  test('is no transition at all', () => {
    expect(chart(door).start().step('CLOSE').refused?.reason).toBe('no transition')
  })

  test('is a forbidden event', () => {
    const machine = createMachine({
      on: { STOP: '.stopped' },
      initial: 'busy',
      states: { busy: { on: { STOP: {} } }, stopped: {} },
    })
    const { refused, taken, value } = chart(machine).start().step('STOP')

    expect(value).toBe('busy')
    // XState takes a transition without a target and actions: nothing is refused, and nothing happens.
    expect(taken.length === 1 || refused?.reason === 'forbidden').toBe(true)
  })

  test('is of a chart that is done', () => {
    const machine = createMachine({ initial: 'a', states: { a: { on: { E: 'b' } }, b: { type: 'final' } } })
    const done = chart(machine).start().step('E')

    expect(done.status).toBe('done')
    expect(done.step('E').refused?.reason).toBe('not active')
  })

  test('tells the answers of composed guards', () => {
    const machine = setup({ guards: { yes: () => true } }).createMachine({
      id: 'm',
      type: 'parallel',
      states: {
        a: {
          initial: 'one',
          states: { one: { on: { E: { guard: and(['yes', not('yes')]), target: 'two' } } }, two: {} },
        },
        b: {
          initial: 'x',
          states: { x: { on: { F: { guard: stateIn({ a: 'two' }), target: 'y' } } }, y: {} },
        },
      },
    })
    expect(chart(machine).start().step('E').refused?.reason).toBe('guard')
    expect(chart(machine).start().step('F').refused?.guards[0]?.result).toBe(false)
  })
})

describe('time', () => {
  const opened = chart(door).start().step({ type: 'OPEN', code: 7 })

  test('has running timers, with their delays', () => {
    expect(opened.timers).toMatchObject([
      { id: 'xstate.after.autoClose.door.open', delay: 5_000, remaining: 5_000 },
    ])
  })

  test.each(['autoClose', 5_000, 'xstate.after.autoClose.door.open', 'door.open'])(
    'fires a timer named %s',
    (name) => {
      expect(opened.fire(name).value).toBe('closed')
    },
  )

  test('a transition out of the state ends its timer', () => {
    expect(opened.step('CLOSE').timers).toEqual([])
  })

  test('passes, and fires what comes due in order', () => {
    const machine = createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: { after: { 10: 'b' } },
        b: { after: { 10: 'c', 5: { actions: emit({ type: 'half' }) } } },
        c: {},
      },
    })
    const start = chart(machine).start()

    expect(start.wait(9).value).toBe('a')
    expect(start.wait(9).timers[0]?.remaining).toBe(1)
    expect(start.wait(20).value).toBe('c')
    expect(start.wait(20).emitted).toEqual([{ type: 'half' }])
  })

  test('a name that no timer has says which run', () => {
    expect(() => opened.fire('slam')).toThrow('running: xstate.after.autoClose.door.open')
  })

  test('delayed raises and cancel', () => {
    const machine = createMachine({
      initial: 'a',
      entry: raise({ type: 'LATE' }, { delay: 100, id: 'late' }),
      states: { a: { on: { LATE: 'b', STOP: { actions: cancel('late') } } }, b: {} },
    })

    expect(chart(machine).start().fire('late').value).toBe('b')
    expect(chart(machine).start().step('STOP').timers).toEqual([])
  })
})

describe('children', () => {
  const payment = setup({ actors: { charge: fromPromise(async () => 'never run') } }).createMachine({
    id: 'payment',
    initial: 'charging',
    context: {} as { receipt?: unknown; error?: unknown },
    states: {
      charging: {
        invoke: {
          id: 'charge',
          src: 'charge',
          input: { cents: 5 },
          onDone: { target: 'paid', actions: assign({ receipt: ({ event }) => event.output }) },
          onError: { target: 'failed', actions: assign({ error: ({ event }) => event.error }) },
        },
      },
      paid: {},
      failed: {},
    },
  })

  test('are invoked as data, and never started', () => {
    const start = chart(payment).start()

    expect(start.spawned).toEqual([{ id: 'charge', src: 'charge', input: { cents: 5 } }])
    expect(start.children).toEqual(['charge'])
  })

  test('are done or fail when the test says so', () => {
    const start = chart(payment).start()

    expect(start.done('charge', 'r-1').value).toBe('paid')
    expect(start.done('charge', 'r-1').context).toEqual({ receipt: 'r-1' })
    expect(start.done('charge', 'r-1').children).toEqual([])
    expect(start.fail('charge', 'no money').context).toEqual({ error: 'no money' })
  })

  test('that do not run are refused by name', () => {
    expect(() => chart(payment).start().done('refund')).toThrow('running: charge')
  })

  test('are sent events, and send to their parent', () => {
    const child = createMachine({ on: { PING: { actions: sendParent({ type: 'PONG' }) } } })
    const parent = createMachine({
      invoke: { id: 'kid', src: child },
      on: { GO: { actions: sendTo('kid', { type: 'PING' }) } },
    })

    expect(chart(parent).start().step('GO').sent).toEqual([{ to: 'kid', event: { type: 'PING' } }])
    expect(chart(child).start().step('PING').sent).toEqual([{ to: '#_parent', event: { type: 'PONG' } }])
  })
})

test('what is no machine is refused', () => {
  expect(() => chart({} as never)).toThrow('expected a machine made by createMachine or setup')
})
