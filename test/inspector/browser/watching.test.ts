/** Watches: parts of contexts for every node at the cursor, and the way to where they change. */
import { expect } from 'vitest'
import { faultyTrace as trace } from '../simulated-traces.ts'
import { browserTest, openPage, takePicture } from './page.ts'

browserTest(
  'a watched path shows every node, leads to its changes, and comes back with the address',
  async () => {
    const page = await openPage({ trace })
    await page.getByRole('tab', { name: 'Watches' }).click()
    await page.getByLabel('watch', { exact: true }).fill('view.number')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'where view.number changes next' }).click()
    await page.getByRole('button', { name: 'where view.number changes next' }).click()

    const changed = page.locator('.watches td.changed')
    await expect.poll(() => changed.count()).toBe(1)
    expect(await changed.textContent()).toMatch(/\d/)
    await expect.poll(() => page.evaluate(() => location.hash)).toContain('watch=view.number')
    await takePicture(page, 'watches')

    await page.getByRole('button', { name: 'no longer watch view.number' }).click()
    expect(await page.locator('.watches .empty').count()).toBe(1)
  },
)
