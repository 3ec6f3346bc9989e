/** The transitions that are tried for an event, in XState's order. */
import { describe, expect, test } from 'vitest'
import { createMachine, setup } from 'xstate'
import { candidatesOf } from '../../machines/step/candidates.ts'
import { chart } from '../../proof/testing/chart.ts'

const no = setup({ guards: { no: () => false } })

describe('candidates', () => {
  test('of an event: its own before wildcards, the longest wildcard first', () => {
    const { root } = createMachine({
      on: {
        '*': { actions: 'any' },
        'a.*': { actions: 'some' },
        a: { actions: 'own' },
        'a.b.*': { actions: 'more' },
      },
    })
    const triedFor = (event: string) => candidatesOf(root, event).map(({ eventType }) => eventType)

    expect(triedFor('a')[0]).toBe('a')
    expect(triedFor('a.b.c')).toEqual(['a.b.*', 'a.*', '*'])
    expect(triedFor('ab')).toEqual(['*'])
  })

  test('are those that XState tries: a refused event falls to a wildcard, or does not, in both', () => {
    const machine = no.createMachine({
      initial: 'here',
      states: {
        here: { on: { go: { guard: 'no', target: 'there' }, '*': 'elsewhere' } },
        there: {},
        elsewhere: {},
      },
    })
    const here = machine.root.states.here!
    const falls = candidatesOf(here, 'go').length > 1

    expect(
      chart(machine)
        .start()
        .step({ type: 'go' } as never).value,
    ).toBe(falls ? 'elsewhere' : 'here')
  })
})
