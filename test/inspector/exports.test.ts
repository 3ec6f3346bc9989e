/** Exports, each judged by the rules of the tool that it is for. Mermaid itself parses its texts in the browser tests. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareClocks } from '../../machines/clocks.ts'
import { type ReadTrace, readTrace } from '../../runtime/observe/index.ts'
import { toChromeTrace } from '../../runtime/trace/exports/chrome-trace.ts'
import {
  exportFormats,
  toItf,
  toMermaidSequence,
  toShiviz,
  toSpaceTimeSvg,
  toStory,
  toTransitionTest,
} from '../../runtime/trace/exports/index.ts'
import { readAsApalache } from './apalache.ts'
import { readShiviz } from './shiviz.ts'
import { failoverTrace, hostileTrace } from './traces.ts'

const trace = failoverTrace()
const hostile = hostileTrace()

function grouped<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

describe('ShiViz', () => {
  test('the log obeys the rules of its parser, and each step is an event', () => {
    expect(readShiviz(toShiviz(trace))).toHaveLength(trace.steps.length)
    expect(readShiviz(toShiviz(hostile))).toHaveLength(hostile.steps.length)
  })

  test.each([
    ['a step in the middle that counts and is gone', (index: number) => index % 7 !== 3],
    ['the beginning is gone', (index: number) => index > 60],
    ['the starts are gone', (_: number, kind: string) => kind !== 'start'],
    ['only receives are left', (_: number, kind: string) => kind === 'receive'],
  ])('clocks are renumbered where %s', (_, isKept) => {
    const steps = trace.steps.filter(({ kind }, index) => isKept(index, kind))
    expect(readShiviz(toShiviz({ steps }))).toHaveLength(steps.length)
  })

  test('L6 a clock that dropped entries gives a log that is still closed', () => {
    const steps = trace.steps.map((step) => {
      if (step.vector === null || step.i % 3 !== 0) return step
      const vector = Object.fromEntries(
        Object.entries(step.vector).filter(([id]) => id === step.node || !id.startsWith('c')),
      )
      return { ...step, vector, truncated: true as const }
    })
    expect(readShiviz(toShiviz({ steps }))).toHaveLength(steps.length)
  })

  test('L4 happened-before in the log is happened-before in the trace', () => {
    const events = readShiviz(toShiviz(trace))
    const counts = new Map<string, number>()
    const stamped = trace.steps.flatMap(({ node, vector, lamport, truncated }, index) => {
      if (node === null || vector === null || vector[node] === counts.get(node)) return []
      counts.set(node, vector[node]!)
      return [{ index, node, vector, lamport: lamport!, ...(truncated ? { truncated } : {}) }]
    })
    fc.assert(
      fc.property(fc.constantFrom(...stamped), fc.constantFrom(...stamped), (e, f) => {
        const [first, second] = [events[e.index]!, events[f.index]!]
        const isBefore = (second.clock[first.host] ?? 0) >= first.clock[first.host]! && e.index !== f.index
        const relation = compareClocks(e, f, (id) => id.startsWith('c'))
        if (relation !== 'unknown') expect(isBefore).toBe(relation === 'before')
      }),
      { numRuns: 2000 },
    )
  })

  test('a lost message is an event of the network that knows its send', () => {
    const events = readShiviz(toShiviz(trace))
    const drop = trace.steps.find(({ kind }) => kind === 'drop')!
    const send = trace.steps.find(({ kind, message }) => kind === 'send' && message?.id === drop.message?.id)!
    const { host, clock } = events[drop.i]!
    expect(host).toBe('(network)')
    expect(clock[send.node!]).toBeGreaterThanOrEqual(events[send.i]!.clock[send.node!]!)
  })

  test.each([
    ['a gap in its own count', (text: string) => text.replace('{"s1#1":2', '{"s1#1":9'), /s1#1 counts/],
    ['a host without events', (text: string) => text.replace('{"s1#1":1}', '{"s1#1":1,"x":1}'), /no events/],
    ['a line of another form', (text: string) => `${text}oops\n`, /does not match/],
  ])('the check of this test finds %s', (_, broken, message) => {
    expect(() => readShiviz(broken(toShiviz(trace)))).toThrow(message)
  })
})

describe('ITF', () => {
  test.each([
    ['a failover', trace],
    ['hostile names', hostile],
  ])('%s: every state has every variable, and every value is of the format', (_, given) => {
    const { '#meta': meta, vars, states } = JSON.parse(toItf(given))
    expect(meta.format).toBe('ITF')
    expect(states).toHaveLength(given.steps.length + 1)
    for (const [index, { '#meta': own, ...state }] of states.entries()) {
      expect(own).toEqual({ index })
      expect(Object.keys(state).sort()).toEqual([...vars].sort())
      for (const name of vars) expect(wrongItf(state[name])).toBeNull()
    }
  })

  test.each([
    ['a failover', trace, 0],
    ['hostile names', hostile, 0],
    ['a window', trace, 100],
  ])('%s: Apalache reads it by its types', (_, given, from) => {
    const count = readAsApalache(toItf(given, { from }))
    expect(count).toBe(given.steps.length + (from === 0 ? 1 : -from))
  })

  test('null and values beside it are None and Some, mixed lists are tuples, what has no type is text', () => {
    const [first] = trace.steps
    const contexts = [
      { a: null, b: [1, 'x'], c: 0.5, d: 1 },
      { a: 7, b: [2, 'y'], c: 1, d: 'd' },
    ]
    const steps = contexts.map((context, i) => ({
      ...first!,
      i,
      kind: 'start' as const,
      after: { value: 's', context },
    }))
    const text = toItf({ ...trace, steps })
    expect(readAsApalache(text)).toBe(3)
    const { '#meta': meta, states } = JSON.parse(text)
    expect(meta.varTypes.nodes).toContain(
      '{ a: None(Str) | Some(Int), b: <<Int, Str>>, c: Json(Str), d: Json(Str) }',
    )
    const chart = states[2].nodes['#map'][0][1].chart.value
    expect(chart.context).toEqual({
      a: { tag: 'Some', value: { '#bigint': '7' } },
      b: { '#tup': [{ '#bigint': '2' }, 'y'] },
      c: { tag: 'Json', value: '1' },
      d: { tag: 'Json', value: '"d"' },
    })
  })

  test('a state has what the nodes hold and which messages are on their way', () => {
    const { states } = JSON.parse(toItf(trace))
    const node = (index: number, id: string) =>
      new Map<string, Record<string, unknown>>(states[index].nodes['#map']).get(id)
    const crash = trace.steps.find(({ kind }) => kind === 'crash')!
    expect(node(crash.i, crash.node!)).toMatchObject({ status: 'running' })
    expect(node(crash.i + 1, crash.node!)).toMatchObject({ status: 'crashed' })
    const [send] = trace.steps.filter(({ kind }) => kind === 'send')
    const ids = (index: number) => states[index].inFlight['#set'].map(({ id }: { id: string }) => id)
    expect(ids(send!.i)).not.toContain(send!.message!.id)
    expect(ids(send!.i + 1)).toContain(send!.message!.id)
  })

  test('a window begins with the state after the steps before it', () => {
    const whole = JSON.parse(toItf(trace)).states
    const part = JSON.parse(toItf(trace, { from: 100 })).states
    expect(part).toHaveLength(whole.length - 101)
    expect(part[0].nodes).toEqual(whole[101].nodes)
  })
})

/** What is wrong with a value by ADR-015, or null. */
function wrongItf(value: unknown): string | null {
  if (typeof value === 'string' || typeof value === 'boolean') return null
  if (typeof value !== 'object' || value === null) return `${JSON.stringify(value)} is not of the format`
  if (Array.isArray(value)) return value.map(wrongItf).find((wrong) => wrong !== null) ?? null
  const special = Object.keys(value).filter((key) => key.startsWith('#'))
  const [key] = special
  if (key === undefined) return wrongItf(Object.values(value))
  const inner = (value as Record<string, unknown>)[key]
  if (Object.keys(value).length > 1) return `${key} is not alone`
  if (key === '#bigint') return /^-?\d+$/.test(inner as string) ? null : `${inner} is no integer`
  if (key === '#unserializable') return typeof inner === 'string' ? null : 'expected a text'
  if (key === '#set' || key === '#tup') return wrongItf(inner)
  if (key !== '#map') return `${key} is unknown`
  const isPairs = (inner as unknown[]).every((pair) => Array.isArray(pair) && pair.length === 2)
  return isPairs ? wrongItf(inner) : 'a map is not of pairs'
}

describe('Chrome trace', () => {
  type Event = {
    ph: string
    ts: number
    dur?: number
    pid: number
    tid: number
    id?: string
    cat?: string
    name: string
  }
  const eventsOf = (given: ReadTrace) => JSON.parse(toChromeTrace(given)).traceEvents as Event[]

  test.each([
    ['a failover', trace],
    ['hostile names', hostile],
  ])('%s: times do not go back, slices of a thread nest, and threads have names', (_, given) => {
    const events = eventsOf(given)
    const threads = grouped(
      events.filter(({ ph }) => ph !== 'M'),
      ({ pid, tid }) => `${pid}/${tid}`,
    )
    const named = new Set(
      events.filter(({ name }) => name === 'thread_name').map(({ pid, tid }) => `${pid}/${tid}`),
    )
    expect([...threads.keys()].filter((thread) => !named.has(thread))).toEqual([])
    for (const own of threads.values()) {
      const open: number[] = []
      let last = 0
      for (const { ph, ts, dur = 0 } of own) {
        expect(ts).toBeGreaterThanOrEqual(last)
        last = ts
        if (ph !== 'X') continue
        while (open.length > 0 && open.at(-1)! <= ts) open.pop()
        if (open.length > 0) expect(ts + dur).toBeLessThanOrEqual(open.at(-1)!)
        open.push(ts + dur)
      }
    }
  })

  test('each flow has one start and one end, each within a slice of its thread, and the start is first', () => {
    const events = eventsOf(trace)
    const flows = grouped(
      events.filter(({ cat }) => cat === 'message'),
      ({ id }) => id,
    )
    const slices = new Set(
      events.filter(({ ph }) => ph === 'X').map(({ pid, tid, ts }) => `${pid}/${tid}/${ts}`),
    )
    expect(flows.size).toBe(trace.steps.filter(({ kind }) => kind === 'receive').length)
    for (const pair of flows.values()) {
      expect(pair.map(({ ph }) => ph)).toEqual(['s', 'f'])
      expect(pair[0]!.ts).toBeLessThan(pair[1]!.ts)
      for (const { pid, tid, ts } of pair) expect(slices.has(`${pid}/${tid}/${ts}`)).toBe(true)
    }
  })

  test('each operation that was answered begins and ends once', () => {
    const operations = grouped(
      eventsOf(trace).filter(({ cat }) => cat === 'operation'),
      ({ id }) => id,
    )
    expect(operations.size).toBe(4)
    for (const pair of operations.values()) expect(pair.map(({ ph }) => ph)).toEqual(['b', 'e'])
  })

  test('the states of a region follow each other as nested slices', () => {
    const events = eventsOf(trace)
    const primary = events.find(({ cat, name }) => cat === 'state' && name === 'primary')!
    const inner = events.filter(
      ({ ph, cat, pid, tid, ts }) =>
        ph === 'X' && cat === 'state' && pid === primary.pid && tid === primary.tid && ts > primary.ts,
    )
    expect(inner.map(({ name }) => name)).toContain('awaitingBackupAck')
  })
})

describe('Mermaid', () => {
  test('an arrow for each message that arrived, a cross for each that was lost', () => {
    const text = toMermaidSequence(trace, { from: 0, to: 120 })
    const count = (kind: string) => trace.steps.slice(0, 121).filter((step) => step.kind === kind).length
    expect(text.match(/->>/g)).toHaveLength(count('receive'))
    expect(text.match(/--x/g) ?? []).toHaveLength(count('drop'))
  })

  test('a long run is cut to what Mermaid takes', () => {
    const steps = Array.from({ length: 5000 }, (_, i) => ({ ...trace.steps[i % trace.steps.length]!, i }))
    expect(toMermaidSequence({ ...trace, steps }).length).toBeLessThan(50_000)
  })

  test('a window that the trace does not have is refused', () => {
    expect(() => toMermaidSequence(trace, { from: 1e6 })).toThrow(
      /expected steps between 0 and \d+, got 1000000/,
    )
  })
})

describe('SVG', () => {
  test('a mark for each step of a node, a line for each message', () => {
    const svg = toSpaceTimeSvg(trace, { to: 200 })
    expect(svg.match(/marker-end/g)!.length).toBeGreaterThan(50)
    expect(svg).not.toMatch(/(href|src|url\(http)/)
  })
})

describe('vitest', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url))

  test('printed tests of servers, a client and the view service pass as they are, and fail for another state', {
    timeout: 60_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'standby-printed-'))
    mkdirSync(join(folder, 'node_modules'))
    for (const name of ['vitest', 'xstate']) {
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
    }
    symlinkSync(root, join(folder, 'node_modules', 'standby'))
    const chosen = trace.steps.filter(
      ({ kind, after, message, refused }) =>
        after !== undefined &&
        (kind === 'start' || kind === 'local' || message?.type === 'forwardAck' || refused !== undefined),
    )
    const others = trace.steps
      .filter(({ after }) => after !== undefined)
      .filter((_, index) => index % 37 === 0)
    for (const { i } of [...chosen, ...others]) {
      writeFileSync(join(folder, `step-${i}.test.ts`), toTransitionTest(trace, i))
    }
    const changed = chosen.find(({ message }) => message?.type === 'forwardAck')!
    const wrong = toTransitionTest(trace, changed.i).replace('"primary":"serving"', '"primary":"waiting"')
    writeFileSync(join(folder, 'wrong.test.ts'), wrong)
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [vitest, 'run', '--root', folder, '--reporter', 'json'],
      { cwd: folder, maxBuffer: 1e8 },
    ).catch((error: { stdout: string }) => error)
    const { testResults } = JSON.parse(stdout) as {
      testResults: { name: string; status: string; message: string }[]
    }
    rmSync(folder, { recursive: true, force: true })

    const files = new Set([...chosen, ...others].map(({ i }) => i)).size
    expect(testResults).toHaveLength(files + 1)
    expect(testResults.filter(({ status }) => status !== 'passed').map(({ name }) => name)).toEqual([
      expect.stringContaining('wrong.test.ts'),
    ])
  })

  test.each([
    ['a step that is not there', 1e6, /expected a step between 0 and/],
    ['a fault', trace.steps.find(({ kind }) => kind === 'partition')!.i, /a chart takes an event/],
  ])('%s is refused', (_, index, message) => {
    expect(() => toTransitionTest(trace, index)).toThrow(message)
  })

  test('an event that the trace holds only a part of is refused', () => {
    const receive = trace.steps.find(({ kind }) => kind === 'receive')!
    const steps = trace.steps.map((step) =>
      step === receive
        ? { ...step, message: { ...step.message!, body: { data: { $omitted: 'no room left' } } } }
        : step,
    )
    expect(() => toTransitionTest({ ...trace, steps }, receive.i)).toThrow(/too large for the trace/)
  })
})

describe('the page with a trace inside', () => {
  const page = `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src *; script-src 'sha256-x'; connect-src ws:"></head><body><script>start()</script></body></html>`

  test('allows no connection, and holds the trace before its script', () => {
    const story = toStory(trace, page)
    expect(story.match(/Content-Security-Policy/g)).toHaveLength(1)
    expect(story).toContain(`content="default-src 'none'; script-src 'sha256-x'">`)
    expect(story.indexOf('id="trace"')).toBeLessThan(story.indexOf('start()'))
  })

  test('no text in the trace ends its script, and the trace can be read back as it was', () => {
    const story = toStory(hostile, page)
    const [, inside = ''] = /<script type="application\/jsonl" id="trace">\n([\s\S]*?)<\/script>/.exec(story)!
    expect(inside).not.toContain('<')
    expect(readTrace(inside)).toEqual(JSON.parse(JSON.stringify(hostile)))
  })

  test('a text that is not the page is refused', () => {
    expect(() => toStory(trace, '<p>hello</p>')).toThrow(/expected the page inspector.html/)
  })
})

test.each(exportFormats.map((format) => [format.id, format] as const))(
  '%s of an empty run is an empty picture or a sentence, not a crash',
  (_, format) => {
    const empty: ReadTrace = { ...trace, steps: [] }
    let text: string
    try {
      text = format.write(empty, { machine: 'server' })
    } catch (error) {
      text = (error as Error).message
    }
    expect(text.length).toBeGreaterThan(10)
    expect(text).not.toMatch(/undefined|NaN/)
  },
)
