/** The page while it watches a busy system for a minute: how long it is away from a person, and what it holds in memory. Needs a browser. */
import { type CDPSession, chromium, type Page } from 'playwright-core'
import { watchedSystem } from '../test/inspector/browser/busy-system.ts'
import { findChromium } from '../test/support/programs.ts'
import type { BenchOptions, Measurement } from './measurement.ts'

/** About eleven observations each: two thousand a second. */
const callsPerSecond = 180

export async function livePageBench({ quick }: BenchOptions): Promise<Measurement[]> {
  const seconds = quick ? 10 : 60
  await using system = await watchedSystem()
  const { clients } = system
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: ['--no-sandbox', '--disable-gpu'],
  })
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    await page.goto(system.url)
    await page.locator('.live-panel').waitFor()
    const session = await page.context().newCDPSession(page)
    await countFrames(page)
    const heaps: number[] = []
    const [start, begun] = [performance.now(), system.events]
    const calls: Promise<unknown>[] = []
    for (let n = 0; n < seconds * callsPerSecond; n++) {
      if (n % (10 * callsPerSecond) === 0) heaps.push(await heapOf(session))
      const wait = start + (n * 1000) / callsPerSecond - performance.now()
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
      calls.push(clients[n % clients.length]!.put(`k${n % 50}`, n))
    }
    const rate = ((system.events - begun) * 1000) / (performance.now() - start)
    await Promise.all(calls)
    const { frames, longestMs, late } = await frameTimes(page)
    await session.send('HeapProfiler.collectGarbage')
    const kept = await heapOf(session)
    const [shown, dropped] = [await lastStep(page), await droppedOf(page)]
    const during = `, ${seconds} s of a live feed`
    return [
      { name: `events a second${during}`, value: rate, unit: 'events' },
      { name: `the longest frame${during}`, value: longestMs, unit: 'ms', target: { atMost: 1000 } },
      { name: `frames of more than 100 ms${during}`, value: late, unit: `of ${frames}` },
      {
        name: 'observations shown',
        value: (100 * shown) / system.events,
        unit: '%',
        target: { atLeast: 95 },
      },
      { name: 'the others: dropped, and counted in the page', value: dropped, unit: '' },
      { name: 'heap of the page at first', value: heaps[0]!, unit: 'MB' },
      { name: `the most of it${during}`, value: Math.max(...heaps), unit: 'MB', target: { atMost: 500 } },
      { name: 'of it in use in the end', value: kept, unit: 'MB' },
    ]
  } finally {
    await browser.close()
  }
}

/** Counts the frames of the page, and how long each took to come. */
function countFrames(page: Page): Promise<void> {
  return page.evaluate(() => {
    const times = { frames: 0, longestMs: 0, late: 0 }
    Object.assign(window, { times })
    // A method: what the loader does to a named function is not known in the page.
    const watch = {
      before: performance.now(),
      look(now: number) {
        times.frames += 1
        times.longestMs = Math.max(times.longestMs, now - watch.before)
        if (now - watch.before > 100) times.late += 1
        watch.before = now
        requestAnimationFrame(watch.look)
      },
    }
    requestAnimationFrame(watch.look)
  })
}

function frameTimes(page: Page): Promise<{ frames: number; longestMs: number; late: number }> {
  return page.evaluate(
    () => (window as unknown as { times: { frames: number; longestMs: number; late: number } }).times,
  )
}

/** Megabytes, with what is not collected yet. */
async function heapOf(session: CDPSession): Promise<number> {
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  return usedSize / 1e6
}

async function lastStep(page: Page): Promise<number> {
  const last = await page.getByRole('slider', { name: 'Step' }).getAttribute('aria-valuemax')
  return Number(last) + 1
}

async function droppedOf(page: Page): Promise<number> {
  const said = await page.locator('.live-status small').allTextContents()
  return Number((said[0] ?? '0').replace(/\D/g, ''))
}
