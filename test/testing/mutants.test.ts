/** Mutants of a machine: each kind is made, tests catch those that matter, equivalent ones are distinguished. */
import { describe, expect, test } from 'vitest'
import { type AnyStateMachine, assign, createActor, createMachine, setup } from 'xstate'
import { chart } from '../../proof/testing/chart.ts'
import { agreement } from '../../proof/testing/mutants/equivalence.ts'
import { mutantsOf } from '../../proof/testing/mutants/mutants.ts'
import { type MachineTest, mutationTest, mutationText } from '../../proof/testing/mutants/mutation-test.ts'
import { mutationKinds } from '../../proof/testing/mutants/operators.ts'
import '../../proof/testing/vitest.ts'

const turnstile = setup({
  types: { context: {} as { coins: number } },
  guards: { paid: ({ context }) => context.coins > 0, broke: ({ context }) => context.coins === 0 },
  actions: { take: assign({ coins: 1 }), beep: () => {}, hum: () => {} },
}).createMachine({
  id: 'turnstile',
  context: { coins: 0 },
  initial: 'locked',
  states: {
    locked: {
      entry: 'beep',
      exit: 'hum',
      on: {
        COIN: { actions: 'take', target: 'checking' },
        PUSH: [{ guard: 'broke', actions: 'beep' }, { target: 'open' }],
      },
    },
    checking: { always: { guard: 'paid', target: 'open' } },
    open: { after: { 100: 'locked' }, on: { PUSH: 'locked' } },
  },
})

const tests: readonly MachineTest[] = [
  {
    name: 'a coin opens',
    run: (machine) => {
      const opened = chart(machine).start().step('COIN')
      expect(opened).toBeIn('open')
      expect(opened.context).toEqual({ coins: 1 })
    },
  },
]

describe('mutants', () => {
  test('are made of every kind', () => {
    expect(new Set(mutantsOf(turnstile).map(({ kind }) => kind))).toEqual(new Set(mutationKinds))
  })

  test('each differs from the machine in its configuration, and leaves the machine as it was', () => {
    const before = JSON.stringify(turnstile.config)
    const mutants = mutantsOf(turnstile)

    expect(JSON.stringify(turnstile.config)).toBe(before)
    expect(new Set(mutants.map(({ where, change }) => `${where}: ${change}`)).size).toBe(mutants.length)
  })

  test('keep functions and logic that the machine was given', () => {
    const first = mutantsOf(turnstile)[0]!.machine

    expect(first.implementations.guards).toEqual(turnstile.implementations.guards)
  })

  test('of kinds that are named', () => {
    expect(new Set(mutantsOf(turnstile, { kinds: ['guard dropped'] }).map(({ kind }) => kind))).toEqual(
      new Set(['guard dropped']),
    )
    expect(() => mutantsOf(turnstile, { kinds: ['guard lost' as never] })).toThrow('expected some of')
  })
})

describe('mutation tests', () => {
  test('report what was caught, what survived and how it could be reported', async () => {
    const report = await mutationTest(turnstile, tests)

    expect(report.caught + report.equivalent + report.survived.length).toBe(report.mutants.length)
    expect(report.caught).toBeGreaterThan(3)
    const lost = report.survived.find(
      ({ where, kind }) => where === 'open, after 100' && kind === 'delay removed',
    )
    expect(lost?.path).toEqual(['COIN'])
    expect(mutationText(report)).toContain('survived')
  })

  test('catch all if the tests look at everything', async () => {
    const thorough: MachineTest = {
      name: 'agrees with the machine',
      run: (machine) => {
        const found = agreement(turnstileCopy, machine)
        if (found.kind !== 'agree') throw new Error(`differs after ${JSON.stringify(found)}`)
      },
    }
    const report = await mutationTest(turnstile, [thorough])

    expect(report.survived).toEqual([])
    expect(report.score).toBe(1)
  })

  test('meet a machine that the tests have imported, and give it back as it was', async () => {
    const seen = new Set<string>()
    await mutationTest(turnstile, [
      {
        name: 'holds the machine itself',
        run: () => {
          const actor = createActor(turnstile).start()
          actor.send({ type: 'COIN' })
          seen.add(JSON.stringify(actor.getSnapshot().value))
          actor.stop()
        },
      },
    ])

    expect(seen.size).toBeGreaterThan(1)
    expect(chart(turnstile).start().step('COIN')).toBeIn('open')
  })

  test('refuse tests that fail on the machine itself', async () => {
    const failing: MachineTest = {
      name: 'is wrong',
      run: () => {
        throw new Error('no')
      },
    }
    await expect(mutationTest(turnstile, [failing])).rejects.toThrow('"is wrong" fails; mend it first')
  })

  test('count a mutant that nothing can tell as equivalent', async () => {
    const machine = createMachine({ id: 'm', initial: 'a', states: { a: { on: { E: { target: 'a' } } } } })
    const report = await mutationTest(machine as AnyStateMachine, [])

    // Whether a state without actions and timers is entered again cannot be seen.
    expect(report.mutants.find(({ kind }) => kind === 'reenter turned')?.verdict).toBe('equivalent')
  })

  test('end a mutant that hangs', async () => {
    const report = await mutationTest(
      turnstile,
      [
        {
          name: 'waits',
          run: (machine) =>
            (machine.config.initial === 'locked' ? undefined : new Promise(() => {})) as never,
        },
      ],
      { timeoutMs: 20, kinds: ['initial state changed'], equivalenceMax: 0 },
    )
    expect(report.caught).toBe(2)
  })
})

const turnstileCopy = turnstile.provide({})

describe('agreement', () => {
  test('of a refactor that behaves the same', () => {
    const refactored = createMachine({
      initial: 'on',
      states: { on: { on: { T: 'off' } }, off: { on: { T: 'on' } } },
    })
    const same = createMachine({
      initial: 'on',
      states: { off: { on: { T: 'on' } }, on: { on: { T: 'off' } } },
    })

    expect(agreement(refactored, same)).toMatchObject({ kind: 'agree' })
  })

  test('has the shortest way to a difference', () => {
    const left = createMachine({
      initial: 'a',
      states: { a: { on: { N: 'b' } }, b: { on: { N: 'c' } }, c: {} },
    })
    const right = createMachine({
      initial: 'a',
      states: { a: { on: { N: 'b' } }, b: { on: { N: 'a' } }, c: {} },
    })

    expect(agreement(left, right)).toMatchObject({ kind: 'differ', path: ['N', 'N'], left: { value: 'c' } })
  })
})
