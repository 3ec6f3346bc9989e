/** Renews the pictures of docs/inspector.md: the page in Chromium, on one fixed run. Needs Chromium. */
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium, type Page } from 'playwright-core'
import { buildPage } from '../../inspector/build.ts'
import { faultyTrace, stepWhere } from '../../test/inspector/simulated-traces.ts'
import { findChromium } from '../../test/support/programs.ts'

const folder = fileURLToPath(new URL('../inspector/', import.meta.url))

interface Picture {
  readonly name: string
  readonly colorScheme?: 'light' | 'dark'
  readonly width?: number
  readonly height?: number
  /** What is done before the picture is taken; without it the page is empty. */
  readonly act?: (page: Page) => Promise<void>
}

const crash = stepWhere('a crash', ({ kind }) => kind === 'crash')
const promotion = stepWhere(
  'a promotion',
  ({ node, i, before, after }) =>
    i > crash.i && node === 's2#1' && JSON.stringify(after?.value) !== JSON.stringify(before?.value),
)

const pictures: readonly Picture[] = [
  { name: 'gallery' },
  { name: 'failover', act: (page) => go(page, promotion.i) },
  {
    name: 'causality',
    act: async (page) => {
      await go(page, crash.i - 9)
      await page.keyboard.press('p')
      await go(page, promotion.i)
      await page.keyboard.press('l')
      await page.getByRole('tab', { name: 'Causality' }).click()
    },
  },
  {
    name: 'operations',
    colorScheme: 'dark',
    act: async (page) => {
      await go(page, crash.i + 20)
      await page.keyboard.press(',')
      await page.keyboard.press(',')
      await page.getByRole('tab', { name: 'Operations' }).click()
      await page.getByRole('tab', { name: 'Why' }).click()
    },
  },
]

async function go(page: Page, i: number): Promise<void> {
  await page.keyboard.press('/')
  await page.locator('#search').fill(`#${i}`)
  await page.keyboard.press('Enter')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
}

mkdirSync(folder, { recursive: true })
const html = await buildPage()
const browser = await chromium.launch({
  executablePath: findChromium(),
  args: ['--no-sandbox', '--disable-gpu'],
})
for (const { name, colorScheme = 'light', width = 1280, height = 800, act } of pictures) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' })
  await page.setContent(html)
  if (act !== undefined) {
    await page.locator('input[type=file]').setInputFiles({
      name: 'failover.jsonl',
      mimeType: 'application/jsonl',
      buffer: Buffer.from(faultyTrace),
    })
    await page.locator('.workbench[aria-busy=false]').waitFor()
    await act(page)
    await page.mouse.move(0, 0)
    // The list follows a frame later.
    await page.evaluate(() =>
      new Promise(requestAnimationFrame).then(() => new Promise(requestAnimationFrame)),
    )
  }
  await page.screenshot({ path: `${folder}${name}.png` })
  await page.close()
  console.log(`docs/inspector/${name}.png`)
}
await browser.close()
