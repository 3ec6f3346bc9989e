/** XState apps of many kinds: nested, parallel, history, many actors, crashes, hostile contexts, deep definitions. */
import {
  type AnyStateMachine,
  and,
  assign,
  createMachine,
  fromPromise,
  not,
  or,
  raise,
  sendParent,
  sendTo,
  setup,
  stateIn,
} from 'xstate'

interface MutableContext {
  readonly list: number[]
  readonly map: Map<string, number>
  readonly set: Set<string | number>
  readonly rows: { on: boolean }[]
}

export interface App {
  readonly machine: AnyStateMachine
  /** Events that a user sends, in order. */
  readonly events: readonly { readonly type: string; readonly [field: string]: unknown }[]
}

const throwing = (text: string) => () => {
  throw new Error(text)
}

/** States within states, twelve deep, deeper than @statelyai/inspect writes them. */
function deep(depth: number): object {
  if (depth === 0) return { on: { up: '#top' } }
  return { initial: 'in', states: { in: deep(depth - 1) } }
}

const child = createMachine({
  id: 'child',
  initial: 'asked',
  entry: sendParent({ type: 'hello' }),
  states: { asked: { on: { more: { actions: sendParent({ type: 'hello' }) } } } },
})

class Cart {
  items = ['tea']
  get total(): number {
    throw new Error('a getter runs')
  }
}

/** What a context holds of a page. */
class HTMLDivElement {
  readonly nodeType = 1
  readonly nodeName = 'DIV'
  readonly id = 'root'
}

export const apps: Readonly<Record<string, App>> = {
  'a traffic light': {
    machine: createMachine({
      id: 'light',
      initial: 'red',
      states: { red: { on: { next: 'green' } }, green: { on: { next: 'red' } } },
    }),
    events: [{ type: 'next' }, { type: 'next' }, { type: 'none' }],
  },
  'parallel regions in regions': {
    machine: createMachine({
      id: 'player',
      initial: 'on',
      states: {
        on: {
          type: 'parallel',
          states: {
            sound: { initial: 'loud', states: { loud: { on: { mute: 'mute' } }, mute: {} } },
            light: { initial: 'off', states: { off: { on: { lamp: 'lit' } }, lit: {} } },
          },
        },
      },
    }),
    events: [{ type: 'mute' }, { type: 'lamp' }],
  },
  'actions of the start, raised and sent': {
    machine: setup({ actors: { child }, actions: { log: () => {}, greeted: () => {} } }).createMachine({
      id: 'starter',
      context: { n: 0 },
      entry: ['log', raise({ type: 'go' })],
      initial: 'a',
      states: {
        a: { on: { go: 'b' } },
        b: {
          entry: 'log',
          invoke: { src: 'child', id: 'kid' },
          on: { ask: { actions: sendTo('kid', { type: 'more' }) } },
        },
      },
      on: { hello: { actions: ['greeted', assign({ n: ({ context }) => context.n + 1 })] } },
    }),
    events: [{ type: 'ask' }],
  },
  'a guard that throws': {
    machine: createMachine({
      id: 'guarded',
      initial: 'a',
      states: { a: { on: { go: { guard: throwing('the guard is broken'), target: 'b' } } }, b: {} },
    }),
    events: [{ type: 'go' }],
  },
  'an action that throws': {
    machine: createMachine({ id: 'acting', on: { go: { actions: throwing('the action is broken') } } }),
    events: [{ type: 'go' }],
  },
  'an assign that throws': {
    machine: createMachine({
      id: 'assigning',
      context: {},
      on: { go: { actions: assign(throwing('the assign is broken')) } },
    }),
    events: [{ type: 'go' }],
  },
  'a context that throws at the start': {
    machine: createMachine({ id: 'born', context: throwing('the context is broken') }),
    events: [],
  },
  'an entry that throws at the start': {
    machine: createMachine({ id: 'entered', entry: throwing('the entry is broken') }),
    events: [],
  },
  'guards by name': {
    machine: setup({ guards: { isOpen: () => false, isPaid: () => true } }).createMachine({
      id: 'door',
      initial: 'shut',
      states: {
        shut: {
          on: {
            push: [
              { guard: 'isOpen', target: 'open' },
              { guard: not('isPaid'), target: 'open' },
              { guard: and(['isOpen', or([stateIn({ shut: {} }), 'isPaid'])]), target: 'open' },
            ],
            kick: {},
          },
        },
        open: {},
      },
      on: { kick: '.open' },
    }),
    events: [{ type: 'push' }, { type: 'fly' }, { type: 'kick' }],
  },
  'mutations in place': {
    machine: setup({ types: { context: {} as MutableContext } }).createMachine({
      id: 'mutant',
      context: () => ({
        list: [1],
        map: new Map([['a', 1]]),
        set: new Set([1, '1']),
        rows: [{ on: false }, { on: false }],
      }),
      on: {
        push: { actions: ({ context }) => void context.list.push(2) },
        put: { actions: ({ context }) => void context.map.set('b', 2) },
        add: { actions: ({ context }) => void context.set.add(3) },
        turn: { actions: ({ context }) => void Object.assign(context.rows[1]!, { on: true }) },
        replace: { actions: assign({ list: ({ context }) => [...context.list, 9] }) },
      },
    }),
    events: ['push', 'put', 'add', 'turn', 'replace'].map((type) => ({ type })),
  },
  'a hostile context': {
    machine: createMachine({
      id: 'hostile',
      context: () => {
        const cycle: Record<string, unknown> = { name: 'cycle' }
        cycle.self = cycle
        const trap = new Proxy({}, { ownKeys: throwing('a trap') })
        return {
          cycle,
          trap,
          cart: new Cart(),
          when: new Date(0),
          url: new URL('https://example.org/x'),
          pattern: /a+/g,
          promise: Promise.resolve(1),
          error: new TypeError('a wrong type'),
          big: 10n ** 30n,
          node: new HTMLDivElement(),
          nothing: undefined,
          fn: () => {},
          __proto__: null,
        }
      },
      on: { poke: {} },
    }),
    events: [{ type: 'poke', payload: { secret: 'hunter2', at: new Date(0) } }],
  },
  'a promise that fails': {
    machine: setup({
      actors: { load: fromPromise(async () => Promise.reject(new Error('offline'))) },
    }).createMachine({
      id: 'loader',
      initial: 'loading',
      states: { loading: { invoke: { src: 'load', id: 'load', onError: 'failed' } }, failed: {} },
    }),
    events: [],
  },
  'three hundred actors': {
    machine: setup({ actors: { child } }).createMachine({
      id: 'crowd',
      context: { greeted: 0 },
      on: {
        come: {
          actions: assign(({ spawn }) => {
            for (let place = 0; place < 300; place++) spawn('child', { id: `kid-${place}` })
            return {}
          }),
        },
        hello: { actions: assign({ greeted: ({ context }) => context.greeted + 1 }) },
      },
    }),
    events: [{ type: 'come' }],
  },
  'a deep definition': {
    machine: createMachine({ id: 'top', ...deep(12) }),
    events: [{ type: 'up' }],
  },
}
