/** Moving through a run: one cursor over every view, by clicks and by keys. */
import { expect } from 'vitest'
import { traceOf } from '../simulated-traces.ts'
import { browserTest, openPage, takePicture } from './page.ts'

const trace = traceOf(7)

browserTest('a trace is shown, and keys move one cursor over every view', async () => {
  const page = await openPage({ trace })
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('k')

  expect(await page.locator('.row.current .number').first().textContent()).toBe('2')
  expect(await page.getByRole('slider', { name: 'Step' }).getAttribute('aria-valuenow')).toBe('2')
  expect(await page.locator('.overlay .cursor text').textContent()).toBe('2')
  await takePicture(page, 'moving')
})
