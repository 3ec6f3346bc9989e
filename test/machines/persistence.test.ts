/** Persisted snapshots: through JSON and back, each chart is the working actor that it was. */
import { describe, expect, test } from 'vitest'
import { type AnyMachineSnapshot, type AnyStateMachine, createActor, type EventObject } from 'xstate'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import { createClientMachine } from '../../machines/client/index.ts'
import { createServerMachine } from '../../machines/server/index.ts'
import { createViewServiceMachine } from '../../machines/view-service.ts'
import { createWorld } from '../support/world.ts'
import { eventsFor, outcomeOf, situationsOf, tableOptions } from './server-table.ts'
import { journal, servers } from './servers.ts'

const machine = createServerMachine(journal as never, tableOptions)
const chart = servers(tableOptions, journal as never, machine)

const jsonOf = (value: unknown) => JSON.parse(JSON.stringify(value))

function persisted(machine: AnyStateMachine, snapshot: AnyMachineSnapshot): never {
  return JSON.parse(JSON.stringify(machine.getPersistedSnapshot(snapshot as never))) as never
}

/** An actor that goes on from a snapshot, on a clock that tells which timers it has set. */
function revived(machine: AnyStateMachine, snapshot: AnyMachineSnapshot) {
  const timers = new Map<number, { run: () => void; ms: number }>()
  let last = 0
  const clock = {
    setTimeout(run: () => void, ms: number) {
      timers.set(++last, { run, ms })
      return last
    },
    clearTimeout: (id: number) => void timers.delete(id),
  }
  const actor = createActor(machine, { snapshot: persisted(machine, snapshot), clock } as never)
  actor.start()
  return { actor, timers, delays: () => [...timers.values()].map(({ ms }) => ms).sort() }
}

describe('a server', () => {
  const arriving = 'backup, two pieces of the state are in'
  const situations = Object.entries(situationsOf(chart)).filter(([name]) => name !== arriving)

  test.each(situations)('does after JSON what it does without: %s', (_, before) => {
    const { actor } = revived(machine, before)
    const restored = actor.getSnapshot() as never as typeof before
    expect(restored.value).toEqual(before.value)
    for (const [name, event] of Object.entries(eventsFor(before))) {
      const [one, other] = [chart.step(before, event), chart.step(restored, event)]
      expect(outcomeOf(restored, other), name).toBe(outcomeOf(before, one))
      expect(JSON.stringify(other.actions), name).toBe(JSON.stringify(one.actions))
    }
  })

  test.each(situations)('has its timers again: %s', (_, before) => {
    const { delays } = revived(machine, before)
    const resends = before._nodes.some((node) => node.after.some(({ eventType }) => /resend/.test(eventType)))
    expect(delays()).toEqual(resends ? [50, 50] : [50])
  })

  test('N3 a restored actor takes the next request', () => {
    const { actor } = revived(machine, chart.alone())
    const request = {
      type: 'request',
      from: 'c9#1',
      viewNumber: 5,
      session: null,
      seq: 0,
      commands: [],
      bytes: 0,
    }
    actor.send(request as never)
    expect((actor.getSnapshot() as never as ReturnType<typeof chart.alone>).context.replica?.position).toBe(1)
  })

  test('refuses to be persisted while a state transfer arrives', () => {
    expect(() => persisted(machine, situationsOf(chart)[arriving]!)).toThrow(
      'expected a server that receives no state transfer, got one with 2 pieces of it; persist it once',
    )
  })

  test('a provided machine keeps it', () => {
    const provided = machine.provide({ delays: { pingInterval: 7 } })
    expect(revived(provided, chart.alone()).delays()).toEqual([7])
  })

  test.each([
    ['nothing', {}],
    ['the context of another chart', { id: 's1#1', replica: ['{}'], queue: '[]' }],
    ['text that is no JSON', { id: 's1#1', replica: null, queue: '[', outstanding: 'null', sending: 'null' }],
  ])('refuses a foreign snapshot: %s', (_, context) => {
    const snapshot = { ...(persisted(machine, chart.alone()) as object), context }
    const { status, error } = createActor(machine, { snapshot } as never).getSnapshot() as {
      status: string
      error: Error
    }
    expect(status).toBe('error')
    expect(error.message).toMatch(
      /^snapshot: expected one that getPersistedSnapshot\(\) of this chart has made/,
    )
  })

  test('what a caller has stored is no business of XState, no matter what it looks like', () => {
    const store = createServerMachine(keyValueStore as never)
    const at = servers({}, keyValueStore as never, store)
    const odd = { xstate$$type: 1, id: 'x' }
    const before = at.alone(
      { type: 'request', from: 'c1#1', viewNumber: 5, session: null, seq: 0, commands: [], bytes: 0 },
      {
        ...{ type: 'request', from: 'c1#1', viewNumber: 5, session: 1, seq: 1, bytes: 9 },
        commands: [{ op: 'put', key: 'a', value: odd }],
      } as never,
    )
    const { actor } = revived(store, before)
    const { replica } = (actor.getSnapshot() as never as typeof before).context
    expect(JSON.stringify(replica)).toBe(JSON.stringify(before.context.replica))
  })
})

describe('the others', () => {
  test.each<[string, AnyStateMachine, object, EventObject[], number[]]>([
    [
      'view service',
      createViewServiceMachine(),
      { id: 'v' },
      [
        { type: 'ping', from: '__proto__#1', viewNumber: 0 } as EventObject,
        { type: 'ping', from: '__proto__#1', viewNumber: 1 } as EventObject,
      ],
      [100],
    ],
    [
      'client',
      createClientMachine(),
      { id: 'c1#1', viewService: 'v' },
      [
        { type: 'call', calls: [{ id: 1, command: { xstate$$type: 1 }, bytes: 2 }] } as EventObject,
        { type: 'viewReply', from: 'v', view: { number: 1, primary: 's1#1', backup: null } } as EventObject,
      ],
      [50],
    ],
  ])('a %s is what it was, with its timer', (_, machine, input, events, delays) => {
    const first = createActor(machine, {
      input: input as never,
      clock: { setTimeout: () => 0, clearTimeout() {} },
    })
    first.start()
    for (const event of events) first.send(event as never)
    const before = first.getSnapshot() as AnyMachineSnapshot
    const again = revived(machine, before)
    const after = again.actor.getSnapshot() as AnyMachineSnapshot
    expect([after.value, after.context]).toEqual([before.value, before.context])
    expect(again.delays()).toEqual(delays)
  })

  test('a live server and a live client are persisted like their charts', () => {
    const world = createWorld({ servers: 2 })
    world.settle()
    const client = world.client()
    world.execute(client, { op: 'put', key: 'a', value: [1] })
    for (const actor of [world.primary().node?.actor, client.actor] as never as ReturnType<
      typeof createActor
    >[]) {
      const snapshot = JSON.parse(JSON.stringify(actor.getPersistedSnapshot()))
      const logic = actor.logic as AnyStateMachine
      const restored = createActor(logic, { snapshot }).getSnapshot() as AnyMachineSnapshot
      const { context } = actor.getSnapshot() as AnyMachineSnapshot
      expect(jsonOf(restored.context)).toEqual(jsonOf(context))
    }
  })
})
