/** Applications of one's own in the simulator: commands from chance, a model to be judged by, and the same honesty. */
import { expect, test } from 'vitest'
import { defineApplication } from '../../machines/application/application.ts'
import { type SequentialModel, unknownOutput } from '../../proof/history/model.ts'
import { simulate, type Workload } from '../../proof/simulate/index.ts'

/** Accounts that money moves between; no one can go below nothing. */
type Accounts = Readonly<Record<string, number>>
type Transfer = { readonly from: string; readonly to: string; readonly amount: number }

const names = ['ada', 'bob', 'eve']
const full: Accounts = { ada: 100, bob: 100, eve: 100 }

/** The accounts after a transfer, and what it answers: what the sender has left, or that there was not enough. */
function moved(accounts: Accounts, { from, to, amount }: Transfer): readonly [Accounts, number | null] {
  if (accounts[from]! < amount) return [accounts, null]
  const taken = { ...accounts, [from]: accounts[from]! - amount }
  const given = { ...taken, [to]: taken[to]! + amount }
  return [given, given[from]!]
}

const model: SequentialModel<Accounts, { command: Transfer }, number | null> = {
  name: 'bank',
  initial: full,
  step(accounts, { command }, output) {
    const [next, result] = moved(accounts, command)
    return output === unknownOutput || output === result ? [next] : null
  },
  key: (accounts) => JSON.stringify(names.map((name) => accounts[name])),
}

const bank = (execute = moved): Workload<Transfer, number | null> => ({
  application: defineApplication({ name: 'bank', initialState: full, execute }),
  command(random) {
    const [from, to] = [names[Math.floor(random() * 3)]!, names[Math.floor(random() * 3)]!]
    return { from, to, amount: 1 + Math.floor(random() * 60) }
  },
  model,
})

test('a sound application passes, and its history is made of its own commands and results', () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { verdict, reason, history } = simulate({ seed, calls: 40 }, { workload: bank() })
    expect(['ok', 'stuck'], `seed ${seed}: ${reason}`).toContain(verdict)
    expect(history[0]).toMatchObject({ client: expect.any(String), command: { amount: expect.any(Number) } })
  }
})

test('the same seed, application and model are the same run', () => {
  const [first, second] = [
    simulate({ seed: 3 }, { workload: bank() }),
    simulate({ seed: 3 }, { workload: bank() }),
  ]
  expect(second).toEqual(first)
})

test('an application that does not do what its model says is found', () => {
  const careless = bank((accounts, transfer) => {
    const [next, left] = moved(accounts, transfer)
    return transfer.amount > 30 && left !== null ? [accounts, left] : [next, left]
  })
  const { verdict, reason } = simulate({ seed: 1, calls: 60, servers: 1, clients: 1 }, { workload: careless })
  expect(verdict).toBe('safety')
  expect(reason).toMatch(/^I8: not linearizable/)
})

test('a command that throws is answered with its error, and leaves no trace', () => {
  const strict = bank((accounts, transfer) => {
    const [next, left] = moved(accounts, transfer)
    if (left === null) throw new Error('not enough')
    return [next, left]
  })
  const workload: Workload = { ...strict, output: (answer) => ('error' in answer ? null : answer.value) }
  const { verdict, history } = simulate({ seed: 1, servers: 1, clients: 1 }, { workload })
  expect(verdict).toBe('ok')
  expect(history.some(({ output, return: end }) => output === null && end !== null)).toBe(true)
})
