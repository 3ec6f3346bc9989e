/** Statecharts in the page: they follow the cursor, are walked through by keys, and are laid out there when no one knows them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, expect } from 'vitest'
import { type AnyStateMachine, createActor, createMachine, sendTo } from 'xstate'
import { chartPageStyle, chartStyle, ownColours } from '../../../inspector/charts/chart-style.ts'
import { chartBlocks } from '../../../inspector/charts/page-parts.ts'
import { standbyInspector } from '../../../inspector/feeds/standby-inspector.ts'
import type { Json } from '../../../machines/application/application.ts'
import { describeMachine, type MachineDescription } from '../../../runtime/trace/definition.ts'
import { readTrace } from '../../../runtime/trace/read.ts'
import { checkout, mediaPlayer, trafficLight } from '../foreign-machines.ts'
import { traceOf } from '../simulated-traces.ts'
import { browserTest, openPage, takePicture } from './page.ts'

const trace = traceOf(7)
const { header, steps } = readTrace(trace)
const strip = '.chart-strip'

browserTest(
  'the chart follows the cursor: active states, what was taken, and what the guards said',
  async () => {
    const { i, node } = steps.find(
      ({ microsteps }) =>
        microsteps?.some(({ result, target }) => result && target.join().endsWith('awaitingBackupAck')) &&
        microsteps.some(({ result }) => !result),
    )!
    const page = await openPage({ trace, hash: `step=${i}` })
    const label = () => page.locator(`${strip} [role=tree]`).getAttribute('aria-label')
    await expect.poll(label).toContain(`${node}: heartbeat pinging; role primary awaitingBackupAck`)

    expect(await page.locator(`${strip} .chart-edge.chart-taken`).count()).toBeGreaterThan(0)
    expect(await page.locator(`${strip} .chart-tried`).textContent()).toMatch(/✗refused: .*\[.+\].*✓taken: /)
    await takePicture(page, 'chart')
    await page.keyboard.press('Home')
    await expect.poll(label).toMatch(/^view-service: checks waiting; views /)
  },
)

browserTest(
  'a chart is one tab stop, and arrows go through its states without moving the cursor',
  async () => {
    const page = await openPage({ trace, hash: 'step=40' })
    const cursor = () => page.locator('.overlay .cursor text').textContent()
    await expect.poll(cursor).toBe('40')
    const stops = page.locator(`${strip} [role=treeitem][tabindex="0"]`)
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.state ?? '')
    await stops.focus()
    const root = await focused()
    await page.keyboard.press('ArrowRight')
    const child = await focused()
    await page.keyboard.press('ArrowDown')
    const next = await focused()
    await page.keyboard.press('Home')

    expect(child.startsWith(`${root}.`)).toBe(true)
    expect(new Set([root, child, next]).size).toBe(3)
    expect(await focused()).toBe(root)
    await expect.poll(() => stops.count()).toBe(1)
    expect(await cursor()).toBe('40')
  },
)

browserTest('a chart is enlarged, zoomed by keys, and closed again', async () => {
  const page = await openPage({ trace })
  await page.getByRole('button', { name: /^Enlarge the chart/ }).click()
  const dialog = page.getByRole('dialog', { name: /^Statechart of/ })
  const tree = dialog.getByRole('tree')
  const width = async () => Number((await tree.getAttribute('viewBox'))?.split(' ')[2])
  await tree.locator('[role=treeitem][tabindex="0"]').focus()
  const before = await width()
  await page.keyboard.press('+')
  await expect.poll(width).toBeLessThan(before)
  await takePicture(page, 'chart-enlarged')
  await page.keyboard.press('0')
  await expect.poll(width).toBeGreaterThan(before / 1.3)
  await page.keyboard.press('Escape')
  await expect.poll(() => dialog.count()).toBe(0)
})

browserTest('all nodes of a machine stand on one chart as numbered markers', async () => {
  const page = await openPage({ trace, hash: 'step=95' })
  await page.getByRole('tab', { name: 'All on one chart' }).click()
  const panel = page.locator('.charts-panel')
  await panel.getByLabel('Machine').selectOption('server')

  await expect
    .poll(() => panel.getByRole('tree').getAttribute('aria-label'))
    .toMatch(/^server, all nodes: s1#1 heartbeat .*s2#1 heartbeat /)
  expect(await panel.locator('.chart-marker').count()).toBe(4)
  await takePicture(page, 'charts-all')
})

browserTest('instances of one machine of an app stand on its one chart, too', async () => {
  const lines: string[] = []
  const inspect = standbyInspector({ to: (line) => lines.push(line) })
  const door = createMachine({
    id: 'door',
    initial: 'closed',
    states: { closed: { on: { open: 'open' } }, open: { on: { close: 'closed' } } },
  })
  const house = createMachine({
    id: 'house',
    invoke: ['front', 'back', 'cellar'].map((id) => ({ id, src: door })),
    on: { visit: { actions: sendTo('back', { type: 'open' }) } },
  })
  createActor(house, { inspect }).start().send({ type: 'visit' })
  inspect.stop()
  const page = await openPage({ trace: `${lines.join('\n')}\n` })
  await page.keyboard.press('End')
  await page.getByRole('tab', { name: 'All on one chart' }).click()
  const panel = page.locator('.charts-panel')
  await panel.getByLabel('Machine').selectOption('door')

  expect(await panel.locator('.chart-nodes li').allTextContents()).toEqual([
    expect.stringMatching(/house\/front/),
    expect.stringMatching(/house\/back/),
    expect.stringMatching(/house\/cellar/),
  ])
  await expect
    .poll(() => panel.getByRole('tree').getAttribute('aria-label'))
    .toMatch(/house\/front closed.*house\/back open.*house\/cellar closed/)
  expect(await panel.locator('.chart-marker').count()).toBe(3)
})

browserTest(
  'a chart that the page has never seen is laid out by it, from disk, under its policy',
  async () => {
    const definition = describeMachine(checkout(10))
    const after = { value: { step3: 'checking' }, context: {} }
    const lines = [
      { ...header, machines: [{ definition }], nodes: [{ id: 'shop', machine: 'checkout' }] },
      { ...steps[0]!, node: 'shop', machine: 'checkout', vector: { shop: 1 }, after },
      { end: true, steps: 1, dropped: 0 },
    ]
    const page = await openPage({ trace: lines.map((line) => `${JSON.stringify(line)}\n`).join('') })

    await expect.poll(() => page.locator(`${strip} [role=treeitem]`).count(), { timeout: 10_000 }).toBe(73)
    expect(await page.locator(`${strip} .chart-active`).count()).toBe(3)
  },
)

browserTest('a transition of the chart is pressed, and the world takes that step', async () => {
  const page = await openPage()
  await page.keyboard.press('1')
  await page.locator('.drive-panel').waitFor()
  await page.locator(`${strip} [role=tree]`).waitFor()
  await page.keyboard.press('End')
  await page.locator('.row-name', { hasText: 's1#1' }).click()
  await page.getByRole('button', { name: 'Enlarge the chart of s1#1' }).click()
  const timer = page.getByRole('dialog').getByRole('button', { name: /^fire xstate\.after\.pingInterval/ })
  await timer.waitFor({ state: 'attached' })
  const before = Number(await page.getByRole('slider', { name: 'Step' }).getAttribute('aria-valuenow'))
  await timer.dispatchEvent('click')

  await expect
    .poll(async () => Number(await page.getByRole('slider', { name: 'Step' }).getAttribute('aria-valuenow')))
    .toBeGreaterThan(before)
  await expect
    .poll(() => page.locator(`${strip} .chart-tried-taken`).textContent())
    .toContain('after pingInterval')
  await takePicture(page, 'chart-driven')
})

const foreign = [
  ['a traffic light', trafficLight, { cars: 'green', pedestrians: 'stop' }, 'PUSH'],
  ['a media player', mediaPlayer, { ready: { playing: 'fast' } }, 'PAUSE'],
  ['a checkout', checkout(10), { step3: 'editing' }, 'CANCEL'],
] as const

browserTest.each(foreign)(
  'a transition of %s is fired by a click and by keys',
  async (name, machine, active, event) => {
    const page = await openPage()
    await page.goto(await stageOf(described(machine), active, event))
    await page.getByLabel('What the chart says').selectOption('detail')
    const fire = page.getByRole('button', { name: `fire ${event}` }).first()
    await page.locator('.chart-leaf-text text').first().waitFor({ state: 'attached' })
    await fire.dispatchEvent('click')
    await expect.poll(() => page.title()).toBe(event)
    await page.locator('[role=treeitem][tabindex="0"]').focus()
    const role = () => page.evaluate(() => document.activeElement?.getAttribute('role'))
    for (let press = 0; press < 80 && (await role()) !== 'button'; press++)
      await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.title()).toBe(`${event} ${event}`)

    expect(await page.locator('.chart-active').count()).toBeGreaterThan(1)
    await takePicture(page, `chart-of-${name.replace(/\W+/g, '-')}`)
  },
)

browserTest('without a layout engine a foreign chart is an outline that says why', async () => {
  const page = await openPage()
  await page.goto(await stageOf(described(mediaPlayer), 'idle', 'OPEN', ''))
  await page.locator('.chart-outline').waitFor()

  await expect
    .poll(() => page.locator('.chart-undrawn .empty').textContent())
    .toMatch(/^No drawing: this page was built without/)
  expect(await page.locator('.chart-outline-active').allTextContents()).toContainEqual(
    expect.stringContaining('idle ● active'),
  )
})

const folder = mkdtempSync(join(tmpdir(), 'standby-chart-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function described(machine: unknown): MachineDescription {
  return describeMachine(machine as AnyStateMachine)
}

/** The address of a page of its own around one chart. */
async function stageOf(
  machine: MachineDescription,
  active: Json,
  event: string,
  blocks?: string,
): Promise<string> {
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL('./chart-stage.tsx', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    jsx: 'automatic',
    jsxImportSource: 'preact',
  })
  const data = JSON.stringify({ machine, active, enabled: [event] }).replaceAll('<', '\\u003c')
  const file = join(folder, `${machine.id}.html`)
  writeFileSync(
    file,
    `<!doctype html><html lang="en"><meta charset="utf-8"><title></title>
<style>${ownColours}${chartStyle}${chartPageStyle}</style><div id="page"></div>
<script type="application/json" id="machine">${data}</script>${blocks ?? (await chartBlocks())}
<script>${bundle.outputFiles[0]!.text.replaceAll('</script', '<\\/script')}</script></html>`,
  )
  return pathToFileURL(file).href
}
