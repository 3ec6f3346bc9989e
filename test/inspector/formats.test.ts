/** Foreign files of many kinds: each is recognised by its content, opened, and shown as what it is. */
import { describe, expect, test } from 'vitest'
import { titleOf } from '../../inspector/model/describe.ts'
import { callsOf, judgeCalls } from '../../inspector/model/operations.ts'
import { createRun, type Run } from '../../inspector/model/run.ts'
import { allFormats } from '../../runtime/trace/imports/all-formats.ts'
import { headerFor } from '../../runtime/trace/imports/foreign-run.ts'
import { matchesIn } from '../../runtime/trace/imports/log-matches.ts'
import { recognise, unknownFormat } from '../../runtime/trace/imports/recognise.ts'
import { parseXml } from '../../runtime/trace/imports/xml.ts'
import { goVector } from './go-vector.ts'

async function opened(
  ...texts: readonly string[]
): Promise<{ id: string; run: Run; notes: readonly string[]; rows: string[] }> {
  const format = recognise(texts[0]!.slice(0, 8192), allFormats)
  if (format === null || format === 'trace') throw new Error(`expected a foreign format, got ${format}`)
  const foreign = await format.read(
    texts.map((text, index) => ({ name: `file-${index}`, text })),
    { match: matchesIn, parseXml },
  )
  const run = createRun(headerFor(foreign))
  run.append([...foreign.steps])
  const rows = [...Array(run.end).keys()].map((i) => `${run.step(i)!.node} ${titleOf(run.step(i)!)}`)
  return { id: format.id, run, notes: foreign.notes, rows }
}

const light = {
  id: 'light',
  initial: 'red',
  states: { red: { on: { TIMER: { target: 'green', guard: 'isDay' } } }, green: { after: { 1000: 'red' } } },
}

const scxml = `<?xml version="1.0"?>
<!-- a player -->
<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" name="player" initial="playing">
  <state id="stopped"><transition event="play" cond="In('ready') &amp;&amp; x &lt; 3" target="playing"/></state>
  <parallel id="playing">
    <onentry><raise event="begun"/></onentry>
    <state id="sound"><state id="loud"><transition event="mute" target="quiet"/></state><state id="quiet"/></state>
    <state id="light"><history id="last" type="deep"><transition target="dim"/></history><state id="dim"/></state>
    <transition event="stop eject.*" target="stopped"/>
  </parallel>
  <final id="end"/>
</scxml>`

const source = `import { setup, assign, not } from 'xstate'
// a door that opens { once }
export const door = setup({
  types: { context: {} as { count: number }, events: {} as { type: 'push' } | { type: 'lock' } },
  guards: { isLocked: ({ context }) => context.count > 3 },
}).createMachine({
  id: 'door', /* its id */
  context: { count: 0 },
  initial: 'shut' as const,
  states: {
    shut: {
      entry: [assign({ count: ({ context }) => context.count + 1 }), 'log'],
      on: {
        push: { target: 'open', guard: not('isLocked'), actions: sendTo('alarm', { type: 'ring' }) },
        'lock.*': { target: \`stuck\` },
      },
    },
    open: { after: { 500: { target: 'shut' } }, invoke: { src: fromPromise(async () => fetch('x, y')), id: 'hinge' } },
    stuck: { type: 'final' } satisfies object,
  },
})
const other = createMachine<Context, Event>({ id: 'other', initial: 'a', states: { a: {} }, ...common })`

const tlc = `TLC2 Version 2.19
Error: Invariant Safe is violated.
Error: The behavior up to this point is:
State 1: <Initial predicate>
/\\ pc = ("p" :> "idle" @@ "q" :> "idle")
/\\ held = {}
/\\ log = <<1, [a |-> TRUE, b |-> "x"]>>

State 2: <Acquire line 10, col 3 to line 12, col 20 of module Lock>
/\\ pc = ("p" :> "held" @@ "q" :> "idle")
/\\ held = {p1,
   p2}
/\\ log = <<1, [a |-> TRUE, b |-> "x"]>>

4 states generated, 3 distinct states found`

const tlcJson = JSON.stringify({
  counterexample: {
    state: [
      [1, { x: 0 }],
      [2, { x: 1 }],
    ],
    action: [[[1, { x: 0 }], { name: 'Next', location: {} }, [2, { x: 1 }]]],
  },
})

const pTrace = JSON.stringify([
  {
    type: 'CreateStateMachine',
    details: { log: 'Server(3) was created.', id: 'Server(3)', clock: { 'Server(3)': 1 } },
  },
  {
    type: 'SendEvent',
    details: {
      sender: 'Client(2)',
      target: 'Server(3)',
      event: 'eReq',
      state: 'Init',
      payload: { id: 1 },
      clock: { 'Client(2)': 1 },
    },
  },
  {
    type: 'DequeueEvent',
    details: { id: 'Server(3)', event: 'eReq', state: 'Run', clock: { 'Client(2)': 1, 'Server(3)': 2 } },
  },
])

const otlp = JSON.stringify({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'web' } }] },
      scopeSpans: [
        {
          spans: [
            {
              spanId: 'a',
              name: 'GET /',
              startTimeUnixNano: '1000000',
              endTimeUnixNano: '9000000',
              events: [{ name: 'cached', timeUnixNano: '8000000' }],
            },
          ],
        },
      ],
    },
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'db' } }] },
      scopeSpans: [
        {
          spans: [
            {
              spanId: 'b',
              parentSpanId: 'a',
              name: 'query',
              startTimeUnixNano: '2000000',
              endTimeUnixNano: '5000000',
              status: { code: 2, message: 'timeout' },
              attributes: [{ key: 'rows', value: { intValue: '3' } }],
            },
          ],
        },
      ],
    },
  ],
})

const jaeger = JSON.stringify({
  data: [
    {
      traceID: 't',
      processes: { p1: { serviceName: 'web' }, p2: { serviceName: 'db' } },
      spans: [
        {
          spanID: 'a',
          operationName: 'GET /',
          processID: 'p1',
          startTime: 1000,
          duration: 8000,
          references: [],
        },
        {
          spanID: 'b',
          operationName: 'query',
          processID: 'p2',
          startTime: 2000,
          duration: 3000,
          references: [{ refType: 'CHILD_OF', spanID: 'a' }],
        },
      ],
    },
  ],
})

const edn = `{:type :invoke, :f :write, :value 1, :process 0, :time 10}
{:type :invoke, :f :read, :value nil, :process 1, :time 20}
{:type :ok, :f :write, :value 1, :process 0, :time 30}
{:type :ok, :f :read, :value 1, :process 1, :time 40}
{:type :info, :f :start-partition, :value [:isolated #{"n1"}], :process :nemesis, :time 50}
{:type :invoke, :f :cas, :value [1 2], :process 0, :time 60}
{:type :info, :f :cas, :value [1 2], :process 0, :time 70, :error :timeout}`

const jepsenLog = `2024-01-01 10:00:00,000{GMT}	INFO	[jepsen worker 0] jepsen.util: 0	:invoke	:write	1
2024-01-01 10:00:00,001{GMT}	INFO	[jepsen worker 0] jepsen.util: 0	:ok	:write	1
2024-01-01 10:00:00,002{GMT}	INFO	[jepsen worker 1] jepsen.util: 1	:invoke	:read	nil
2024-01-01 10:00:00,003{GMT}	INFO	[jepsen worker 1] jepsen.util: 1	:ok	:read	2`

const stately = [
  {
    type: '@xstate.actor',
    name: 'light',
    sessionId: 'x:0',
    definition: JSON.stringify(light),
    _version: '0.7.2',
  },
  { type: '@xstate.event', sessionId: 'x:0', event: { type: 'xstate.init' } },
  {
    type: '@xstate.snapshot',
    sessionId: 'x:0',
    event: { type: 'xstate.init' },
    snapshot: { value: 'red', status: 'active', context: {} },
  },
  { type: '@xstate.event', sessionId: 'x:0', event: { type: 'TIMER' } },
  {
    type: '@xstate.snapshot',
    sessionId: 'x:0',
    event: { type: 'TIMER' },
    snapshot: { value: 'green', status: 'active', context: {} },
  },
]

describe('machines', () => {
  test('as JSON: the chart is shown in its initial state', async () => {
    const { id, run, rows } = await opened(JSON.stringify(light, null, 2))
    expect([id, rows]).toEqual(['machine', ['light starts as light']])
    expect(run.machines[0]!.definition.root.states.map(({ key }) => key)).toEqual(['red', 'green'])
    expect(run.step(0)!.after).toEqual({ value: 'red', context: {} })
  })

  test('as SCXML: regions, history, guards, entities, events by pattern', async () => {
    const { id, run } = await opened(scxml)
    expect(id).toBe('scxml')
    expect(run.step(0)!.after!.value).toEqual({ playing: { light: 'dim', sound: 'loud' } })
    const [stopped, playing] = run.machines[0]!.definition.root.states
    expect(stopped!.transitions[0]).toMatchObject({
      event: 'play',
      guard: "In('ready') && x < 3",
      target: ['playing'],
    })
    expect(playing).toMatchObject({ type: 'parallel', entry: ['raise begun'] })
    expect(playing!.transitions.map(({ event }) => event)).toEqual(['stop', 'eject.*'])
    expect(playing!.states[1]!.states[0]).toMatchObject({ type: 'history', history: 'deep' })
  })

  test('as source: every machine in it, its code by name and never run', async () => {
    const { id, run, notes } = await opened(source)
    expect(id).toBe('source')
    expect(run.lanes.map((lane) => lane.id)).toEqual(['door', 'other'])
    const [shut, open] = run.machines[0]!.definition.root.states
    expect(shut!.entry).toEqual(['assign', 'log'])
    expect(shut!.transitions).toMatchObject([
      { event: 'push', guard: "not('isLocked')", target: ['door.open'], actions: ['sendTo ring'] },
      { event: 'lock.*', target: ['door.stuck'] },
    ])
    expect(open!.invoke).toEqual([{ id: 'hinge', src: 'fromPromise' }])
    expect(notes).toEqual([expect.stringContaining('spread in (...) are not shown: 1')])
  })

  test.each([
    [
      'a target that is not there',
      JSON.stringify({ ...light, initial: 'blue' }),
      /expected a machine that XState takes/,
    ],
    ['XML that breaks off', scxml.slice(0, 300), /line 6: expected an element/],
    ['source without a config', 'createMachine(config)', /given as config: paste its config/],
  ])('%s is said, with what to do', async (_, text, message) => {
    await expect(opened(text)).rejects.toThrow(message)
  })
})

describe('model checkers', () => {
  test('output of TLC: states by action, processes as lanes, sets as sets', async () => {
    const { id, run, rows } = await opened(tlc)
    expect(id).toBe('tlc')
    expect(rows).toEqual(['p Initial predicate', 'q Initial predicate', 'p Acquire'])
    expect(run.contexts.at(run.lane('p')!, 2)).toEqual({
      held: { $set: { p1: 'p1', p2: 'p2' } },
      log: [1, { a: true, b: 'x' }],
      pc: 'held',
    })
  })

  test('a counterexample of TLC as JSON', async () => {
    const { id, rows } = await opened(tlcJson)
    expect([id, rows]).toEqual(['tlc-json', ['system state 0', 'system Next']])
  })

  test('a trace of P: machines are lanes, what was dequeued was sent', async () => {
    const { id, run, rows } = await opened(pTrace)
    expect(id).toBe('p')
    expect(rows).toEqual([
      'Server(3) Server(3) was created.',
      'Client(2) sends eReq {"id":1} to Server(3)',
      'Server(3) takes eReq',
    ])
    expect(run.messages.all).toMatchObject([{ sentIn: 1, receivedIn: [2] }])
    expect(run.lane('Server(3)')!.changes).toEqual([{ i: 2, label: 'Run' }])
  })
})

describe('spans', () => {
  test.each([
    ['OpenTelemetry', otlp, 'crash'],
    ['Jaeger', jaeger, 'stop'],
  ])('%s: a lane for each span, an arrow from its parent', async (_, text, end) => {
    const { id, run } = await opened(text)
    expect(id).toBe('spans')
    expect(run.lanes.map((lane) => lane.id)).toEqual(['web: GET /', 'db: query'])
    expect(run.messages.all).toMatchObject([
      { from: 'web: GET /', to: 'db: query', sentIn: 0, receivedIn: [1] },
    ])
    const last = run.lane('db: query')!.steps.at(-1)!
    expect(run.step(last)).toMatchObject({ kind: end, t: 4 })
    expect(run.step(1)!.after!.context).toMatchObject({ service: 'db' })
  })
})

describe('Jepsen', () => {
  test('a history in EDN: calls of processes, judged; what is not known stays open', async () => {
    const { id, run } = await opened(edn)
    expect(id).toBe('jepsen')
    const calls = callsOf(run)
    expect(calls.map(({ client, outcome }) => `${client} ${outcome}`)).toEqual([
      'process 0 answered',
      'process 1 answered',
      'process 0 open',
    ])
    expect(judgeCalls(run, calls).verdict).toBe('ok')
    expect(run.marks.map(({ kind }) => kind)).toEqual(['fault'])
  })

  test('lines of its log: a read of what was never written is illegal', async () => {
    const { id, run } = await opened(jepsenLog)
    expect(id).toBe('jepsen')
    expect(judgeCalls(run, callsOf(run)).verdict).toBe('illegal')
  })
})

describe('events of @statelyai/inspect', () => {
  test.each([
    ['as a list', JSON.stringify(stately)],
    ['one to a line', stately.map((event) => JSON.stringify(event)).join('\n')],
  ])('%s: the run of their app, with its chart', async (_, text) => {
    const { id, run, rows } = await opened(text)
    expect([id, rows]).toEqual(['stately', ['light starts as light', 'light event TIMER']])
    expect(run.lanes[0]!.changes.map(({ label }) => label)).toEqual(['red', 'green'])
    expect(run.machines).toHaveLength(1)
  })
})

test.each([
  ['a page', '<!doctype html><html>'],
  ['a specification', '---- MODULE Lock ----\nEXTENDS Naturals'],
  ['a text', 'Dear diary'],
])('%s is not opened, and what is opened is said', (_, text) => {
  expect(recognise(text, allFormats)).toBeNull()
  expect(unknownFormat(text, allFormats)).toMatch(/one of: .*history of Jepsen.*SCXML document.*got "/)
})

test.each([
  ['spans', otlp],
  ['a history', edn],
  ['output of TLC', tlc],
])('of %s the page says what opens it', (_, text) => {
  expect(recognise(text)).toBeNull()
  expect(unknownFormat(text)).toMatch(/standby inspect FILE takes TLC, P, OpenTelemetry, Jaeger and Jepsen/)
})

test('a log is not taken for anything else', () => {
  expect((recognise(goVector) as { id: string }).id).toBe('log')
})
