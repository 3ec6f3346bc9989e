/** A foreign app on each of XState's wires: it opens the page, with the network off, and its actors are there. */
import { fileURLToPath } from 'node:url'
import type { Locator, Page } from 'playwright-core'
import { expect, inject, vi } from 'vitest'
import { type ReadTrace, readTrace, type TraceStep } from '../../../runtime/observe/index.ts'
import { toShiviz } from '../../../runtime/trace/exports/index.ts'
import { dancersMax } from '../foreign-app.ts'
import { readShiviz } from '../shiviz.ts'
import { type AppOptions, appPage } from './apps.ts'
import { browserTest, exported, openPage, takePicture } from './page.ts'

// An app in the background is given little time, and passes on what it has to say when it is idle.
vi.setConfig({ testTimeout: 90_000 })

const fromDisk = inject('browser')?.page ?? ''
/** The page as a site, and an app on another one. */
const [siteUrl, appUrl] = ['http://inspector.test/inspector.html', 'http://app.test/']

/** The jukebox, and a visit to it with rests between; then `visited` is set. */
const jukebox = `
import { jukebox, visit } from '../foreign-app.ts'
import { createActor } from 'xstate'
async function visitAll(inspect) {
  const actor = createActor(jukebox, { inspect }).start()
  for (const event of visit) {
    actor.send(event)
    await new Promise((resolve) => setTimeout(resolve, 60))
  }
  globalThis.visited = true
}`

const withStandby = (url: string) => `${jukebox}
import { standbyInspector } from '../../../inspector/index.ts'
globalThis.start = () => visitAll(standbyInspector({ to: '${url}' }))`

const withStately = (url: string) => `${jukebox}
import { createBrowserInspector } from '@statelyai/inspect'
// Of its own accord it writes living snapshots, and sometimes gives up on a whole message.
const serialize = ({ snapshot, ...event }) =>
  event.type === '@xstate.actor' ? event : JSON.parse(JSON.stringify({ ...event, snapshot }))
globalThis.start = () =>
  visitAll(createBrowserInspector({ url: '${url}', maxDeferredEvents: 10_000, serialize }).inspect)`

/** Another app, for XState 4. */
const oven = `
import { assign, createMachine, interpret, sendParent } from 'xstate'
import { inspect } from '@xstate/inspect'
const timer = createMachine({
  id: 'timer',
  initial: 'running',
  states: { running: { after: { 20: { target: 'rung', actions: sendParent('ring') } } }, rung: { type: 'final' } },
})
const machine = createMachine(
  {
    id: 'oven',
    predictableActionArguments: true,
    type: 'parallel',
    context: { baked: 0 },
    states: {
      door: {
        initial: 'closed',
        states: {
          closed: { on: { open: 'open' } },
          open: { on: { close: { target: 'closed', cond: 'isClean' } } },
        },
      },
      heat: {
        initial: 'off',
        states: {
          off: { on: { start: 'on' } },
          on: {
            invoke: { src: timer, id: 'timer' },
            on: { ring: { target: 'off', actions: assign({ baked: ({ baked }) => baked + 1 }) } },
          },
        },
      },
    },
  },
  { guards: { isClean: () => false } },
)
globalThis.start = async () => {
  inspect({ url: '${siteUrl}', iframe: false })
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const service = interpret(machine, { devTools: true }).start()
  for (const event of ['start', 'open', 'close', 'start']) {
    service.send(event)
    await new Promise((resolve) => setTimeout(resolve, 120))
  }
  globalThis.visited = true
}`

/** Opens the app, clicks its button, and gives the page that it opened. */
async function opened(source: string, options: AppOptions = {}): Promise<{ app: Page; page: Page }> {
  const file = await appPage(source, options)
  const sites = { [appUrl]: fileURLToPath(file), [siteUrl]: fileURLToPath(fromDisk) }
  const app = await openPage({ at: source.includes(siteUrl) ? appUrl : file, sites })
  const popup = app.waitForEvent('popup')
  await app.getByRole('button', { name: 'start' }).click()
  const page = await popup
  page.setDefaultTimeout(30_000)
  await page.locator('.workbench').waitFor()
  await app.waitForFunction(() => (globalThis as { visited?: boolean }).visited, undefined, {
    timeout: 60_000,
  })
  await atRest(page)
  return { app, page }
}

/** Waits until no more steps come in. */
async function atRest(page: Page): Promise<void> {
  const slider = page.getByRole('slider', { name: 'Step' })
  for (let [last, count] = [-1, await counted(slider)]; last !== count; ) {
    await page.waitForTimeout(400)
    ;[last, count] = [count, await counted(slider)]
  }
}

const counted = async (slider: Locator) => Number(await slider.getAttribute('aria-valuemax'))

/** The run as the page saves it. */
const savedRun = async (page: Page) => readTrace(await exported(page, 'Trace, as JSON lines'))

const startsOf = ({ steps }: ReadTrace) => steps.filter(({ kind }) => kind === 'start')
const takenIn = ({ steps }: ReadTrace, node: string, type: string) =>
  steps.find(
    (step) =>
      step.node === node &&
      step.after !== undefined &&
      [step.message?.type, (step.event as { type?: string } | undefined)?.type].includes(type),
  )!

browserTest.for([['disk', fromDisk] as const, ['a site', siteUrl] as const])(
  'standbyInspector opens the page from %s: actors, microsteps, guards and refusals',
  async ([where, url]) => {
    const { page } = await opened(withStandby(url))
    const run = await savedRun(page)

    await takePicture(page, `wire-standby-${where.replace(' ', '-')}`)
    expect(startsOf(run)).toHaveLength(5 + dancersMax)
    expect(
      takenIn(run, 'jukebox', 'louder').microsteps!.map(({ guard, result }) => `${guard} ${result}`),
    ).toEqual(['isLoud false', 'null true'])
    expect(run.steps.findLast(({ refused }) => refused !== undefined)!.refused!.event).toBe('pause')
    expect(readShiviz(toShiviz(run))).toHaveLength(run.steps.length)
  },
)

browserTest.for([['disk', fromDisk] as const, ['a site', siteUrl] as const])(
  '@statelyai/inspect opens the page from %s: createBrowserInspector shows the app',
  async ([where, url]) => {
    const { page } = await opened(withStately(url))
    const run = await savedRun(page)

    await takePicture(page, `wire-stately-${where.replace(' ', '-')}`)
    expect(startsOf(run)).toHaveLength(5 + dancersMax)
    // Its serialisation orders the states of a chart by name.
    expect(startsOf(run)[0]!.definition!.root.states.map(({ key }) => key)).toEqual([
      'power',
      'sound',
      'volume',
    ])
    expect(startsOf(run).find(({ machine }) => machine === 'dancer')!.parent).toBe('jukebox')
    expect(takenIn(run, 'jukebox', 'louder').after!.value).toMatchObject({ volume: 'high' })
    expect(run.steps.find(({ kind }) => kind === 'crash')).toMatchObject({
      node: 'jukebox/broken',
      detail: 'failed: with an error whose text the wire does not carry',
    })
    // What an actor took comes before what it sent.
    const token = run.steps.find(({ kind, message }) => kind === 'send' && message?.type === 'token')!
    expect(takenIn(run, 'jukebox', 'passed').i).toBeLessThan(token.i)
    expect(readShiviz(toShiviz(run))).toHaveLength(run.steps.length)
  },
)

browserTest('@xstate/inspect: inspect() shows an app on XState 4', async () => {
  const { page } = await opened(oven, { isXState4: true })
  const run = await savedRun(page)

  await takePicture(page, 'wire-xstate-inspect')
  expect(startsOf(run).map(({ node, parent }) => [node, parent])).toEqual([
    ['oven', undefined],
    ['oven/timer', 'oven'],
    ['oven/timer#2', 'oven'],
  ])
  expect(takenIn(run, 'oven', 'open').microsteps).toEqual([
    { event: 'open', source: 'oven.door.closed', target: ['oven.door.open'], guard: null, result: true },
  ])
  expect(takenIn(run, 'oven', 'close').refused).toMatchObject({ event: 'close' })
  const [{ definition }] = startsOf(run) as [TraceStep]
  expect(definition!.root.states[0]!.states[1]!.transitions).toMatchObject([
    { event: 'close', guard: 'isClean', target: ['oven.door.closed'] },
  ])
})

browserTest('a page in another window is not listened to: only the opener is', async () => {
  const { app, page } = await opened(withStandby(siteUrl))
  const before = await savedRun(page)
  const stranger = await app.context().newPage()
  await stranger.goto(fromDisk)
  await page.evaluate(() => {
    const message = { type: '@xstate.actor', _version: '0', sessionId: 'x', name: 'evil', definition: '{}' }
    // From the page's own window, as a frame or a stranger would be: another source than the opener.
    window.postMessage(message, '*')
  })
  await page.waitForTimeout(100)

  expect((await savedRun(page)).steps).toEqual(before.steps)
})

/** A page on XState 4 that listens as any of its receivers does, and keeps what it hears. */
const receiver = `
import { createWindowReceiver } from '@xstate/inspect'
globalThis.heard = []
createWindowReceiver().subscribe((event) => globalThis.heard.push(event))`

browserTest('bridgeToWindow: a real receiver on XState 4 shows the actors of XState 5', async () => {
  const source = `${jukebox}
import { bridgeToWindow } from 'standby-bridge'
import { standbyInspector } from '../../../inspector/index.ts'
globalThis.start = () => visitAll(standbyInspector({ to: bridgeToWindow('http://receiver.test/').line }))`
  const sites = {
    [appUrl]: fileURLToPath(await appPage(source)),
    'http://receiver.test/': fileURLToPath(await appPage(receiver, { isXState4: true })),
  }
  const app = await openPage({ at: appUrl, sites })
  const popup = app.waitForEvent('popup')
  await app.getByRole('button', { name: 'start' }).click()
  const page = await popup
  type Heard = { type: string; sessionId: string; machine?: { states: object }; state?: { value: object } }
  const heardOf = (type: string) =>
    page.evaluate(
      (wanted) =>
        (globalThis as unknown as { heard: Heard[] }).heard
          .filter((event) => event.type === wanted)
          .map(({ sessionId, machine, state }) => ({
            sessionId,
            states: Object.keys(machine?.states ?? {}),
            value: state?.value,
          })),
      type,
    )
  await expect
    .poll(async () => (await heardOf('service.register')).length, { timeout: 20_000 })
    .toBe(5 + dancersMax)

  const [first] = await heardOf('service.register')
  expect(first).toMatchObject({ sessionId: 'jukebox', states: ['sound', 'volume', 'power'] })
  const values = (await heardOf('service.state')).filter(({ sessionId }) => sessionId === 'jukebox')
  expect(values.map(({ value }) => value)).toContainEqual(expect.objectContaining({ volume: 'high' }))
})
