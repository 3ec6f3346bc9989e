/**
 * Replicating something else than keys and values: a bank.
 *
 * An application is a name, an initial state and one deterministic function (state, command) -> [next state, result].
 * It needs no code for sessions, retries, failover or state transfer.
 *
 *     npx tsx examples/your-own-application.ts
 */
import { createCluster, defineApplication, StandbyError } from 'standby'
import { waitFor } from 'xstate'

type Accounts = { readonly [owner: string]: number }
type Command =
  | { readonly op: 'deposit'; readonly to: string; readonly amount: number }
  | { readonly op: 'transfer'; readonly from: string; readonly to: string; readonly amount: number }
  | { readonly op: 'balances' }

const bank = defineApplication({
  name: 'bank',
  initialState: {} as Accounts,

  // Both replicas run this, in the same order: no clock, no chance, nothing but the arguments, and no change in place.
  execute(accounts: Accounts, command: Command): readonly [Accounts, Accounts] {
    switch (command.op) {
      case 'deposit':
        return changed(accounts, { [command.to]: command.amount })
      case 'transfer': {
        const { from, to, amount } = command
        const balance = accounts[from] ?? 0
        // What is thrown reaches the caller as an `applicationError`; the state stays as it was, on both replicas.
        if (balance < amount) throw new Error(`${from} has ${balance}, not ${amount}`)
        return changed(accounts, { [from]: -amount, [to]: amount })
      }
      case 'balances':
        return [accounts, accounts]
    }
  },

  // Refuses a command before it is sent: says what is wrong with it, or null.
  validate(command) {
    const { amount } = command as { amount?: unknown }
    return amount === undefined || (Number.isInteger(amount) && (amount as number) > 0)
      ? null
      : `expected a positive amount in whole cents, got ${amount}`
  },
})

function changed(accounts: Accounts, changes: Accounts): readonly [Accounts, Accounts] {
  const next = { ...accounts }
  for (const [owner, change] of Object.entries(changes)) next[owner] = (next[owner] ?? 0) + change
  return [next, next]
}

await using cluster = createCluster({ application: bank })
const client = cluster.client()

await client.execute({ op: 'deposit', to: 'ada', amount: 10_000 })
await waitFor(
  cluster.viewService.actor,
  ({ context, tags }) => tags.has('acknowledged') && context.view.backup !== null,
)
// A thousand transfers of one cent, made at once: they travel in a few batches, each is executed once.
const transfers = Array.from({ length: 1000 }, () =>
  client.execute({ op: 'transfer', from: 'ada', to: 'barbara', amount: 1 }),
)
await transfers[0]
cluster.primary()?.crash() // in the middle of it: the backup has what was answered, the rest is sent again
await Promise.all(transfers)
console.log(await client.execute({ op: 'balances' }))

for (const amount of [1_000_000, 0.5]) {
  try {
    await client.execute({ op: 'transfer', from: 'ada', to: 'barbara', amount })
  } catch (error) {
    if (error instanceof StandbyError) console.log(`${error.code}: ${error.message}`)
  }
}
