/** Timers and effects of replicated machines in a running cluster, through failovers (M1, M2, M4). */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { assign, createMachine, fromCallback, fromPromise, setup } from 'xstate'
import {
  type ActorsCommand,
  replicated,
  replicatedActors,
} from '../../machines/application/replicated/index.ts'
import { createWorld, type World } from '../support/world.ts'

vi.spyOn(console, 'warn').mockImplementation(() => {})

let world: World
afterEach(() => world?.cluster.stop())

const start = (id: string, machine = 'order', input?: number) =>
  ({ op: 'start', machine, id, ...(input === undefined ? {} : { input }) }) as ActorsCommand
const read = (id: string, machine = 'order') => ({ op: 'read', machine, id }) as ActorsCommand
const send = (id: string, type: string, machine = 'order') =>
  ({ op: 'send', machine, id, event: { type } }) as ActorsCommand

type Seen = { value: { snapshot: { value: unknown; context: Record<string, unknown> } } }
const stateOf = (id: string, machine = 'order') =>
  (world.execute(world.client(), read(id, machine)) as unknown as Seen).value.snapshot.value
const contextOf = (id: string, machine = 'order') =>
  (world.execute(world.client(), read(id, machine)) as unknown as Seen).value.snapshot.context

const ticker = setup({}).createMachine({
  context: { fired: [] as number[] },
  initial: 'a',
  states: {
    a: {
      after: {
        1000: { target: 'b', actions: assign({ fired: ({ context }) => [...context.fired, Date.now()] }) },
      },
    },
    b: {
      after: {
        500: { target: 'a', actions: assign({ fired: ({ context }) => [...context.fired, Date.now()] }) },
      },
    },
  },
})

function run(machines: Parameters<typeof replicatedActors>[0]['machines']) {
  world = createWorld({ application: replicatedActors({ machines }) })
  world.settle()
  return world
}

describe('timers (M2)', () => {
  it('fire by themselves, on time, on both replicas', () => {
    run({ order: ticker })
    world.execute(world.client(), start('o-1'))
    const began = world.clock.now()

    world.advance(3100)

    const fired = contextOf('o-1').fired as number[]
    expect(fired.length).toBe(4)
    for (const [index, at] of fired.entries()) {
      const due = [1000, 1500, 2500, 3000][index]! + began
      expect(at - due).toBeLessThanOrEqual(50)
      expect(at).toBeGreaterThanOrEqual(due - 50)
    }
  })

  it('that come due while no primary serves fire at once when one does, in order, each once', () => {
    const noting = setup({ types: { context: {} as { at: string[] } } }).createMachine({
      context: { at: [] },
      after: {
        1000: { actions: assign({ at: ({ context }) => [...context.at, 'first'] }) },
        1010: { actions: assign({ at: ({ context }) => [...context.at, 'second'] }) },
        5000: { actions: assign({ at: ({ context }) => [...context.at, 'third'] }) },
      },
    })
    run({ order: noting })
    world.execute(world.client(), start('o-1'))
    world.advance(900)

    world.primary().crash()
    world.settle()
    world.advance(500)

    expect(contextOf('o-1').at).toEqual(['first', 'second'])
    world.advance(4000)
    expect(contextOf('o-1').at).toEqual(['first', 'second', 'third'])
  })

  it('survive the loss of one server after the other, by transfer', () => {
    run({ order: ticker })
    world.execute(world.client(), start('o-1'))
    const began = world.clock.now()

    for (let round = 0; round < 2; round++) {
      const gone = world.primary()
      gone.crash()
      world.settle()
      gone.restart()
      world.settle()
    }
    world.advance(1500 - (world.clock.now() - began) + 60)

    expect((contextOf('o-1').fired as number[]).length).toBe(2)
  })

  it('of replicated(machine) run from its first moment, without any event', () => {
    world = createWorld({ application: replicated(ticker) })
    world.settle()
    world.advance(1200)

    expect(world.execute(world.client(), { type: 'nothing' })).toMatchObject({ value: { value: 'b' } })
  })
})

/** A promise that the test settles, and a record of each start and abort. */
function controlled() {
  const starts: {
    key: string
    resolve: (value: unknown) => void
    reject: (error: unknown) => void
    aborted: boolean
  }[] = []
  const logic = fromPromise<unknown, unknown>(
    (args) =>
      new Promise((resolve, reject) => {
        const { signal, idempotencyKey } = args as unknown as { signal: AbortSignal; idempotencyKey: string }
        const entry = { key: idempotencyKey, resolve, reject, aborted: false }
        signal.addEventListener('abort', () => {
          entry.aborted = true
        })
        starts.push(entry)
      }),
  )
  const machine = setup({ actors: { charge: logic } }).createMachine({
    context: { receipt: null as unknown, paid: 0 },
    initial: 'idle',
    states: {
      idle: { on: { PAY: 'paying' } },
      paying: {
        invoke: {
          src: 'charge',
          onDone: {
            target: 'paid',
            actions: assign({
              receipt: ({ event }) => event.output,
              paid: ({ context }) => context.paid + 1,
            }),
          },
          onError: { target: 'failed', actions: assign({ receipt: ({ event }) => String(event.error) }) },
        },
        on: { CANCEL: 'idle' },
      },
      paid: {},
      failed: {},
    },
  })
  return { starts, machine }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0))

describe('effects (M4)', () => {
  it('a promise runs once, at the primary, and its outcome is decided', async () => {
    const { starts, machine } = controlled()
    run({ order: machine })
    world.execute(world.client(), start('o-1'))
    world.execute(world.client(), send('o-1', 'PAY'))
    expect(starts.length).toBe(1)

    starts[0]!.resolve({ receipt: 7 })
    await turn()
    world.advance(100)

    expect(stateOf('o-1')).toBe('paid')
    expect(contextOf('o-1')).toEqual({ receipt: { receipt: 7 }, paid: 1 })
  })

  it('leaving the state aborts it, and its late outcome changes nothing', async () => {
    const { starts, machine } = controlled()
    run({ order: machine })
    world.execute(world.client(), start('o-1'))
    world.execute(world.client(), send('o-1', 'PAY'))
    world.execute(world.client(), send('o-1', 'CANCEL'))

    expect(starts[0]!.aborted).toBe(true)
    starts[0]!.resolve(1)
    await turn()
    world.advance(100)
    expect(stateOf('o-1')).toBe('idle')
  })

  it('a new primary starts it again with the same idempotency key; the first outcome counts', async () => {
    const { starts, machine } = controlled()
    run({ order: machine })
    world.execute(world.client(), start('o-1'))
    world.execute(world.client(), send('o-1', 'PAY'))

    world.primary().crash()
    expect(starts[0]!.aborted).toBe(true)
    world.settle()
    world.advance(50)
    expect(starts.length).toBe(2)
    expect(starts[1]!.key).toBe(starts[0]!.key)
    expect(starts[0]!.key).toMatch(/^order\/o-1@\d+#\d+$/)

    starts[0]!.resolve('late')
    starts[1]!.resolve('new')
    await turn()
    world.advance(100)

    expect(contextOf('o-1')).toEqual({ receipt: 'new', paid: 1 })
  })

  it('two payments of one order have two keys', async () => {
    const { starts, machine } = controlled()
    run({ order: machine })
    world.execute(world.client(), start('o-1'))
    for (const type of ['PAY', 'CANCEL', 'PAY']) world.execute(world.client(), send('o-1', type))

    expect(new Set(starts.map(({ key }) => key)).size).toBe(2)
  })

  it('a rejection is an outcome too, as an error', async () => {
    const { starts, machine } = controlled()
    run({ order: machine })
    world.execute(world.client(), start('o-1'))
    world.execute(world.client(), send('o-1', 'PAY'))

    starts[0]!.reject(new RangeError('no money'))
    await turn()
    world.advance(100)

    expect([stateOf('o-1'), contextOf('o-1').receipt]).toEqual(['failed', 'RangeError: no money'])
  })

  it('an outcome that is no plain data is an error that names its place', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const { starts, machine } = controlled()
    run({ order: machine })
    world.execute(world.client(), start('o-1'))
    world.execute(world.client(), send('o-1', 'PAY'))

    starts[0]!.resolve({ response: { json: () => {} } })
    await turn()
    world.advance(100)

    expect(contextOf('o-1').receipt).toContain(
      'expected a JSON value at output of charge.response.json, got function',
    )
  })

  it('a callback hears events and sends events back', () => {
    const heard: unknown[] = []
    const device = fromCallback<{ type: string }>(({ sendBack, receive }) => {
      receive((event) => {
        heard.push(event)
        sendBack({ type: 'ECHO', of: event.type })
      })
    })
    const machine = setup({ actors: { device } }).createMachine({
      context: { echo: null as unknown },
      invoke: { id: 'device', src: 'device' },
      on: {
        ASK: { actions: ({ system: _system, self }) => void self },
        PING: {
          actions: [
            ({ self }) =>
              (
                self.getSnapshot() as never as { children: Record<string, { send(event: object): void }> }
              ).children.device!.send({ type: 'HI' }),
          ],
        },
        ECHO: { actions: assign({ echo: ({ event }) => (event as unknown as { of: string }).of }) },
      },
    })
    run({ order: machine })
    world.execute(world.client(), start('o-1'))

    world.execute(world.client(), send('o-1', 'PING'))
    world.advance(200)

    expect([heard, contextOf('o-1')]).toEqual([[{ type: 'HI' }], { echo: 'HI' }])
  })

  it('plain actions run once, at the primary, after the step is decided, and not again after a failover', () => {
    const ran: string[] = []
    const machine = createMachine({ on: { GO: { actions: () => void ran.push('GO') } } })
    run({ order: machine })
    world.execute(world.client(), start('o-1'))

    world.execute(world.client(), send('o-1', 'GO'))
    world.primary().crash()
    world.settle()
    world.advance(500)

    expect(ran).toEqual(['GO'])
  })
})
