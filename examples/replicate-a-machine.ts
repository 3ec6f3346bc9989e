/**
 * An XState machine, replicated: the workflow of an order lives on two servers and goes on when one of them dies.
 *
 * An event is a command, the machine's snapshot is the state, and the result says in which state the event left it.
 * What the machine emits stands in the result. Effects, such as invoked promises and plain actions, run at the primary only,
 * once the event is decided; docs/embedding.md says which guarantee each has.
 *
 *     npx tsx examples/replicate-a-machine.ts
 */
import { createCluster, replicated } from 'standby'
import { assign, emit, setup, waitFor } from 'xstate'

type OrderEvent =
  | { type: 'add'; item: string; cents: number }
  | { type: 'submit' }
  | { type: 'paid'; cents: number }
  | { type: 'cancel' }

const orderMachine = setup({
  types: {
    context: {} as { items: string[]; owed: number },
    events: {} as OrderEvent,
    emitted: {} as { type: 'ship'; items: string[] },
  },
  guards: {
    hasItems: ({ context }) => context.items.length > 0,
    isEnough: ({ context, event }) => event.type === 'paid' && event.cents >= context.owed,
  },
}).createMachine({
  id: 'order',
  context: { items: [], owed: 0 },
  initial: 'open',
  states: {
    open: {
      on: {
        add: {
          actions: assign(({ context, event }) => ({
            items: [...context.items, event.item],
            owed: context.owed + event.cents,
          })),
        },
        submit: { guard: 'hasItems', target: 'awaitingPayment' },
        cancel: 'cancelled',
      },
    },
    awaitingPayment: {
      on: {
        paid: [
          {
            guard: 'isEnough',
            target: 'shipped',
            actions: emit(({ context }) => ({ type: 'ship' as const, items: context.items })),
          },
          { actions: assign(({ context, event }) => ({ owed: context.owed - event.cents })) },
        ],
        cancel: 'cancelled',
      },
    },
    shipped: { type: 'final' },
    cancelled: { type: 'final' },
  },
})

await using cluster = createCluster({ application: replicated(orderMachine) })
const client = cluster.client()

async function send(event: OrderEvent) {
  const { value, emitted } = await client.execute(event)
  console.log(`${event.type.padEnd(6)} -> ${JSON.stringify(value)}`)
  for (const effect of emitted) console.log(`          ${JSON.stringify(effect)}`)
}

await send({ type: 'submit' }) // refused by its guard: nothing is in the basket
await send({ type: 'add', item: 'book', cents: 1500 })
await send({ type: 'submit' })
await waitFor(
  cluster.viewService.actor,
  ({ context, tags }) => tags.has('acknowledged') && context.view.backup !== null,
)
cluster.primary()?.crash()
await send({ type: 'paid', cents: 500 })
await send({ type: 'paid', cents: 1000 })
