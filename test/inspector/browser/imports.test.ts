/** Runs in the formats of other tools, opened as a person would: a log for ShiViz chosen, an ITF trace dropped, a parser that never ends. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { goVector } from '../go-vector.ts'
import { browserTest, exported, goTo, openPage, openTrace, takePicture } from './page.ts'

const log = `(?<host>\\S*) (?<clock>{.*})\\n(?<event>.*)

${goVector.replace('Sending ping', 'Sending <script>window.hacked=1</script>')}`

const problem = (page: Page) => page.locator('.problems p')

browserTest(
  'a chosen log for ShiViz: lanes, an arrow for each edge, its clocks; and it goes out as it came in',
  async () => {
    const page = await openPage()
    await openTrace(page, log, 'two.log')
    expect(await page.locator('.row-name').allTextContents()).toEqual(['client', 'server'])
    expect(await page.locator('path.link.delivered').getAttribute('d')).toMatch(/^M[^M]*M[^M]*$/)

    await goTo(page, 3)
    await page.getByRole('tab', { name: 'Clocks' }).click()
    const row = page.locator('table.clocks tr', { has: page.getByRole('button', { name: 'server' }) })
    expect((await row.locator('td').allTextContents()).map((text) => text.trim())).toEqual(['', '2', '2'])
    expect(await page.locator('.clocks-panel .hint').textContent()).toContain('no rule was applied')
    await page.keyboard.press('[')
    await page.getByRole('tab', { name: 'Why' }).click()
    expect(await page.locator('[role=tabpanel]').last().textContent()).toContain('Sending <script>')
    expect(await page.evaluate(() => (window as { hacked?: number }).hacked)).toBeUndefined()
    for (const axis of ['time', 'lamport', 'rank']) await page.getByLabel('axis').selectOption(axis)
    expect(await page.locator('path.link.delivered').getAttribute('d')).not.toContain('NaN')
    await takePicture(page, 'import-shiviz')

    const again = await exported(page, 'ShiViz log')
    expect(again).toContain('server {"server":2,"client":2} 0 0 receive - Received ping')
  },
)

browserTest('a dropped ITF trace: each state is a step, what changed is marked', async () => {
  const page = await openPage()
  const states = [0, 1, 2].map((count) => ({
    '#meta': { index: count },
    count: { '#bigint': `${count}` },
    who: 'p1',
  }))
  const text = JSON.stringify(
    { '#meta': { format: 'ITF' }, vars: ['count', 'who'], loop: 1, states },
    null,
    1,
  )
  const dataTransfer = await page.evaluateHandle((content) => {
    const transfer = new DataTransfer()
    transfer.items.add(new File([content], 'counter.itf.json'))
    return transfer
  }, text)
  await page.dispatchEvent('body', 'drop', { dataTransfer })
  await page.locator('.workbench[aria-busy=false]').waitFor()
  expect(await problem(page).textContent()).toContain('after its last state comes state 1 again')
  await page.locator('.problems button').click()
  await page.keyboard.press('End')
  await page.getByRole('tab', { name: 'State' }).click()
  const changed = page.locator('.state-panel .changed')
  expect(await changed.allTextContents()).toEqual([expect.stringMatching(/count.*1.*2/)])
  await takePicture(page, 'import-itf')
})

browserTest('a parser that would never end is stopped, and the page goes on', async () => {
  const page = await openPage()
  const endless = `(?<host>(a+)+) (?<clock>\\{.*\\}) (?<event>.*)\n\n${'a'.repeat(60)}! {"a":1} x\n`
  const file = { name: 'endless.log', mimeType: 'text/plain', buffer: Buffer.from(endless) }
  await page.locator('input[type=file]').setInputFiles(file)
  // Meanwhile the page answers.
  await page.getByLabel('or paste it').fill('a')
  await problem(page).waitFor({ timeout: 30_000 })
  expect(await problem(page).textContent()).toMatch(/it takes longer than 5 s; simplify it/)
  await page.locator('.problems button').click()
  await openTrace(page, log, 'two.log')
})

browserTest('of a log of very many hosts the clocks are shown that the node knows', async () => {
  const page = await openPage()
  const lines = Array.from(
    { length: 200 },
    (_, n) => `h${n} {"h${n}":1${n > 0 ? `,"h${n - 1}":1` : ''}}\nevent ${n}`,
  )
  await openTrace(page, lines.join('\n'), 'many.log')
  await page.keyboard.press('End')
  await page.getByRole('tab', { name: 'Clocks' }).click()
  expect(await page.locator('.clocks-panel h3').textContent()).toBe(
    '2 of 200 nodes, known to h199, after step 199',
  )
  expect(await page.locator('table.clocks tbody th').allTextContents()).toEqual(['h198', 'h199'])
})
