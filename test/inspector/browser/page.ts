/** The page as a test uses it: opened from disk with the network off, with a trace, and watched for errors. */
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, expect, inject, test } from 'vitest'

const shared = inject('browser')
let browser: Browser | null = null
const opened: { readonly page: Page; readonly errors: string[] }[] = []

/** A test in the browser; skipped, visibly, where STANDBY_SKIP_BROWSER=1 says so. */
export const browserTest = test.skipIf(shared === null)

/** How a page is opened. */
export interface OpenOptions extends BrowserContextOptions {
  /** Another page, instead of the inspector. */
  readonly at?: string
  /** Files to be had at these addresses, as if they were on the network. */
  readonly sites?: Readonly<Record<string, string>>
  /** After the `#` of the address. */
  readonly hash?: string
  /** A trace as text, chosen as a file of this name. */
  readonly trace?: string
  readonly name?: string
  /** Errors on the console that this test expects. */
  readonly expectsErrors?: boolean
}

/** Opens the page from disk, with the network off; every error on its console fails the test. */
export async function openPage({
  at = shared!.page,
  sites = {},
  hash = '',
  trace,
  name = 'run.jsonl',
  expectsErrors = false,
  ...context
}: OpenOptions = {}): Promise<Page> {
  browser ??= await chromium.connect(shared!.endpoint)
  const within = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    offline: true,
    ...context,
  })
  const errors: string[] = []
  // Pages that a page opens are watched too.
  within.on('weberror', (error) => errors.push(String(error.error())))
  within.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  for (const [address, path] of Object.entries(sites)) {
    await within.route(address, (route) => route.fulfill({ path, contentType: 'text/html' }))
  }
  const page = await within.newPage()
  page.setDefaultTimeout(8000)
  opened.push({ page, errors: expectsErrors ? [] : errors })
  await page.goto(`${at}${hash === '' ? '' : `#${hash}`}`)
  if (trace !== undefined) await openTrace(page, trace, name)
  return page
}

/** Chooses a trace as a person would choose a file, and waits until it is shown. */
export async function openTrace(page: Page, trace: string, name = 'run.jsonl'): Promise<void> {
  await page
    .locator('input[type=file]')
    .setInputFiles({ name, mimeType: 'application/jsonl', buffer: Buffer.from(trace) }, { timeout: 25_000 })
  await page.locator('.workbench[aria-busy=false]').waitFor({ timeout: 25_000 })
}

/** Goes to a step by its number, through the search. */
export async function goTo(page: Page, i: number): Promise<void> {
  await page.keyboard.press('/')
  await page.locator('#search').fill(`#${i}`)
  await page.keyboard.press('Enter')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
}

/** What an entry of the export menu saves, as a text. */
export async function exported(page: Page, entry: string): Promise<string> {
  const download = page.waitForEvent('download')
  await page.getByText('export', { exact: true }).click()
  await page.getByRole('menuitem', { name: entry }).click()
  const chunks: Buffer[] = []
  for await (const chunk of await (await download).createReadStream()) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** A picture of the page among the artefacts of the build, to be looked at. */
export async function takePicture(page: Page, name: string): Promise<void> {
  const folder = fileURLToPath(new URL('../../../artefacts/inspector/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: `${folder}${name}.png` })
}

afterEach(async () => {
  const errors = opened.flatMap((one) => one.errors)
  for (const { page } of opened.splice(0)) await page.context().close()
  expect(errors).toEqual([])
})

afterAll(async () => {
  await browser?.close()
  browser = null
})
