/** By keyboard and by screen reader: axe finds nothing serious in any view, and every composite has one tab stop. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { faultyTrace as trace } from '../simulated-traces.ts'
import { browserTest, openPage } from './page.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/** Serious findings, each with where it is. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: unknown }> } }
    return (await axe.run()).violations as unknown
  })
  return (violations as Violation[])
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.slice(0, 3).map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
    )
}

browserTest.each(['light', 'dark'] as const)(
  'axe finds nothing serious in any view (%s)',
  async (colorScheme) => {
    const page = await openPage({ colorScheme })
    expect(await findings(page)).toEqual([])
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'run.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from(trace) })
    await page.locator('.workbench[aria-busy=false]').waitFor()
    await page.keyboard.press('x')
    await page.keyboard.press('p')
    await page.keyboard.press('j')
    await page.keyboard.press('l')
    for (const tab of [
      'State',
      'Why',
      'Causality',
      'Clocks',
      'Operations',
      'Compare',
      'All on one chart',
      'Steps',
    ]) {
      await page.getByRole('tab', { name: tab }).click()
      expect([tab, ...(await findings(page))]).toEqual([tab])
    }
    await page.keyboard.press('h')
    await page.keyboard.press('?')
    expect(await findings(page)).toEqual([])
  },
)

browserTest.each([480, 1280])(
  'axe finds nothing serious while a world is driven (%i pixels)',
  async (width) => {
    const page = await openPage({ viewport: { width, height: 800 } })
    await page.keyboard.press('2')
    await page.locator('.caption').waitFor()
    for (let sentence = 0; sentence < 2; sentence++) await page.keyboard.press(';')
    for (const tab of ['Branches', 'Watches']) {
      await page.getByRole('tab', { name: tab }).click()
      expect([tab, ...(await findings(page))]).toEqual([tab])
    }
    // A small window scrolls down, never aside, and its bar leaves room for the run.
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
    expect((await page.locator('.bar').boundingBox())!.height).toBeLessThan(90)
  },
)

browserTest('each composite is one tab stop, and arrows move within it', async () => {
  const page = await openPage({ trace })
  const stops: string[] = []
  await page.locator('.brand').focus()
  for (let count = 0; count < 60; count++) {
    await page.keyboard.press('Tab')
    const where = await page.evaluate(() => {
      const one = document.activeElement
      return one === null || one === document.body
        ? 'body'
        : `${one.getAttribute('role') ?? one.tagName.toLowerCase()}`
    })
    if (where === 'body') break
    stops.push(where)
  }
  const count = (role: string) => stops.filter((stop) => stop === role).length
  expect({
    grid: count('grid'),
    tree: count('treeitem'),
    slider: count('slider'),
    tab: count('tab'),
    diagram: count('img'),
  }).toEqual({ grid: 1, tree: 2, slider: 1, tab: 2, diagram: 1 })

  await page.getByRole('tab', { name: 'State' }).focus()
  await page.keyboard.press('ArrowRight')
  expect(await page.getByRole('tab', { name: 'Why' }).getAttribute('aria-selected')).toBe('true')

  await page.getByRole('grid').focus()
  await page.keyboard.press('ArrowDown')
  expect(await page.getByRole('grid').getAttribute('aria-activedescendant')).toBe('step-1')
})

browserTest('the live region says where the cursor is, politely', async () => {
  const page = await openPage({ trace, hash: 'step=2' })
  await page.keyboard.press('ArrowRight')
  const region = page.locator('[role=status][aria-live=polite]')
  await expect.poll(() => region.textContent()).toMatch(/^Step 3: s2#1 starts as server/)
})

browserTest('nothing moves by itself where reduced motion is asked for', async () => {
  const page = await openPage({ trace, reducedMotion: 'reduce' })
  const moving = await page.evaluate(
    () =>
      [...document.querySelectorAll('*')].filter((one) => getComputedStyle(one).transitionDuration !== '0s')
        .length,
  )
  expect(moving).toBe(0)
})
