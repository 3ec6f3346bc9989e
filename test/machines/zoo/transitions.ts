/** Machines that show which transition is taken, and which states it leaves and enters. */
import { and, enqueueActions, not, or, raise, stateIn } from 'xstate'
import { type Animal, animal, count, type Given, log, say } from './animal.ts'

const loud = (name: string) => ({ entry: log(`+${name}`), exit: log(`-${name}`) })

export const transitions: readonly Animal[] = [
  animal('toggle', ['go'], {
    initial: 'off',
    states: { off: { on: { go: 'on' } }, on: { on: { go: { target: 'off', actions: 'count' } } } },
  }),
  animal('one state only', ['go', 'again', 'stay'], {
    ...loud('root'),
    on: { go: { actions: 'count' }, again: { target: '#one-state-only', reenter: true }, stay: {} },
  }),
  animal('entry and exit in order', ['go', 'back', 'deep', 'out', 'self'], {
    initial: 'a',
    ...loud('root'),
    on: { out: '.a', self: { target: '.b.two', reenter: true } },
    states: {
      a: { ...loud('a'), on: { go: 'b', deep: 'b.two.y' } },
      b: {
        ...loud('b'),
        initial: 'one',
        on: { back: { target: 'a', actions: log('back') } },
        states: {
          one: { ...loud('one'), on: { go: 'two' } },
          two: {
            ...loud('two'),
            initial: 'x',
            states: { x: { ...loud('x'), on: { go: 'y' } }, y: { ...loud('y'), on: { go: '#top' } } },
          },
        },
      },
      c: { id: 'top', ...loud('c'), on: { go: 'a' } },
    },
  }),
  animal('internal and external selves', ['inside', 'outside', 'child', 'again', 'next'], {
    initial: 'a',
    states: {
      a: {
        ...loud('a'),
        initial: 'one',
        on: {
          inside: { target: 'a', actions: 'count' },
          outside: { target: 'a', reenter: true, actions: 'count' },
          child: { target: '.two' },
          again: { target: '.two', reenter: true },
        },
        states: {
          one: { ...loud('one'), on: { next: 'two' } },
          two: { ...loud('two'), on: { next: 'one' } },
        },
      },
    },
  }),
  animal('transitions of the root', ['a', 'b', 'again', 'tell', 'deep'], {
    initial: 'a',
    on: {
      a: '.a',
      b: { target: '.b', actions: 'note' },
      again: { target: '.a', reenter: true, actions: 'count' },
      tell: { actions: say('said') },
      deep: '#inner',
    },
    ...loud('root'),
    states: {
      a: loud('a'),
      b: { ...loud('b'), initial: 'c', states: { c: loud('c'), d: { id: 'inner', ...loud('d') } } },
    },
  }),
  animal('forbidden transitions', ['go', 'stay', 'open'], {
    initial: 'a',
    on: { go: { actions: 'count' }, stay: { actions: 'note' } },
    states: {
      a: { on: { go: undefined, open: 'b' } },
      b: {
        initial: 'c',
        on: { stay: {} },
        states: { c: { on: { open: { target: undefined }, go: { actions: [] } } } },
      },
    },
  }),
  animal('wildcards', ['go', 'stop', 'other', 'one.two', '*x'], {
    initial: 'a',
    on: { '*': { actions: 'note' }, stop: { guard: 'never' } },
    states: {
      a: {
        on: { go: 'b', '*': { guard: 'isOdd', actions: 'count' }, other: { guard: 'isOdd', target: 'b' } },
      },
      b: {
        on: {
          '*': 'a',
          go: [
            { guard: 'isOdd', actions: 'count' },
            { guard: 'never', target: 'a' },
          ],
        },
      },
    },
  }),
  animal('partial wildcards', ['mouse', 'mouse.click', 'mouse.click.left', 'key.up', 'key.down'], {
    initial: 'a',
    states: {
      a: {
        on: {
          'mouse.*': { actions: 'count' },
          'mouse.click.*': { guard: 'isOdd', target: 'b' },
          'key.*': 'b',
          'key.down': { guard: 'isOdd', actions: 'note' },
        },
      },
      b: { on: { 'mouse.click': 'a', '*': { actions: 'note' } } },
    },
  }),
  animal('guarded alternatives', ['go', 'count', { type: 'go', by: 2 }], {
    initial: 'a',
    on: { count: { actions: 'count' } },
    states: {
      a: {
        on: {
          go: [
            { guard: { type: 'isBig', params: { than: 4 } }, target: 'c' },
            { guard: 'isBy', target: 'b', actions: 'note' },
            { guard: ({ context }: Given) => context.count === 1, actions: 'count' },
            { guard: { type: 'isBig', params: ({ context }: Given) => ({ than: context.count - 1 }) } },
            { target: 'c' },
          ],
        },
      },
      b: { on: { go: 'a' } },
      c: { on: { go: { target: 'b', guard: 'isOdd' } } },
    },
  }),
  animal('guards of guards', ['go', 'count', 'swap'], {
    type: 'parallel',
    on: { count: { actions: 'count' } },
    states: {
      left: {
        initial: 'a',
        states: {
          a: {
            on: {
              go: [
                { guard: and(['isOdd', not('isBig')]) as never, target: 'b' },
                {
                  guard: or([{ type: 'isBig', params: { than: 4 } } as never, stateIn({ right: 'y' })]),
                  target: 'b',
                },
              ],
            },
          },
          b: { on: { go: { target: 'a', guard: not(stateIn('#zoo-y')) } } },
        },
      },
      right: {
        initial: 'x',
        states: { x: { on: { swap: 'y' } }, y: { id: 'zoo-y', on: { swap: 'x' } } },
      },
    },
  }),
  animal(
    'guards by other names',
    ['go', 'count'],
    {
      initial: 'a',
      on: { count: { actions: 'count' } },
      states: {
        a: { on: { go: { guard: 'alias', target: 'b' } } },
        b: { on: { go: { guard: 'negated', target: 'a' } } },
      },
    },
    { guards: { alias: { type: 'isBig', params: { than: 1 } }, negated: not('isOdd') } },
  ),
  animal('parallel regions', ['go', 'left', 'right', 'both', 'out'], {
    type: 'parallel',
    on: { out: { actions: 'note' } },
    states: {
      left: {
        initial: 'a',
        states: {
          a: { ...loud('la'), on: { go: 'b', left: 'b', both: 'b' } },
          b: { ...loud('lb'), on: { go: 'a', left: 'a', out: 'a' } },
        },
      },
      right: {
        initial: 'a',
        states: {
          a: { ...loud('ra'), on: { go: 'b', right: 'b' } },
          b: {
            ...loud('rb'),
            on: { go: { target: 'a', actions: 'count' }, right: 'a', both: { actions: 'count' } },
          },
        },
      },
    },
  }),
  animal('nested parallel', ['go', 'in', 'out', 'again', 'swap', 'jump'], {
    initial: 'idle',
    states: {
      idle: { on: { in: 'busy', jump: 'busy.one.q' } },
      busy: {
        type: 'parallel',
        ...loud('busy'),
        on: { out: 'idle', again: { target: 'busy', reenter: true }, jump: ['.one.q', '.two.inner.b.d'] },
        states: {
          one: {
            ...loud('one'),
            initial: 'p',
            states: { p: { on: { go: 'q' } }, q: { ...loud('q'), on: { go: 'p' } } },
          },
          two: {
            ...loud('two'),
            type: 'parallel',
            states: {
              inner: {
                initial: 'a',
                states: {
                  a: { on: { go: 'b', swap: 'b.d' } },
                  b: {
                    ...loud('b'),
                    initial: 'c',
                    on: { swap: 'a' },
                    states: { c: loud('c'), d: loud('d') },
                  },
                },
              },
              other: {
                initial: 'a',
                states: { a: { on: { swap: 'b' } }, b: { ...loud('ob'), on: { swap: 'a' } } },
              },
            },
          },
        },
      },
    },
  }),
  animal('regions with numbers as names', ['go', 'back'], {
    type: 'parallel',
    states: {
      b: {
        initial: 'x',
        states: { x: { on: { go: { target: 'y', actions: log('b') } } }, y: { on: { back: 'x' } } },
      },
      2: {
        initial: 'x',
        states: { x: { on: { go: { target: 'y', actions: log('2') } } }, y: { on: { back: 'x' } } },
      },
      1: { initial: '9', states: { 9: { on: { go: '8' } }, 8: { on: { back: '9' }, tags: 'eight' } } },
    },
  }),
  animal('several targets', ['go', 'back', 'cross', 'half'], {
    type: 'parallel',
    on: {
      go: { target: ['.left.b', '.right.b'] },
      cross: { target: ['.left.b', '.right.a'], actions: 'count' },
    },
    states: {
      left: {
        ...loud('left'),
        initial: 'a',
        states: { a: loud('la'), b: { ...loud('lb'), on: { back: 'a' } } },
      },
      right: {
        ...loud('right'),
        initial: 'a',
        on: { half: ['.b', '#several-targets.left.b'] },
        states: { a: loud('ra'), b: { ...loud('rb'), on: { back: 'a' } } },
      },
    },
  }),
  animal('conflicting transitions', ['go', 'out', 'leave'], {
    initial: 'work',
    states: {
      work: {
        type: 'parallel',
        on: { leave: 'rest' },
        states: {
          a: {
            initial: 'one',
            states: {
              one: { on: { go: '#conflicting-transitions.rest', out: 'two' } },
              two: { on: { go: 'one' } },
            },
          },
          b: {
            initial: 'one',
            on: { out: '#conflicting-transitions.rest' },
            states: {
              one: { on: { go: 'two', leave: { actions: 'count' } } },
              two: { on: { go: { target: 'one', actions: 'note' } } },
            },
          },
        },
      },
      rest: { entry: 'count', on: { go: 'work', out: 'work.b.two' } },
    },
  }),
  animal('a parallel state reentered from within', ['go', 'self', 'up'], {
    type: 'parallel',
    states: {
      a: {
        ...loud('a'),
        initial: 'one',
        states: {
          one: { on: { self: { target: '#re', reenter: true }, go: 'two' } },
          two: { on: { up: '#re', go: 'one' } },
        },
      },
      b: {
        id: 're',
        ...loud('b'),
        type: 'parallel',
        states: {
          x: { ...loud('x'), initial: 'm', states: { m: { on: { go: 'n' } }, n: {} } },
          y: loud('y'),
        },
      },
    },
  }),
  animal('the root reentered', ['all', 'go', 'in'], {
    ...loud('root'),
    type: 'parallel',
    on: { all: { target: '#the-root-reentered', reenter: true }, in: { target: '.a', reenter: true } },
    states: {
      a: { ...loud('a'), initial: 'x', states: { x: { on: { go: 'y' } }, y: loud('y') } },
      b: loud('b'),
    },
  }),
  animal('tags and meta', ['go', 'back'], {
    type: 'parallel',
    tags: ['root'],
    states: {
      a: {
        initial: 'x',
        tags: 'a',
        states: {
          x: { tags: ['x', 'shared'], meta: { text: 'x' }, on: { go: 'y' } },
          y: { tags: 'y', on: { back: 'x' } },
        },
      },
      b: {
        initial: 'x',
        states: { x: { tags: ['shared'], on: { back: 'y' } }, y: { meta: { text: 'y' }, on: { go: 'x' } } },
      },
    },
  }),
  animal('initial transitions with actions', ['go', 'deep', 'back', 'again'], {
    initial: { target: 'a', actions: log('root init') },
    states: {
      a: {
        initial: { target: 'one', actions: [count, log('a init')] },
        entry: log('+a'),
        on: { go: 'b', deep: 'b.two', again: { target: 'a', reenter: true } },
        states: { one: { entry: log('+one') }, two: {} },
      },
      b: {
        initial: { target: 'one', actions: log('b init') },
        on: { back: 'a.two' },
        states: {
          one: { initial: { target: 'x', actions: say('x') }, states: { x: {} } },
          two: { on: { go: 'one' } },
        },
      },
    },
  }),
  animal(
    'routes',
    [
      { type: 'xstate.route', to: '#first' } as never,
      { type: 'xstate.route', to: '#second' } as never,
      'count',
    ],
    {
      initial: 'a',
      on: { count: { actions: 'count' } },
      states: { a: {}, b: { id: 'first', route: {} }, c: { id: 'second', route: { guard: 'isOdd' } } },
    },
  ),
  animal(
    'regions within regions',
    ['toggle', 'inner', 'main', 'both', 'stay', 'again', 'self', 'deep', 'next', 'back', 'swap', 'same'],
    {
      type: 'parallel',
      on: {
        inner: { actions: 'count' },
        main: { target: '.main', guard: 'isOdd' },
        both: { target: ['.main.off', '.side.b'] },
        '*': { actions: { type: 'log', params: ({ event }: Given) => ({ text: event.type }) } },
      },
      states: {
        main: {
          initial: 'off',
          ...loud('main'),
          on: {
            stay: '.off',
            same: 'main',
            again: { target: '.off', reenter: true },
            self: { target: 'main', reenter: true },
          },
          states: {
            off: { tags: 'off', after: { 50: 'on' }, on: { toggle: 'on', deep: 'on.right.two' } },
            on: {
              type: 'parallel',
              tags: ['on', 'lit'],
              entry: 'mixed',
              after: { later: { target: 'off', actions: 'count' } },
              on: { toggle: { target: 'off', actions: ['mixed', () => {}] } },
              states: {
                left: {
                  ...loud('left'),
                  initial: 'one',
                  states: {
                    one: { exit: 'count', on: { next: 'two' } },
                    two: { entry: raise({ type: 'inner' }), on: { next: 'one', both: 'one' } },
                  },
                },
                right: {
                  initial: 'one',
                  states: {
                    one: { exit: log('-one'), on: { next: 'two' } },
                    two: { tags: 'far', on: { back: 'one' } },
                  },
                },
              },
            },
          },
        },
        side: { initial: 'a', states: { a: { on: { swap: 'b', toggle: 'b' } }, b: { on: { swap: 'a' } } } },
      },
    },
    {
      actions: {
        mixed: enqueueActions(({ context, enqueue, check }) => {
          enqueue.assign({ count: ({ context: { count } }: Given) => (count + 1) % 5 })
          enqueue({ type: 'log', params: { text: `mixed ${context.count}` } } as never)
          if (check(stateIn({ main: { on: { left: 'one' } } }) as never)) enqueue('say' as never)
          if (check('isOdd' as never)) enqueue.raise({ type: 'toggle' })
          enqueue.cancel('xstate.after.50.regions-within-regions.main.off')
        }),
      },
    },
  ),
]
