/** Machines of many kinds, with the events that they take: what users write, timers, effects and children included. */
import {
  type AnyEventObject,
  type AnyStateMachine,
  and,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  log,
  not,
  or,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stateIn,
  stopChild,
} from 'xstate'

export interface Specimen {
  readonly machine: AnyStateMachine
  readonly events: readonly AnyEventObject[]
  readonly input?: unknown
}

// biome-ignore lint/suspicious/noExplicitAny: the machines of the zoo are as loosely typed as many in the wild
type Any = any

const never = fromPromise<unknown, unknown>(() => new Promise(() => {}))
const silent = fromCallback<AnyEventObject, unknown>(() => {})
const quiet = fromObservable<unknown, unknown>(
  () => ({ subscribe: () => ({ unsubscribe: () => {} }) }) as Any,
)
/** The effects that the zoo uses, by the names under which every machine knows them. */
export const effectsOfZoo = { charge: never, device: silent, prices: quiet }

const types = { context: {} as Any, events: {} as AnyEventObject, emitted: {} as AnyEventObject }
const base = setup({ types, actors: { ...effectsOfZoo } })
const events = (...names: string[]): AnyEventObject[] => names.map((type) => ({ type }))
const note = (text: string) => assign({ log: ({ context }: Any) => [...context.log.slice(-20), text] }) as Any
const counts = { n: 0, log: [] as string[] }
const inc = assign({ n: ({ context }: Any) => context.n + 1 }) as Any

const light = createMachine({
  initial: 'green',
  states: {
    green: { after: { 1000: 'yellow' } },
    yellow: { after: { 300: 'red' } },
    red: { after: { 800: 'green' } },
  },
  on: { RESET: '.green' },
} as Any)

const kid = setup({ types, actors: { ...effectsOfZoo } }).createMachine({
  id: 'kid',
  context: ({ input }: Any) => ({ name: input?.name ?? 'kid', n: 0, log: [] }),
  initial: 'playing',
  states: {
    playing: {
      after: { 700: 'tired' },
      on: { PLAY: { actions: [inc, sendParent(({ context }: Any) => ({ type: 'PLAYED', n: context.n }))] } },
    },
    tired: { after: { 900: 'asleep' }, on: { PLAY: 'playing' } },
    asleep: { type: 'final' },
  },
  output: ({ context }: Any) => ({ played: context.n }),
} as Any)

const tally = fromTransition(
  (state: { total: number }, event: AnyEventObject) =>
    event.type === 'ADD' ? { total: state.total + 1 } : state,
  { total: 0 },
)

const specimens: Record<string, Specimen> = {
  toggle: {
    machine: createMachine({
      initial: 'off',
      states: { off: { on: { GO: 'on' } }, on: { on: { GO: 'off' } } },
    }),
    events: events('GO', 'NOPE'),
  },
  light: { machine: light, events: events('RESET') },
  counter: {
    machine: base.createMachine({
      context: counts,
      on: { INC: { actions: inc }, ADD: { actions: [inc, inc] } },
    }),
    events: events('INC', 'ADD'),
  },
  guarded: {
    machine: base.createMachine({
      context: counts,
      on: {
        INC: [
          { guard: ({ context }: Any) => context.n > 3, actions: assign({ n: 0 }) },
          { actions: [inc, note('inc')] },
        ],
      },
    } as Any),
    events: events('INC'),
  },
  higherGuards: {
    machine: base.createMachine({
      context: counts,
      initial: 'a',
      states: {
        a: { on: { GO: { guard: not(({ context }: Any) => context.n > 2), target: 'b', actions: inc } } },
        b: {
          on: {
            GO: [
              { guard: and([stateIn('b' as Any), ({ context }: Any) => context.n > 2] as Any), target: 'c' },
              { guard: or([() => false, () => true] as Any), target: 'a' },
            ],
          },
        },
        c: { after: { 50: 'a' } },
      },
    } as Any),
    events: events('GO'),
  },
  history: {
    machine: createMachine({
      initial: 'work',
      states: {
        work: {
          initial: 'one',
          states: {
            one: { on: { NEXT: 'two' } },
            two: { initial: 'x', states: { x: { on: { NEXT: 'y' } }, y: {} } },
            last: { type: 'history', history: 'deep' },
            shallow: { type: 'history' },
          },
          on: { PAUSE: 'paused' },
        },
        paused: { on: { DEEP: 'work.last', SHALLOW: 'work.shallow' }, after: { 500: 'work.last' } },
      },
    } as Any),
    events: events('NEXT', 'PAUSE', 'DEEP', 'SHALLOW'),
  },
  parallel: {
    machine: createMachine({
      type: 'parallel',
      states: {
        a: {
          initial: 'x',
          states: { x: { on: { GO: 'y' }, after: { 200: 'y' } }, y: { on: { BACK: 'x' } } },
        },
        b: { initial: 'x', states: { x: { on: { GO: 'y' } }, y: { after: { 333: 'x' } } } },
      },
    } as Any),
    events: events('GO', 'BACK'),
  },
  parallelDone: {
    machine: base.createMachine({
      context: counts,
      initial: 'both',
      states: {
        both: {
          type: 'parallel',
          onDone: { target: 'rest', actions: note('done') },
          states: {
            a: { initial: 'x', states: { x: { on: { A: 'z' } }, z: { type: 'final' } } },
            b: { initial: 'x', states: { x: { on: { B: 'z' }, after: { 400: 'z' } }, z: { type: 'final' } } },
          },
        },
        rest: { after: { 100: 'both' } },
      },
    } as Any),
    events: events('A', 'B'),
  },
  always: {
    machine: base.createMachine({
      context: counts,
      initial: 'low',
      states: {
        low: { always: { guard: ({ context }: Any) => context.n > 2, target: 'high' } },
        high: {
          always: { guard: ({ context }: Any) => context.n > 5, target: 'low', actions: assign({ n: 0 }) },
        },
      },
      on: { INC: { actions: inc } },
    } as Any),
    events: events('INC'),
  },
  raises: {
    machine: base.createMachine({
      context: counts,
      on: {
        GO: { actions: [raise({ type: 'ONE' }), raise({ type: 'TWO' })] },
        ONE: { actions: note('one') },
        TWO: { actions: [note('two'), inc] },
      },
    } as Any),
    events: events('GO'),
  },
  delayedRaise: {
    machine: base.createMachine({
      context: counts,
      on: {
        GO: { actions: raise({ type: 'TICK' }, { delay: 250, id: 'tick' }) },
        STOP: { actions: cancel('tick') },
        TICK: { actions: inc },
      },
    } as Any),
    events: events('GO', 'STOP'),
  },
  unnamedDelays: {
    machine: base.createMachine({
      context: counts,
      on: {
        GO: { actions: raise({ type: 'TICK' }, { delay: 150 }) },
        TICK: { actions: [inc, note('tick')] },
      },
    } as Any),
    events: events('GO'),
  },
  dynamicDelay: {
    machine: setup({
      types,
      delays: { patience: ({ context }: Any) => 100 + context.n * 50, never: Number.POSITIVE_INFINITY },
    }).createMachine({
      context: counts,
      initial: 'wait',
      states: {
        wait: {
          after: { patience: { target: 'wait', reenter: true, actions: inc }, never: 'end' },
          on: { END: 'end' },
        },
        end: { after: { 77: 'wait' } },
      },
    } as Any),
    events: events('END'),
  },
  debounce: {
    machine: base.createMachine({
      context: counts,
      initial: 'idle',
      states: {
        idle: { on: { KEY: 'typing' } },
        typing: {
          on: { KEY: { target: 'typing', reenter: true } },
          after: { 300: { target: 'idle', actions: inc } },
        },
      },
    } as Any),
    events: events('KEY'),
  },
  sameMoment: {
    machine: base.createMachine({
      context: counts,
      on: {
        GO: {
          actions: [
            raise({ type: 'A' }, { delay: 100 }),
            raise({ type: 'B' }, { delay: 100 }),
            raise({ type: 'C' }, { delay: 100 }),
          ],
        },
        A: { actions: note('a') },
        B: { actions: note('b') },
        C: { actions: note('c') },
      },
    } as Any),
    events: events('GO'),
  },
  zeroDelay: {
    machine: base.createMachine({
      context: counts,
      initial: 'a',
      states: { a: { on: { GO: 'b' } }, b: { after: { 0: { target: 'a', actions: inc } } } },
    } as Any),
    events: events('GO'),
  },
  emits: {
    machine: base.createMachine({
      context: counts,
      on: {
        GO: {
          actions: [
            inc,
            emit(({ context }: Any) => ({ type: 'moved', n: context.n })),
            emit({ type: 'also' }),
          ],
        },
      },
    } as Any),
    events: events('GO'),
  },
  queues: {
    machine: base.createMachine({
      context: counts,
      on: {
        GO: {
          actions: enqueueActions(({ context, enqueue, check }: Any) => {
            enqueue(inc)
            if (check(({ context: now }: Any) => now.n % 2 === 0)) enqueue.raise({ type: 'EVEN' })
            enqueue.emit({ type: 'went', from: context.n })
            enqueue.raise({ type: 'LATE' }, { delay: 120 })
          }),
        },
        EVEN: { actions: note('even') },
        LATE: { actions: note('late') },
      },
    } as Any),
    events: events('GO'),
  },
  wildcards: {
    machine: base.createMachine({
      context: counts,
      on: { 'mouse.*': { actions: note('mouse') }, '*': { actions: inc }, FORBIDDEN: undefined },
    } as Any),
    events: events('mouse.up', 'mouse.down.left', 'OTHER', 'FORBIDDEN'),
  },
  reenter: {
    machine: base.createMachine({
      context: counts,
      initial: 'a',
      states: {
        a: {
          entry: inc,
          exit: note('exit'),
          initial: 'in',
          states: { in: { on: { DEEP: 'out' } }, out: {} },
          on: { AGAIN: { target: 'a', reenter: true }, INSIDE: { target: '.in' } },
          after: { 1000: { target: 'a', reenter: true } },
        },
      },
    } as Any),
    events: events('AGAIN', 'INSIDE', 'DEEP'),
  },
  finals: {
    machine: base.createMachine({
      context: counts,
      initial: 'a',
      states: {
        a: { on: { GO: 'b' }, after: { 2500: 'c' } },
        b: {
          initial: 'x',
          states: { x: { on: { GO: 'y' } }, y: { type: 'final', output: { left: 'b' } } },
          onDone: { target: 'c', actions: note('onDone') },
        },
        c: { type: 'final' },
      },
      output: ({ context }: Any) => ({ log: context.log }),
    } as Any),
    events: events('GO'),
  },
  input: {
    machine: base.createMachine({
      context: ({ input }: Any) => ({ ...counts, n: input.from, log: [] }),
      on: { INC: { actions: inc } },
    } as Any),
    events: events('INC'),
    input: { from: 7 },
  },
  promise: {
    machine: base.createMachine({
      context: counts,
      initial: 'idle',
      states: {
        idle: { on: { PAY: 'paying' } },
        paying: {
          invoke: {
            id: 'payment',
            src: 'charge',
            input: ({ context }: Any) => ({ amount: context.n }),
            onDone: { target: 'paid', actions: note('paid') },
            onError: { target: 'idle', actions: note('failed') },
          },
          on: { CANCEL: 'idle' },
          after: { 3000: { target: 'idle', actions: note('late') } },
        },
        paid: { entry: inc, after: { 100: 'idle' } },
      },
    } as Any),
    events: events('PAY', 'CANCEL'),
  },
  promiseAgain: {
    machine: base.createMachine({
      context: counts,
      initial: 'a',
      states: {
        a: {
          invoke: {
            id: 'p',
            src: 'charge',
            onDone: { actions: inc },
            onError: { target: 'a', reenter: true },
          },
          on: { AGAIN: { target: 'a', reenter: true } },
        },
      },
    } as Any),
    events: events('AGAIN'),
  },
  unhandledError: {
    machine: base.createMachine({
      context: counts,
      initial: 'idle',
      states: {
        idle: { on: { PAY: 'paying' } },
        paying: { invoke: { id: 'p', src: 'charge' }, on: { OUT: 'idle' } },
      },
    } as Any),
    events: events('PAY', 'OUT'),
  },
  callback: {
    machine: base.createMachine({
      context: counts,
      initial: 'off',
      states: {
        off: { on: { GO: 'on' } },
        on: {
          invoke: { id: 'device', src: 'device', input: { port: 1 } },
          on: {
            FROM_EFFECT: { actions: [inc, note('heard')] },
            GO: 'off',
            TALK: { actions: sendTo('device', { type: 'HI' }) },
          },
        },
      },
    } as Any),
    events: events('GO', 'TALK'),
  },
  observable: {
    machine: base.createMachine({
      context: { ...counts, price: null },
      initial: 'off',
      states: {
        off: { on: { GO: 'on' } },
        on: {
          invoke: {
            id: 'prices',
            src: 'prices',
            onSnapshot: { actions: assign({ price: ({ event }: Any) => event.snapshot.context ?? null }) },
            onDone: { target: 'off', actions: note('complete') },
            onError: { target: 'off', actions: note('broken') },
          },
          on: { GO: 'off' },
        },
      },
    } as Any),
    events: events('GO'),
  },
  manyEffects: {
    machine: base.createMachine({
      context: counts,
      initial: 'run',
      states: {
        run: {
          invoke: [
            {
              id: 'one',
              src: 'charge',
              onDone: { actions: note('one') },
              onError: { actions: note('one!') },
            },
            {
              id: 'two',
              src: 'charge',
              onDone: { actions: note('two') },
              onError: { actions: note('two!') },
            },
            { id: 'three', src: 'device' },
          ],
          on: { AGAIN: { target: 'run', reenter: true }, FROM_EFFECT: { actions: inc } },
        },
      },
    } as Any),
    events: events('AGAIN'),
  },
  spawned: {
    machine: setup({ types, actors: { kid, ...effectsOfZoo } }).createMachine({
      context: { ...counts, ref: null },
      on: {
        SPAWN: {
          guard: ({ context }: Any) => context.ref === null,
          actions: assign({ ref: ({ spawn }: Any) => spawn('kid', { id: 'kid', input: { name: 'Ada' } }) }),
        },
        PLAY: {
          guard: ({ context }: Any) => context.ref !== null,
          actions: sendTo(({ context }: Any) => context.ref, { type: 'PLAY' }),
        },
        PLAYED: { actions: note('played') },
        STOP: { actions: [stopChild('kid'), assign({ ref: null })] },
        'xstate.done.actor.kid': { actions: note('asleep') },
      },
    } as Any),
    events: events('SPAWN', 'PLAY', 'STOP'),
  },
  invokedMachine: {
    machine: setup({ types, actors: { kid, ...effectsOfZoo } }).createMachine({
      context: counts,
      initial: 'care',
      states: {
        care: {
          invoke: {
            id: 'baby',
            src: 'kid',
            input: { name: 'Bo' },
            onDone: { target: 'free', actions: note('done') },
          },
          on: { PLAY: { actions: sendTo('baby', { type: 'PLAY' }) }, PLAYED: { actions: inc } },
        },
        free: { after: { 200: 'care' }, on: { AGAIN: 'care' } },
      },
    } as Any),
    events: events('PLAY', 'AGAIN'),
  },
  spawnChildAction: {
    machine: setup({ types, actors: { kid, ...effectsOfZoo } }).createMachine({
      context: counts,
      entry: spawnChild('kid', { id: 'first' }),
      on: {
        PLAY: { actions: sendTo('first', { type: 'PLAY' }, { delay: 60 }) },
        PLAYED: { actions: inc },
        STOP: { actions: stopChild('first') },
      },
    } as Any),
    events: events('PLAY', 'STOP'),
  },
  manyChildren: {
    machine: setup({ types, actors: { kid, ...effectsOfZoo } }).createMachine({
      context: { ...counts, kids: [] },
      on: {
        ADD: {
          guard: ({ context }: Any) => context.kids.length < 5,
          actions: assign({
            kids: ({ context, spawn }: Any) => [
              ...context.kids,
              spawn('kid', { id: `kid-${context.kids.length}`, syncSnapshot: true }),
            ],
          }),
        },
        PLAY: {
          actions: enqueueActions(({ context, enqueue }: Any) => {
            for (const each of context.kids) enqueue.sendTo(each, { type: 'PLAY' })
          }),
        },
        PLAYED: { actions: inc },
      },
    } as Any),
    events: events('ADD', 'PLAY'),
  },
  transitions: {
    machine: setup({ types, actors: { tally, ...effectsOfZoo } }).createMachine({
      context: counts,
      invoke: {
        id: 'tally',
        src: 'tally',
        onSnapshot: { actions: assign({ n: ({ event }: Any) => event.snapshot.context.total }) },
      },
      on: { ADD: { actions: sendTo('tally', { type: 'ADD' }) } },
    } as Any),
    events: events('ADD'),
  },
  systemIds: {
    machine: setup({ types, actors: { kid, ...effectsOfZoo } }).createMachine({
      context: counts,
      invoke: { id: 'a', src: 'kid', systemId: 'boss' },
      on: {
        PLAY: {
          guard: ({ system }: Any) => system?.get('boss') !== undefined,
          actions: sendTo(({ system }: Any) => system.get('boss'), { type: 'PLAY' }),
        },
        PLAYED: { actions: inc },
      },
    } as Any),
    events: events('PLAY'),
  },
  parentRef: {
    machine: setup({
      types,
      actors: {
        talker: setup({ types }).createMachine({
          id: 'talker',
          context: ({ input }: Any) => ({ owner: input.owner, n: 0, log: [] }),
          after: { 250: { actions: sendTo(({ context }: Any) => context.owner, { type: 'LATER' }) } },
          on: { TALK: { actions: sendTo(({ context }: Any) => context.owner, { type: 'WORD' }) } },
        } as Any),
      },
    }).createMachine({
      context: counts,
      invoke: { id: 'talker', src: 'talker', input: ({ self }: Any) => ({ owner: self }) },
      on: {
        TALK: { actions: sendTo('talker', { type: 'TALK' }) },
        WORD: { actions: [inc, note('word')] },
        LATER: { actions: note('later') },
      },
    } as Any),
    events: events('TALK'),
  },
  grandchildren: {
    machine: setup({
      types,
      actors: {
        middle: setup({ types, actors: { kid, ...effectsOfZoo } }).createMachine({
          id: 'middle',
          context: counts,
          invoke: [
            { id: 'low', src: 'kid' },
            { id: 'deal', src: 'charge', onDone: { actions: inc }, onError: { actions: note('error') } },
          ],
          on: {
            PLAY: { actions: sendTo('low', { type: 'PLAY' }) },
            PLAYED: { actions: sendParent({ type: 'PLAYED' }) },
          },
        } as Any),
      },
    }).createMachine({
      context: counts,
      invoke: { id: 'middle', src: 'middle' },
      on: { PLAY: { actions: sendTo('middle', { type: 'PLAY' }) }, PLAYED: { actions: inc } },
    } as Any),
    events: events('PLAY'),
  },
  ordinaryValues: {
    machine: base.createMachine({
      context: () => ({
        ...counts,
        seen: new Map([['a', 1]]),
        tags: new Set(['x']),
        since: new Date(5),
        nothing: undefined,
        big: 10n,
        list: [undefined, Number.NaN],
      }),
      on: {
        GO: {
          actions: assign({
            seen: ({ context }: Any) =>
              new Map([...context.seen, [`k${context.seen.size}`, context.since.getTime()]]),
            tags: ({ context }: Any) => new Set([...context.tags, String(context.seen.size % 4)]),
            since: ({ context }: Any) => new Date(context.since.getTime() + 1),
            big: ({ context }: Any) => context.big * 2n,
          }),
        },
      },
    } as Any),
    events: events('GO'),
  },
  chance: {
    machine: base.createMachine({
      context: () => ({ ...counts, at: Date.now(), born: new Date().toISOString() }),
      on: {
        GO: {
          guard: () => Math.random() > 0.3,
          actions: assign({
            n: () => Math.floor(Math.random() * 1000),
            at: () => Date.now(),
            id: () => crypto.randomUUID(),
          }),
        },
      },
      after: { 444: { actions: assign({ at: () => new Date(Date.now() + 1).getTime() }) } },
    } as Any),
    events: events('GO'),
  },
  errors: {
    machine: base.createMachine({
      context: { ...counts, error: null },
      initial: 'idle',
      states: {
        idle: { on: { GO: 'run' } },
        run: {
          invoke: {
            id: 'p',
            src: 'charge',
            onDone: 'idle',
            onError: { target: 'failed', actions: assign({ error: ({ event }: Any) => event.error }) },
          },
        },
        failed: {
          always: {
            guard: ({ context }: Any) => context.error instanceof Error && context.n > 1,
            target: 'idle',
          },
          after: { 60: { target: 'run', actions: inc } },
        },
      },
    } as Any),
    events: events('GO'),
  },
  actionsWithEffects: {
    machine: base.createMachine({
      context: counts,
      entry: () => {},
      on: { GO: { actions: [() => {}, inc, log('went'), 'unknown'] } },
    } as Any),
    events: events('GO'),
  },
  selfSend: {
    machine: base.createMachine({
      context: counts,
      on: {
        GO: { actions: sendTo(({ self }: Any) => self, { type: 'AFTER' }, { delay: 90, id: 'mine' }) },
        AFTER: { actions: inc },
        NO: { actions: cancel('mine') },
      },
    } as Any),
    events: events('GO', 'NO'),
  },
  tags: {
    machine: base.createMachine({
      context: counts,
      initial: 'a',
      states: {
        a: { tags: ['busy'], meta: { a: 1 }, on: { GO: 'b' } },
        b: { tags: ['free'], after: { 123: 'a' } },
      },
    } as Any),
    events: events('GO'),
  },
  elevator: {
    machine: base.createMachine({
      context: { ...counts, floor: 0, queue: [] },
      initial: 'idle',
      on: {
        CALL: {
          actions: assign({ queue: ({ context, event }: Any) => [...context.queue, event.floor].slice(-5) }),
        },
      },
      states: {
        idle: { always: { guard: ({ context }: Any) => context.queue.length > 0, target: 'moving' } },
        moving: {
          after: {
            200: [
              {
                guard: ({ context }: Any) => context.floor === context.queue[0],
                target: 'open',
                actions: assign({ queue: ({ context }: Any) => context.queue.slice(1) }),
              },
              {
                target: 'moving',
                reenter: true,
                actions: assign({
                  floor: ({ context }: Any) => context.floor + Math.sign(context.queue[0] - context.floor),
                }),
              },
            ],
          },
        },
        open: { after: { 500: 'idle' } },
      },
    } as Any),
    events: [
      { type: 'CALL', floor: 3 },
      { type: 'CALL', floor: 1 },
      { type: 'CALL', floor: 0 },
    ],
  },
}

export const zoo: readonly (Specimen & { readonly name: string })[] = Object.entries(specimens).map(
  ([name, specimen]) => ({ name, ...specimen }),
)
