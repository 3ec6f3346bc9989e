/** Exports from the page's menu: the page to mail, and Mermaid's texts read by Mermaid itself. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { readTrace } from '../../../runtime/observe/index.ts'
import {
  exportFormats,
  toMermaidChart,
  toMermaidSequence,
  toSpaceTimeSvg,
} from '../../../runtime/trace/exports/index.ts'
import { traceOf } from '../simulated-traces.ts'
import { hostileTrace } from '../traces.ts'
import { browserTest, exported, openPage, takePicture } from './page.ts'

const trace = traceOf(7)
const folder = mkdtempSync(join(tmpdir(), 'standby-stories-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

browserTest('the page to mail opens from disk with its run, and asks no node for anything', async () => {
  const page = await openPage({ trace })
  const story = join(folder, 'story.html')
  writeFileSync(story, await exported(page, 'one page to mail'))
  const opened = await openPage({ at: pathToFileURL(story).href, expectsErrors: true })
  const requests: string[] = []
  opened.on('request', (request) => requests.push(request.url()))
  await opened.locator('.step-list .row').first().waitFor()

  expect(readTrace(await exported(opened, 'Trace, as JSON lines'))).toEqual(readTrace(trace))
  expect(requests.filter((url) => !/^(blob|data):/.test(url))).toEqual([])
  const refused = await opened.evaluate(async () => {
    const seen = new Promise((resolve) =>
      addEventListener('securitypolicyviolation', ({ violatedDirective }) => resolve(violatedDirective)),
    )
    await fetch('http://127.0.0.1:9/').catch(() => {})
    return seen
  })
  expect(refused).toBe('connect-src')
  await takePicture(opened, 'story')
})

browserTest('a story from the story is the same story', async () => {
  const page = await openPage({ trace })
  const first = await exported(page, 'one page to mail')
  const story = join(folder, 'again.html')
  writeFileSync(story, first)
  const opened = await openPage({ at: pathToFileURL(story).href })
  await opened.locator('.step-list .row').first().waitFor()

  // Not `toBe`: no one wants to read half a megabyte.
  expect((await exported(opened, 'one page to mail')) === first).toBe(true)
})

browserTest('every entry of the menu saves what its format makes', async () => {
  const page = await openPage({ trace })
  const formats = exportFormats.filter(({ id }) => id !== 'vitest' && id !== 'statechart')
  for (const { title, write } of formats) expect(await exported(page, title)).toBe(write(readTrace(trace)))
})

browserTest('Mermaid reads the diagrams of any run, hostile names included', async () => {
  const page = await openPage({ at: 'about:blank' })
  await page.addScriptTag({ path: fileURLToPath(import.meta.resolve('mermaid/dist/mermaid.min.js')) })
  const hostile = hostileTrace()
  const texts = [
    ...readTrace(trace).header.machines.map(({ definition }) => toMermaidChart(definition)),
    toMermaidSequence(readTrace(trace)),
    toMermaidSequence(hostile),
    toMermaidSequence(hostile, { to: 40 }),
  ]
  const types = await page.evaluate(async (given) => {
    const { mermaid } = globalThis as unknown as {
      mermaid: {
        parse(text: string): Promise<{ diagramType: string }>
        render(id: string, text: string): Promise<unknown>
      }
    }
    const found: string[] = []
    for (const [index, text] of given.entries()) {
      found.push((await mermaid.parse(text)).diagramType)
      await mermaid.render(`drawn-${index}`, text)
    }
    return found
  }, texts)

  expect(types).toEqual([...Array(3).fill('stateDiagram'), ...Array(3).fill('sequence')])
  await expect(
    page.evaluate(() =>
      (globalThis as unknown as { mermaid: { parse(text: string): Promise<unknown> } }).mermaid.parse(
        'sequenceDiagram\n a->>: x',
      ),
    ),
  ).rejects.toThrow(/Parse error/)
})

browserTest('the picture is well-formed XML, runs nothing, and is drawn', async () => {
  const page = await openPage({ at: 'about:blank' })
  for (const svg of [toSpaceTimeSvg(hostileTrace()), toSpaceTimeSvg(readTrace(trace), { to: 120 })]) {
    const [errors, scripts] = await page.evaluate((text) => {
      const parsed = new DOMParser().parseFromString(text, 'image/svg+xml')
      return ['parsererror', 'script, foreignObject, [onload]'].map(
        (what) => parsed.querySelectorAll(what).length,
      )
    }, svg)
    expect([errors, scripts]).toEqual([0, 0])
  }
  await page.setContent(toSpaceTimeSvg(readTrace(trace), { to: 60 }).replace(/^<\?xml.*\n/, ''))
  await takePicture(page, 'space-time-svg')
})

test('every format has a title and an extension of its own', () => {
  expect(new Set(exportFormats.map(({ title }) => title)).size).toBe(exportFormats.length)
  expect(new Set(exportFormats.map(({ extension }) => extension)).size).toBe(exportFormats.length)
})
