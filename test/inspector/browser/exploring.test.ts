/** Systems of one's own in the page: a module that is dropped on it, and one that `standby explore` hosts. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, describe, expect } from 'vitest'
import { impatient } from '../../../examples/two-phase-commit.ts'
import { check, traceOf } from '../../../proof/check/index.ts'
import { browserTest, openPage, takePicture } from './page.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'standby-explore-'))
const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A system as one file, with its own copies of XState and of the checker's helpers. */
async function bundled(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    alias: { 'standby/check': join(root, 'proof/check/index.ts') },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  })
  return outputFiles[0]!.text
}

const choose = (page: Page, name: string, text: string) =>
  page
    .locator('input[type=file]')
    .setInputFiles({ name, mimeType: 'text/javascript', buffer: Buffer.from(text) }, { timeout: 25_000 })
const inbox = (page: Page, name: string) =>
  page.getByRole('region', { name: new RegExp(`^Inbox of ${name}`) })
const deliver = (page: Page, type: string, from: string, to: string) =>
  inbox(page, to)
    .getByRole('button', { name: new RegExp(`^Deliver ${type} from ${from}`) })
    .first()
    .click()
const state = (page: Page, name: string) => inbox(page, name).locator('h3').textContent()
const property = (page: Page, name: string) =>
  page.getByRole('list', { name: 'Properties' }).getByRole('listitem').filter({ hasText: name })
const branches = (page: Page) => page.locator('.branch-name b').allTextContents()
const lastStep = async (page: Page) =>
  Number(await page.getByRole('slider', { name: 'Step' }).getAttribute('aria-valuemax'))

const invariant = 'no node commits what another aborts'

/** Both participants vote, then one loses patience: the planted bug. */
async function breakIt(page: Page): Promise<void> {
  for (const node of ['p1', 'p2']) await deliver(page, 'prepare', 'coordinator', node)
  for (const node of ['p1', 'p2']) await deliver(page, 'yes', node, 'coordinator')
  await expect.poll(() => state(page, 'coordinator')).toMatch(/committed/)
  expect(await property(page, invariant).textContent()).toMatch(/holds so far/)
  await inbox(page, 'p1').getByRole('button', { name: 'Fire the timer' }).click()
  await expect.poll(() => property(page, invariant).textContent()).toMatch(/fails at step/)
}

describe('a module that is dropped on the page', () => {
  browserTest('is driven by hand, judged at each step, and branched', async () => {
    const page = await openPage()
    await choose(
      page,
      'impatient.mjs',
      await bundled("export { impatient as default } from './examples/two-phase-commit.ts'"),
    )
    await page.locator('.drive-panel').waitFor()
    expect(await page.locator('.source').textContent()).toBe('impatient.mjs')
    expect(await page.getByLabel('Client').count()).toBe(0)
    await breakIt(page)
    await takePicture(page, 'own-system')
    await page.keyboard.press('Home')
    await expect.poll(() => property(page, invariant).textContent()).toMatch(/holds so far/)
    await page.getByRole('tab', { name: 'Branches' }).click()
    await inbox(page, 'p1')
      .getByRole('button', { name: /^Take the event/ })
      .click()
    await expect.poll(() => state(page, 'p1')).toMatch(/aborted/)
    await expect.poll(() => branches(page)).toEqual(['main', 'p1 takes the next event of its script'])
  })

  browserTest('its counterexamples open beside it, and are driven on from any step', async () => {
    const { violation } = check(impatient)
    const page = await openPage()
    await choose(
      page,
      'impatient.mjs',
      await bundled("export { impatient as system } from './examples/two-phase-commit.ts'"),
    )
    await page.locator('.drive-panel').waitFor()
    await page.evaluate(
      (text) => {
        const data = new DataTransfer()
        data.items.add(new File([text], 'run.jsonl'))
        document.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))
      },
      traceOf(impatient, violation!.run, { violation }),
    )
    await expect.poll(() => page.locator('.source').textContent()).toMatch(/run\.jsonl/)
    const last = await lastStep(page)
    await page.keyboard.press('w')
    await page.locator('.drive-panel').waitFor()
    await expect.poll(() => lastStep(page)).toBe(last)
    await page.keyboard.press('End')
    await expect.poll(() => property(page, invariant).textContent()).toMatch(/fails at step/)
    await page.keyboard.press('Home')
    await page.getByRole('tab', { name: 'Branches' }).click()
    await inbox(page, 'p2')
      .getByRole('button', { name: /^Take the event/ })
      .click()
    await expect.poll(async () => (await branches(page)).length).toBe(2)
  })

  browserTest('a module that is no system, or not one file, is refused with what to do', async () => {
    const page = await openPage({ expectsErrors: true })
    const problem = page.locator('.problems')
    await choose(page, 'empty.mjs', 'export const answer = 42')
    await expect.poll(() => problem.textContent()).toMatch(/exports a system .*got one that exports answer/)
    await choose(page, 'imports.js', "import { check } from 'standby/check'\nexport default check")
    await expect.poll(() => problem.textContent()).toMatch(/bundle it: esbuild imports\.js/)
    await choose(page, 'nodes.js', 'export default { nodes: [] }')
    await expect.poll(() => problem.textContent()).toMatch(/expected (nodes|a system such as)/)
  })
})

describe('standby explore', () => {
  /** Starts the command; resolves with the address that it prints. */
  async function explore(...words: string[]): Promise<string> {
    const parameters = ['--import', 'tsx', 'cli/main.ts', 'explore', ...words]
    const child = spawn(process.execPath, parameters, { cwd: root })
    running.push(child)
    let printed = ''
    child.stdout.on('data', (data) => (printed += data))
    child.stderr.on('data', (data) => (printed += data))
    await expect.poll(() => printed, { timeout: 40_000 }).toMatch(/http:\S+/)
    return /http:\S+/.exec(printed)![0]
  }
  const open = async (at: string) => {
    const page = await openPage({ at, offline: false })
    await page.locator('.drive-panel').waitFor()
    return page
  }

  browserTest(
    'the process hosts the system, the page drives it, and a page that comes later sees every branch',
    async () => {
      const url = await explore('examples/two-phase-commit.ts', '--export', 'impatient')
      const page = await open(url)
      await breakIt(page)
      await page.keyboard.press('Home')
      await page.getByRole('tab', { name: 'Branches' }).click()
      await inbox(page, 'p1')
        .getByRole('button', { name: /^Take the event/ })
        .click()
      await expect.poll(() => branches(page)).toEqual(['main', 'p1 takes the next event of its script'])
      await page.getByRole('button', { name: 'Rename p1 takes' }).click()
      await page.getByLabel('Name of the branch').fill('p1 gives up')
      await page.getByLabel('Name of the branch').press('Enter')
      await expect.poll(() => branches(page)).toEqual(['main', 'p1 gives up'])
      await takePicture(page, 'explore')

      const later = await open(url)
      await later.getByRole('tab', { name: 'Branches' }).click()
      await expect.poll(() => branches(later)).toEqual(['main', 'p1 gives up'])
      await later.getByLabel('run until').selectOption({ label: 'all abort' })
      await later.getByRole('button', { name: 'run', exact: true }).click()
      await expect.poll(() => property(later, 'all abort').textContent()).toMatch(/reached at step/)
    },
    90_000,
  )

  browserTest(
    'it begins with what breaks the system, or with a trace of it',
    async () => {
      const { violation } = check(impatient)
      const trace = join(folder, 'run.jsonl')
      writeFileSync(trace, traceOf(impatient, violation!.run, { violation }))
      for (const words of [['--check'], ['--run', trace]]) {
        const page = await open(
          await explore('examples/two-phase-commit.ts', '--export', 'impatient', ...words),
        )
        await page.keyboard.press('End')
        await expect.poll(() => property(page, invariant).textContent()).toMatch(/fails at step/)
      }
    },
    120_000,
  )
})
