/** Imports: logs for ShiViz and of GoVector, and ITF traces, as runs of the page; what the page exports comes back. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FeedSink } from '../../inspector/feeds/feed.ts'
import { textFeed } from '../../inspector/feeds/file.ts'
import { relate } from '../../inspector/model/causality.ts'
import { titleOf } from '../../inspector/model/describe.ts'
import { createRun, type Run } from '../../inspector/model/run.ts'
import { reasonsFor } from '../../inspector/model/why.ts'
import { readTrace } from '../../runtime/observe/index.ts'
import { chartState } from '../../runtime/observe/story.ts'
import { exportFormats, toItf, toShiviz, traceText } from '../../runtime/trace/exports/index.ts'
import { type ForeignRun, headerFor } from '../../runtime/trace/imports/foreign-run.ts'
import { readItf } from '../../runtime/trace/imports/itf.ts'
import { matchesIn } from '../../runtime/trace/imports/log-matches.ts'
import { recognise } from '../../runtime/trace/imports/recognise.ts'
import { readShiviz } from '../../runtime/trace/imports/shiviz.ts'
import { goVector } from './go-vector.ts'
import { readShiviz as readByItsRules } from './shiviz.ts'
import { failoverTrace, hostileTrace } from './traces.ts'

/** As the page reads a log, but without a worker. */
const readLog = (...texts: readonly string[]) =>
  whole(
    readShiviz(
      texts.map((text) => ({ name: '', text })),
      { match: matchesIn },
    ),
  )

const readStates = (text: string, action?: string) =>
  whole(readItf([{ name: '', text }], action === undefined ? {} : { action }))

/** The id of the format that a text is recognised as. */
const formatOf = (text: string) => {
  const format = recognise(text.slice(0, 8192))
  return typeof format === 'string' ? format : format?.id
}

async function whole(reading: Promise<ForeignRun>) {
  const { steps, ...rest } = await reading
  return { ...rest, steps: [...steps] }
}

async function runOf(reading: ReturnType<typeof readLog>): Promise<Run> {
  const foreign = await reading
  const run = createRun(headerFor(foreign))
  run.append(foreign.steps)
  return run
}

/** Each edge of the diagram as `from step -> to step`. */
const edgesOf = (run: Run) =>
  run.messages.all.flatMap(({ from, to, sentIn, receivedIn }) =>
    receivedIn.map((i) => `${from} ${sentIn} -> ${to} ${i}`),
  )

/** For each step the steps before it, along hosts and drawn arrows. */
function arrowsOf(run: Run): Set<number>[] {
  const past: Set<number>[] = []
  const last = new Map<string | null, number>()
  for (let i = 0; i < run.end; i++) {
    const { node, message, joined = [] } = run.step(i)!
    const causes = [last.get(node), message?.sentIn, ...joined.map(({ sentIn }) => sentIn)]
    past.push(new Set(causes.flatMap((cause) => (cause === undefined ? [] : [cause, ...past[cause]!]))))
    last.set(node, i)
  }
  return past
}

describe('ShiViz', () => {
  test('a log of GoVector: hosts are lanes, an entry that rises is an edge (L4)', async () => {
    const run = await runOf(readLog(goVector))
    expect(run.lanes.map(({ id }) => id)).toEqual(['client', 'server'])
    const said = [...Array(run.end).keys()].map(
      (i) => `${run.step(i)!.node} ${run.step(i)!.kind} ${titleOf(run.step(i)!)}`,
    )
    expect(said).toEqual([
      'client local Initialization Complete',
      'client send Sending ping',
      'server local Initialization Complete',
      'server receive Received ping',
      'server send Sending pong',
      'client receive Received pong',
    ])
    expect(edgesOf(run)).toEqual(['client 1 -> server 3', 'server 4 -> client 5'])
    expect(run.step(5)).toMatchObject({ vector: { client: 3, server: 3 }, lamport: null })
    expect(run.step(5)!.after).toBeUndefined()
    expect(run.places.on.rank).toEqual([0, 1, 0, 2, 3, 4])
    expect([run.brokenRules, run.marks]).toEqual([[], []])
    expect(reasonsFor(run, run.step(3)!)[0]).toMatchObject({
      i: 1,
      text: expect.stringContaining('step 1, of client'),
    })
  })

  test.each([
    ['with its header', `(?<host>\\S*) (?<clock>{.*})\\n(?<event>.*)\n\n${goVector}`],
    ['with a header of one line', `(?<host>\\S*) (?<clock>{.*})\\n(?<event>.*)\n${goVector}`],
    ['with lines of Windows', goVector.replaceAll('\n', '\r\n')],
    ['the text first', goVector.replace(/^(.*)\n(.*)$/gm, '$2\n$1')],
  ])('the same log %s is the same run', async (_, text) => {
    expect(formatOf(text)).toBe('log')
    expect((await readLog(text)).steps).toEqual((await readLog(goVector)).steps)
  })

  test('groups of a parser are shown, what they are for is known by what they hold', async () => {
    const text = `(?<date>\\S+) (?<kind>\\S+) (?<host>\\S+) (?<state>\\S+) (?<clock>\\{.*\\}) (?<event>.*)

09:01 INFO a idle {"a":1} begins
09:02 crash a - {"a":2} falls
09:03 WARN b busy {"b":1,"a":1} hears`
    const run = await runOf(readLog(text))
    const [begins, falls, hears] = [0, 1, 2].map((i) => run.step(i)!)
    expect([begins!.kind, falls!.kind, hears!.kind]).toEqual(['send', 'crash', 'receive'])
    expect(begins!.after).toEqual({ value: 'idle', context: { date: '09:01', kind: 'INFO' } })
    expect(run.contexts.at(run.lane('b')!, 2)).toEqual({ date: '09:03', kind: 'WARN' })
    expect(run.marks.map(({ kind }) => kind)).toEqual(['fault'])
  })

  test('one event may end several edges, and those that others imply are left out', async () => {
    const text = `a {"a":1}
one
b {"b":1}
two
c {"a":1,"c":1}
three
d {"a":1,"b":1,"c":1,"d":1}
joins`
    const run = await runOf(readLog(text))
    expect(edgesOf(run).sort()).toEqual(['a 0 -> c 2', 'b 1 -> d 3', 'c 2 -> d 3'])
    expect(run.places.on.rank[3]).toBe(2)
  })

  test('runs of one file are all shown, each with hosts of its own', async () => {
    const text = `(?<host>\\S+) (?<clock>\\{.*\\}) (?<event>.*)
^=== (?<trace>.*) ===$
written by hand
=== first ===
a {"a":1} x
=== second ===
a {"a":1} y
b {"a":1,"b":1} z
=== second ===
a {"a":1} w`
    const { steps, notes } = await readLog(text)
    expect(steps.map(({ node }) => node)).toEqual(['first/a', 'second/a', 'second/b', 'second 3/a'])
    expect(steps[2]).toMatchObject({ kind: 'receive', vector: { 'second/a': 1, 'second/b': 1 } })
    expect(notes).toEqual([
      expect.stringContaining('not shown: 1.'),
      expect.stringContaining('3 runs. All are shown'),
    ])
  })

  test.each([
    ['a failover', failoverTrace()],
    ['hostile names', hostileTrace()],
  ])('%s: what we export comes back with hosts, clocks, kinds, states and texts', async (_, trace) => {
    const text = toShiviz(trace)
    expect(formatOf(text.slice(0, 8192))).toBe('log')
    const { steps, notes } = await readLog(text)
    const events = readByItsRules(text)
    expect(notes).toEqual([])
    expect(steps).toHaveLength(trace.steps.length)
    for (const [i, step] of steps.entries()) {
      const { host, clock, fields } = events[i]!
      const { kind, lamport, t, after } = trace.steps[i]!
      expect(step).toMatchObject({ i, node: host, kind, lamport, t: Math.round(t), text: fields.event })
      expect(Object.entries(step.vector!)).toEqual(Object.entries(clock))
      if (after !== undefined && kind !== 'crash') {
        expect(step.after?.value).toBe(chartState(after.value).replaceAll(/\s/g, ''))
      }
    }
    // Of the network a log tells the state of the sender, which is none of its own.
    const plain = (log: string) => log.replaceAll(/^(\(network\) \{.*?\} \d+ \d+ \S+) \S+/gm, '$1')
    expect(plain(toShiviz({ steps }))).toBe(plain(text))
  })

  test('L4 happened-before in the run is that of the log, and every edge is part of it', async () => {
    const trace = failoverTrace()
    const [before, after] = [createRun(trace.header), await runOf(readLog(toShiviz(trace)))]
    before.append(trace.steps)
    const known = trace.steps.filter(({ vector }) => vector !== null).map(({ i }) => i)
    fc.assert(
      fc.property(fc.constantFrom(...known), fc.constantFrom(...known), (a, b) => {
        const [was, is] = [before, after].map((run) => relate(run, run.step(a)!, run.step(b)!))
        // A step that did not tick has no place of its own among those of others.
        if (was === 'before' || was === 'after') expect(is).toBe(was)
      }),
      { numRuns: 1000 },
    )
    for (const { sentIn, receivedIn } of after.messages.all) {
      for (const i of receivedIn) expect(relate(after, after.step(sentIn!)!, after.step(i)!)).toBe('before')
    }
  })

  test.each([
    ['no group', '(?<host>\\S+) (?<event>.*)\n\na x', /groups host, clock, event/],
    ['no expression', '(?<host>\\S+) (?<clock>{.*}) (?<event>.*\n\na {"a":1} x', /Unterminated group/],
    ['nothing to match', '(?<host>) (?<clock>) (?<event>z)\n\na {"a":1} x', /finds no event/],
    ['matches of nothing', '(?<host>)(?<clock>)(?<event>)\n\na {"a":1} x', /matches the empty text/],
    [
      'a clock that is invalid',
      'a {"a":1,}\nx',
      /expected the clock of a with its own count, got .*a.*:1,.* at "x"/,
    ],
    ['a clock without its host', 'a {"b":1}\nx\nb {"b":1}\ny', /expected the clock of a/],
    ['a count that is invalid', 'a {"a":"one"}\nx', /expected the clock of a/],
  ])('%s is said, with what to do', async (_, text, message) => {
    expect(formatOf(text)).toBe('log')
    await expect(readLog(text)).rejects.toThrow(message)
  })

  test.each([
    [
      'escaped quotes, as TLC prints them',
      goVector.replace(/\{.*\}/g, (clock) => clock.replaceAll('"', '\\"')),
    ],
    ['counts as strings', goVector.replace(/:(\d+)/g, ':"$1"')],
    ['lines that end in a carriage return', goVector.replaceAll('\n', '\r')],
    ['a byte order mark', `\uFEFF${goVector}`],
  ])('a log with %s is the same run', async (_, text) => {
    expect(formatOf(text)).toBe('log')
    const [read, plain] = [await readLog(text), await readLog(goVector)]
    expect([read.steps, read.notes]).toEqual([plain.steps, []])
  })

  test('logs of several processes are one run, in any order of the files', async () => {
    const hosts = ['client', 'server'].map((host) =>
      [...goVector.matchAll(/^(\S+) .*\n.*\n/gm)]
        .filter(([, name]) => name === host)
        .map(([all]) => all)
        .join(''),
    )
    const run = await runOf(readLog(...hosts.reverse()))
    expect(run.lanes.map(({ id }) => id).sort()).toEqual(['client', 'server'])
    expect(edgesOf(run)).toHaveLength(2)
  })

  const [a1, b1, c1] = ['a {"a":1}\none\n', 'b {"b":1,"a":1}\ntwo\n', 'c {"c":1,"b":1}\nthree\n']
  test.each([
    ['a gap in its own count', 'a {"a":1}\none\na {"a":6}\nsix', 1, /gap.*event 2 of a next, got 6/],
    ['a count twice', 'a {"a":1}\nx\na {"a":1}\ny', 1, /repeated.*got 1 again/],
    [
      'events that include each other',
      'a {"a":1,"b":1}\nx\nb {"a":1,"b":1}\ny',
      0,
      /cycle.*include each other/,
    ],
    [
      'a clock that lacks what it includes knew',
      a1 + b1 + c1,
      2,
      /unmerged.*event 1 of b, which knew a:1.*has no a/,
    ],
    [
      'an entry that falls',
      `${a1}b {"a":1,"b":1}\nx\nb {"b":2}\ny`,
      2,
      /fallen.*still know 1 events of a, got 0/,
    ],
    ['an event that no one logged', `${a1}b {"a":9,"b":1}\nx`, 1, /invented.*at most a:1.*got a:9/],
    ['a host without events', `${a1}b {"x":2,"b":1}\nx`, 1, /unknown host.*got x/],
  ])('L3 %s is one note and one marked step, and the log opens', async (_, text, at, message) => {
    const { notes } = await readLog(text)
    expect(notes).toEqual([expect.stringMatching(message)])
    const run = await runOf(readLog(text))
    expect(run.brokenRules.map(({ i }) => i)).toEqual([at])
    expect(run.marks).toEqual([{ i: at, kind: 'clock', text: expect.stringContaining('L3') }])
  })

  test('a fault is not noted again where others inherit it', async () => {
    const more = 'c {"c":2,"b":1}\nfour\nd {"d":1,"c":2,"b":1}\nfive\nd {"d":2,"c":2,"b":1}\nsix'
    expect((await readLog(a1 + b1 + c1 + more)).notes).toHaveLength(1)
    const invented = `${a1}b {"a":9,"b":1}\nx\nb {"a":9,"b":2}\ny\nc {"a":9,"b":2,"c":1}\nz`
    expect((await readLog(invented)).notes).toHaveLength(1)
  })

  test('a host that begins late is no fault', async () => {
    const { notes, steps } = await readLog('a {"a":40}\nlate\na {"a":41,"b":7}\nx\nb {"b":7}\nalso late')
    expect([notes, steps.map(({ node }) => node)]).toEqual([[], ['a', 'b', 'a']])
  })

  test('L4 what is before what agrees with every arrow, however wrong the clocks are', async () => {
    const hosts = ['a', 'b', 'c', 'd']
    const entry = fc.record({
      host: fc.constantFrom(...hosts),
      clock: fc.array(fc.nat(4), { minLength: 4, maxLength: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 2, maxLength: 14 }), async (events) => {
        const lines = events.map(({ host, clock }) => {
          const vector = Object.fromEntries(
            hosts.map((name, index) => [name, clock[index]! + Number(name === host)]),
          )
          return `${host} ${JSON.stringify(vector)}\nevent`
        })
        const run = await runOf(readLog(lines.join('\n')))
        expect(run.end).toBe(events.length)
        const follows = arrowsOf(run)
        for (let i = 0; i < run.end; i++)
          for (let j = 0; j < i; j++)
            if (follows[i]!.has(j)) expect(relate(run, run.step(j)!, run.step(i)!)).toBe('before')
      }),
    )
  })

  test('a log that is cut off is shown as far as it goes, and so is said', async () => {
    const { steps, notes } = await readLog(`${goVector}client {"server":3, "cli`)
    expect(steps).toHaveLength(6)
    expect(notes).toEqual([expect.stringContaining('are not shown: 1.')])
  })

  test('hosts and fields with the names of what every object has are names', async () => {
    const text = `(?<host>\\S+) (?<clock>\\{.*\\}) (?<__proto__>\\S+) (?<constructor>\\S+) (?<event>.*)

__proto__ {"__proto__":1} p c one
constructor {"__proto__":1,"constructor":1} p c two`
    const run = await runOf(readLog(text))
    expect(edgesOf(run)).toEqual(['__proto__ 0 -> constructor 1'])
    expect(Object.entries(run.contexts.at(run.lane('constructor')!, 1)!)).toEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
    ])
    expect(({} as { p?: unknown }).p).toBeUndefined()
  })

  test('ten thousand events, one host after the other, are put in order', async () => {
    const lines = [...Array(10_000).keys()].map((index) => {
      const [host, own] = [`h${Math.floor(index / 100)}`, (index % 100) + 1]
      const next = `h${Math.floor(index / 100) + 1}`
      return `${host} {"${host}":${own}${index < 9900 && own === 1 ? `,"${next}":100` : ''}}\nevent ${index}`
    })
    const { steps } = await readLog(lines.join('\n'))
    expect(steps[0]!.node).toBe('h99')
    expect(steps.at(-1)!.text).toBe('event 99')
  })
})

/** As Apalache writes them, with every value that the format has. */
const itf = `{
  "#meta": { "format": "ITF", "source": "lock.tla" },
  "vars": ["holder", "waiting", "tickets", "big"],
  "loop": 1,
  "states": [
    { "#meta": { "index": 0 }, "holder": "none", "waiting": { "#set": [] }, "tickets": { "#map": [] },
      "big": { "#bigint": "123456789012345678901" } },
    { "#meta": { "index": 1 }, "holder": "p1", "waiting": { "#set": ["p3", "p2"] },
      "tickets": { "#map": [["p2", { "#bigint": "1" }], [{ "#tup": [{ "#bigint": "2" }, "x"] }, true]] },
      "big": { "#unserializable": "Nat" } }
  ]
}`

describe('ITF', () => {
  test('each state is a step; values are shown as JSON, changes from state to state', async () => {
    expect(formatOf(itf)).toBe('itf')
    const foreign = await readStates(itf)
    const run = await runOf(Promise.resolve(foreign))
    expect(run.lanes).toHaveLength(1)
    expect(run.contexts.at(run.lanes[0]!, 0)).toEqual({
      big: '123456789012345678901',
      holder: 'none',
      tickets: { $map: {} },
      waiting: { $set: {} },
    })
    expect(foreign.options).toMatchObject({ '#meta': { format: 'ITF', source: 'lock.tla' } })
    expect(run.contexts.at(run.lanes[0]!, 1)).toMatchObject({
      big: 'Nat',
      holder: 'p1',
      tickets: { $map: { p2: 1, '[2,"x"]': true } },
      waiting: { $set: { p2: 'p2', p3: 'p3' } },
    })
    expect(reasonsFor(run, run.step(1)!).map(({ text }) => text)).toContain('holder becomes: "p1".')
    expect(foreign.notes).toEqual(['The trace is a loop: after its last state comes state 1 again.'])
    expect(run.step(1)).toMatchObject({ text: 'state 1', lamport: null, vector: null })
  })

  test('a state is called after the action that led to it', async () => {
    const text = JSON.stringify({
      vars: ['mbt::actionTaken', 'x'],
      states: [
        { 'mbt::actionTaken': 'init', x: 1 },
        { 'mbt::actionTaken': 'increment', x: 2 },
      ],
    })
    expect((await readStates(text)).steps.map((step) => step.text)).toEqual(['init', 'increment'])
  })

  test.each([
    ['a failover', failoverTrace()],
    ['hostile names', hostileTrace()],
  ])('%s: what we export comes back: nodes, kinds, messages, clocks, states, contexts', async (_, trace) => {
    const foreign = await readStates(toItf(trace))
    const [was, is] = [createRun(trace.header), createRun(headerFor(foreign))]
    was.append(trace.steps)
    is.append(foreign.steps)
    expect(is.end).toBe(was.end)
    expect(is.machines).toEqual(was.machines)
    for (const { i, node, kind, t, lamport, vector, message, detail } of trace.steps) {
      const step = is.step(i)!
      expect(step).toMatchObject({ node, kind, t, lamport })
      expect(step.vector).toEqual(vector)
      expect(step.message).toEqual(message)
      expect(step.detail).toEqual(detail)
      expect(titleOf(step)).toBe(
        titleOf(was.step(i)!).replace(/^(timer|event|is asked|answers).*/, titleOf(step)),
      )
      if (node === null || kind === 'crash') continue
      const [before, after] = [was, is].map((run) => run.contexts.at(run.lane(node)!, i))
      expect(after).toEqual(before)
    }
    expect(is.lanes.map(({ id, changes }) => [id, changes])).toEqual(
      was.lanes.map(({ id, changes }) => [id, changes]),
    )
    expect(edgesOf(is)).toEqual(edgesOf(was))
  })

  test('what is added to a set is one change; 1 and "1" are two keys', async () => {
    const set = (...items: number[]) => ({ '#set': items.map((item) => ({ '#bigint': `${item}` })) })
    const map = (value: number) => ({
      '#map': [
        [{ '#bigint': '1' }, value],
        ['1', true],
      ],
    })
    const text = JSON.stringify({
      vars: ['s', 'm'],
      states: [
        { s: set(2, 3, 10), m: map(1) },
        { s: set(10, 1, 3, 2), m: map(2) },
      ],
    })
    const [, step] = (await readStates(text)).steps
    expect(step!.after!.patch).toEqual([
      { op: 'replace', path: '/m/$map/1', value: 2 },
      { op: 'add', path: '/s/$set/1', value: 1 },
    ])
  })

  test('rows are called by the variant of the action variable, or by a variable that the user picks', async () => {
    const unit = { tag: 'UNIT', value: 'U_OF_UNIT' }
    const states = [
      { lastAction: { tag: 'Init', value: unit }, who: 'x', n: { '#bigint': '0' } },
      { lastAction: { tag: 'Send', value: { to: 'b' } }, who: 'y', n: { '#bigint': '1' } },
    ]
    const text = JSON.stringify({ '#meta': { format: 'ITF' }, vars: ['lastAction', 'n', 'who'], states })
    const titles = async (action?: string) => (await readStates(text, action)).steps.map((step) => step.text)
    expect(await titles()).toEqual(['Init', 'Send(to: b)'])
    expect(await titles('who')).toEqual(['x', 'y'])
  })

  test('processes that maps show are lanes, each with its own values', async () => {
    const map = (p: number, q: number) => ({
      '#map': [
        ['p', p],
        ['q', q],
      ],
    })
    const states = [
      { pc: map(0, 0), lock: 'free' },
      { pc: map(1, 0), lock: 'p' },
      { pc: map(1, 1), lock: 'p' },
      { pc: map(2, 1), lock: 'free' },
    ]
    const run = await runOf(readStates(JSON.stringify({ vars: ['pc', 'lock'], states })))
    const rows = [...Array(run.end).keys()].map((i) => `${run.step(i)!.node} ${run.step(i)!.text}`)
    expect(rows).toEqual(['p state 0', 'q state 0', 'p state 1', 'q state 2', 'p state 3'])
    expect(run.contexts.at(run.lane('p')!, 4)).toEqual({ lock: 'free', pc: 2 })
    expect(run.contexts.at(run.lane('q')!, 4)).toEqual({ lock: 'p', pc: 1 })
  })

  test.each([
    ['cut off', itf.slice(0, 300), /expected an ITF trace as JSON: .* is the file whole\?/],
    ['no states', '{"vars":[],"states":{}}', /expected a list of states/],
    ['a state that is invalid', '{"vars":["x"],"states":[{"x":1},7]}', /state 1: expected variables/],
    ['a map that is invalid', '{"vars":["x"],"states":[{"x":{"#map":3}}]}', /state 0: expected variables/],
  ])('%s is said, with what to do', async (_, text, message) => {
    expect(formatOf(text)).toBe('itf')
    await expect(readStates(text)).rejects.toThrow(message)
  })

  test('what is nested a hundred thousand deep, huge, or named like what objects have is shown in part', async () => {
    const deep = `${'['.repeat(100_000)}1${']'.repeat(100_000)}`
    const { steps } = await whole(
      readStates(
        `{"vars":["x"],"states":[{"x":${deep},"__proto__":{"polluted":1},"y":"${'z'.repeat(1e6)}"}]}`,
      ),
    )
    expect(JSON.stringify(steps).length).toBeLessThan(100_000)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})

test.each(exportFormats.map(({ id, write }) => [id, write] as const))(
  '%s of an import is written or refused with a sentence',
  async (_, write) => {
    for (const foreign of [await readLog(goVector), await readStates(itf)]) {
      const trace = { header: headerFor(foreign), steps: foreign.steps, complete: true, dropped: 0 }
      let text: string
      try {
        text = write(trace)
      } catch (error) {
        text = (error as Error).message
      }
      expect(text.length).toBeGreaterThan(10)
      expect(text).not.toMatch(/undefined|NaN/)
    }
  },
)

test('an import that was exported as JSON lines is the same run', async () => {
  const foreign = await readLog(goVector)
  const text = traceText({ header: headerFor(foreign), steps: foreign.steps, complete: true, dropped: 0 })
  expect(readTrace(text).steps).toEqual(foreign.steps)
})

test('a feed knows a trace, a log and an ITF trace by what they say', async () => {
  const fed = (text: string) =>
    new Promise<string>((resolve) => {
      let steps = 0
      const sink: FeedSink = {
        header: () => {},
        step() {
          steps += 1
        },
        end: () => resolve(`${steps} steps`),
        problem: (problem) => resolve(problem),
      }
      textFeed(text)(sink)
    })
  expect(await fed(itf.replace('"loop": 1,', ''))).toBe('2 steps')
  expect(await fed(toItf(failoverTrace()))).toMatch(/^\d+ steps$/)
  expect(await fed('a note\nof mine')).toContain('expected a header with "format":"standby-trace"')
})
