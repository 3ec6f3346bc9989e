/** Machines with every kind of action, with children, and with an end. */
import {
  assign,
  createMachine,
  enqueueActions,
  forwardTo,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  log as logged,
  raise,
  sendParent,
  sendTo,
  spawnChild,
  stateIn,
  stopChild,
} from 'xstate'
import { type Animal, animal, type Context, count, type Given, log, say } from './animal.ts'

const forever = fromPromise<unknown, unknown>(() => new Promise(() => {}))
const silent = fromCallback(() => {})
const child = createMachine({ id: 'child', initial: 'a', states: { a: { on: { go: 'b' } }, b: {} } } as never)

export const actionsAndActors: readonly Animal[] = [
  animal('actions in order', ['go', 'anonymous'], {
    initial: 'a',
    states: {
      a: {
        exit: [
          say('1'),
          'count',
          { type: 'say', params: ({ context }: Given) => ({ text: `${context.count}` }) },
        ],
        on: {
          go: { target: 'b', actions: ['unknown', { type: 'say' }, log('between'), logged('x', 'label')] },
        },
      },
      b: {
        entry: [function named() {}, ({ context }: Given) => void context, 'count'],
        on: { anonymous: { actions: [() => {}, logged(({ context }: Given) => context.count)] }, go: 'a' },
      },
    },
  }),
  animal('assignments of every form', [{ type: 'add', by: 2 }, 'keys', 'nothing', 'same', 'fresh'], {
    on: {
      add: { actions: assign(({ context, event }: Given) => ({ count: (context.count + event.by!) % 5 })) },
      keys: {
        actions: assign({
          count: ({ context }: Given) => (context.count + 1) % 5,
          more: 'constant',
          log: ({ context }: Given) => [`${context.count}`],
        }),
      },
      nothing: { actions: assign({}) },
      same: { actions: assign(({ context }: Given) => context) },
      fresh: { actions: [assign(() => ({ added: true })), assign({ added: undefined })] },
    },
  }),
  animal(
    'enqueued actions',
    ['go', 'count', 'nested', 'check'],
    {
      type: 'parallel',
      on: {
        count: { actions: 'count' },
        go: {
          actions: enqueueActions(({ context, enqueue, check }) => {
            enqueue.assign({ count: ({ context: { count } }: Given) => (count + 1) % 7 })
            enqueue({ type: 'say', params: { text: `was ${context.count}` } } as never)
            if (check('isOdd' as never)) enqueue.raise({ type: 'count' })
            if (check(stateIn({ a: 'y' }) as never)) enqueue('note' as never)
            enqueue.emit({ type: 'went' } as never)
            enqueue.cancel('nobody')
          }),
        },
        nested: {
          actions: enqueueActions(({ enqueue }) => {
            enqueue(
              enqueueActions(({ enqueue: inner }) => {
                inner('count' as never)
                inner.raise({ type: 'count' }, { delay: 5 })
              }) as never,
            )
            enqueue(log('after') as never)
          }),
        },
        check: {
          actions: { type: 'checking', params: ({ context }: Given) => ({ than: context.count - 1 }) },
        },
      },
      states: { a: { initial: 'x', states: { x: { on: { count: 'y' } }, y: { on: { count: 'x' } } } } },
    },
    {
      actions: {
        checking: enqueueActions(({ enqueue, check }, params: { than: number }) => {
          if (check({ type: 'isBig', params } as never)) enqueue('count' as never)
          else enqueue(say('small') as never)
        }),
      },
    },
  ),
  animal(
    'names that mean other actions',
    ['go'],
    {
      on: { go: { actions: ['both', { type: 'logs', params: { text: 'by name' } }] } },
    },
    {
      actions: {
        both: enqueueActions(({ enqueue }) => {
          enqueue('count' as never)
          enqueue({ type: 'logs', params: { text: 'enqueued' } } as never)
        }),
        logs: assign(({ context }: Given, { text }: { text: string }) => ({
          log: [...context.log, text].slice(-4),
        })),
      },
    },
  ),
  animal(
    'assignments that throw',
    ['go', 'count', 'guarded', 'params'],
    {
      initial: 'a',
      on: { count: { actions: 'count' } },
      states: {
        a: {
          on: {
            go: { target: 'b', actions: [say('before'), 'mayThrow', say('after')] },
            guarded: { guard: 'throwsOnOdd', target: 'b' },
            params: {
              actions: {
                type: 'say',
                params: ({ context }: Given) => (context.count > 4 ? fail('params') : {}),
              },
            },
          },
        },
        b: {
          on: {
            go: 'a',
            guarded: [
              {
                guard: ({ context }: Given) => (context.count > 2 ? fail('inline') : true),
                actions: raise({ type: 'again' }),
              },
            ],
            again: { guard: 'throwsOnOdd', target: 'a' },
          },
        },
      },
    },
    {
      actions: { mayThrow: assign(({ context }: Given) => (context.count % 3 === 2 ? fail('assign') : {})) },
      guards: { throwsOnOdd: ({ context }: Given) => (context.count % 2 === 1 ? fail('odd') : true) },
    },
  ),
  animal('names without implementations', ['go', 'guard'], {
    initial: 'a',
    states: {
      a: {
        on: {
          go: { target: 'b', actions: ['missing', { type: 'gone', params: { x: 1 } }] },
          guard: { guard: 'noSuchGuard', target: 'b' },
        },
      },
      b: { on: { go: 'a' } },
    },
  }),
  animal(
    'input to context',
    ['count'],
    {
      context: ({ input }: { input: { from: number } }) => ({ count: input.from, log: [] }),
      on: { count: { actions: 'count' } },
    },
    {},
    { from: 4 },
  ),
  animal('final with output', ['go', 'end', 'count'], {
    initial: 'a',
    output: ({ context, event }: Given) => ({ count: context.count, given: event.output }),
    exit: say('bye'),
    on: { count: { actions: 'count' } },
    states: {
      a: { on: { go: 'b', end: 'z' } },
      b: {
        initial: 'one',
        onDone: { target: 'z', actions: 'note' },
        states: {
          one: { on: { go: 'two' } },
          two: { type: 'final', output: ({ context }: Given) => context.count * 2 },
        },
      },
      z: { type: 'final', entry: log('end'), exit: log('-z'), output: { z: true } },
    },
  }),
  animal('done within', ['go', 'again', 'count'], {
    initial: 'work',
    on: { count: { actions: 'count' } },
    states: {
      work: {
        initial: 'one',
        states: {
          one: { on: { go: 'last' } },
          last: { type: 'final', output: ({ context }: Given) => context.count },
        },
        onDone: [
          { guard: 'isOdd', target: 'work', reenter: true, actions: 'count' },
          { target: 'rest', actions: assign(({ event }: Given) => ({ got: event.output })) },
        ],
      },
      rest: { on: { again: 'work' } },
    },
  }),
  animal('done of parallel regions', ['left', 'right', 'restart'], {
    initial: 'both',
    states: {
      both: {
        type: 'parallel',
        onDone: { target: 'after', actions: 'count' },
        states: {
          a: {
            initial: 'x',
            onDone: { actions: log('a done') },
            states: { x: { on: { left: 'y' } }, y: { type: 'final' } },
          },
          b: { initial: 'x', states: { x: { on: { right: 'y' } }, y: { type: 'final', entry: 'count' } } },
        },
      },
      after: { on: { restart: 'both' } },
    },
  }),
  animal('a parallel root that ends', ['left', 'right', 'count'], {
    type: 'parallel',
    output: ({ context }: Given) => context.log,
    on: { count: { actions: 'count' } },
    states: {
      a: {
        initial: 'x',
        states: { x: { on: { left: { target: 'y', actions: 'note' } } }, y: { type: 'final' } },
      },
      b: {
        initial: 'x',
        states: { x: { on: { right: { target: 'y', actions: 'note' } } }, y: { type: 'final' } },
      },
    },
  }),
  animal('final reached by always', ['count'], {
    initial: 'a',
    on: { count: { actions: 'count' } },
    states: { a: { always: { guard: 'isBig', target: 'z' } }, z: { type: 'final' } },
  }),
  animal(
    'an invoked promise',
    ['go', 'cancel', 'count'],
    {
      initial: 'idle',
      on: { count: { actions: 'count' } },
      states: {
        idle: { on: { go: 'loading' } },
        loading: {
          invoke: {
            id: 'load',
            src: 'loader',
            input: ({ context }: Given) => ({ page: context.count }),
            onDone: { target: 'loaded', actions: assign(({ event }: Given) => ({ got: event.output })) },
            onError: 'failed',
          },
          on: { cancel: 'idle', count: { actions: say('counted') } },
        },
        loaded: { on: { go: 'loading' } },
        failed: { entry: 'note', on: { go: 'loading' } },
      },
    },
    { actors: { loader: forever } },
  ),
  animal(
    'an invoked machine',
    ['go', 'send', 'stop', 'ask'],
    {
      initial: 'on',
      states: {
        on: {
          invoke: { id: 'kid', src: 'kid', onDone: 'off', onSnapshot: { actions: 'count' } },
          on: {
            send: { actions: sendTo('kid', { type: 'go' }) },
            stop: 'off',
            ask: { actions: forwardTo('kid') },
          },
        },
        off: { on: { go: 'on', send: { actions: sendTo('kid', { type: 'go' }) } } },
      },
    },
    { actors: { kid: child } },
  ),
  animal(
    'invoked callbacks and observables',
    ['go', 'stay', 'both'],
    {
      type: 'parallel',
      states: {
        calls: {
          initial: 'on',
          states: {
            on: { invoke: { src: 'silent' }, on: { go: 'off', stay: { actions: 'count' } } },
            off: { on: { go: 'on' } },
          },
        },
        streams: {
          initial: 'off',
          states: {
            off: { on: { both: 'on' } },
            on: {
              invoke: [
                { src: 'stream', id: 's1', onSnapshot: { actions: 'note' } },
                { src: fromCallback(() => {}), id: 's2' },
              ],
              on: { both: 'off' },
            },
          },
        },
      },
    },
    {
      actors: {
        silent,
        stream: fromObservable(() => ({ subscribe: () => ({ unsubscribe: () => {} }) }) as never),
      },
    },
  ),
  animal(
    'a root that invokes',
    ['go', 'count'],
    {
      invoke: { id: 'always-there', src: 'silent', onError: { actions: 'note' } },
      initial: 'a',
      on: { count: { actions: 'count' } },
      states: { a: { on: { go: 'b' } }, b: { on: { go: { target: 'a', actions: 'count' } } } },
    },
    { actors: { silent } },
  ),
  animal(
    'spawned children',
    ['spawn', 'tell', 'stop', 'stopAll', 'count'],
    {
      on: {
        count: { actions: 'count' },
        spawn: { actions: spawnChild('kid', { id: 'spawned' }) },
        tell: { actions: sendTo('spawned', { type: 'go' }) },
        stop: { actions: stopChild('spawned') },
        stopAll: { actions: [stopChild('spawned'), stopChild('nobody'), 'count'] },
      },
    },
    { actors: { kid: child } },
  ),
  animal(
    'children spawned by assign',
    ['spawn', 'tell', 'stop', 'keys', 'none'],
    {
      context: { count: 0, log: [], ref: null },
      on: {
        spawn: {
          actions: assign(({ spawn, context }) => ({
            ref: spawn('kid', { id: `kid${(context as Context).count % 2}` }),
          })),
        },
        keys: {
          actions: assign({
            count: ({ context }: Given) => (context.count + 1) % 4,
            ref: ({ spawn }) => spawn(silent, { id: 'keyed' }),
          }),
        },
        tell: {
          guard: ({ context }: Given) => context.ref !== null,
          actions: sendTo(({ context }: Given) => context.ref as never, { type: 'go' } as never),
        },
        stop: {
          actions: [
            stopChild(({ context }: Given) => (context.ref ?? 'nobody') as never),
            assign({ ref: null }),
          ],
        },
        none: { actions: [assign(({ spawn }) => ({ spawned: typeof spawn })), 'count'] },
      },
    },
    { actors: { kid: child } },
  ),
  animal(
    'enqueued children',
    ['spawn', 'stop', 'send'],
    {
      initial: 'a',
      states: {
        a: {
          on: {
            spawn: {
              actions: enqueueActions(({ enqueue }) => {
                enqueue.spawnChild('kid' as never, { id: 'enq' } as never)
                enqueue.assign(({ spawn }) => ({ ref: spawn(silent, { id: 'by-assign' }) }))
              }),
            },
            stop: {
              target: 'b',
              actions: enqueueActions(({ enqueue }) => {
                enqueue.stopChild('enq')
                enqueue.stopChild('by-assign')
              }),
            },
            send: {
              actions: enqueueActions(({ enqueue, self }) => {
                enqueue.sendTo(self, { type: 'stop' }, { delay: 9 })
              }),
            },
          },
        },
        b: { on: { spawn: 'a' } },
      },
    },
    { actors: { kid: child } },
  ),
  animal('sends to no node', ['go', 'parent', 'count'], {
    initial: 'a',
    on: { count: { actions: 'count' } },
    states: {
      a: {
        on: {
          go: { target: 'b', actions: ['count', sendTo('nobody', { type: 'x' })] },
          parent: { actions: sendParent({ type: 'up' }) },
        },
      },
      b: {},
    },
  }),
  animal(
    'errors of children',
    ['go', 'count'],
    {
      initial: 'a',
      on: { count: { actions: 'count' } },
      states: {
        a: { on: { go: 'b' } },
        b: {
          invoke: { id: 'risky', src: 'loader' },
          on: { go: 'a', 'xstate.error.actor.other': { actions: 'note' } },
        },
      },
    },
    { actors: { loader: forever } },
  ),
  animal(
    'a reducer as a child',
    ['go', 'tell', 'count'],
    {
      initial: 'a',
      on: { count: { actions: count } },
      states: {
        a: {
          invoke: {
            id: 'sum',
            src: 'sum',
            onSnapshot: [{ guard: 'isOdd', target: 'b' }, { actions: 'count' }],
          },
          on: { tell: { actions: sendTo('sum', { type: 'add' }) }, go: 'b' },
        },
        b: { on: { go: 'a' } },
      },
    },
    { actors: { sum: fromTransition((state: number) => state + 1, 0) } },
  ),
]

function fail(what: string): never {
  throw new Error(`no ${what}`)
}
