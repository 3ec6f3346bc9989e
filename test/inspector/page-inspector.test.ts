/** `standbyInspector()` within a page: in a frame, shared by all that ask for it, again after a reload, and at its end. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createActor, createMachine } from 'xstate'
import { standbyInspector } from '../../inspector/feeds/standby-inspector.ts'
import { connectType, readyType } from '../../inspector/feeds/window-wire.ts'
import { createActorRun } from '../../runtime/trace/actors/actor-run.ts'
import { describeLogic } from '../../runtime/trace/actors/plain-actors.ts'

const address = 'http://inspector.test/inspector.html'

/** The inspector's page: keeps what each of its loads is sent. */
class InspectorPage {
  readonly loads: string[][] = []
  readonly origins: string[] = []
  postMessage(data: { type: string }, origin: string, [port]: readonly [MessagePort]) {
    expect(data.type).toBe(connectType)
    this.origins.push(origin)
    const lines: string[] = []
    this.loads.push(lines)
    port.onmessage = ({ data }) => lines.push(...(data as string[]))
  }
  /** Its lines as values: header, steps, end. */
  read = (load: number) => this.loads[load]!.map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** The window of an app, as far as the inspector looks at it. */
class AppWindow {
  readonly page = new InspectorPage()
  readonly listeners = new Set<(event: unknown) => void>()
  opened = 0
  open = () => {
    this.opened += 1
    return this.page
  }
  addEventListener = (_: string, listener: (event: unknown) => void) => void this.listeners.add(listener)
  removeEventListener = (_: string, listener: (event: unknown) => void) =>
    void this.listeners.delete(listener)
  /** The page has loaded, and says so. */
  load(source: unknown = this.page) {
    for (const listener of this.listeners) listener({ source, data: { type: readyType } })
  }
}

const light = createMachine({
  id: 'light',
  initial: 'off',
  states: { off: { on: { toggle: 'on' } }, on: { on: { toggle: 'off' } } },
})

let app: AppWindow
beforeEach(() => {
  app = new AppWindow()
  vi.stubGlobal('window', app)
  vi.stubGlobal('document', { baseURI: 'http://app.test/' })
})
afterEach(() => vi.unstubAllGlobals())

const toggled = (inspect: ReturnType<typeof standbyInspector>, times = 1) => {
  const actor = createActor(light, { inspect }).start()
  for (let time = 0; time < times; time++) actor.send({ type: 'toggle' })
  return actor
}
const kinds = (load: number) => app.page.read(load).map(({ kind, format, end }) => kind ?? format ?? end)

describe('an inspector in a frame', () => {
  test('shows the page there and opens no window', async () => {
    const iframe = { src: '', contentWindow: app.page } as unknown as HTMLIFrameElement
    const inspect = standbyInspector({ to: address, iframe })
    toggled(inspect)
    expect(iframe.src).toBe(address)
    app.load()
    await expect.poll(() => app.page.loads[0]).toHaveLength(3)
    expect(kinds(0)).toEqual(['standby-trace', 'start', 'local'])
    expect(app.opened).toBe(0)
    expect(app.page.origins).toEqual(['http://inspector.test'])
    inspect.stop()
  })

  test('listens to its own page only', () => {
    const inspect = standbyInspector({ to: address })
    app.load({ postMessage: () => expect.unreachable('another window was sent the run') })
    expect(app.page.loads).toHaveLength(0)
    inspect.stop()
  })
})

describe('a page that is loaded again', () => {
  test('gets the run from its start', async () => {
    const inspect = standbyInspector({ to: address })
    const actor = toggled(inspect, 2)
    app.load()
    await expect.poll(() => app.page.loads[0]).toHaveLength(4)
    actor.send({ type: 'toggle' })
    app.load()
    await expect.poll(() => app.page.loads[1]).toHaveLength(5)
    expect(app.page.read(1).slice(0, 4)).toEqual(app.page.read(0).slice(0, 4))
    inspect.stop()
  })

  test('past `replayMax` it gets each actor from where it stands, and all that follows', async () => {
    const inspect = standbyInspector({ to: address, replayMax: 10 })
    const actor = toggled(inspect, 31)
    app.load()
    await expect.poll(() => app.page.loads[0]).toHaveLength(33)
    app.load()
    await expect.poll(() => app.page.loads[1]).toHaveLength(2)
    expect(app.page.read(1)[1]).toMatchObject({ kind: 'start', detail: 'was there before', i: 0 })
    expect(app.page.read(1)[1]).toMatchObject({ after: { value: 'on' } })
    actor.send({ type: 'toggle' })
    await expect.poll(() => app.page.loads[1]).toHaveLength(3)
    inspect.stop()
  })
})

describe('calls for one address', () => {
  test('share one run and one window; the last to stop ends it', async () => {
    const [one, two] = [standbyInspector({ to: address }), standbyInspector({ to: address })]
    toggled(one)
    const actor = toggled(two)
    one.stop()
    one.stop()
    actor.send({ type: 'toggle' })
    app.load()
    await expect.poll(() => app.page.loads[0]).toHaveLength(6)
    const starts = app.page.read(0).filter(({ kind }) => kind === 'start')
    expect(starts.map(({ node }) => node)).toEqual(['light', 'light#2'])
    expect([app.opened, app.listeners.size]).toEqual([1, 1])
    two.stop()
    expect(app.listeners.size).toBe(0)
  })

  test('share it across copies of the module, as hot reloading makes them', async () => {
    const one = standbyInspector({ to: address })
    vi.resetModules()
    const copy = await import('../../inspector/feeds/standby-inspector.ts')
    expect(copy.standbyInspector).not.toBe(standbyInspector)
    const two = copy.standbyInspector({ to: address })
    expect([app.opened, app.listeners.size]).toEqual([1, 1])
    one.stop()
    two.stop()
    expect(app.listeners.size).toBe(0)
  })

  test('mounted, unmounted and mounted again, as StrictMode does, leave one run and no ghost', async () => {
    standbyInspector({ to: address }).stop()
    const inspect = standbyInspector({ to: address })
    toggled(inspect)
    expect(app.listeners.size).toBe(1)
    app.load()
    await expect.poll(() => app.page.loads[0]).toHaveLength(3)
    expect(app.page.loads).toHaveLength(1)
    inspect.stop()
  })
})

test('stop() sends what waits and the last line, which counts the steps', async () => {
  const inspect = standbyInspector({ to: address })
  app.load()
  toggled(inspect, 3)
  inspect.stop()
  await expect.poll(() => app.page.loads[0]).toHaveLength(6)
  expect(app.page.read(0).at(-1)).toEqual({ end: true, steps: 4, dropped: 0 })
})

test('where no window is, as under server rendering, it does nothing', () => {
  vi.unstubAllGlobals()
  const inspect = standbyInspector({ to: address })
  expect(toggled(inspect).getSnapshot().value).toBe('on')
  inspect.stop()
})

test('of actors that have ended the newest 4,096 are remembered, and no more', () => {
  const run = createActorRun({ header: () => {}, step: () => {} }, { origin: 'a test' })
  const machine = describeLogic('job')
  const count = 5000
  for (let n = 0; n < count; n++) {
    run.appear({ key: `k${n}`, name: `job ${n}`, parent: null, machine, machineKey: machine })
    run.take({ key: `k${n}`, event: { type: 'xstate.init' }, value: 'done', context: {}, status: 'done' })
  }
  const known = Array.from({ length: count }, (_, n) => run.isKnown(`k${n}`))
  expect(known.filter((isKnown) => isKnown)).toHaveLength(4096)
  expect(known.lastIndexOf(false)).toBe(count - 4096 - 1)
})
