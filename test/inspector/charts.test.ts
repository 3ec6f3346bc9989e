/** Charts laid out and drawn without a browser: our own, and those of other people. */
import { describe, expect, test } from 'vitest'
import { type AnyStateMachine, createMachine, setup } from 'xstate'
import { layOut } from '../../inspector/charts/chart-layout.ts'
import { createChartLayouts, keyOf } from '../../inspector/charts/chart-layouts.ts'
import { activeIds, enabledKeys, triedIn, valueText } from '../../inspector/charts/chart-marks.ts'
import type { ChartLayout } from '../../inspector/charts/chart-shapes.ts'
import { divergedNodes } from '../../inspector/charts/divergence.ts'
import { createEngine, ownMachines, ownPlaces } from '../../inspector/charts/page-parts.ts'
import { svgOfChart } from '../../inspector/charts/svg-of-chart.tsx'
import type { Json } from '../../machines/application/application.ts'
import { describeMachine, type MachineDescription } from '../../runtime/trace/definition.ts'
import { chartOf, type Level } from '../../runtime/trace/exports/chart-model.ts'
import { applyPatch } from '../../runtime/trace/patch.ts'
import { readTrace } from '../../runtime/trace/read.ts'
import { collisionsIn, strayIn } from './chart-shapes.ts'
import { checkout, mediaPlayer, trafficLight } from './foreign-machines.ts'
import { traceOf } from './simulated-traces.ts'

const engine = createEngine()
const [viewService, server, client] = ownMachines as [
  MachineDescription,
  MachineDescription,
  MachineDescription,
]
const described = (machine: unknown) => describeMachine(machine as AnyStateMachine)
const foreign = [described(trafficLight), described(mediaPlayer), described(checkout(10))]
const linesOf = ({ boxes, edges }: ChartLayout): string[] =>
  [...boxes.flatMap(({ lines }) => lines), ...edges.flatMap(({ label }) => label?.lines ?? [])].map(
    ({ pieces }) => pieces.map(({ text }) => text).join(' '),
  )

describe.each<Level>(['detail', 'overview', 'map'])('a layout at level %s', (level) => {
  test.each([...ownMachines, ...foreign].map((machine) => [machine.id, machine] as const))(
    'of %s: labels, states and arrows keep clear of each other, and each state is inside its own',
    async (_, machine) => {
      const layout = await layOut(chartOf(machine), level, engine)

      expect(collisionsIn(layout)).toEqual([])
      expect(strayIn(layout)).toEqual([])
    },
  )
})

test('a label, an arrow and a state that are moved are found to collide', async () => {
  const layout = await layOut(chartOf(server), 'overview', engine)
  const [box, edge] = [layout.boxes.find(({ id }) => id === 'server.role.idle')!, layout.edges.at(-1)!]
  const points = [
    { x: box.x - 30, y: box.y + 5 },
    { x: box.x + 30, y: box.y + 5 },
  ]
  const label = { ...edge.label!, x: box.x, y: box.y }
  const broken = { ...layout, edges: [...layout.edges, { ...edge, points, label }] }

  expect(collisionsIn(broken)).toContain(`${edge.from} to ${edge.to} through server.role.idle`)
  expect(collisionsIn(broken).some((what) => what.startsWith('server.role.idle over '))).toBe(true)
  expect(
    strayIn({ ...layout, boxes: layout.boxes.map((one) => (one.id === box.id ? { ...one, x: -9 } : one)) }),
  ).toEqual([box.id])
})

describe('a chart', () => {
  const play = foreign[1]!

  test('has all states of its machine, once', async () => {
    for (const machine of [...ownMachines, ...foreign]) {
      const { boxes } = await layOut(chartOf(machine), 'map', engine)
      const ids = boxes.filter(({ kind }) => kind !== 'anywhere').map(({ id }) => id)

      expect(ids).toEqual([...new Set([machine.root.id, ...chartOf(machine).parents.keys()])])
    }
  })

  test('says timers with their delays, invoked actors, history and final states as XState names them', async () => {
    const layout = await layOut(chartOf(play), 'detail', engine)

    expect(layout.boxes.find(({ id }) => id === 'player.ready.where')).toMatchObject({
      kind: 'deepHistory',
      title: 'H*',
    })
    expect(layout.boxes.find(({ id }) => id === 'player.gone')).toMatchObject({ kind: 'final' })
    expect(linesOf(layout)).toContain('invokes loadTrack')
    expect(linesOf(layout)).toContain('done: loadTrack')
    expect(linesOf(layout)).toContain('error: loadTrack')
    expect(layout.edges).toContainEqual(
      expect.objectContaining({ from: 'player.ready.where', to: 'player.ready.paused', label: null }),
    )
    expect(svgOfChart(server, await layOut(chartOf(server), 'detail', engine))).toMatch(
      /after pingInterval<\/tspan> <tspan class="chart-delay">50 ms/,
    )
  })

  test('has an arrow for each target of a transition, also from one region into another', async () => {
    const machine = described(
      createMachine({
        id: 'fork',
        type: 'parallel',
        states: {
          a: { initial: 'one', states: { one: { on: { GO: ['#fork.b.two'] } }, two: {} } },
          b: { initial: 'one', states: { one: {}, two: { on: { BACK: '#fork' } } } },
        },
      }),
    )
    const layout = await layOut(chartOf(machine), 'detail', engine)

    expect(layout.edges.map(({ from, to }) => `${from} ${to}`)).toEqual([
      'fork.a.one fork.b.two',
      'fork.b.two fork',
    ])
    expect(strayIn(layout)).toEqual([])
  })

  test('of hostile names is drawn as text, shortened, and never as markup', async () => {
    const name = `<script>alert(1)</script>${'x'.repeat(500)}`
    const machine = described(
      createMachine({
        id: 'hostile',
        initial: name,
        states: { [name]: { on: { [name]: '__proto__', '"&': { actions: name } } }, ['__proto__']: {} },
      } as never),
    )
    const svg = svgOfChart(machine, await layOut(chartOf(machine), 'detail', engine), name)

    expect(svg).not.toContain('<script')
    expect(svg).toContain('…')
  })
})

describe('what a step means for a chart', () => {
  test('active states are found from the state value, no matter what it holds', () => {
    expect([...activeIds(server, { heartbeat: 'pinging', role: { primary: 'serving' } })]).toEqual([
      'server',
      'server.heartbeat',
      'server.heartbeat.pinging',
      'server.role',
      'server.role.primary',
      'server.role.primary.serving',
    ])
    expect([...activeIds(server, { nothing: ['of', 'this'], role: 'gone' })]).toEqual([
      'server',
      'server.role',
    ])
    expect(activeIds(server, null).size).toBe(0)
  })

  test('a state value is said in words', () => {
    expect(valueText({ heartbeat: 'pinging', role: { primary: 'serving' } })).toBe(
      'heartbeat pinging; role primary serving',
    )
    expect(valueText(null)).toBe('not started')
  })

  test('the transition taken and the guards asked are found; two that look alike are one', () => {
    const source = 'server.role.primary.serving'
    const { taken, guards } = triedIn(server, [
      { event: 'request', source, target: [], guard: 'namesAnotherView', result: false },
      {
        event: 'request',
        source,
        target: ['server.role.primary.awaitingBackupAck'],
        guard: null,
        result: true,
      },
    ])

    expect(taken.size).toBe(1)
    expect([...guards.values()]).toEqual([false])
    expect([...taken][0]).toMatch(/^server\.role\.primary\.serving\/\d+$/)
  })

  test('only transitions out of active states are enabled', () => {
    const active = activeIds(client, 'locating')
    const enabled = [...enabledKeys(client, active, ['viewReply']).keys()]

    expect(enabledKeys(client, active, ['xstate.after.retryInterval']).size).toBe(1)
    expect(enabledKeys(client, active, ['xstate.after.retry']).size).toBe(0)
    expect(enabled.length).toBeGreaterThan(0)
    expect(enabled.every((key) => /^client(\.locating)?\/\d+$/.test(key))).toBe(true)
  })
})

describe('layouts', () => {
  test('of our machines are known with any delays', async () => {
    const known = await ownPlaces(engine)
    const slower = { ...server, delays: { pingInterval: 5000, resendInterval: 1 } }
    const layouts = createChartLayouts(known, { layout: () => Promise.reject(new Error('no engine')) })

    expect(Object.keys(known)).toEqual(ownMachines.map(keyOf))
    expect(layouts.of(slower, 'detail')).toEqual(await layOut(chartOf(server), 'detail', engine))
    expect(layouts.of(slower, 'map')).toBe(layouts.of(slower, 'map'))
    await expect(layouts.of(foreign[0]!, 'detail')).rejects.toThrow('no engine')
  })

  test('of other machines are made once', async () => {
    let runs = 0
    const layouts = createChartLayouts(
      {},
      { layout: (graph) => engine.layout(graph).finally(() => (runs += 1)) },
    )
    const first = await layouts.of(foreign[1]!, 'map')

    expect(layouts.of(foreign[1]!, 'map')).toBe(first)
    expect(runs).toBe(1)
  })

  test('a chart of too many states is refused with their number', async () => {
    const states = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`s${index}`, {}]))
    const layouts = createChartLayouts({}, engine)
    const machine = described(setup({}).createMachine({ id: 'huge', initial: 's0', states } as never))

    await expect(layouts.of(machine, 'map')).rejects.toThrow('601 states are too many')
  })
})

test('a drawing that stands by itself lights up the active states and says them', async () => {
  const layout = await layOut(chartOf(viewService), 'overview', engine)
  const svg = svgOfChart(viewService, layout, { checks: 'waiting', views: 'acknowledged' })

  expect(svg).toContain('aria-label="viewService: checks waiting; views acknowledged"')
  expect(svg.match(/class="[^"]*chart-active/g)).toHaveLength(5)
})

describe('replicas disagree', () => {
  const server = (id: string, more: Record<string, Json> = {}) => ({
    id,
    value: { role: { primary: 'serving' } },
    context: {
      view: { number: 2 },
      replica: { state: { a: 1 } },
      outstanding: null,
      queue: {},
      forwards: 3,
      applied: { number: 0, digest: '' },
      ...more,
    },
  })
  const backup = (state: Json, applied = 3) =>
    server('s2#1', { replica: { state }, forwards: 0, applied: { number: applied, digest: 'x' } })

  test('when both have applied the same forwards of a view and hold different states (S6)', () => {
    expect([...divergedNodes([server('s1#1'), backup({ a: 2 })])]).toEqual(['s1#1', 's2#1'])
  })

  test('but not while one is behind, a forward is outstanding, or they stand in different views', () => {
    expect(divergedNodes([server('s1#1'), backup({ a: 1 })]).size).toBe(0)
    expect(divergedNodes([server('s1#1'), backup({ a: 2 }, 2)]).size).toBe(0)
    expect(divergedNodes([server('s1#1', { outstanding: { number: 3 } }), backup({ a: 2 })]).size).toBe(0)
    expect(divergedNodes([server('s1#1', { view: { number: 3 } }), backup({ a: 2 })]).size).toBe(0)
    expect(divergedNodes([{ id: 'x', value: null, context: null }]).size).toBe(0)
  })

  test('never in a run of the protocol as it is', () => {
    const { steps } = readTrace(traceOf(7))
    const states = new Map<string, { id: string; value: Json; context: Json }>()
    const found = steps.filter(({ node, kind, after }) => {
      if (node === null || after === undefined) return false
      const before = after.context ?? applyPatch(states.get(node)?.context ?? {}, after.patch ?? [])
      states.set(node, { id: node, value: after.value, context: before })
      if (kind === 'crash') states.delete(node)
      return divergedNodes([...states.values()]).size > 0
    })

    expect(found.map(({ i }) => i)).toEqual([])
    expect(states.size).toBeGreaterThan(2)
  })
})
