/** A counterexample as a trace: it reads as a live run would, and it can be repeated from the file alone. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { happenedBefore } from '../../machines/clocks.ts'
import {
  always,
  type CheckedSystem,
  check,
  repeat,
  type SavedRun,
  savedRunIn,
  traceOf,
} from '../../proof/check/index.ts'
import { scenarioNamed } from '../../proof/protocol/scenarios.ts'
import { standbySystem } from '../../proof/protocol/standby-system.ts'
import { readTrace, type TraceStep } from '../../runtime/observe/index.ts'

const name = 'the second server answers no client'
const broken = (): CheckedSystem => ({
  ...standbySystem({ servers: 2, clients: [[{ op: 'put', key: 'a', value: 'x' }]], viewsMax: 3 }),
  invariants: [
    always(
      name,
      (system) =>
        system.node('s2#1').sent.every(({ message }) => message.type !== 'reply') || 'it has answered',
    ),
  ],
})

/** A lock server that gives its lock to everyone who asks, with messages named like some of ours. */
const holder = createMachine({
  id: 'holder',
  initial: 'waiting',
  states: {
    waiting: {
      entry: { type: 'send', params: { to: 'server', message: { type: 'request' } } } as never,
      on: { reply: 'holding' },
      after: { 100: { target: 'waiting', reenter: true } },
    },
    holding: {},
  },
})
const lockServer = createMachine({
  id: 'lockServer',
  initial: 'granting',
  context: { granted: 0 },
  states: {
    granting: {
      on: {
        request: {
          actions: {
            type: 'send',
            params: ({ event }: { event: { from?: string } }) => ({
              to: event.from,
              message: { type: 'reply' },
            }),
          } as never,
        },
      },
    },
  },
})
const locks: CheckedSystem = {
  nodes: [
    { id: 'server', machine: lockServer },
    { id: 'h1', machine: holder },
    { id: 'h2', machine: holder },
  ],
  invariants: [
    always(
      'one holder',
      (system) =>
        !['h1', 'h2'].every((id) => system.node(id).snapshot.value === 'holding') || 'both hold the lock',
    ),
  ],
}

function traced(system: CheckedSystem) {
  const { violation } = check(system)
  const text = traceOf(system, violation!.run, { violation })
  return { violation: violation!, text, trace: readTrace(text) }
}

describe('the trace of a counterexample', () => {
  const { violation, trace, text } = traced(broken())
  const steps: readonly TraceStep[] = trace.steps

  test('has a step for each happening, and what each node did before any', () => {
    const kinds = steps.filter(({ kind }) => ['receive', 'timer', 'local', 'crash'].includes(kind))
    expect(kinds.length).toBe(violation.run.steps.length)
    expect(steps.filter(({ kind }) => kind === 'start').map(({ node }) => node)).toEqual([
      'view-service',
      's1#1',
      's2#1',
      'c1#1',
    ])
  })

  test('ends with the verdict, on the step that broke the property', () => {
    const judged = steps.filter(({ verdicts }) => verdicts.length > 0)
    expect(judged.map(({ verdicts }) => verdicts)).toEqual([
      [{ name, holds: false, reason: 'it has answered' }],
    ])
    expect(judged[0]!.node).toBe('s2#1')
  })

  test('says which guards were asked, what was refused, and how contexts changed', () => {
    expect(
      steps.some(({ microsteps }) => microsteps?.some(({ guard, result }) => guard !== null && !result)),
    ).toBe(true)
    expect(steps.some(({ after }) => (after?.patch ?? []).length > 0)).toBe(true)
    expect(steps.find(({ kind }) => kind === 'call')?.call?.command).toEqual({
      op: 'put',
      key: 'a',
      value: 'x',
    })
  })

  test('L4 e happened before f exactly when the clocks say so', () => {
    const events = steps.filter(({ vector }) => vector !== null)
    const past = new Map<TraceStep, Set<TraceStep>>()
    for (const event of events) {
      const previous = events.filter(({ node, i }) => node === event.node && i < event.i).at(-1)
      const cause =
        event.kind === 'receive'
          ? events.find(({ kind, message }) => kind === 'send' && message!.id === event.message!.id)
          : undefined
      const before = [previous, cause].filter((one) => one !== undefined)
      past.set(event, new Set(before.flatMap((one) => [one, ...past.get(one)!])))
    }
    for (const e of events) {
      for (const f of events) {
        const isBefore = happenedBefore(e as never, f as never)
        expect([e.i, f.i, isBefore]).toEqual([e.i, f.i, past.get(f)!.has(e)])
      }
    }
  })

  test('L6 no clock is cut', () => {
    expect(steps.some(({ truncated }) => truncated)).toBe(false)
  })

  test('is the same text every time', () => {
    expect(traced(broken()).text).toBe(text)
  })
})

describe('a foreign system', () => {
  test('is traced like ours, no matter what its messages are called', () => {
    const { trace } = traced(locks)
    expect(trace.header.machines.map(({ definition }) => definition.id)).toEqual(['lockServer', 'holder'])
    expect(trace.steps.every(({ detail }) => detail === undefined)).toBe(true)
    expect(trace.steps.at(-1)!.verdicts).toEqual([
      { name: 'one holder', holds: false, reason: 'both hold the lock' },
    ])
  })

  test('is repeated from its trace', () => {
    const { trace, violation } = traced(locks)
    const { run, verdict } = repeat(locks, savedRunIn(trace)!)
    expect(verdict).toBe('both hold the lock')
    expect(run!.steps.map(({ happening }) => happening)).toEqual(
      violation.run.steps.map(({ happening }) => happening),
    )
  })
})

describe('a run that is repeated', () => {
  const saved = savedRunIn(traced(broken()).trace)!

  test('still fails on the same charts', () => {
    expect(repeat(broken(), saved).verdict).toBe('it has answered')
  })

  test('holds where the property was mended', () => {
    const mended = { ...broken(), invariants: [always(name, () => true)] }
    expect(repeat(mended, saved).verdict).toBe(true)
  })

  test('has no verdict where no one knows the property', () => {
    expect(repeat({ ...broken(), invariants: [] }, saved).verdict).toBeNull()
  })

  test('is null where a step cannot happen any more', () => {
    const lonely = standbySystem({ servers: 1, clients: [[{ op: 'put', key: 'a', value: 'x' }]] })
    expect(repeat(lonely, saved)).toEqual({ run: null, verdict: null })
  })

  test('of a restarted server finds its next life', () => {
    const system = (): CheckedSystem => ({
      ...standbySystem({ servers: 1, clients: [], crashes: 1, restarts: 1 }),
      invariants: [
        always('no second life', (system) => system.node('s1#1').id === 's1#1' || 'it lives again'),
      ],
    })
    const { trace } = traced(system())
    expect(trace.steps.map(({ kind }) => kind).slice(-4)).toEqual(['crash', 'restart', 'start', 'send'])
    expect(repeat(system(), savedRunIn(trace)!).verdict).toBe('it lives again')
  })
})

describe('standby replay', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'standby-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const replayed = (text: string) =>
    new Promise<{ code: number; out: string }>((resolve) => {
      const path = join(folder, 'trace.jsonl')
      writeFileSync(path, text)
      execFile(
        process.execPath,
        ['--import', 'tsx', 'cli/main.ts', 'replay', path],
        (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), out: stdout + stderr }),
      )
    })

  /** A short run of a shipped scenario, saved for a property. */
  function shipped(property: string): string {
    const system = scenarioNamed('one-server').system()
    const { goals } = check(system)
    const violation = { name: property, reason: 'it was broken once' }
    return traceOf(system, goals[0]!.run!, { scenario: 'one-server', violation })
  }

  test('says that a property holds now, and ends with 0', async () => {
    const { code, out } = await replayed(shipped('I3: at most one server can decide a new command'))
    expect({ code, says: /holds now: I3/.test(out) }).toEqual({ code: 0, says: true })
  })

  test('says that no one knows the property, and ends with 5', async () => {
    const { code, out } = await replayed(shipped('no such thing'))
    expect({ code, says: /not judged/.test(out) }).toEqual({ code: 5, says: true })
  })

  test('says that the steps cannot happen any more, and ends with 3', async () => {
    const text = shipped('I3: at most one server can decide a new command').replace(
      '"type":"getView"',
      '"type":"getViews"',
    )
    const { code, out } = await replayed(text)
    expect({ code, says: /cannot happen any more/.test(out) }).toEqual({ code: 3, says: true })
  })

  test.each([
    ['a file that is no trace', () => 'hello\n', /expected a header/],
    ['a trace that was cut off', () => shipped('I3').split('\n').slice(0, -2).join('\n'), /without its end/],
    [
      'a trace of a simulation',
      () =>
        '{"format":"standby-trace","version":1,"seed":7,"options":{"plan":{}},"machines":[],"nodes":[]}\n{"end":true,"steps":0,"dropped":0}\n',
      /standby simulate --seed 7/,
    ],
    ['a trace of a system of your own', () => traceOf(locks, { steps: [] }), /of a system of your own/],
  ])('refuses %s with 2 and says what to do', async (_name, text, message) => {
    const { code, out } = await replayed(text())
    expect(code).toBe(2)
    expect(out).toMatch(message)
  })
})

test('a saved run names messages, and does not repeat them', () => {
  const { happenings } = savedRunIn(traced(broken()).trace) as SavedRun
  const delivered = happenings.filter(({ kind }) => kind === 'deliver')
  expect(delivered[0]).toEqual({ kind: 'deliver', from: 's2#1', to: 'view-service', type: 'ping', nth: 0 })
})
