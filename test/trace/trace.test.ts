/** The trace of a run: what it says, that it can be read back, and that no value and no broken file gets past it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Observation } from '../../actors/observation.ts'
import type { Json } from '../../machines/application/application.ts'
import {
  applyPatch,
  createTrace,
  describeMachine,
  type ReadTrace,
  readTrace,
  type StateDescription,
  type TraceError,
  type TraceOptions,
  type TraceStep,
} from '../../runtime/observe/index.ts'
import { encode, encodeLimits, omittedKey } from '../../runtime/trace/encode.ts'
import { patchOf } from '../../runtime/trace/patch.ts'
import { append, createWorld, get, put, type World } from '../support/world.ts'

function failover(seed = 1): World {
  const world = createWorld({ seed })
  world.settle()
  const client = world.client()
  world.execute(client, put('__proto__', { nested: [1, 2] }))
  world.execute(client, put('a', 1))
  world.faults({ duplicate: 1 }, { type: 'forward' })
  world.execute(client, append('b', 'x'))
  world.primary().crash()
  world.execute(client, get('a'))
  world.server('s1').restart()
  world.settle()
  return world
}

function textOf(world: World, options: Partial<TraceOptions> = {}): string {
  const lines: string[] = []
  const trace = createTrace({ write: (line) => lines.push(line), seed: 1, ...options })
  for (const observation of world.observations) trace.observe(observation)
  trace.close()
  return `${lines.join('\n')}\n`
}

const stepsOf = (world: World): readonly TraceStep[] => readTrace(textOf(world)).steps

describe('trace', () => {
  test('what is written is read back: a step for each observation, counted without gaps', () => {
    const world = failover()
    const { header, steps, complete, dropped } = readTrace(textOf(world, { options: { servers: 3 } }))
    expect(header).toMatchObject({ format: 'standby-trace', version: 1, seed: 1, options: { servers: 3 } })
    expect(steps.map(({ i }) => i)).toEqual(world.observations.map((_, index) => index))
    expect(steps.map(({ kind, node, t }) => ({ kind, node, t }))).toEqual(
      world.observations.map(({ kind, node, t }) => ({ kind, node, t })),
    )
    expect({ complete, dropped }).toEqual({ complete: true, dropped: 0 })
  })

  test('equal runs make equal traces', () => {
    expect(textOf(failover())).toBe(textOf(failover()))
  })

  test('keys stand in one order, clocks and contexts included', () => {
    const { steps } = readTrace(textOf(failover()))
    const unsorted = steps.flatMap(({ vector, after }) =>
      [vector, after?.context].filter((value) => {
        const keys = Object.keys(value ?? {})
        return keys.join() !== [...keys].sort().join()
      }),
    )
    expect(unsorted).toEqual([])
  })

  test('L1 L3 each step has the clocks after it', () => {
    const world = failover()
    const clocks = stepsOf(world).map(({ lamport, vector }) => ({ lamport, vector }))
    expect(clocks).toEqual(
      world.observations.map(({ clock }) => ({
        lamport: clock?.lamport ?? null,
        vector: clock === null ? null : { ...clock.vector },
      })),
    )
  })

  test('the patches of a node, applied one after another, make its context', () => {
    const world = failover()
    const contexts = new Map<string, Json>()
    for (const { node, after } of stepsOf(world)) {
      if (node === null || after === undefined) continue
      contexts.set(node, after.context ?? applyPatch(contexts.get(node)!, after.patch!))
    }
    const snapshots = [
      world.cluster.viewService.actor.getSnapshot(),
      ...world.cluster.servers.map(({ node }) => node.actor.getSnapshot()),
      world.client().actor.getSnapshot(),
    ]
    for (const { context } of snapshots) {
      const { clock: _, ...fields } = context as Record<string, unknown>
      const expected = JSON.parse(JSON.stringify(encode(fields)))
      expect(contexts.get(String(fields.id))).toEqual(expected)
    }
  })

  test('a key called __proto__ is a key like any other', () => {
    const installed = textOf(failover())
      .split('\n')
      .filter((line) => line.includes('"__proto__":{"nested":[1,2]}'))
    expect(installed.length).toBeGreaterThan(0)
    expect(({} as { nested?: unknown }).nested).toBeUndefined()
  })

  test('a message has one id at its send and at each receive; copies are numbered', () => {
    const steps = stepsOf(failover())
    const sends = new Map(
      steps.flatMap((step) => (step.kind === 'send' ? [[step.message!.id, step] as const] : [])),
    )
    const receives = steps.filter(({ kind }) => kind === 'receive')
    const strangers = receives.filter(({ message, t }) => {
      const send = sends.get(message!.id)
      return send === undefined || message!.sentAt !== send.t || send.t > t || send.node !== message!.from
    })
    const doubled = receives.filter(({ message }) => message!.type === 'forward' && message!.copy === 1)
    expect(sends.size).toBe(steps.filter(({ kind }) => kind === 'send').length)
    expect(strangers).toEqual([])
    expect(doubled.length).toBeGreaterThan(0)
  })

  test('a step says which guards were asked, in order, and what they said', () => {
    const installs = stepsOf(failover()).find(
      ({ kind, message }) => kind === 'receive' && message?.type === 'forward',
    )
    const results = installs?.microsteps?.map(({ guard, result }) => ({ guard, result }))
    expect(results?.at(-1)).toEqual({ guard: 'isNextForward', result: true })
    expect(results?.slice(0, -1)).toContainEqual({ guard: 'isForeign', result: false })
    expect(results?.slice(0, -1).every(({ result }) => result === false)).toBe(true)
  })

  test('a transition that a state leaves to its parent shows the guards that refused it below', () => {
    const world = createWorld()
    world.settle()
    world.inject({
      from: 's1#1',
      to: 's2#1',
      message: {
        type: 'stateTransfer',
        view: { number: 1, primary: 's1#1', backup: 's2#1' },
        index: 0,
        last: true,
        data: null,
      },
    })
    world.advance(10)
    const step = stepsOf(world).findLast(
      ({ refused }) => refused !== undefined && refused.event === 'stateTransfer',
    )
    expect(step?.refused).toEqual({ event: 'stateTransfer', reason: 'stateTransfer: of an older view' })
    expect(step?.microsteps?.[0]).toMatchObject({ source: 'server.role.backup.serving', result: false })
    expect(step?.microsteps?.at(-1)).toMatchObject({
      source: 'server.role',
      guard: 'isOfOlderView',
      result: true,
    })
  })

  test('N3 a message that was not taken is a step with its reason', () => {
    const world = createWorld()
    world.settle()
    world.inject({ from: 'x#1', to: 's1#1', message: { type: 'nonsense', more: 1 } })
    world.advance(10)
    const step = stepsOf(world).find(({ kind }) => kind === 'refuse')
    expect(step).toMatchObject({ node: 's1#1', message: { type: 'nonsense', body: { more: 1 } } })
    expect(step?.refused?.reason).toMatch(/^expected a message of type/)
  })

  test('calls, returns, crashes and partitions are steps', () => {
    const world = createWorld()
    world.settle()
    world.network.partition(['s1'], ['s2'])
    world.network.heal()
    world.execute(world.client(), put('a', 1))
    world.backup().crash()
    const steps = stepsOf(world)
    expect(steps.find(({ kind }) => kind === 'partition')).toMatchObject({ node: null, detail: 's1 | s2' })
    expect(steps.find(({ kind }) => kind === 'crash')).toMatchObject({
      node: 's2#1',
      detail: 'backup.serving',
    })
    expect(steps.find(({ kind }) => kind === 'call')?.call).toEqual({ id: 1, command: put('a', 1) })
    expect(steps.find(({ kind }) => kind === 'return')).toMatchObject({
      call: { id: 1, command: put('a', 1), end: { value: null } },
      operations: ['1/1/0'],
    })
  })

  test('the header describes the charts: every state, its transitions in order, and the delays', () => {
    const { header } = readTrace(textOf(createWorld()))
    const idsOf = (state: StateDescription): string[] => [state.id, ...state.states.flatMap(idsOf)]
    const server = header.machines.find(({ definition }) => definition.id === 'server')!
    expect(header.machines.map(({ definition }) => definition.id)).toEqual([
      'viewService',
      'server',
      'client',
    ])
    expect(idsOf(server.definition.root)).toContain('server.role.primary.awaitingBackupAck')
    expect(server.definition.delays).toEqual({ pingInterval: 50, resendInterval: 50 })
  })

  test('a chart is described from itself: what is drawn is what runs', () => {
    const { machine } = createWorld().server('s1').node.actor.getSnapshot()
    const { root } = describeMachine(machine)
    expect(root.states.map(({ key, initial }) => ({ key, initial }))).toEqual([
      { key: 'heartbeat', initial: 'pinging' },
      { key: 'role', initial: 'idle' },
    ])
  })

  test('verdicts of an invariant stand at their step', () => {
    const text = textOf(createWorld(), { verdictsOf: ({ kind }) => (kind === 'start' ? [{ I7: 'ok' }] : []) })
    const { steps } = readTrace(text)
    expect(steps.find(({ kind }) => kind === 'start')?.verdicts).toEqual([{ I7: 'ok' }])
  })
})

describe('a trace that cannot be written', () => {
  const [observation] = createWorld().observations as [Observation]

  test('past its bound steps are counted, and the last line says how many', () => {
    const world = failover()
    const { steps, complete, dropped } = readTrace(textOf(world, { sizeMax: 60_000 }))
    expect(complete).toBe(true)
    expect(steps.length).toBeGreaterThan(10)
    expect(dropped).toBe(world.observations.length - steps.length)
  })

  test('an error of write is kept and not thrown, and nothing is written after it', () => {
    const error = new Error('disk full')
    let calls = 0
    const trace = createTrace({
      write: () => {
        calls += 1
        if (calls > 1) throw error
      },
    })
    trace.observe(observation)
    trace.observe(observation)
    trace.close()
    expect({ steps: trace.steps, dropped: trace.dropped, error: trace.error, calls }).toEqual({
      steps: 0,
      dropped: 2,
      error,
      calls: 2,
    })
  })

  test('after closing nothing is written', () => {
    const lines: string[] = []
    const trace = createTrace({ write: (line) => lines.push(line) })
    trace.close()
    trace.close()
    trace.observe(observation)
    expect(lines).toHaveLength(2)
    expect(trace.dropped).toBe(1)
  })

  test('verdicts that throw make a step that says so', () => {
    const lines: string[] = []
    const trace = createTrace({
      write: (line) => lines.push(line),
      verdictsOf: () => {
        throw new Error('broken invariant')
      },
    })
    trace.observe(observation)
    expect(JSON.parse(lines[1]!).detail).toBe('this step could not be written: broken invariant')
  })
})

describe('a trace that cannot be read', () => {
  const whole = textOf(failover())
  const lines = whole.trimEnd().split('\n')
  const errorOf = (text: string): TraceError => {
    try {
      readTrace(text)
    } catch (error) {
      return error as TraceError
    }
    throw new Error('expected an error')
  }
  const changed = (line: number, change: (step: Record<string, unknown>) => void) => {
    const step = JSON.parse(lines[line - 1]!)
    change(step)
    return `${[...lines.slice(0, line - 1), JSON.stringify(step), ...lines.slice(line)].join('\n')}\n`
  }

  test.each([
    ['nothing', '', 'notATrace', 1, 'got nothing'],
    ['another file', 'hello\n', 'notATrace', 1, 'got hello'],
    ['other JSON', '{"a":1}\n', 'notATrace', 1, '"format":"standby-trace"'],
    ['a newer version', '{"format":"standby-trace","version":2}\n', 'wrongVersion', 1, 'update standby'],
    ['no version', '{"format":"standby-trace"}\n', 'wrongVersion', 1, 'got none'],
    ['a header without machines', '{"format":"standby-trace","version":1}\n', 'invalidLine', 1, 'machines'],
    ['a cut header', whole.slice(0, 200), 'truncated', 1, 'in the middle of its header'],
  ])('%s: says what is wrong', (_, text, code, line, message) => {
    const error = errorOf(text)
    expect(error).toMatchObject({ name: 'TraceError', code, line })
    expect(error.message).toMatch(/^line 1: /)
    expect(error.message).toContain(message)
  })

  test('cut within a line: says in which, and how many steps are whole', () => {
    const cut = lines.slice(0, 9).join('\n').length + 50
    expect(errorOf(whole.slice(0, cut))).toMatchObject({ code: 'truncated', line: 10 })
    expect(errorOf(whole.slice(0, cut)).message).toContain('after 8 whole steps')
  })

  test('cut between two lines: the missing end is noticed', () => {
    expect(errorOf(`${lines.slice(0, 9).join('\n')}\n`)).toMatchObject({ code: 'truncated', line: 9 })
  })

  test('cut anywhere: an error, or with partial the whole steps before the cut', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 3), (length) => {
        const text = whole.slice(0, length)
        expect(errorOf(text).line).toBeGreaterThanOrEqual(1)
        if (length <= lines[0]!.length) return
        const read: ReadTrace = readTrace(text, { partial: true })
        expect(read.complete).toBe(false)
        expect(read.steps).toHaveLength(wholeSteps(text))
      }),
    )
  })

  const wholeSteps = (text: string) => {
    const cutOff = text.split('\n').slice(1)
    return cutOff.filter((line, index) => line === lines[index + 1]).length
  }

  test('a missing step, a step out of place, and a second trace are found', () => {
    const missing = [...lines.slice(0, 5), ...lines.slice(6)].join('\n')
    expect(errorOf(missing)).toMatchObject({ code: 'invalidLine', line: 6 })
    expect(errorOf(missing).message).toContain('expected step 4, got step 5')
    expect(errorOf(whole + whole)).toMatchObject({ code: 'invalidLine', line: lines.length + 1 })
    const fewer = [...lines.slice(0, -2), lines.at(-1)].join('\n')
    expect(errorOf(fewer).message).toContain('lines were taken out')
  })

  test.each([
    ['node', 7, 'node'],
    ['kind', 'explosion', 'kind'],
    ['t', null, 't'],
    ['vector', { a: 'b' }, 'vector.a'],
    ['operations', null, 'operations'],
  ])('a step with a wrong %s is named with its line', (field, value, path) => {
    const error = errorOf(
      changed(4, (step) => {
        step[field] = value
      }),
    )
    expect(error).toMatchObject({ code: 'invalidLine', line: 4 })
    expect(error.message).toContain(`line 4: the step is wrong at ${path}: `)
  })

  test('a line that is no JSON in the middle is named', () => {
    const broken = [...lines.slice(0, 4), '{oops', ...lines.slice(5)].join('\n')
    expect(errorOf(broken).message).toBe('line 5: expected a step as one JSON object, got {oops')
  })

  test('carriage returns, a byte order mark and a missing last line feed are no errors', () => {
    expect(readTrace(`\uFEFF${whole.trimEnd().replaceAll('\n', '\r\n')}`).complete).toBe(true)
  })
})

describe('hostile values', () => {
  const cycle: Record<string, unknown> = { name: 'cycle' }
  cycle.self = cycle
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  let deep: unknown = 'bottom'
  for (let level = 0; level < 100_000; level++) deep = [deep]
  const angry = {
    toString() {
      throw new Error('no text')
    },
  }
  const throwing = new Proxy(
    {},
    {
      ownKeys() {
        throw angry
      },
    },
  )

  // As functions: a test runner that prints them would trip over them itself.
  const cycleOf = () => cycle
  const throwingOf = () => throwing

  test.each([
    ['a cycle', cycleOf, { name: 'cycle', self: { [omittedKey]: 'a cycle' } }],
    ['undefined', undefined, { [omittedKey]: 'undefined' }],
    ['NaN', Number.NaN, { [omittedKey]: 'NaN' }],
    ['minus zero', -0, 0],
    ['a bigint', 10n ** 20n, { [omittedKey]: 'a bigint: 100000000000000000000' }],
    ['a function', () => {}, { [omittedKey]: 'a function' }],
    ['a symbol', Symbol('s'), { [omittedKey]: 'a symbol' }],
    ['a map', new Map([[1, 2]]), { [omittedKey]: 'a Map of 1' }],
    ['bytes', new Uint8Array(1e6), { [omittedKey]: 'a Uint8Array of 1000000 bytes' }],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['an invalid date', new Date(Number.NaN), { [omittedKey]: 'an invalid date' }],
    ['an error', new TypeError('bad'), { message: 'bad', name: 'TypeError' }],
    ['a hole in a list', Array(2), [{ [omittedKey]: 'undefined' }, { [omittedKey]: 'undefined' }]],
    ['a field without a value', { a: undefined, b: 1 }, { b: 1 }],
    ['keys in any order', { b: 1, a: 2 }, { a: 2, b: 1 }],
    [
      'a proxy that throws without a text',
      throwingOf,
      { [omittedKey]: 'unreadable: an error without a text' },
    ],
    ['a key called __proto__', JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":1}')],
  ])('%s', (_, value, expected) => {
    const given = value === cycleOf || value === throwingOf ? value() : value
    expect(JSON.parse(JSON.stringify(encode(given)))).toEqual(expected)
  })

  test('a getter is not run', () => {
    let runs = 0
    const value = {
      get trap() {
        runs += 1
        return 1
      },
    }
    expect(JSON.parse(JSON.stringify(encode(value)))).toEqual({ trap: { [omittedKey]: 'a getter' } })
    expect(runs).toBe(0)
  })

  test('a revoked proxy is unreadable, not an error', () => {
    expect(JSON.stringify(encode([proxy]))).toContain('unreadable: ')
  })

  test('an actor does not bring the numbering of its system into a trace', () => {
    const { actor } = createWorld().cluster.viewService
    expect(JSON.parse(JSON.stringify(encode({ actor })))).toEqual({ actor: { [omittedKey]: 'an actor' } })
  })

  test.each([
    ['a text of ten million characters', () => 'x'.repeat(1e7)],
    ['a list of a million', () => Array.from({ length: 1e6 }, (_, index) => index)],
    ['a list of holes', () => new Array(1e9)],
    ['nesting of a hundred thousand levels', () => deep],
    [
      'an object of a hundred thousand keys',
      () => Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [`k${i}`, i])),
    ],
  ])('%s is cut with a mark that tells how much there was', (_, make) => {
    const text = JSON.stringify(encode(make()))
    expect(text.length).toBeLessThan(encodeLimits.sizeMax * 4)
    expect(text).toMatch(/10000000 characters in all|more of \d+|nested deeper than/)
  })

  test('anything at all becomes JSON of bounded size, twice the same', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withObjectString: true,
      withSparseArray: true,
      withTypedArray: true,
      withUnicodeString: true,
    })
    fc.assert(
      fc.property(anything, (value) => {
        const text = JSON.stringify(encode(value, { ...encodeLimits, sizeMax: 1000 }))
        expect(text).toBe(JSON.stringify(encode(value, { ...encodeLimits, sizeMax: 1000 })))
        expect(text.length).toBeLessThan(10_000)
      }),
    )
  })

  test('a step with such a message is written', () => {
    const lines: string[] = []
    const trace = createTrace({ write: (line) => lines.push(line) })
    const stamp = { lamport: 1, vector: {} }
    for (const message of [cycle, proxy, deep, null, undefined, 7]) {
      const envelope = { from: 'x', to: 'y', message, stamp }
      trace.observe({ kind: 'refuse', node: 'y', t: 0, clock: null, envelope } as unknown as Observation)
    }
    trace.close()
    expect(trace.steps).toBe(6)
    expect(readTrace(`${lines.join('\n')}\n`).steps).toHaveLength(6)
  })
})

describe('patch', () => {
  const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>
  const container = fc.dictionary(
    fc.oneof(fc.string({ maxLength: 2 }), fc.constantFrom('__proto__', 'a/b', '~', 'length', '0')),
    json,
  )

  test('applied to the first value it makes the second, and changes neither', () => {
    fc.assert(
      fc.property(fc.oneof(json, container), fc.oneof(json, container), (first, second) => {
        const [before, after] = [encode(first), encode(second)]
        const kept = JSON.stringify(before)
        expect(JSON.stringify(sorted(applyPatch(before, patchOf(before, after))))).toBe(
          JSON.stringify(sorted(after)),
        )
        expect(JSON.stringify(before)).toBe(kept)
      }),
    )
  })

  test('equal values need none', () => {
    fc.assert(fc.property(json, (value) => void expect(patchOf(encode(value), encode(value))).toEqual([])))
  })

  test('a patch of another value is refused', () => {
    expect(() => applyPatch({ a: 1 }, [{ op: 'add', path: '/b/c', value: 1 }])).toThrow(
      'belongs to another value',
    )
  })
})

/** Encoded again, for the order of keys only. */
function sorted(value: Json): Json {
  return encode(value, { ...encodeLimits, sizeMax: Number.POSITIVE_INFINITY })
}
