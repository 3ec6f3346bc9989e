/** Tables, invariants, shortest paths and random lives of a chart. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assign, fromPromise, setup } from 'xstate'
import { checkInvariants, shortestPaths } from '../../proof/testing/invariants.ts'
import { holdsInEveryLife, lives, momentsOf } from '../../proof/testing/lives.ts'
import { chartTable } from '../../proof/testing/table.ts'

const till = setup({
  types: {
    context: {} as { coins: number },
    events: {} as { type: 'COIN'; value: number } | { type: 'BUY' } | { type: 'CANCEL' },
  },
  guards: { enough: ({ context }) => context.coins >= 2 },
  actions: { count: assign({ coins: ({ context }) => Math.min(3, context.coins + 1) }) },
  actors: { print: fromPromise(async () => 'a ticket') },
}).createMachine({
  id: 'till',
  context: { coins: 0 },
  initial: 'open',
  states: {
    open: {
      on: { COIN: { actions: 'count' }, BUY: { guard: 'enough', target: 'printing' } },
      after: { 60000: 'closed' },
    },
    printing: { invoke: { id: 'print', src: 'print', onDone: 'sold', onError: 'open' } },
    sold: { type: 'final' },
    closed: {},
  },
})

describe('a table', () => {
  test('has every event in every state, with outcomes that depend on the context side by side', () => {
    const rows = chartTable(till).split('\n')
    expect(rows.filter((row) => row.includes('BUY'))).toHaveLength(3)
    expect(rows.some((row) => /^ {2}BUY +-> printing$/.test(row))).toBe(true)
    expect(rows.some((row) => /^ +refused: enough$/.test(row))).toBe(true)
    expect(rows.some((row) => /error print +-> open/.test(row))).toBe(true)
    expect(chartTable(till)).toContain('sold\n  (final)')
  })
})

describe('invariants', () => {
  test('hold at every moment', () => {
    expect(checkInvariants(till, { 'few coins': ({ context }) => context.coins <= 3 })).toMatchObject({
      kind: 'holds',
      exhausted: true,
    })
  })

  test('are broken by a shortest run', () => {
    const result = checkInvariants(till, { 'never sold': ({ value }) => value !== 'sold' })

    expect(result).toMatchObject({
      kind: 'violated',
      invariant: 'never sold',
      path: ['COIN', 'COIN', 'BUY', 'done print'],
    })
  })

  test('that throw are broken', () => {
    const result = checkInvariants(till, {
      throws: () => {
        throw new Error('no')
      },
    })
    expect(result).toMatchObject({ kind: 'violated', path: [], error: expect.any(Error) })
  })
})

test('shortest paths lead to every state', () => {
  expect(shortestPaths(till).map(({ state, path }) => [state, path.length])).toEqual([
    ['till', 0],
    ['till.open', 0],
    ['till.closed', 1],
    ['till.printing', 3],
    ['till.sold', 4],
  ])
})

describe('random lives', () => {
  const events = { COIN: fc.record({ value: fc.nat(5) }), BUY: fc.constant({}), CANCEL: fc.constant({}) }

  test('keep what holds', () => {
    fc.assert(holdsInEveryLife(till, { 'few coins': ({ context }) => context.coins <= 3 }, { events }))
  })

  test('are shrunk to what breaks it', () => {
    const property = holdsInEveryLife(
      till,
      { 'never prints': ({ value }) => value !== 'printing' },
      { events },
    )
    const { failed, counterexample } = fc.check(property, { seed: 7 })

    expect(failed).toBe(true)
    const steps = counterexample![0].steps.filter((step) => step.kind === 'event')
    expect(steps.map(({ event }) => event.type)).toEqual(['COIN', 'COIN', 'BUY'])
  })

  test('end children with outputs from arbitraries', () => {
    const life = lives(till, { events, outputs: { print: fc.constant('ticket') } })
    const values = fc
      .sample(life, { numRuns: 200, seed: 3 })
      .flatMap((one) => [...momentsOf(till, one)].map(({ value }) => value))

    expect(new Set(values)).toEqual(new Set(['open', 'printing', 'closed', 'sold']))
  })
})
