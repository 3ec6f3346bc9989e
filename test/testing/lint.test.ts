/** The linter of charts: each kind of finding on a chart that has it, and none on one that has not. */
import { describe, expect, test } from 'vitest'
import { type AnyStateMachine, assign, createMachine, fromPromise, raise, setup } from 'xstate'
import { findingKinds, lintChart, lintText } from '../../proof/testing/lint.ts'

const findings = (machine: unknown, events?: readonly { readonly type: string }[]) =>
  lintChart(machine as AnyStateMachine, events === undefined ? {} : { events }).findings.map(
    ({ kind, where, certainty }) => `${certainty} ${kind}: ${where}`,
  )

const sound = createMachine({
  id: 'sound',
  initial: 'a',
  states: {
    a: { on: { GO: 'b' }, after: { 10: 'b' } },
    b: { on: { BACK: 'a', END: 'done' } },
    done: { type: 'final' },
  },
})

const faulty: Readonly<Record<(typeof findingKinds)[number], readonly [unknown, string]>> = {
  throws: [
    createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: {
          on: {
            E: {
              target: 'b',
              actions: assign(() => {
                throw new Error('broken')
              }),
            },
          },
        },
        b: { on: { F: 'a' } },
      },
    }),
    'certain throws: m.a',
  ],
  'unreachable state': [
    createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { E: 'b' } }, b: { on: { F: 'a' } }, lost: { on: { E: 'a' } } },
    }),
    'certain unreachable state: m.lost',
  ],
  'dead transition': [
    createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { E: 'b' } }, b: { always: 'a', on: { NEVER: 'a' } } },
    }),
    'likely dead transition: m.b: NEVER -> m.a',
  ],
  'shadowed transition': [
    createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: { on: { E: [{ target: 'b' }, { target: 'a', guard: () => true }] } },
        b: { on: { F: 'a' } },
      },
    }),
    'certain shadowed transition: m.a: E [(inline)] -> m.a',
  ],
  'guard always false': [
    setup({ guards: { never: () => false } }).createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { E: [{ guard: 'never', target: 'b' }, 'b'] } }, b: { on: { F: 'a' } } },
    }),
    'likely guard always false: m.a: E [never] -> m.b',
  ],
  'guard always true': [
    setup({ guards: { always: () => true } }).createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { E: { guard: 'always', target: 'b' } } }, b: { on: { F: 'a' } } },
    }),
    'likely guard always true: m.a: E [always] -> m.b',
  ],
  stuck: [
    createMachine({ id: 'm', initial: 'a', states: { a: { on: { E: 'trap' } }, trap: {} } }),
    'certain stuck: m.trap',
  ],
  'unhandled raise': [
    createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { E: { target: 'b', actions: raise({ type: 'LOST' }) } } }, b: { on: { F: 'a' } } },
    }),
    'certain unhandled raise: m.b',
  ],
}

test('a sound chart has nothing to find fault with', () => {
  const report = lintChart(sound)

  expect(report.findings).toEqual([])
  expect(report.exhausted).toBe(true)
  expect(report.states).toEqual({ reached: 4, all: 4 })
  expect(lintText(report)).toContain('nothing to find fault with')
})

test.each(findingKinds)('%s is found', (kind) => {
  const [machine, expected] = faulty[kind]

  expect(findings(machine)).toContain(expected)
})

describe('certainty', () => {
  const [machine] = faulty['guard always false']

  test('with all events given and the search exhausted, what never happens is certain', () => {
    expect(findings(machine, [{ type: 'E' }, { type: 'F' }])).toContain(
      'certain guard always false: m.a: E [never] -> m.b',
    )
  })
})

test('children end and fail in the search, so that both of their outcomes count as reached', () => {
  const machine = setup({ actors: { job: fromPromise(async () => 1) } }).createMachine({
    id: 'm',
    initial: 'busy',
    states: {
      busy: { invoke: { src: 'job', onDone: 'ok', onError: 'bad' } },
      ok: { type: 'final' },
      bad: { on: { RETRY: 'busy' } },
    },
  })
  expect(findings(machine)).toEqual([])
})

test('a chart without an end is searched up to the bound', () => {
  const counter = createMachine({
    context: { n: 0 },
    on: { MORE: { actions: assign({ n: ({ context }) => (context as { n: number }).n + 1 }) } },
  })
  const report = lintChart(counter as AnyStateMachine, { statesMax: 20 })

  expect(report).toMatchObject({ visited: 20, exhausted: false })
})

test('events that a state ignores are listed', () => {
  expect(lintChart(sound).ignored).toContainEqual({ event: 'GO', states: ['sound.b'] })
})
