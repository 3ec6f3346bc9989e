/** Searching and filtering, and where what was found shows. */
import { expect } from 'vitest'
import { faultyTrace as trace } from '../simulated-traces.ts'
import { browserTest, openPage, takePicture } from './page.ts'

browserTest('words are found and shown in list, diagram and scrubber; Enter goes on among them', async () => {
  const page = await openPage({ trace })
  await page.keyboard.press('/')
  await page.keyboard.type('statetransfer s2#1')
  await page.keyboard.press('Enter')
  const current = page.locator('.row.current')
  expect(await current.textContent()).toMatch(/stateTransfer/)
  expect(await current.getAttribute('class')).toContain('found')
  expect(await page.locator('.overlay .hits').getAttribute('d')).toMatch(/^M/)
  expect(await page.locator('.found-marks path').getAttribute('d')).toMatch(/^M/)
  const first = await current.locator('.number').first().textContent()
  await page.keyboard.press('Enter')
  expect(await current.locator('.number').first().textContent()).not.toBe(first)
  await takePicture(page, 'search')
})

browserTest('"then" finds pairs, "not followed by" what has no such step after it', async () => {
  const page = await openPage({ trace })
  await page.keyboard.press('/')
  await page.keyboard.type('crash then view')
  expect(await page.locator('.found').textContent()).toMatch(/^\d+ pairs$/)

  await page.locator('#search').fill('start not followed by crash')
  const starts = Number(await page.locator('.found').textContent())
  await page.locator('#search').fill('kind-that-is-nowhere')
  expect(starts).toBeGreaterThan(0)
  expect(await page.locator('.found').textContent()).toBe('0')
})

browserTest(
  'filters hide nodes, kinds and messages from list and diagram, and steps go by what is shown',
  async () => {
    const page = await openPage({ trace })
    await page.keyboard.press('h')
    await page.getByRole('group', { name: 'What is shown' }).getByLabel('timer').uncheck()
    await page
      .getByRole('group', { name: 'What is shown' })
      .getByLabel('ping', { exact: false })
      .first()
      .uncheck()
    await page
      .getByRole('group', { name: 'What is shown' })
      .getByLabel('c1', { exact: false })
      .first()
      .uncheck()
    await takePicture(page, 'filters')
    await page.keyboard.press('Escape')
    expect(await page.locator('.row-name', { hasText: 'c1#1' }).count()).toBe(0)
    expect(await page.locator('.dot.timer').count()).toBe(0)
    for (let count = 0; count < 12; count++) {
      await page.keyboard.press('ArrowRight')
      expect(await page.locator('.row.current .node-id').textContent()).not.toBe('c1#1')
      expect(await page.locator('.row.current .what').textContent()).not.toMatch(/^timer|ping/)
    }
    await page.keyboard.press('h')
    await page.getByRole('button', { name: 'Show all' }).click()
    expect(await page.locator('.row-name', { hasText: 'c1#1' }).count()).toBe(1)
  },
)
