/** Every state of a small view service: three servers, one of them in two lives, restarts, and views up to number 4. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assign } from 'xstate'
import { createViewServiceMachine } from '../../machines/view-service.ts'
import { coverageLine, coverageOf } from '../support/coverage-of.ts'
import {
  type Belief,
  believe,
  expectedOf,
  ignorance,
  type Machine,
  type Snapshot,
  service,
  situationOf,
  stateOf,
  violations,
} from './view-service-oracle.ts'

const ids = ['s1#1', 's1#2', 's2#1', 's3#1']
const viewMax = 4
const pingTimeout = 2
/** A walk through a wrong chart ends here. */
const problemsMax = 10
const statesMax = 20_000
const machine = createViewServiceMachine({ pingTimeout })

describe('the whole of a small view service', () => {
  const walked = createViewServiceMachine({ pingTimeout })
  const coverage = coverageOf(walked)
  afterAll(() => console.log(coverageLine('view service', coverage)))
  let walk: Walk
  beforeAll(() => {
    walk = explore(walked)
  })

  test('I1 I2 no step breaks a rule of V2 to V8 or V11', () => {
    expect(walk.broken).toEqual([])
  })

  test('V1 to V11 every state is the one that the sentences describe', () => {
    expect(walk.surprises).toEqual([])
  })

  test('V6 every kind of change happens somewhere', () => {
    expect([...walk.changes].sort()).toEqual([
      'appoint',
      'appoint for a dead primary',
      'appoint for a dead primary at the acknowledgement',
      'drop',
      'first view',
      'promote',
      'promote and appoint',
      'promote and appoint at the acknowledgement',
      'promote at the acknowledgement',
      'replace',
    ])
  })

  test('every state of the chart is entered', () => {
    expect(coverage.missedStates()).toEqual([])
  })

  test('every transition of the chart is taken', () => {
    expect(coverage.missedTransitions()).toEqual([])
  })

  test('N4 the states are finitely many, and as many as ever', () => {
    expect({ states: walk.states, steps: walk.steps }).toEqual({ states: 3_302, steps: 73_056 })
  })
})

describe('a wrong chart does not get past the walk', () => {
  const mutants = {
    'V4 everyone with the number acknowledges': machine.provide({
      guards: {
        acknowledges: ({ context, event }) =>
          event.type === 'ping' && event.viewNumber === context.view.number,
      },
    }),
    'V4 any ping of the primary acknowledges': machine.provide({
      guards: {
        acknowledges: ({ context, event }) => event.type === 'ping' && event.from === context.view.primary,
      },
    }),
    'V4 no one acknowledges': machine.provide({ guards: { acknowledges: () => false } }),
    'V6 no view ever changes': machine.provide({ guards: { mustChangeView: () => false } }),
    'V2 a view has the number of the one before': machine.provide({
      actions: {
        changeView: assign(({ context, event }) => ({
          view: { ...context.view, primary: (event as { from: string }).from ?? null },
        })),
      },
    }),
    'V3 any server that pings becomes primary': machine.provide({
      actions: {
        changeView: assign(({ context, event }) => ({
          view: {
            number: context.view.number + 1,
            primary: (event as { from?: string }).from ?? context.view.primary,
            backup: null,
          },
        })),
      },
    }),
    'V7 no one is heard': machine.provide({ actions: { countLiveness: assign({}) } }),
    'V7 nothing is ever news': machine.provide({ guards: { tellsNothingNew: () => true } }),
    'V11 a restart forgets the incarnations': machine.provide({
      actions: {
        resume: assign(({ context: { record } }) =>
          record === null ? {} : { view: record.view, record: null },
        ),
      },
    }),
    'V11 a restart forgets the acknowledgement': machine.provide({
      guards: { resumes: ({ context }, { acknowledged }) => context.record !== null && !acknowledged },
    }),
  }
  for (const [wrong, mutant] of Object.entries(mutants)) {
    test(wrong, () => {
      const { broken, surprises } = explore(mutant as Machine)
      expect([...broken, ...surprises]).not.toEqual([])
    })
  }
})

interface Walk {
  readonly states: number
  readonly steps: number
  readonly broken: readonly string[]
  readonly surprises: readonly string[]
  readonly changes: ReadonlySet<string>
}

/** Takes every step in every state. A state is chart and oracle together, so that neither hides what the other knows. */
function explore(machine: Machine): Walk {
  const { start, play } = service(machine)
  const seen = new Set<string>()
  const todo: { snapshot: Snapshot; belief: Belief }[] = []
  const walk = {
    steps: 0,
    broken: [] as string[],
    surprises: [] as string[],
    changes: new Set<string>(),
  }
  const visit = (snapshot: Snapshot, belief: Belief) => {
    const key = JSON.stringify([snapshot.value, snapshot.context, expectedOf(belief)])
    if (seen.has(key)) return
    seen.add(key)
    if (snapshot.context.view.number <= viewMax) todo.push({ snapshot, belief })
  }
  visit(start().snapshot, ignorance)
  const goesOn = () => walk.broken.length + walk.surprises.length < problemsMax && seen.size < statesMax
  for (let next = todo.pop(); next !== undefined && goesOn(); next = todo.pop()) {
    const { snapshot, belief } = next
    for (const step of stepsFrom(snapshot)) {
      const after = play(snapshot, step)
      const expected = believe(belief, step, pingTimeout)
      const where = `${stateOf(snapshot)}, ${step}`
      walk.steps += 1
      for (const rule of violations(snapshot, step, after)) walk.broken.push(`${where}: ${rule}`)
      if (text(situationOf(after.snapshot)) !== text(expectedOf(expected))) walk.surprises.push(where)
      if (after.snapshot.context.view.number !== snapshot.context.view.number) {
        walk.changes.add(kindOfChange(snapshot, after.snapshot))
      }
      visit(after.snapshot, expected)
    }
  }
  return { ...walk, states: seen.size }
}

function stepsFrom({ context }: Snapshot): readonly string[] {
  const numbers = Array.from({ length: context.view.number + 2 }, (_, number) => number)
  return [
    ...ids.flatMap((id) => numbers.map((number) => `${id}:${number}`)),
    'check',
    'getView',
    'restart',
    'foreign',
  ]
}

function kindOfChange(before: Snapshot, after: Snapshot): string {
  const { view: from } = before.context
  const { view: to, servers } = after.context
  if (from.number === 0) return 'first view'
  const moment = before.hasTag('acknowledged') ? '' : ' at the acknowledgement'
  if (to.primary !== from.primary) return `promote${to.backup === null ? '' : ' and appoint'}${moment}`
  if (from.backup !== null) return to.backup === null ? 'drop' : 'replace'
  return servers.some(({ id }) => id === from.primary) ? 'appoint' : `appoint for a dead primary${moment}`
}

function text(value: unknown): string {
  return JSON.stringify(value)
}
