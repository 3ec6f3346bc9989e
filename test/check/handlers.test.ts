/** Checks of handlers: chance, clocks, mutation and double application are caught with a run to them; our own charts pass. */
import { describe, expect, test } from 'vitest'
import { type AnyStateMachine, assign, createMachine } from 'xstate'
import { check } from '../../proof/check/check.ts'
import { type HandlerChecks, handlerProperties } from '../../proof/check/handlers.ts'
import type { CheckedSystem } from '../../proof/check/system.ts'
import { scenarioNamed } from '../../proof/protocol/scenarios.ts'
import { standbySystem } from '../../proof/protocol/standby-system.ts'

const send = (to: string, type: string) => ({ type: 'send', params: { to, message: { type } } })

/** Sends an event twice, a second one in between. */
const speaker = createMachine({
  initial: 'a',
  states: {
    a: { entry: send('listener', 'hello'), after: { 10: 'b' } },
    b: { entry: send('listener', 'news'), after: { 10: 'c' } },
    c: {},
  },
})
interface Heard {
  count: number
  list: number[]
}
const listener = (change: (context: Heard) => Partial<Heard>): AnyStateMachine =>
  createMachine({
    context: { count: 0, list: [] as number[] },
    on: { hello: { actions: assign(({ context }) => change(context as unknown as Heard)) } },
  } as never)
const hearing = (machine: AnyStateMachine): CheckedSystem => ({
  nodes: [
    { id: 'speaker', machine: speaker },
    { id: 'listener', machine },
  ],
})
const verdictOn = (machine: AnyStateMachine, handlers: HandlerChecks) =>
  check(hearing(machine), { handlers, bounds: { states: 200 } })

describe('a handler that is not deterministic is caught', () => {
  let calls = 0
  test.each([
    ['draws a random number', () => ({ count: Math.random() })],
    ['looks at the time', () => ({ count: performance.now() })],
    ['counts its calls', () => ({ count: ++calls })],
  ])('%s', (_name, change) => {
    const { verdict, violation } = verdictOn(listener(change), { deterministic: true })
    expect(verdict).toBe('violated')
    expect(violation!.name).toBe(handlerProperties.deterministic)
    expect(violation!.reason).toMatch(/^hello at listener differs/)
    expect(violation!.run.steps.at(-1)!.happening).toMatchObject({ kind: 'deliver', node: 'listener' })
  })

  test('also where it starts', () => {
    const random = createMachine({ context: () => ({ id: Math.random() }) })
    expect(verdictOn(random, { deterministic: true }).violation!.reason).toMatch(/xstate.init/)
  })

  test('no one asks unless asked to', () => {
    expect(check(hearing(listener(() => ({ count: 1 })))).violation).toBeNull()
  })
})

describe('a handler that changes what it is given is caught', () => {
  test('the context', () => {
    const machine = listener((context) => {
      if (context.list.length < 2) context.list.push(1)
      return {}
    })
    const { violation } = verdictOn(machine, { deterministic: true })
    expect(violation!.name).toBe(handlerProperties.pure)
    expect(violation!.reason).toMatch(/changed the snapshot/)
  })

  test('the event', () => {
    const machine = createMachine({
      on: {
        hello: {
          actions: assign(({ event }) => {
            Object.assign(event, { seen: true })
            return {}
          }),
        },
      },
    })
    expect(verdictOn(machine, { deterministic: true }).violation!.reason).toMatch(/changed the event/)
  })
})

describe('a message that may not arrive twice is caught', () => {
  const doubling = listener(({ count }) => ({ count: Math.min(count + 1, 3) }))

  test('with the run to its first arrival', () => {
    const { violation } = verdictOn(doubling, { idempotent: true })
    expect(violation!.name).toBe(handlerProperties.idempotent)
    expect(violation!.reason).toMatch(/hello at listener, arriving again, leads to/)
    expect(violation!.story).toMatch(/listener receives hello from speaker/)
  })

  test('unless its type is excepted, by name or by a function', () => {
    expect(verdictOn(doubling, { idempotent: { except: ['hello'] } }).violation).toBeNull()
    expect(
      verdictOn(doubling, { idempotent: { except: ({ type }) => type === 'hello' } }).violation,
    ).toBeNull()
    expect(verdictOn(doubling, { idempotent: { except: ['news'] } }).violation).not.toBeNull()
  })

  test('also where only an effect is repeated', () => {
    const machine = createMachine({ on: { hello: { actions: { type: 'pay' } } } })
    expect(verdictOn(machine, { idempotent: true }).violation!.reason).toMatch(/causes pay again/)
  })

  test('setting a value is idempotent', () => {
    expect(
      verdictOn(
        listener(() => ({ count: 1 })),
        { idempotent: true },
      ).violation,
    ).toBeNull()
  })
})

describe('our charts', () => {
  const handlers: HandlerChecks = { deterministic: true, idempotent: true }

  test.each([
    'one-server',
    'two-servers',
    'failure-to-backup',
    'double-failure-and-return',
    'transfer-against-everything',
  ])('N3 %s: every handler is deterministic and pure, and every message may arrive twice', (name) => {
    const { violation } = check(scenarioNamed(name).system(), { handlers, bounds: { states: 30_000 } })
    expect(violation && [violation.reason, violation.story]).toBeNull()
  })

  test('all eleven messages but the one of diverged replicas are among those asked', () => {
    const types = new Set<string>()
    const spy = (event: { type: string }) => {
      types.add(event.type)
      return false
    }
    check(scenarioNamed('transfer-against-everything').system(), {
      handlers: { idempotent: { except: spy } },
      bounds: { states: 60_000 },
    })
    expect([...types].sort()).toEqual([
      'forward',
      'forwardAck',
      'getView',
      'ping',
      'refusal',
      'reply',
      'request',
      'stateTransfer',
      'stateTransferAck',
      'viewReply',
    ])
  })

  test('V9 a view service that draws the next view at random is caught', () => {
    const system = standbySystem({
      servers: 3,
      clients: [],
      viewsMax: 2,
      charts: {
        viewService: (machine) =>
          machine.provide({
            actions: {
              changeView: assign(() => ({
                view: { number: Math.ceil(Math.random() * 1e9), primary: 's1#1', backup: null },
              })),
            },
          } as never),
      },
    })
    const { violation } = check(
      { ...system, invariants: [], steps: [] },
      { handlers: { deterministic: true }, bounds: { states: 2000 } },
    )
    expect(violation!.name).toBe(handlerProperties.deterministic)
  })

  test('checks of handlers are of searches, not of random walks', () => {
    expect(() => check(hearing(listener(() => ({}))), { order: 'random-walk', handlers })).toThrow(/handlers/)
  })
})
