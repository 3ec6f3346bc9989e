/** Moving through a run: one cursor over every view, by clicks and by keys. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { faultySteps, lastStep, stepWhere, faultyTrace as trace } from '../simulated-traces.ts'
import { browserTest, openPage, takePicture } from './page.ts'

/** The step as each view shows it. */
async function shown(page: Page) {
  return {
    list: Number(await page.locator('.row.current .number').first().textContent()),
    scrubber: Number(await page.getByRole('slider', { name: 'Step' }).getAttribute('aria-valuenow')),
    diagram: Number(await page.locator('.overlay .cursor text').textContent()),
  }
}
const everywhere = (i: number) => ({ list: i, scrubber: i, diagram: i })

browserTest('keys move one cursor over every view', async () => {
  const page = await openPage({ trace })
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('k')
  expect(await shown(page)).toEqual(everywhere(2))

  await page.keyboard.press('End')
  expect(await shown(page)).toEqual(everywhere(lastStep))
  await page.keyboard.press('Home')
  expect(await shown(page)).toEqual(everywhere(0))
  await takePicture(page, 'moving')
})

browserTest('a click in the diagram, the list or on the scrubber moves all of them', async () => {
  const page = await openPage({ trace })
  await page.locator('.dot[data-step="17"]').click()
  expect(await shown(page)).toEqual(everywhere(17))

  await page.locator('#step-14').click()
  expect(await shown(page)).toEqual(everywhere(14))

  const track = page.getByRole('slider', { name: 'Step' })
  const box = (await track.boundingBox())!
  await track.click({ position: { x: box.width / 2, y: box.height / 2 } })
  const { list } = await shown(page)
  expect(await shown(page)).toEqual(everywhere(list))
  expect(Math.abs(list - lastStep / 2)).toBeLessThan(10)
})

browserTest('Shift steps on one node, brackets follow a message', async () => {
  const sent = stepWhere('the first ping', ({ kind, message }) => kind === 'send' && message?.type === 'ping')
  const received = stepWhere(
    'its receive',
    ({ kind, message }) => kind === 'receive' && message?.id === sent.message!.id,
  )
  const next = faultySteps.find(({ node, i }) => node === sent.node && i > sent.i)!
  const page = await openPage({ trace })
  await page.locator(`#step-${sent.i}`).click()
  await page.keyboard.press(']')
  expect(await shown(page)).toEqual(everywhere(received.i))
  await page.keyboard.press('[')
  expect(await shown(page)).toEqual(everywhere(sent.i))
  await page.keyboard.press('Shift+ArrowRight')
  expect(await shown(page)).toEqual(everywhere(next.i))
  expect(await page.locator('.state-panel .panel-head b').textContent()).toBe(sent.node)
})

browserTest('Space plays and pauses, at a speed that can be changed', async () => {
  const page = await openPage({ trace })
  await page.keyboard.press('+')
  await page.keyboard.press('+')
  await page.keyboard.press('Space')
  await expect.poll(async () => (await shown(page)).list, { timeout: 5000 }).toBeGreaterThan(5)
  await page.keyboard.press('Space')
  const { list } = await shown(page)
  expect(await page.getByRole('button', { name: 'Play' }).count()).toBe(1)
  await page.keyboard.press('ArrowRight')
  expect(await shown(page)).toEqual(everywhere(list + 1))
})

browserTest(
  'the palette finds a command by its words, and the sheet of keys is made from the same list',
  async () => {
    const page = await openPage({ trace })
    await page.keyboard.press('Control+k')
    await page.keyboard.type('last step')
    await page.keyboard.press('Enter')
    expect(await shown(page)).toEqual(everywhere(lastStep))

    await page.keyboard.press('?')
    const sheet = page.getByRole('dialog', { name: 'Sheet of keys' })
    await sheet.getByText('Next violation').waitFor()
    await takePicture(page, 'keys')
    await page.keyboard.press('Escape')
    await sheet.waitFor({ state: 'detached' })
  },
)

browserTest(
  'the axis goes by order, time, Lamport time or causal rank; F brings the whole run in sight',
  async () => {
    const page = await openPage({ trace })
    const marks = () => page.locator('.axis text').allTextContents()
    expect(await marks()).toContain('5')
    await page.keyboard.press('a')
    expect((await marks()).some((text) => text.endsWith('ms'))).toBe(true)
    await page.keyboard.press('a')
    await page.keyboard.press('a')
    expect(await page.getByLabel('axis').inputValue()).toBe('rank')
    await page.getByLabel('axis').selectOption('time')
    await page.keyboard.press('f')
    expect((await marks()).at(-1)).toMatch(/ s$/)
    expect(await page.locator('.density path').count()).toBeGreaterThan(0)
    await takePicture(page, 'overview')
  },
)
