/** What is no trace, or a hostile one: a clear message, no crash, no script that runs. */
import { expect } from 'vitest'
import { faultyTrace as trace } from '../simulated-traces.ts'
import { browserTest, openPage } from './page.ts'

const lines = trace.trimEnd().split('\n')

async function problemOf(content: string): Promise<string> {
  const page = await openPage()
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'odd.jsonl', mimeType: 'text/plain', buffer: Buffer.from(content) })
  return (await page.locator('.problems p').textContent()) ?? ''
}

browserTest('a foreign file, an empty one and a trace of another version say what was expected', async () => {
  const foreign = await problemOf('%PDF-1.7 …')
  expect(foreign).toContain('expected a header with "format":"standby-trace"')
  expect(foreign).toContain('A log opens with a parser, such as (?<host>')
  expect(await problemOf('')).toContain('got nothing')
  expect(await problemOf('{"format":"standby-trace","version":99}\n')).toContain(
    'expected version 1, got 99; update standby',
  )
})

browserTest('a truncated trace is shown as far as it goes', async () => {
  const page = await openPage()
  const cut = trace.slice(0, trace.length / 2)
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'cut.jsonl', mimeType: 'text/plain', buffer: Buffer.from(cut) })
  expect(await page.locator('.problems p').textContent()).toMatch(
    /breaks off in the middle of line \d+, after \d+ steps/,
  )
  await page.locator('.problems button').click()
  await page.keyboard.press('End')
  expect(Number(await page.locator('.overlay .cursor text').textContent())).toBeGreaterThan(100)
})

browserTest('a pasted trace is shown, a pasted note is refused', async () => {
  const page = await openPage()
  await page.getByLabel('or paste it').fill('dear diary')
  await page.getByRole('button', { name: 'Show it' }).click()
  expect(await page.locator('.problems p').textContent()).toContain('This cannot be shown')
  await page.getByLabel('or paste it').fill(lines.slice(0, 30).join('\n'))
  await page.getByRole('button', { name: 'Show it' }).click()
  await page.locator('.workbench').waitFor()
})

browserTest('hostile names and values are texts, nothing else', async () => {
  const nasty = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
  const names = ['__proto__', nasty, 'constructor#1', 'a\u202eb', '"quote\'s']
  const header = { ...JSON.parse(lines[0]!), nodes: names.map((id) => ({ id, machine: nasty })) }
  const base = { lamport: 1, operations: [], verdicts: [], t: 0 }
  const huge = 'x'.repeat(200_000)
  const steps = names.flatMap((node, index) => [
    {
      ...base,
      i: 2 * index,
      node,
      kind: 'start',
      machine: nasty,
      vector: { ['__proto__']: 1 },
      after: {
        value: nasty,
        context: JSON.parse(
          `{"__proto__":{"polluted":1},"${'constructor'}":${JSON.stringify(nasty)},"huge":"${huge}"}`,
        ),
      },
    },
    {
      ...base,
      i: 2 * index + 1,
      node,
      kind: 'send',
      vector: JSON.parse('{"__proto__":2}'),
      lamport: 2,
      message: {
        id: `${node}@1`,
        copy: 0,
        type: nasty,
        from: node,
        to: '__proto__',
        body: { view: null, requests: 7 },
        sentAt: 0,
      },
      detail: nasty,
    },
  ])
  const hostile = [header, ...steps, { end: true, steps: steps.length, dropped: 0 }]
    .map((one) => JSON.stringify(one))
    .join('\n')
  const page = await openPage({ trace: `${hostile}\n` })
  for (const tab of ['Why', 'Causality', 'Clocks', 'State', 'Operations', 'Steps']) {
    await page.getByRole('tab', { name: tab }).click()
    for (let count = 0; count < 4; count++) await page.keyboard.press('ArrowRight')
  }
  await page.keyboard.press('/')
  await page.keyboard.type('<img')
  await page.keyboard.press('l')
  expect(
    await page.evaluate(() => [
      (window as { hacked?: number }).hacked,
      ({} as { polluted?: number }).polluted,
    ]),
  ).toEqual([undefined, undefined].map(() => null) && [undefined, undefined])
  expect(await page.locator('.row-name').count()).toBeGreaterThan(3)
})
