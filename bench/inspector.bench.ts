/** The page in Chromium: how soon a long run is seen, and what one step of the cursor costs the page. Needs a browser. */
import { type Browser, chromium, type Page } from 'playwright-core'
import { createActor } from 'xstate'
import { budget, buildPage, weigh } from '../inspector/build.ts'
import { describeMachine } from '../runtime/trace/definition.ts'
import { createTrace } from '../runtime/trace/write.ts'
import { checkout } from '../test/inspector/foreign-machines.ts'
import { largeTrace } from '../test/inspector/large-traces.ts'
import { findChromium } from '../test/support/programs.ts'
import { type BenchOptions, type Measurement, median } from './measurement.ts'

export async function inspectorBench({ quick }: BenchOptions): Promise<Measurement[]> {
  const html = await buildPage()
  const { whole, script, style, engine } = weigh(html)
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: ['--no-sandbox', '--disable-gpu'],
  })
  try {
    const measurements: Measurement[] = [
      { name: 'page, compressed', value: whole / 1000, unit: 'kB', target: { atMost: budget / 1000 } },
      { name: 'its script', value: script / 1000, unit: 'kB' },
      { name: 'its style', value: style / 1000, unit: 'kB' },
      { name: 'its layout engine, unpacked on demand', value: engine / 1000, unit: 'kB' },
    ]
    for (const steps of quick ? [10_000] : [10_000, 50_000]) {
      measurements.push(...(await measured(browser, html, steps, quick ? 3 : 5)))
    }
    const layouts = []
    for (let round = 0; round < (quick ? 3 : 5); round++) layouts.push(await foreignChart(browser, html))
    measurements.push({
      name: 'a foreign chart of 72 states, dropped and drawn, the layout engine cold',
      value: median(layouts),
      unit: 'ms',
      target: { atMost: 1000 },
    })
    return measurements
  } finally {
    await browser.close()
  }
}

async function measured(
  browser: Browser,
  html: string,
  steps: number,
  rounds: number,
): Promise<Measurement[]> {
  const trace = largeTrace({ steps })
  const [pictures, wholes, costs, overviews]: number[][] = [[], [], [], []]
  for (let round = 0; round < rounds; round++) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    await page.setContent(html)
    const { picture, whole } = await opened(page, trace)
    pictures!.push(picture)
    wholes!.push(whole)
    costs!.push(await costOfSteps(page, 100))
    await page.keyboard.press('f')
    await page.locator('.density path').first().waitFor()
    overviews!.push(await costOfSteps(page, 30))
    await page.close()
  }
  const of = `of ${steps.toLocaleString('en')} steps`
  const targets = steps === 10_000 ? { picture: { atMost: 500 }, step: { atMost: 16 } } : {}
  return [
    { name: `first picture ${of}`, value: median(pictures!), unit: 'ms', target: targets.picture },
    { name: `all read ${of}`, value: median(wholes!), unit: 'ms' },
    { name: `a step of the cursor ${of}`, value: median(costs!), unit: 'ms of work', target: targets.step },
    { name: `the same with the whole run in sight ${of}`, value: median(overviews!), unit: 'ms of work' },
  ]
}

/** Drops the trace on the page, as a person would: milliseconds to the first events drawn, and to the last one read. */
function opened(page: Page, trace: string): Promise<{ picture: number; whole: number }> {
  return page.evaluate(async (text) => {
    const dropped = new DataTransfer()
    dropped.items.add(new File([text], 'run.jsonl'))
    const start = performance.now()
    window.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped }))
    while (document.querySelector('.drawing .dot') === null) await new Promise(requestAnimationFrame)
    const picture = performance.now() - start
    while (document.querySelector('.workbench[aria-busy=false]') === null)
      await new Promise(requestAnimationFrame)
    return { picture, whole: performance.now() - start }
  }, trace)
}

/** Drops the run of a machine that the page does not know: milliseconds to its drawing. */
async function foreignChart(browser: Browser, html: string): Promise<number> {
  const lines: string[] = []
  const trace = createTrace({
    write: (line) => void lines.push(line),
    machines: [describeMachine(checkout(10))],
  })
  const after = createActor(checkout(10)).start().getSnapshot()
  trace.observe({ kind: 'start', node: 'shop', t: 0, clock: null, after })
  trace.close()
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  await page.setContent(html)
  const ms = await page.evaluate(async (text) => {
    const dropped = new DataTransfer()
    dropped.items.add(new File([text], 'shop.jsonl'))
    const start = performance.now()
    window.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped }))
    while (document.querySelector('.chart-strip .chart-edge') === null)
      await new Promise(requestAnimationFrame)
    return performance.now() - start
  }, lines.join('\n'))
  await page.close()
  return ms
}

/** Milliseconds of the page's main thread for one step: script, layout and paint, without waiting for frames. */
async function costOfSteps(page: Page, count: number): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  const busy = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === 'TaskDuration')!.value * 1000
  }
  const before = await busy()
  await page.evaluate(async (steps) => {
    for (let step = 0; step < steps; step++) {
      window.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }))
      await new Promise(requestAnimationFrame)
    }
  }, count)
  return ((await busy()) - before) / count
}
