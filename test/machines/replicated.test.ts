/** XState machines as replicated applications: what an event reaches, what is refused, and that replicas agree. */
import fc from 'fast-check'
import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import {
  type AnyEventObject,
  type AnyStateMachine,
  assign,
  cancel,
  createActor,
  createMachine,
  emit,
  enqueueActions,
  fromCallback,
  log,
  raise,
  sendTo,
  setup,
  spawnChild,
} from 'xstate'
import type { Application, Json } from '../../machines/application/application.ts'
import { digest } from '../../machines/application/digest.ts'
import { type ReplicatedResult, replicated } from '../../machines/application/replicated/index.ts'

const account = setup({
  types: {
    context: {} as { balance: number; owner: string },
    events: {} as
      | { type: 'deposit'; amount: number }
      | { type: 'withdraw'; amount: number }
      | { type: 'close' },
    input: {} as { owner: string },
    emitted: {} as { type: 'moved'; amount: number } | { type: 'closed' },
    output: {} as { paidOut: number },
  },
  guards: {
    isCovered: ({ context, event }) => event.type === 'withdraw' && event.amount <= context.balance,
    isPositive: ({ event }) => {
      if (event.type === 'deposit' && event.amount <= 0) throw new Error('only amounts above 0')
      return true
    },
  },
  actions: { tell: () => console.log('an action was executed') },
}).createMachine({
  id: 'account',
  context: ({ input }) => ({ balance: 0, owner: input.owner }),
  initial: 'open',
  output: ({ context }) => ({ paidOut: context.balance }),
  on: { close: '.closed' },
  entry: 'tell',
  states: {
    open: {
      exit: 'tell',
      on: {
        deposit: {
          guard: 'isPositive',
          actions: [
            'tell',
            assign({ balance: ({ context, event }) => context.balance + event.amount }),
            emit(({ event }) => ({ type: 'moved' as const, amount: event.amount })),
          ],
        },
        withdraw: {
          guard: 'isCovered',
          actions: [
            assign({ balance: ({ context, event }) => context.balance - event.amount }),
            emit(({ event }) => ({ type: 'moved' as const, amount: -event.amount })),
          ],
        },
      },
    },
    closed: { type: 'final', entry: emit({ type: 'closed' }) },
  },
})

const bank = replicated(account, { input: { owner: 'Ada' } })

// biome-ignore lint/suspicious/noExplicitAny: applications of all kinds of machines
type Any = Application<any, any, any>

/** Executes events one after another: what the last one resulted in. */
function run<State, Command, Result>(
  application: Application<State, Command, Result>,
  ...events: Command[]
): { state: State; result: Result } {
  let state = application.initialState
  let result: Result | undefined
  for (const event of events) [state, result] = application.execute(state, event)
  return { state, result: result! }
}

/** A state as a backup gets it: in pieces, as text. */
function transferred<State>(
  application: Application<State, never, unknown>,
  state: State,
  bytesMax = 50,
): State {
  let partial: unknown = null
  let cursor: Json = null
  do {
    const { data, next } = application.snapshot(state, cursor, bytesMax)
    partial = application.restore(partial, JSON.parse(JSON.stringify(data)), next === null)
    cursor = next
  } while (cursor !== null)
  return partial as State
}

const textOf = (application: Any, state: unknown) => application.snapshot(state, null, 1e9).data as string

afterEach(() => {
  vi.restoreAllMocks()
})

describe('what an event reaches', () => {
  it('is the state value after it', () => {
    expect(run(bank, { type: 'deposit', amount: 5 }).result.value).toBe('open')
  })

  it('is what the machine emitted, in order', () => {
    const twice = createMachine({
      on: {
        go: { actions: [emit({ type: 'one' }), raise({ type: 'more' }), emit({ type: 'two' })] },
        more: { actions: emit({ type: 'three' }) },
      },
    })

    const { result } = run(replicated(twice), { type: 'go' })

    expect(result.emitted).toEqual([{ type: 'one' }, { type: 'two' }, { type: 'three' }])
  })

  it('is nothing emitted where the machine emits nothing, no matter what it emitted before', () => {
    const { result } = run(bank, { type: 'deposit', amount: 5 }, { type: 'withdraw', amount: 6 })

    expect(result.emitted).toEqual([])
  })

  it('is nothing for an event that the machine does not handle', () => {
    const { result } = run(bank, { type: 'dance' } as never)

    expect(result).toEqual({ value: 'open', status: 'active', output: null, emitted: [], selected: null })
  })

  it('is the very same state for an event that the machine does not handle', () => {
    const { state } = run(bank, { type: 'deposit', amount: 5 })

    expect(bank.execute(state, { type: 'withdraw', amount: 6 })[0]).toBe(state)
  })

  it('is done with an output, once the final state is reached', () => {
    const { result } = run(bank, { type: 'deposit', amount: 5 }, { type: 'close' })

    expect(result).toEqual({
      value: 'closed',
      status: 'done',
      output: { paidOut: 5 },
      emitted: [{ type: 'closed' }],
      selected: null,
    })
  })

  it('is nothing once the machine is done, as with an actor that has stopped', () => {
    const { state } = run(bank, { type: 'close' })

    const [next, result] = bank.execute(state, { type: 'close' })

    expect([next === state, result.status, result.emitted]).toEqual([true, 'done', []])
  })

  it('is what `select` picks from the snapshot after it', () => {
    const application = replicated(account, {
      input: { owner: 'Ada' },
      select: ({ context }) => ({ balance: context.balance }),
    })

    expect(run(application, { type: 'deposit', amount: 5 }).result.selected).toEqual({ balance: 5 })
  })

  it('is an error if a guard throws, and the state stays as it was', () => {
    const { state } = run(bank, { type: 'deposit', amount: 5 })
    const before = textOf(bank, state)

    expect(() => bank.execute(state, { type: 'deposit', amount: -1 })).toThrow('only amounts above 0')
    expect(textOf(bank, state)).toBe(before)
  })

  it('is frozen, so that no one changes what the session table holds', () => {
    const { result } = run(bank, { type: 'deposit', amount: 5 })

    expect([result, result.emitted, result.emitted[0]].every((part) => Object.isFrozen(part))).toBe(true)
  })
})

describe('actions', () => {
  it('are not executed, neither at the start nor at an event nor for a backup', () => {
    const spy = vi.spyOn(console, 'log').mockImplementation(() => {})
    const application = replicated(account, { input: { owner: 'Ada' } })

    const { state } = run(application, { type: 'deposit', amount: 5 })
    application.execute(transferred(application, state), { type: 'close' })

    expect(spy).not.toHaveBeenCalled()
  })

  it('of XState that only log, cancel or raise at once are no reason to refuse a machine', () => {
    const machine = createMachine({
      initial: 'a',
      states: {
        a: {
          entry: [log('hello'), cancel('nothing')],
          on: { go: { actions: raise({ type: 'on' }) }, on: 'b' },
        },
        b: {},
      },
    })
    const spy = vi.spyOn(console, 'log').mockImplementation(() => {})

    const { result } = run(replicated(machine), { type: 'go' })

    expect([result.value, spy.mock.calls]).toEqual(['b', []])
  })
})

describe('the start', () => {
  it('is with the input', () => {
    expect(bank.initialState.context.owner).toBe('Ada')
  })

  it('has the name of the machine', () => {
    expect(bank.name).toBe('account')
  })

  it('fails at once for a machine that cannot do without the input that it did not get', () => {
    expect(() => replicated(account as AnyStateMachine)).toThrow(
      /^replicated: expected account to start, got an error: .*owner.*; does it need an input\?$/,
    )
  })

  it('may be the end: a machine that is done at once takes no event', () => {
    const { result } = run(replicated(createMachine({ type: 'final' } as never)), { type: 'go' })

    expect(result.status).toBe('done')
  })
})

describe('types', () => {
  it('commands are the events of the machine', () => {
    type Command = typeof bank extends Application<infer _S, infer C, infer _R> ? C : never

    expectTypeOf<Command>().toEqualTypeOf<
      { type: 'deposit'; amount: number } | { type: 'withdraw'; amount: number } | { type: 'close' }
    >()
  })

  it('results are typed by the machine: state values, output, emitted events and what is selected', () => {
    const application = replicated(account, {
      input: { owner: 'Ada' },
      select: ({ context }) => context.balance,
    })
    type Result = typeof application extends Application<infer _S, infer _C, infer R> ? R : never

    expectTypeOf<Result['value']>().toEqualTypeOf<'open' | 'closed'>()
    expectTypeOf<Result['status']>().toEqualTypeOf<'active' | 'done'>()
    expectTypeOf<Result['output']>().toEqualTypeOf<{ paidOut: number } | null>()
    expectTypeOf<Result['emitted'][number]>().toEqualTypeOf<
      { type: 'moved'; amount: number } | { type: 'closed' }
    >()
    expectTypeOf<Result['selected']>().toEqualTypeOf<number>()
  })

  it('without select nothing is selected', () => {
    type Result = typeof bank extends Application<infer _S, infer _C, infer R> ? R : never

    expectTypeOf<Result>().toEqualTypeOf<ReplicatedResult<typeof account>>()
    expectTypeOf<Result['selected']>().toEqualTypeOf<null>()
  })

  it('a machine with an input cannot do without it', () => {
    // @ts-expect-error the input is missing
    expect(() => replicated(account)).toThrow('does it need an input?')
    // @ts-expect-error the input has no owner
    expect(() => replicated(account, { input: {} })).not.toThrow()
  })

  it('a machine without an input needs no options', () => {
    expectTypeOf(replicated(createMachine({})).initialState.value).not.toBeNever()
  })
})

describe('an event that makes no sense', () => {
  it.each([
    [undefined, 'expected an event object with a type, got undefined'],
    [null, 'expected an event object with a type, got null'],
    ['close', 'expected an event object with a type, got string'],
    [{}, 'expected an event object with a type, got an object without one'],
    [{ type: 1n }, 'expected an event object with a type, got an object without one'],
    [{ type: '*' }, 'expected an event of your own, got *; it stands for all events'],
    [
      { type: 'xstate.stop' },
      "expected an event of your own, got xstate.stop; names that start with xstate. are XState's",
    ],
  ])('%o is reported before it is sent: %s', (event, message) => {
    expect(bank.validate!(event)).toBe(message)
  })

  it('fails when it is executed all the same, and does not stop the machine', () => {
    expect(() => run(bank, { type: 'xstate.stop' } as never)).toThrow('expected an event of your own')
  })

  it('is not one that the machine does not handle', () => {
    expect(bank.validate!({ type: 'dance' })).toBe(null)
  })
})

describe('what is refused', () => {
  const child = fromCallback(() => {})
  const order = (state: object, actors: object = {}) =>
    setup({ actors } as never).createMachine({
      id: 'order',
      initial: 'open',
      states: { open: {}, paying: { id: 'paying', ...state } },
    } as never) as unknown as AnyStateMachine
  const without = (what: string) =>
    `replicated: expected a machine without effects, got ${what} in paying; leave it out, or let the primary carry it out with effects: 'run'`

  it.each([
    ['an invoked effect', order({ invoke: { src: child } }), 'an actor with effects (inline)'],
    [
      'a named one',
      order({ invoke: { src: 'charge' } }, { charge: child }),
      'an actor with effects (charge)',
    ],
    ['a spawned one', order({ entry: spawnChild(child) }), 'an actor with effects (inline)'],
    ['a plain action', order({ exit: () => {} }), 'a plain action (inline)'],
    [
      'a named action',
      order({ entry: 'beep' }).provide({ actions: { beep: () => {} } }),
      'a plain action (beep)',
    ],
  ])("M4 %s is refused under effects: 'refuse', naming the state", (_, machine, what) => {
    expect(() => replicated(machine, { effects: 'refuse' })).toThrow(new TypeError(without(what)))
    expect(replicated(machine).name).toBe('order')
  })

  it("M4 an effect that is hidden in a function is refused at its event under effects: 'refuse'", () => {
    const machine = createMachine({
      on: { go: { actions: enqueueActions(({ enqueue }) => enqueue.spawnChild(child)) } },
    })
    const application = replicated(machine, { effects: 'refuse' })

    expect(() => run(application as Any, { type: 'go' })).toThrow("allow them with effects: 'run'")
  })

  it('an actor without an implementation is refused, naming it and the state', () => {
    expect(() => replicated(order({ invoke: { src: 'charge' } }))).toThrow(
      'expected an implementation of the actor charge, which paying invokes, got none',
    )
  })

  it('a machine that sends to itself for ever fails its event, and the next one is executed', () => {
    const machine = createMachine({
      initial: 'a',
      states: {
        a: { on: { bad: { actions: sendTo(({ self }) => self, { type: 'bad' }) }, good: 'c' } },
        c: {},
      },
    })
    const application = replicated(machine)

    expect(() => run(application, { type: 'bad' })).toThrow('does an actor send to itself for ever?')
    expect(run(application, { type: 'good' }).result.value).toBe('c')
  })
})

describe('what is not JSON', () => {
  const holder = replicated(
    createMachine({
      types: {} as {
        context: { held: unknown; other: { n: number } }
        events: { type: 'hold'; what: unknown } | { type: 'count' }
      },
      context: { held: null, other: { n: 1 } },
      on: {
        hold: { actions: assign({ held: ({ event }) => event.what }) },
        count: { actions: assign({ held: ({ context }) => [context.held] }) },
      },
    }),
  )

  it('is refused in the first context, when the application is made', () => {
    const machine = createMachine({ context: { created: { by: () => {} } } })

    expect(() => replicated(machine)).toThrow('expected a JSON value at context.created.by, got function')
  })

  it.each([
    ['a Date', new Date(5)],
    ['a Map', new Map([['a', new Date(1)]])],
    ['a Set', new Set([1, 'two'])],
    ['NaN', Number.NaN],
    ['a bigint', 10n],
    ['an error', new RangeError('too far')],
  ])('%s works in a context all the same, also behind a transfer', (_, what) => {
    const { state } = run(holder, { type: 'hold', what })

    expect(state.context.held).toEqual(what)
    expect(transferred(holder, state as never).context.held).toEqual(what)
    expect(run(holder, { type: 'hold', what }, { type: 'count' }).state.context.held).toEqual([what])
  })

  it.each([
    ['a function', () => {}, 'function'],
    ['an instance of a class', new (class Cart {})(), 'an instance of Cart'],
    ['a symbol', Symbol('s'), 'symbol'],
  ])('%s in an event makes that event fail, with its place', (_, what, got) => {
    expect(() => run(holder, { type: 'hold', what })).toThrow(
      `expected a JSON value at event.what, got ${got}`,
    )
  })

  it('leaves the state as it was when it makes an event fail', () => {
    expect(() => run(holder, { type: 'hold', what: () => {} })).toThrow()

    expect(run(holder, { type: 'hold', what: 1 }).state.context.held).toBe(1)
  })

  it('is refused in what is emitted', () => {
    const machine = createMachine({ on: { go: { actions: emit({ type: 'came', at: new Date(0) }) } } })

    expect(() => run(replicated(machine), { type: 'go' })).toThrow(
      'at emitted[0].at, got an instance of Date',
    )
  })

  it('is refused in the output', () => {
    const machine = createMachine({
      initial: 'a',
      output: () => ({ at: new Date(0) }),
      states: { a: { on: { go: 'b' } }, b: { type: 'final' } },
    })

    expect(() => run(replicated(machine), { type: 'go' })).toThrow('at output.at, got an instance of Date')
  })

  it('is refused in what is selected', () => {
    const application = replicated(createMachine({}), { select: () => new Date(0) })

    expect(() => run(application, { type: 'go' })).toThrow('at selected, got an instance of Date')
  })

  it('is not what is merely undefined: it is left out, as for a backup', () => {
    const { state } = run(holder, { type: 'hold', what: undefined })

    expect(Object.keys(state.context)).toEqual(Object.keys(transferred(holder, state).context))
  })

  it('is -0: it is 0, as for a backup', () => {
    const { state } = run(holder, { type: 'hold', what: -0 })

    expect(Object.is(state.context.held, 0)).toBe(true)
  })

  it('cannot come in later by the back door: the context does not share the event', () => {
    const what = { list: [1] as unknown[] }
    const { state } = run(holder, { type: 'hold', what })

    what.list.push(new Date(0))

    expect(state.context.held).toEqual({ list: [1] })
  })

  it('cannot come in by changing the context in place: that is one more way to change it', () => {
    const careless = replicated(
      createMachine({
        types: {} as { context: { list: unknown[] } },
        context: { list: [] },
        on: {
          add: { actions: ({ context }) => void context.list.push(1) },
          put: {
            actions: assign(({ context }) => {
              context.list.push(context.list.length)
              return {}
            }),
          },
        },
      }),
    )

    const { state } = run(careless, { type: 'put' }, { type: 'put' }, { type: 'add' })

    expect(state.context.list).toEqual([0, 1])
    expect(run(careless, { type: 'put' }).state.context.list).toEqual([0])
  })

  it("is no reason to freeze the machine's own context", () => {
    const context = { list: [] as number[] }

    replicated(createMachine({ context }))

    expect([context, context.list].some((object) => Object.isFrozen(object))).toBe(false)
  })
})

/** Nested, parallel and history states; eventless transitions in two regions whose order shows in `log`. */
const createPlant = () =>
  setup({
    types: {
      context: {} as { level: number; log: readonly string[]; notes: Readonly<Record<string, Json>> },
      events: {} as
        | { type: 'fill' | 'drain'; by: number }
        | { type: 'pump' | 'valve' | 'halt' | 'resume' | 'reset' | 'inspect' | 'scrap' }
        | { type: 'note'; key: string; text: Json },
      emitted: {} as { type: 'level'; level: number; log: readonly string[] },
    },
    guards: {
      isHigh: ({ context }) => context.level >= 3,
      isLow: ({ context }) => context.level < 3,
      isOverfull: ({ context }) => {
        if (context.level > 8) throw new Error(`level ${context.level} is impossible`)
        return context.level > 6
      },
    },
    actions: {
      log: assign(({ context }, { what }: { what: string }) => ({ log: [...context.log, what].slice(-6) })),
      report: emit(({ context }) => ({ type: 'level' as const, level: context.level, log: context.log })),
    },
  }).createMachine({
    id: 'plant',
    initial: 'running',
    context: { level: 0, log: [], notes: {} },
    output: ({ context }) => context.log,
    on: {
      note: {
        actions: assign({ notes: ({ context, event }) => ({ ...context.notes, [event.key]: event.text }) }),
      },
      scrap: { guard: ({ context }) => context.level === 0, target: '.scrapped' },
    },
    states: {
      running: {
        type: 'parallel',
        on: {
          fill: { actions: assign({ level: ({ context, event }) => context.level + event.by }) },
          drain: [
            { guard: 'isOverfull', actions: [assign({ level: 0 }), raise({ type: 'inspect' })] },
            { actions: assign({ level: ({ context, event }) => Math.max(0, context.level - event.by) }) },
          ],
          halt: 'halted',
          reset: { target: 'running', reenter: true, actions: assign({ level: 0 }) },
        },
        states: {
          pump: {
            initial: 'slow',
            on: { inspect: { actions: 'report' } },
            states: {
              slow: {
                on: { pump: 'off' },
                always: {
                  guard: 'isHigh',
                  target: 'fast',
                  actions: { type: 'log', params: { what: 'fast' } },
                },
              },
              fast: {
                on: { pump: 'off' },
                always: {
                  guard: 'isLow',
                  target: 'slow',
                  actions: { type: 'log', params: { what: 'slow' } },
                },
              },
              off: { on: { pump: 'slow' } },
            },
          },
          valve: {
            initial: 'shut',
            on: { valve: { target: '.shut', reenter: true } },
            states: {
              shut: {
                on: { valve: 'stuck' },
                always: {
                  guard: 'isHigh',
                  target: 'open',
                  actions: { type: 'log', params: { what: 'open' } },
                },
              },
              stuck: { on: { valve: 'shut' } },
              open: {
                initial: 'half',
                on: { valve: '.full' },
                always: {
                  guard: 'isLow',
                  target: 'shut',
                  actions: { type: 'log', params: { what: 'shut' } },
                },
                states: { half: {}, full: {} },
              },
            },
          },
          again: { type: 'history', history: 'deep' },
        },
      },
      halted: { on: { resume: 'running.again', fill: { actions: assign({ level: 5 }) } } },
      scrapped: { type: 'final' },
    },
  })

type PlantEvent = { type: string; by?: number; key?: string; text?: Json }

const plantEvent: fc.Arbitrary<PlantEvent> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constantFrom('fill', 'drain'), by: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constantFrom('pump', 'valve', 'halt', 'resume', 'reset', 'inspect', 'unheard'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('note'),
      key: fc.constantFrom('a', '2', '1', '__proto__'),
      text: fc.jsonValue({ maxDepth: 1 }).map((json) => json as Json),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'scrap' }) },
)
const plantEvents = fc.array(plantEvent, { size: 'max', maxLength: 40 })

/** What each event resulted in, as the text that replicas compare (S6), errors included; and the state at the end. */
function execution(application: Any, from: unknown, events: readonly PlantEvent[]) {
  let state = from
  const came = events.map((event) => {
    try {
      const [next, result] = application.execute(state, event)
      state = next
      return JSON.stringify(result)
    } catch (error) {
      return String(error)
    }
  })
  return { came, digest: digest(came), state, text: textOf(application, state) }
}

describe('replicas', () => {
  it('S6: agree about every event, result by result and text by text', () => {
    fc.assert(
      fc.property(plantEvents, (events) => {
        const [one, other] = [1, 2].map(() => {
          const application = replicated(createPlant())
          const { came, digest, text } = execution(application, application.initialState, events)
          return { came, digest, text }
        })
        expect(one).toEqual(other)
      }),
    )
  })

  it('T1: go on from a transferred state as from the original, result by result and text by text', () => {
    const application = replicated(createPlant())
    fc.assert(
      fc.property(plantEvents, plantEvents, fc.integer({ min: 1, max: 300 }), (before, behind, bytesMax) => {
        const { state } = execution(application, application.initialState, before)
        const [one, other] = [state, transferred(application, state as never, bytesMax)].map((from) => {
          const { came, digest, text } = execution(application, from, behind)
          return { came, digest, text }
        })
        expect(other).toEqual(one)
      }),
      { numRuns: 300 },
    )
  })

  it('T3: have one text for a state, whether it was made here or came by a transfer', () => {
    const application = replicated(createPlant())
    fc.assert(
      fc.property(plantEvents, (events) => {
        const { state, text } = execution(application, application.initialState, events)
        expect(textOf(application, transferred(application, state as never))).toBe(text)
      }),
    )
  })

  it('T1: take the eventless transitions of parallel states in one order, also behind a transfer', () => {
    const application = replicated(createPlant())
    // Entered last, the pump comes behind the valve in XState's own order.
    const { state } = run(application, { type: 'pump' }, { type: 'pump' })

    const logs = [state, transferred(application, state as never)].map(
      (from) => application.execute(from, { type: 'fill', by: 3 })[0].context.log,
    )

    expect(logs).toEqual([
      ['fast', 'open'],
      ['fast', 'open'],
    ])
  })

  it('T1: remember the history of states behind a transfer', () => {
    const application = replicated(createPlant())
    const { state } = run(application, { type: 'fill', by: 3 }, { type: 'valve' }, { type: 'halt' })

    const [next] = application.execute(transferred(application, state as never), { type: 'resume' })

    expect(next.value).toEqual({ running: { pump: 'fast', valve: { open: 'full' } } })
  })

  it('T1: are done behind a transfer if they were before it', () => {
    const { state } = run(bank, { type: 'deposit', amount: 5 }, { type: 'close' })

    const [, result] = bank.execute(transferred(bank, state as never), { type: 'deposit', amount: 1 })

    expect([result.status, result.output]).toEqual(['done', { paidOut: 5 }])
  })

  it('do what a live actor of XState does', () => {
    fc.assert(
      fc.property(plantEvents, (events) => {
        vi.spyOn(console, 'warn').mockImplementation(() => {})
        const actor = createActor(createPlant())
        const emitted: AnyEventObject[] = []
        actor.on('*', (event) => emitted.push(withoutOrder(event)))
        actor.start()
        const application = replicated(createPlant())
        let state = application.initialState
        for (const event of events) {
          // An actor is dead after an error, and drops what comes when it is done; replicas are not, and do.
          if (state.status === 'active' && state.context.level > 8 && event.type === 'drain') continue
          const [next, result] = application.execute(state, event as never)
          state = next
          emitted.length = 0
          actor.send(event as never)
          const live = actor.getSnapshot()
          expect({
            value: result.value,
            status: result.status,
            context: withoutOrder(next.context),
            emitted: result.emitted.map(withoutOrder),
          }).toEqual({
            value: live.value,
            status: live.status,
            context: withoutOrder(JSON.parse(JSON.stringify(live.context))),
            emitted,
          })
        }
      }),
    )
  })

  it('pass through every state of the machine in such events', () => {
    const application = replicated(createPlant())
    const values = fc
      .sample(plantEvents, { numRuns: 500, seed: 1 })
      .flatMap((events) => execution(application, application.initialState, events).came)

    for (const value of [
      '"off"',
      '"stuck"',
      '"slow"',
      '"fast"',
      '"shut"',
      '"half"',
      '"full"',
      '"halted"',
      '"scrapped"',
      'impossible',
      '"emitted":[{',
    ]) {
      expect(values.some((text) => text.includes(value))).toBe(true)
    }
  })
})

/** Replicas take eventless transitions of parallel states in the order of the chart, XState in that of entry: so `log` may differ. */
function withoutOrder<Value extends object>(value: Value): Value {
  return 'log' in value ? { ...value, log: (value.log as string[]).length } : value
}
