/** Machines with timers, eventless transitions, raised events and history. */
import { cancel, emit, enqueueActions, not, raise, sendTo } from 'xstate'
import { type Animal, animal, type Given, log } from './animal.ts'

export const timeAndHistory: readonly Animal[] = [
  animal('timers', ['go', 'stop'], {
    initial: 'a',
    states: {
      a: { on: { go: 'b' } },
      b: {
        after: { 100: 'c', 50: { guard: 'isOdd', target: 'a' } },
        on: { stop: 'a', go: { actions: 'count' } },
      },
      c: { after: { 10: { target: 'c', reenter: true, actions: 'count' } }, on: { stop: 'a' } },
    },
  }),
  animal('delays by name', ['go', 'count'], {
    initial: 'a',
    on: { count: { actions: 'count' } },
    states: {
      a: { after: { soon: 'b' }, on: { go: 'b' } },
      b: {
        after: { later: [{ guard: 'isBig', target: 'a' }, { actions: 'count' }], unknownDelay: 'a' },
        on: { go: 'a' },
      },
    },
  }),
  animal('timers of a parent', ['go', 'swap', 'all'], {
    type: 'parallel',
    after: { 1000: { actions: 'note' } },
    on: { all: { target: '.a', reenter: true } },
    states: {
      a: { initial: 'x', after: { 30: '.y' }, states: { x: { after: { 20: 'y' } }, y: { on: { go: 'x' } } } },
      b: {
        initial: 'x',
        states: { x: { on: { swap: 'y' } }, y: { after: { 20: { target: 'x', actions: 'count' } } } },
      },
    },
  }),
  animal('always', ['count', 'go', 'reset'], {
    initial: 'small',
    on: { count: { actions: 'count' }, reset: { actions: 'reset' } },
    states: {
      small: { always: { guard: { type: 'isBig', params: { than: 2 } }, target: 'big' } },
      big: {
        always: [{ guard: { type: 'isBig', params: { than: 4 } }, target: 'huge', actions: 'note' }],
        on: { go: 'small' },
      },
      huge: {
        entry: log('huge'),
        on: { go: 'small' },
        always: { guard: ({ context }: Given) => context.count < 4, target: 'small' },
      },
    },
  }),
  animal('always beside a still region', ['count', 'swap', 'go'], {
    type: 'parallel',
    on: { count: { actions: 'count' } },
    states: {
      watch: {
        initial: 'even',
        states: {
          even: { always: { guard: 'isOdd', target: 'odd', actions: log('odd') } },
          odd: { always: { guard: not('isOdd'), target: 'even' } },
        },
      },
      still: {
        initial: 'a',
        states: { a: { on: { swap: { target: 'b', actions: 'count' } } }, b: { on: { swap: 'a' } } },
      },
    },
  }),
  animal('always of one state only', ['in', 'out', 'go', 'count'], {
    initial: 'calm',
    on: { count: { actions: 'count' } },
    states: {
      calm: {
        initial: 'a',
        on: { in: 'passing' },
        states: {
          a: { on: { go: 'b' } },
          b: { on: { go: { target: 'a', actions: raise({ type: 'count' }) } } },
        },
      },
      passing: { entry: 'count', always: [{ guard: 'isOdd', target: 'calm.b' }, { target: 'calm' }] },
    },
  }),
  animal('raised events', ['go', 'two', 'inner'], {
    initial: 'a',
    states: {
      a: {
        on: {
          go: { target: 'b', actions: [raise({ type: 'inner' }), raise({ type: 'two' })] },
          inner: { actions: 'note' },
        },
      },
      b: {
        entry: [raise({ type: 'inner' }), 'count'],
        exit: log('-b'),
        on: { inner: { target: 'c', actions: log('inner') }, two: 'a' },
      },
      c: {
        entry: raise(({ context }: Given) => ({ type: context.count % 2 === 1 ? 'two' : 'go' })),
        on: { go: 'a', two: { target: 'a', actions: 'count' } },
      },
    },
  }),
  animal('raised across regions', ['go', 'kick'], {
    type: 'parallel',
    states: {
      a: {
        initial: 'x',
        states: {
          x: { on: { go: { target: 'y', actions: raise({ type: 'kick' }) } } },
          y: { on: { go: 'x', kick: { actions: 'count' } } },
        },
      },
      b: {
        initial: 'x',
        states: {
          x: { on: { kick: { target: 'y', actions: raise({ type: 'go' }) } } },
          y: { on: { kick: 'x' } },
        },
      },
    },
  }),
  animal('a circle of raised events', ['go', 'turn', 'stop'], {
    initial: 'a',
    options: { maxIterations: 20 },
    states: {
      a: { on: { go: { target: 'b', actions: 'count' }, turn: { actions: 'count' } } },
      b: {
        on: { turn: [{ guard: 'isOdd', actions: raise({ type: 'turn' }) }, { actions: 'count' }], stop: 'a' },
      },
    },
  }),
  animal('delayed raise and cancel', ['go', 'stop', 'later', 'named'], {
    initial: 'a',
    on: { named: { actions: cancel(({ context }: Given) => `id${context.count}`) } },
    states: {
      a: {
        entry: raise({ type: 'later' }, { delay: 20, id: 'wake' }),
        exit: cancel('wake'),
        on: { later: { target: 'b', actions: raise({ type: 'stop' }, { delay: 'soon' as never }) }, go: 'b' },
      },
      b: {
        on: {
          stop: 'a',
          go: {
            actions: [
              raise({ type: 'go' }, { delay: ({ context }: Given) => context.count * 5, id: 'id1' }),
              'count',
            ],
          },
        },
      },
    },
  }),
  animal('delayed sends to itself', ['go', 'back'], {
    initial: 'a',
    states: {
      a: {
        on: {
          go: {
            target: 'b',
            actions: sendTo(({ self }) => self, { type: 'back' }, { delay: 15, id: 'back' }),
          },
        },
      },
      b: {
        on: {
          back: 'a',
          go: {
            actions: sendTo(
              ({ self }) => self,
              ({ context }: Given) => ({ type: 'go', by: context.count }),
              { delay: 'later' as never },
            ),
          },
        },
      },
    },
  }),
  animal('shallow history', ['go', 'out', 'in', 'deep'], {
    initial: 'a',
    states: {
      a: {
        initial: 'one',
        on: { out: 'b' },
        states: {
          one: { on: { go: 'two' } },
          two: {
            initial: 'x',
            states: { x: { on: { go: 'y' } }, y: { entry: 'count', on: { go: '#shallow-history.a.one' } } },
          },
          last: { type: 'history' },
        },
      },
      b: { on: { in: 'a.last', deep: 'a.two.y' } },
    },
  }),
  animal('deep history with a default', ['go', 'out', 'in', 'fresh'], {
    initial: 'b',
    states: {
      a: {
        initial: 'one',
        entry: log('+a'),
        on: { out: 'b' },
        states: {
          one: { on: { go: 'two' } },
          two: {
            initial: 'x',
            entry: log('+two'),
            states: { x: { on: { go: 'y' } }, y: { on: { go: '#deep-history-with-a-default.a.one' } } },
          },
          last: { type: 'history', history: 'deep', target: 'two' },
        },
      },
      b: { on: { in: 'a.last', fresh: 'a' } },
    },
  }),
  animal('history of a parallel state', ['go', 'swap', 'out', 'in', 'shallow'], {
    initial: 'work',
    states: {
      work: {
        type: 'parallel',
        on: { out: 'rest' },
        states: {
          a: { initial: 'x', states: { x: { on: { go: 'y' } }, y: { entry: 'count', on: { go: 'x' } } } },
          b: {
            initial: 'x',
            states: {
              x: { on: { swap: 'y' } },
              y: { initial: 'm', states: { m: { on: { swap: 'n' } }, n: {} } },
            },
          },
          deep: { type: 'history', history: 'deep' },
          flat: { type: 'history' },
        },
      },
      rest: { on: { in: 'work.deep', shallow: 'work.flat' } },
    },
  }),
  animal('history as initial state', ['go', 'out', 'in'], {
    initial: 'a',
    states: {
      a: {
        initial: 'last',
        on: { out: 'b' },
        states: { one: { on: { go: 'two' } }, two: {}, last: { type: 'history', target: 'one' } },
      },
      b: { on: { in: 'a' } },
    },
  }),
  animal('history beside what has none', ['calm', 'go', 'out', 'in'], {
    type: 'parallel',
    states: {
      calm: {
        initial: 'x',
        states: {
          x: { on: { calm: { target: 'y', actions: 'count' } } },
          y: {
            on: {
              calm: 'x',
              go: { actions: enqueueActions(({ enqueue }) => enqueue.raise({ type: 'calm' })) },
            },
          },
        },
      },
      other: {
        initial: 'a',
        states: {
          a: {
            initial: 'p',
            on: { out: 'b' },
            states: { p: { on: { go: 'q' } }, q: {}, h: { type: 'history' } },
          },
          b: { on: { in: 'a.h' } },
        },
      },
    },
  }),
  animal('emitted events', ['go', 'count'], {
    initial: 'a',
    entry: emit({ type: 'started' }),
    on: {
      count: {
        actions: ['count', emit(({ context }: Given) => ({ type: 'counted', count: context.count }))],
      },
    },
    states: {
      a: { on: { go: { target: 'b', actions: emit({ type: 'left' }) } } },
      b: { exit: emit({ type: 'back' }), on: { go: 'a' } },
    },
  }),
]
