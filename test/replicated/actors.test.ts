/** Replicated actors as their users see them, with the primary killed in the middle (M1 to M4, W1, W2). */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { assign, createActor, createMachine, emit, fromPromise, sendTo, setup, waitFor } from 'xstate'
import {
  actorOf,
  actorsOf,
  createCluster,
  replicated,
  replicatedActor,
  replicatedActors,
} from '../../runtime/index.ts'

const courier = setup({
  types: { context: {} as { parcels: string[] }, events: {} as { type: 'TAKE'; order: string } },
}).createMachine({
  context: { parcels: [] },
  on: { TAKE: { actions: assign({ parcels: ({ context, event }) => [...context.parcels, event.order] }) } },
})

let charges: string[] = []
const order = setup({
  types: {
    context: {} as { item: string; receipt: string | null },
    events: {} as { type: 'PAY' } | { type: 'CANCEL' },
    input: {} as { item: string },
    emitted: {} as { type: 'shipped'; item: string },
  },
  actors: {
    charge: fromPromise(async ({ input }: { input: { item: string } }) => {
      charges.push(input.item)
      return `receipt for ${input.item}`
    }),
  },
}).createMachine({
  context: ({ input }) => ({ item: input.item, receipt: null }),
  initial: 'pending',
  states: {
    pending: { on: { PAY: 'paying', CANCEL: 'cancelled' } },
    paying: {
      invoke: {
        src: 'charge',
        input: ({ context }) => ({ item: context.item }),
        onDone: { target: 'paid', actions: assign({ receipt: ({ event }) => event.output }) },
      },
    },
    paid: { after: { 150: 'delivered' } },
    delivered: {
      type: 'final',
      entry: [
        emit(({ context }) => ({ type: 'shipped' as const, item: context.item })),
        sendTo(
          (() => ({ machine: 'courier', id: 'c-1' })) as never,
          (({ context }: { context: { item: string } }) => ({ type: 'TAKE', order: context.item })) as never,
        ),
      ],
    },
    cancelled: { type: 'final' },
  },
  output: ({ context }) => ({ item: context.item }),
})

function open() {
  const shop = replicatedActors({ machines: { order, courier } })
  const cluster = createCluster({ application: shop })
  return { cluster, shop, actors: actorsOf(cluster.client(), shop) }
}

let world: ReturnType<typeof open>
beforeEach(async () => {
  charges = []
  world = open()
  await world.cluster.redundant()
})
afterEach(() => world.cluster.stop())

describe('an instance', () => {
  it('is started once, by the first caller', async () => {
    const first = world.actors.get('order', 'o-17')

    expect(await first.start({ input: { item: 'tea' } })).toEqual({ created: true })
    expect(await world.actors.get('order', 'o-17').start({ input: { item: 'coffee' } })).toEqual({
      created: false,
    })
    expect((await first.read())?.context.item).toBe('tea')
  })

  it('is no more than null before that, and an event to it is an error', async () => {
    const absent = world.actors.get('order', 'o-1')

    expect(await absent.read()).toBe(null)
    await expect(absent.send({ type: 'PAY' })).rejects.toThrow('expected order/o-1 to be started')
  })

  it('lives through its whole life, effects and timers and all, with the primary killed in the middle', async () => {
    const { actors, cluster } = world
    await actors.get('courier', 'c-1').start()
    const tea = actors.get('order', 'o-17')
    await tea.start({ input: { item: 'tea' } })
    const shipped: unknown[] = []
    tea.on('shipped', (event) => shipped.push(event))
    const after = await tea.send({ type: 'PAY' })
    expect(after.matches('paying')).toBe(true)
    await tea.waitFor((snapshot) => snapshot.matches('paid'))

    cluster.primary()?.crash()
    const delivered = await tea.waitFor((snapshot) => snapshot.matches('delivered'), { timeoutMs: 8000 })

    expect(delivered.status).toBe('done')
    expect(delivered.output).toEqual({ item: 'tea' })
    expect(delivered.context.receipt).toBe('receipt for tea')
    expect((await actors.get('courier', 'c-1').read())?.context.parcels).toEqual(['tea'])
    await vi.waitFor(() => expect(shipped).toEqual([{ type: 'shipped', item: 'tea' }]))
    expect(tea.getSnapshot()?.matches('delivered')).toBe(true)
  })

  it('W1 is shown to its subscribers, each state once and in order, over a failover too', async () => {
    const { actors, cluster } = world
    const tea = actors.get('order', 'o-2')
    const seen: unknown[] = []
    tea.subscribe((snapshot) => seen.push(snapshot.value))
    await tea.start({ input: { item: 'tea' } })
    await tea.send({ type: 'PAY' })
    await vi.waitFor(() => expect(seen).toContain('paid'))

    cluster.primary()?.crash()
    await vi.waitFor(() => expect(seen).toContain('delivered'), { timeout: 8000 })

    expect(seen).toEqual(['pending', 'paying', 'paid', 'delivered'])
  })

  it('is gone after stop, and may be started again', async () => {
    const tea = world.actors.get('order', 'o-3')
    await tea.start({ input: { item: 'tea' } })

    expect(await tea.stop()).toEqual({ stopped: true })
    expect(await tea.read()).toBe(null)
    expect(await tea.stop()).toEqual({ stopped: false })
    expect(await tea.start({ input: { item: 'more tea' } })).toEqual({ created: true })
  })

  it('what is waited for and cannot come any more is an error', async () => {
    const tea = world.actors.get('order', 'o-4')
    await tea.start({ input: { item: 'tea' } })
    const waiting = tea.waitFor((snapshot) => snapshot.matches('delivered'))
    waiting.catch(() => {})

    await tea.send({ type: 'CANCEL' })

    await expect(waiting).rejects.toMatchObject({ code: 'stopped' })
    await expect(tea.waitFor(() => false, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    })
    const other = world.actors.get('order', 'o-5')
    await other.start({ input: { item: 'x' } })
    await expect(other.waitFor(() => false, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'timedOut' })
  })
})

describe('many instances', () => {
  it('are listed by machine and prefix, page by page, in order', async () => {
    const { actors } = world
    await actors.get('courier', 'c-9').start()
    await Promise.all(
      Array.from({ length: 25 }, (_, n) =>
        actors.get('order', `o-${n}`).start({ input: { item: String(n) } }),
      ),
    )
    const ids: string[] = []
    for await (const { machine, id, status } of actors.list({ machine: 'order', prefix: 'o-1', pageSize: 3 }))
      ids.push(`${machine} ${id} ${status}`)
    const all: string[] = []
    for await (const { id } of actors.list()) all.push(id)

    expect(ids).toEqual(
      ['1', '10', '11', '12', '13', '14', '15', '16', '17', '18', '19'].map((n) => `order o-${n} active`),
    )
    expect(all.length).toBe(26)
    expect(all[0]).toBe('c-9')
  })
})

describe('one in a chart of your own', () => {
  it('is a child whose snapshot is the replicated one, that is sent events, and is done with it', async () => {
    const tea = replicatedActor(world.actors, 'order', 'o-7', { input: { item: 'tea' } })
    const parent = createActor(
      createMachine({
        initial: 'buying',
        states: {
          buying: {
            invoke: {
              id: 'tea',
              src: tea,
              onDone: { target: 'bought', actions: assign({ got: ({ event }) => event.output }) },
            },
            on: { PAY: { actions: sendTo('tea', { type: 'PAY' }) } },
          },
          bought: { type: 'final' },
        },
      }),
    ).start()
    const value = () => (parent.getSnapshot().children.tea?.getSnapshot() as { value?: unknown })?.value
    await vi.waitFor(() => expect(value()).toBe('pending'))
    parent.send({ type: 'PAY' })

    const end = await waitFor(parent, ({ value }) => value === 'bought', { timeout: 8000 })

    expect(end.context).toEqual({ got: { item: 'tea' } })
  })
})

describe('the one of replicated(machine)', () => {
  it('has the same powers', async () => {
    const application = replicated(order, { input: { item: 'tea' } })
    await using cluster = createCluster({ application })
    await cluster.redundant()
    const tea = actorOf(cluster.client(), application)
    const seen: unknown[] = []
    tea.subscribe((snapshot) => seen.push(snapshot.value))

    expect((await tea.read())?.matches('pending')).toBe(true)
    await tea.send({ type: 'PAY' })
    await tea.waitFor((snapshot) => snapshot.matches('delivered'), { timeoutMs: 8000 })

    expect(seen).toEqual(['pending', 'paying', 'paid', 'delivered'])
    await expect(tea.stop()).rejects.toThrow('it lives as long as its cluster')
  })
})
