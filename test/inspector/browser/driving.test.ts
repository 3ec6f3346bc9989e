/** Driving a world in the page: stories reported by keys, choices by clicks and by keys, branches that are kept and come back from an address. */
import type { Page } from 'playwright-core'
import { describe, expect } from 'vitest'
import { runSeed } from '../../../proof/stage/seeds.ts'
import { browserTest, goTo, openPage, takePicture } from './page.ts'

const stepNumber = async (page: Page) =>
  Number(await page.getByRole('slider', { name: 'Step' }).getAttribute('aria-valuenow'))
const lastStep = async (page: Page) =>
  Number(await page.getByRole('slider', { name: 'Step' }).getAttribute('aria-valuemax'))
const openStory = async (key: string) => {
  const page = await openPage()
  await page.keyboard.press(key)
  await page.locator('.drive-panel').waitFor()
  await expect.poll(() => lastStep(page)).toBeGreaterThan(50)
  return page
}
const inbox = (page: Page, name: string) =>
  page.getByRole('region', { name: new RegExp(`^Inbox of ${name}`) })
const branches = (page: Page) => page.locator('.branch-name b').allTextContents()

describe('the gallery', () => {
  browserTest('it is the first screen, each story under a key of its own', async () => {
    const page = await openPage()
    expect(await page.locator('.card').count()).toBeGreaterThanOrEqual(8)
    await takePicture(page, 'gallery')
    await page.getByRole('button', { name: /A failover/ }).click()
    await page.locator('.drive-panel').waitFor()
    expect(await page.locator('.source').textContent()).toBe('A failover')
    // Every row in sight, and nothing that is still to come.
    const [diagram, rows] = [page.locator('.diagram'), page.locator('.row-name')]
    const bottom = async (box: Promise<{ y: number; height: number } | null>) => {
      const { y, height } = (await box)!
      return y + height
    }
    expect(await bottom(rows.last().boundingBox())).toBeLessThanOrEqual(
      (await bottom(diagram.boundingBox())) + 1,
    )
    expect(await page.locator('.workbench').getAttribute('aria-busy')).toBe('false')
  })

  browserTest('a story goes on sentence by sentence, and the cursor with it', async () => {
    const page = await openStory('2')
    const seen = new Set<string>()
    for (let sentence = 1; sentence <= 4; sentence++) {
      await page.keyboard.press(';')
      await expect.poll(() => page.locator('.caption small').textContent()).toBe(`${sentence}/4`)
      seen.add((await page.locator('.caption p').textContent())!)
      expect(await stepNumber(page)).toBeGreaterThan(0)
    }
    expect(seen.size).toBe(4)
    await page.keyboard.press(':')
    await expect.poll(() => page.locator('.caption small').textContent()).toBe('3/4')
    await takePicture(page, 'story')
  })

  browserTest('a broken chart shows its violation', async () => {
    const page = await openStory('9')
    await page.keyboard.press('v')
    await expect.poll(() => page.locator('.row.current').textContent()).toMatch(/I5/)
    await page.keyboard.press('v')
    await expect.poll(() => page.locator('.row.current').textContent()).toMatch(/I8/)
    await takePicture(page, 'violation')
  })
})

describe('by hand', () => {
  browserTest('a whole failover by clicks', async () => {
    const page = await openPage()
    await page.getByRole('button', { name: 'drive three servers by hand' }).click()
    const ping = inbox(page, 'view-service').getByRole('button', { name: /^Deliver ping from s2#1/ })
    await ping.click()
    await page.getByRole('button', { name: 'run', exact: true }).click()
    await page.getByLabel('run until').selectOption('settled')
    await page.getByRole('button', { name: 'run', exact: true }).click()
    await expect.poll(() => inbox(page, 's2').locator('h3').textContent()).toMatch(/primary/)
    await inbox(page, 's2').getByRole('button', { name: 'Crash s2#1' }).click()
    await expect.poll(() => inbox(page, 's2').locator('h3').textContent()).toMatch(/crashed/)
    await page.getByLabel('run until').selectOption('viewChange')
    await page.getByRole('button', { name: 'run', exact: true }).click()
    await page.getByLabel('run until').selectOption('settled')
    await page.getByRole('button', { name: 'run', exact: true }).click()
    await expect.poll(() => inbox(page, 's1').locator('h3').textContent()).toMatch(/primary\.serving/)
    await inbox(page, 's2').getByRole('button', { name: 'Restart s2#1' }).click()
    await expect.poll(() => inbox(page, 's2').locator('h3').textContent()).toMatch(/s2#2 idle/)
  })

  browserTest('the inboxes are one tab stop, and keys deliver, lose and duplicate', async () => {
    const page = await openPage()
    await page.getByRole('button', { name: 'drive three servers by hand' }).click()
    const mail = inbox(page, 'view-service').locator('li:not(.timer) .main')
    await expect.poll(() => mail.count()).toBe(5)
    await page.keyboard.press('i')
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.textContent))
      .toMatch(/^Deliver ping from s1#1/)
    await page.keyboard.press('Delete')
    await expect.poll(() => mail.count()).toBe(4)
    await page.keyboard.press('i')
    await page.keyboard.press('d')
    await expect.poll(() => mail.count()).toBe(5)
    await page.keyboard.press('i')
    await page.keyboard.press('Enter')
    await expect.poll(() => mail.count()).toBe(4)
    await page.keyboard.press('i')
    await page.keyboard.press('ArrowRight')
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.closest('.inbox')?.getAttribute('aria-label')))
      .toBe('Inbox of s1#1')
  })

  browserTest('what cannot be chosen says why', async () => {
    const page = await openStory('2')
    for (let sentence = 0; sentence < 2; sentence++) await page.keyboard.press(';')
    await expect.poll(() => inbox(page, 's1').locator('h3').textContent()).toMatch(/crashed/)
    const why = inbox(page, 's1').locator('.why')
    for (let step = 0; step < 40 && (await why.count()) === 0; step++) await page.keyboard.press('m')
    const mail = inbox(page, 's1')
      .getByRole('button', { name: /^Deliver/ })
      .first()
    expect(await mail.getAttribute('aria-disabled')).toBe('true')
    expect(await why.first().textContent()).toBe('s1#1 is gone, and no later life takes its mail')
    await mail.click({ force: true })
    await expect.poll(() => page.getByRole('status').textContent()).toMatch(/^Not possible: s1#1 is gone/)
  })

  browserTest('a client calls, and is answered', async () => {
    const page = await openStory('1')
    await page.keyboard.press('End')
    await page.getByLabel('Operation', { exact: true }).selectOption('get')
    await page.getByLabel('Key', { exact: true }).fill('greeting')
    await page.getByLabel('Key', { exact: true }).press('Enter')
    await page.locator('.source').click()
    await page.keyboard.press('u')
    await expect.poll(() => page.locator('.row.current').textContent()).toMatch(/"hello"/)
  })
})

describe('branches', () => {
  browserTest(
    'choosing otherwise in the past keeps both, and the address brings all of it back',
    async () => {
      const page = await openStory('2')
      const atStep = await lastStep(page)
      for (let sentence = 0; sentence < 2; sentence++) await page.keyboard.press(';')
      await expect.poll(() => inbox(page, 's1').locator('h3').textContent()).toMatch(/crashed/)
      await page.getByRole('tab', { name: 'Branches' }).click()
      await inbox(page, 's2').getByRole('button', { name: 'Crash s2#1' }).click()
      await expect.poll(() => branches(page)).toEqual(['main', 's2 crashes'])
      await page.getByRole('button', { name: 'Rename s2 crashes' }).click()
      await page.getByLabel('Name of the branch').fill('both die')
      await page.getByLabel('Name of the branch').press('Enter')
      await expect.poll(() => branches(page)).toEqual(['main', 'both die'])
      const other = await lastStep(page)
      expect(other).toBeLessThan(atStep)

      await page.getByRole('button', { name: 'Compare main with the shown branch' }).click()
      expect(await page.locator('.comparison').textContent()).toMatch(/s2 crashes/)
      await takePicture(page, 'branches')
      await page.locator('.branch-name').first().click()
      await expect.poll(() => lastStep(page)).toBe(atStep)

      await page.locator('.branch-name').nth(1).click()
      await expect.poll(() => lastStep(page)).toBe(other)
      // The address comes a little after what is shown.
      const again = await openPage()
      const broughtBack = async () => {
        await again.goto('about:blank')
        await again.goto(page.url())
        await again.getByRole('tab', { name: 'Branches' }).click()
        return [...(await branches(again)), await lastStep(again)]
      }
      await expect.poll(broughtBack, { timeout: 20_000 }).toEqual(['main', 'both die', other])
      expect(page.url()).toMatch(/run=world:[\w-]{200,}/)
    },
  )

  browserTest('the same choice goes along instead', async () => {
    const page = await openStory('1')
    await page.getByRole('tab', { name: 'Branches' }).click()
    const before = await stepNumber(page)
    await page.keyboard.press('m')
    await expect.poll(() => stepNumber(page)).toBeGreaterThan(before)
    expect(await branches(page)).toEqual(['main'])
  })
})

describe('other runs', () => {
  browserTest('a seed is simulated in the page', async () => {
    const page = await openPage()
    await page.getByLabel('Simulate seed').fill('3')
    await page.getByLabel('calls').fill('10')
    await page.getByRole('button', { name: 'run it here' }).click()
    await page.locator('.step-list .row').first().waitFor()
    await expect.poll(() => page.locator('.source').textContent()).toMatch(/^seed 3: (ok|stuck)/)
  })

  browserTest('a trace is lifted into a world where one looks, and goes on otherwise', async () => {
    const page = await openPage({ trace: `${runSeed(2, 10).lines.join('\n')}\n` })
    const last = await lastStep(page)
    for (let step = 0; step < 30; step++) await page.keyboard.press('ArrowRight')
    await page.keyboard.press('w')
    await page.locator('.drive-panel').waitFor()
    await expect.poll(() => stepNumber(page)).toBe(30)
    expect(await lastStep(page)).toBeGreaterThan(last * 0.8)
    await page.getByRole('tab', { name: 'Branches' }).click()
    await inbox(page, 's1').getByRole('button', { name: 'Crash s1#1' }).click()
    await expect.poll(async () => (await branches(page)).length).toBe(2)
  })

  browserTest(
    'after lifting, what is next and the inboxes are those of the step where one looked',
    async () => {
      const page = await openPage({ trace: `${runSeed(2, 10).lines.join('\n')}\n` })
      for (let step = 0; step < 30; step++) await page.keyboard.press('ArrowRight')
      await page.keyboard.press('w')
      await page.locator('.drive-panel').waitFor()
      await expect.poll(() => stepNumber(page)).toBe(30)
      const moment = () => page.locator('.drive-panel').textContent()
      const lifted = await moment()
      // There and back, the page asks the world itself.
      await page.keyboard.press('End')
      await expect.poll(moment).not.toBe(lifted)
      await goTo(page, 30)
      await expect.poll(moment).toBe(lifted)
    },
  )
})
