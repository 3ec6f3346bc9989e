/** The simulator: it repeats exactly, it judges honestly, and it meets what should be met. */
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type KeyValueCommand,
  type KeyValueState,
  keyValueStore,
} from '../../machines/application/key-value-store.ts'
import { type Plan, planOf } from '../../proof/simulate/plan.ts'
import { reduce } from '../../proof/simulate/reduce.ts'
import { simulate } from '../../proof/simulate/simulate.ts'
import { createVirtualClock } from '../../proof/simulate/virtual-clock.ts'
import { keyValueWorkload, type Workload } from '../../proof/simulate/workload.ts'
import { createTrace } from '../../runtime/trace/write.ts'

describe('a seed', () => {
  test('is the same run each time, to the last step', () => {
    const [first, second] = [simulate({ seed: 11 }), simulate({ seed: 11 })]
    expect(second.fingerprint).toBe(first.fingerprint)
    expect(second.history).toEqual(first.history)
  })

  test.each([21, 22, 23])('gives the same trace twice, byte for byte: %i', (seed) => {
    const traceOf = () => {
      const lines: string[] = []
      const trace = createTrace({ write: (line) => void lines.push(line), seed })
      simulate({ seed }, { observe: trace.observe })
      trace.close()
      return lines.join('\n')
    }
    const [first, second] = [traceOf(), traceOf()]
    expect(first.length).toBeGreaterThan(10_000)
    expect(second === first).toBe(true)
  })

  test('is another run than its neighbour', () => {
    expect(planOf({ seed: 2 })).not.toEqual({ ...planOf({ seed: 1 }), seed: 2 })
    expect(simulate({ seed: 2 }).fingerprint).not.toBe(simulate({ seed: 1 }).fingerprint)
  })

  test('passes, forty of them, and meets failovers, deposed primaries and lost messages', () => {
    const met: Record<string, number> = {}
    for (let seed = 1000; seed < 1040; seed++) {
      const { verdict, reason, sometimes } = simulate({ seed })
      expect(['ok', 'stuck'], `seed ${seed}: ${verdict}: ${reason}`).toContain(verdict)
      for (const [name, count] of Object.entries(sometimes)) met[name] = (met[name] ?? 0) + count
    }
    for (const name of [
      'failover',
      'deposed primary asked',
      'message lost',
      'transfer retried',
      'session expired',
    ]) {
      expect(met[name], name).toBeGreaterThan(0)
    }
  })
})

describe('plans that once failed', () => {
  const plans = new URL('./plans/', import.meta.url)
  // An invariant took the ping of a number for the beginning of service in that view (I4).
  test.each(readdirSync(plans))('%s passes', (file) => {
    const plan = JSON.parse(readFileSync(new URL(file, plans), 'utf8')) as Plan
    const { verdict, reason } = simulate(plan)
    expect([verdict, reason]).toEqual(['ok', null])
  })
})

/** The key-value store with one operation that does something else. */
const brokenStore = (
  execute: (state: KeyValueState, command: KeyValueCommand) => readonly [KeyValueState, unknown] | null,
) =>
  ({
    ...keyValueWorkload,
    application: {
      ...keyValueStore,
      execute: (state: KeyValueState, command: KeyValueCommand) =>
        execute(state, command) ?? keyValueStore.execute(state, command),
    },
  }) as Workload

describe('a broken application', () => {
  const isEvenPut = (command: KeyValueCommand) =>
    command.op === 'put' && Number.parseInt(String(command.value), 10) % 2 === 0
  const forgetful = brokenStore((state, command) => (isEvenPut(command) ? [state, null] : null))

  test('that forgets a write makes a history that is not linearizable', () => {
    const results = [...Array(12).keys()].map((candidate) =>
      simulate({ seed: candidate, calls: 60 }, { workload: forgetful }),
    )
    expect(results.some(({ verdict, reason }) => verdict === 'safety' && reason!.startsWith('I8'))).toBe(true)
  })

  test('that is not deterministic is found by the replicas, and no client is answered wrongly (S6)', () => {
    let dice = 0
    // The history knows no lengths, so that only the replicas can notice.
    const random = brokenStore((state, command) =>
      command.op === 'append' ? [keyValueStore.execute(state, command)[0], dice++] : null,
    )
    const { verdict, reason, sometimes } = simulate(
      { seed: 3, calls: 40, servers: 2, clients: 2 },
      { workload: random },
    )
    expect(verdict).toBe('safety')
    expect(reason).toMatch(/^S6: replicaDiverged/)
    expect(sometimes['call replicaDiverged']).toBeGreaterThan(0)
  })

  test('leads to a smaller plan that fails in the same way', () => {
    const failing = [...Array(12).keys()]
      .map((candidate) => simulate({ seed: candidate, calls: 60 }, { workload: forgetful }))
      .find(({ verdict }) => verdict === 'safety')!
    const { result } = reduce(failing, { workload: forgetful }, 80)
    expect(result.verdict).toBe('safety')
    expect(result.plan.calls.length).toBeLessThan(failing.plan.calls.length / 2)
    expect(simulate(result.plan, { workload: forgetful }).fingerprint).toBe(result.fingerprint)
  })
})

describe('virtual time', () => {
  test('runs events in the order of their times, and of their setting where times are equal', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ ms: fc.integer({ min: 0, max: 20 }), cancelled: fc.boolean() })),
        (events) => {
          const clock = createVirtualClock()
          const ran: number[] = []
          const handles = events.map(({ ms }, index) => clock.setTimeout(() => ran.push(index), ms))
          for (const [index, { cancelled }] of events.entries())
            if (cancelled) clock.clearTimeout(handles[index])
          while (clock.step());
          const expected = [...events.keys()]
            .filter((index) => !events[index]!.cancelled)
            .sort((a, b) => events[a]!.ms - events[b]!.ms || a - b)
          expect(ran).toEqual(expected)
          expect(clock.waiting()).toBe(0)
        },
      ),
    )
  })

  test('keeps no cancelled timer for long', () => {
    const clock = createVirtualClock()
    for (let i = 0; i < 10_000; i++) clock.clearTimeout(clock.setTimeout(() => {}, 1000 + i))
    expect(clock.waiting()).toBe(0)
    expect(clock.step()).toBe(false)
  })
})
