/** The page of a running process: it shows the cluster live, drives it, outlives it, and neither freezes nor grows without bound. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { afterEach, expect } from 'vitest'
import { runSeed } from '../../../proof/stage/seeds.ts'
import { createCluster } from '../../../runtime/index.ts'
import { serveInspector } from '../../../runtime/serve/inspector/index.ts'
import { watchedSystem } from './busy-system.ts'
import { browserTest, type OpenOptions, openPage, takePicture } from './page.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

/** Starts the command line; resolves with the address that it prints. */
async function start(...words: string[]): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'cli/main.ts', ...words], { cwd: root })
  running.push(child)
  let printed = ''
  child.stdout.on('data', (data) => (printed += data))
  child.stderr.on('data', (data) => (printed += data))
  await expect.poll(() => printed, { timeout: 20_000 }).toMatch(/http:\S+/)
  return { url: /http:\S+/.exec(printed)![0], child }
}

/** Opens an address that is served, which the network must be on for. */
const openAddress = (at: string, options: OpenOptions = {}) => openPage({ at, offline: false, ...options })

const lastStep = async (page: Page) =>
  Number(await page.getByRole('slider', { name: 'Step' }).getAttribute('aria-valuemax'))

browserTest(
  'a running process is seen live, and driven',
  async () => {
    const { url } = await start('run', '--plain', '--no-faults', '--for', '60s')
    const page = await openAddress(url)
    await page.locator('.live-panel').waitFor()
    const before = await lastStep(page)
    await expect.poll(() => lastStep(page)).toBeGreaterThan(before + 20)
    await expect
      .poll(() => page.locator('.servers .inbox').allTextContents())
      .toEqual([
        expect.stringMatching(/^s1#1 primary/),
        expect.stringMatching(/^s2#1 backup/),
        expect.stringMatching(/^s3#1 idle/),
      ])
    await page.locator('.servers .inbox').first().getByRole('button', { name: 'crash' }).click()
    await expect.poll(() => page.locator('.servers .inbox').nth(1).textContent()).toMatch(/^s2#1 primary/)
    await page.locator('.servers .inbox').first().getByRole('button', { name: 'restart' }).click()
    await expect.poll(() => page.locator('.servers .inbox').first().textContent()).toMatch(/^s1#2/)
    await page.getByLabel('Key', { exact: true }).fill('hello')
    await page.getByRole('button', { name: 'call', exact: true }).click()
    await expect.poll(() => page.getByRole('status').textContent()).toBe('put hello was answered')
    await takePicture(page, 'live')
  },
  60_000,
)

browserTest(
  'a run that ends stays to be looked at, and can be lifted',
  async () => {
    const { url, child } = await start('run', '--plain', '--no-faults', '--for', '6s')
    const page = await openAddress(url)
    await page.locator('.live-panel').waitFor()
    await new Promise((resolve) => child.once('exit', resolve))
    await expect.poll(() => page.locator('.live-status').textContent()).toMatch(/the run has ended/)
    const last = await lastStep(page)
    expect(last).toBeGreaterThan(100)
    await page.keyboard.press('Home')
    await expect.poll(() => page.locator('.row.current .number').first().textContent()).toBe('0')
    await page.keyboard.press('w')
    await page.locator('.drive-panel').waitFor({ timeout: 20_000 })
    await expect.poll(() => page.locator('.source').textContent()).toBe('standby run, seed 1, lifted')
    expect(await page.locator('.problems').count()).toBe(0)
  },
  60_000,
)

browserTest(
  'a busy system neither freezes the page nor waits for it, and the page keeps the newest',
  async () => {
    await using system = await watchedSystem()
    const { clients } = system
    const page = await openAddress(system.url)
    await page.locator('.live-panel').waitFor()
    const [start, begun] = [Date.now(), system.events]
    const calls: Promise<void>[] = []
    let longestMs = 0
    // A call is about eleven events: two thousand events a second, paced by the clock and not by the answers.
    for (let second = 0; second < 5; second++) {
      const asked = page.evaluate(() => document.body.offsetHeight)
      const askedAt = Date.now()
      for (let tick = 0; tick < 50; tick++) {
        for (let n = 0; n < 4; n++) calls.push(clients[(tick + n) % clients.length]!.put(`k${n}`, tick))
        await new Promise((resolve) => setTimeout(resolve, start + second * 1000 + tick * 20 - Date.now()))
      }
      await asked.then(() => {
        longestMs = Math.max(longestMs, Date.now() - askedAt)
      })
    }
    await Promise.all(calls)
    const rate = (system.events - begun) / ((Date.now() - start) / 1000)
    console.log(`${Math.round(rate)} events/s; the page looked up at least every ${longestMs} ms`)
    const dropped = async () => {
      const small = page.locator('.live-status small')
      return (await small.count()) === 0 ? 0 : Number((await small.textContent())!.replace(/\D/g, ''))
    }
    // Every observation was shown or is counted; pings go on meanwhile.
    await expect
      .poll(async () => (await lastStep(page)) + 1 + (await dropped()), { timeout: 20_000 })
      .toBeGreaterThanOrEqual(system.events - 2000)
    await takePicture(page, 'busy')
  },
  90_000,
)

browserTest('a page that goes away is not missed', async () => {
  await using inspector = await serveInspector()
  await using cluster = createCluster({ observe: inspector.observe })
  const page = await openAddress(inspector.url)
  await expect.poll(() => inspector.pages).toBe(1)
  await page.close()
  await expect.poll(() => inspector.pages).toBe(0)
  await cluster.client().put('still', 'there')
})

browserTest(
  'a trace that is inspected is shown under its name',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'standby-inspect-'))
    const path = join(folder, 'seed-5.jsonl')
    const { lines } = runSeed(5, 5)
    writeFileSync(path, `${lines.join('\n')}\n`)
    const { url } = await start('inspect', path)
    const page = await openAddress(url)
    await expect.poll(() => page.locator('.source').textContent()).toBe('seed-5.jsonl')
    await expect.poll(() => lastStep(page)).toBe(lines.length - 3)
    rmSync(folder, { recursive: true })
  },
  60_000,
)

browserTest('an address with a wrong token says what to do', async () => {
  await using inspector = await serveInspector()
  const page = await openAddress(inspector.url.replace(/token=.*/, 'token=wrong'), { expectsErrors: true })
  await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/Open the address that was printed/)
})
