/** Long runs: nothing in the document grows with the run, and what is forgotten is counted. */
import { expect } from 'vitest'
import { largeTrace } from '../large-traces.ts'
import { browserTest, openPage, takePicture } from './page.ts'

browserTest(
  'of 50,000 steps only those in sight are in the document, at both ends and in the overview',
  async () => {
    const page = await openPage({ trace: largeTrace({ steps: 50_000 }) })
    const size = () => page.evaluate(() => document.querySelectorAll('*').length)
    expect(await size()).toBeLessThan(2500)
    await page.keyboard.press('End')
    expect(await page.locator('.overlay .cursor text').textContent()).toBe('49999')
    // Of each node the state that lasts into what is in sight is drawn.
    expect(await page.locator('.band').count()).toBeGreaterThanOrEqual(7)
    expect(await size()).toBeLessThan(2500)
    await page.keyboard.press('f')
    expect(await page.locator('.density path').count()).toBe(7)
    expect(await size()).toBeLessThan(2500)
    await takePicture(page, 'large')
  },
)

browserTest('a step of the cursor lays the page out once, and now and then once more to scroll', async () => {
  const page = await openPage({ trace: largeTrace({ steps: 2000 }) })
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  const layouts = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === 'LayoutCount')!.value
  }
  const before = await layouts()
  await page.evaluate(async () => {
    for (let step = 0; step < 100; step++) {
      window.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }))
      await new Promise(requestAnimationFrame)
    }
  })
  expect(await page.locator('.row.current').textContent()).toMatch(/^100/)
  expect((await layouts()) - before).toBeLessThan(140)
})
