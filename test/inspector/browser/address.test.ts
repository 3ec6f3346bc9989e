/** The address of the page holds the view, and restores it exactly; two runs are compared. */
import { expect } from 'vitest'
import { faultyTrace as trace } from '../simulated-traces.ts'
import { browserTest, openPage, openTrace, takePicture } from './page.ts'

browserTest(
  'the address restores step, pin, node, axis, filters, search, lens, theme and panels',
  async () => {
    const page = await openPage({ trace })
    await page.locator('#step-9').click()
    await page.keyboard.press('p')
    await page.locator('#step-13').click()
    await page.keyboard.press('l')
    await page.keyboard.press('a')
    await page.keyboard.press('t')
    await page.keyboard.press('t')
    await page.locator('.row-name', { hasText: 's2' }).click()
    await page.getByRole('tab', { name: 'Clocks' }).click()
    await page.keyboard.press('h')
    await page.getByRole('group', { name: 'What is shown' }).getByLabel('timer').uncheck()
    await page.keyboard.press('Escape')
    await page.keyboard.press('/')
    await page.keyboard.type('view')
    const view = () =>
      page.evaluate(() => ({
        cursor: document.querySelector('.overlay .cursor text')?.textContent,
        pinned: document.querySelector('.overlay .pinned text')?.textContent,
        axis: document.querySelector('.axis text:last-child')?.textContent,
        theme: document.documentElement.dataset.theme,
        node: document.querySelector('.row-name.chosen b')?.textContent,
        tab: document.querySelector('.details [aria-selected=true]')?.textContent,
        filter: document.querySelector('.filter-menu button')?.textContent,
        found: document.querySelector('.search .found')?.textContent,
        cones: document.querySelectorAll('.cones rect').length,
      }))
    const before = await view()
    expect(before).toMatchObject({
      cursor: '13',
      pinned: 'pinned 9',
      theme: 'dark',
      node: 's2#1',
      tab: 'Clocks',
    })
    await expect.poll(() => new URL(page.url()).hash).toContain('find=view')

    await page.reload()
    await page.getByText('Open that file to see it').waitFor()
    await openTrace(page, trace)
    await expect.poll(view).toEqual(before)
  },
)

browserTest('an address that was changed by hand is followed', async () => {
  const page = await openPage({ trace })
  await page.evaluate(() => {
    location.hash = 'step=40&axis=lamport'
  })
  await expect.poll(() => page.locator('.overlay .cursor text').textContent()).toBe('40')
  expect(await page.getByLabel('axis').inputValue()).toBe('lamport')
})

browserTest('two runs are compared: the first difference, side by side, interleaved, swapped', async () => {
  const lines = trace.split('\n')
  const step = JSON.parse(lines[61]!)
  lines[61] = JSON.stringify({ ...step, kind: 'timer', message: undefined })
  const page = await openPage({ trace })
  await page.getByRole('tab', { name: 'Compare' }).click()
  await page.getByLabel('Open a second trace').setInputFiles({
    name: 'other.jsonl',
    mimeType: 'application/jsonl',
    buffer: Buffer.from(lines.join('\n')),
  })
  await page.getByRole('button', { name: 'step 60' }).click()
  expect(await page.locator('.compare .row.current').getAttribute('class')).toContain('differs')
  await takePicture(page, 'compare')

  await page.getByLabel('How both are shown').selectOption('interleaved')
  expect(await page.locator('.compare .row').count()).toBeGreaterThan(5)
  await page.locator('.compare .row[title="Look at this run"]').first().click()
  expect(await page.locator('.source').textContent()).toBe('other.jsonl')
  await page.locator('.compare .row[title="Look at this run"]').first().click()
  expect(await page.locator('.source').textContent()).toBe('run.jsonl')
  await page.getByRole('button', { name: 'step 60' }).click()
  await page.keyboard.press('o')
  expect(await page.locator('.source').textContent()).toBe('other.jsonl')
  expect(await page.locator('.overlay .cursor text').textContent()).toBe('60')
})
