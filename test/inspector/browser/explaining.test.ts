/** State, causality, reasons, clocks and operations: what the panels say of a step. */
import { expect } from 'vitest'
import { altered, faultySteps as steps, faultyTrace as trace } from '../simulated-traces.ts'
import { browserTest, goTo, openPage, takePicture } from './page.ts'

browserTest('the context is compared with the step before, the pinned step and another replica', async () => {
  const changed = steps.find(({ after, node }) => node === 's1#1' && (after?.patch?.length ?? 0) > 2)!
  const page = await openPage({ trace, hash: `step=${changed.i}` })
  const tree = page.getByRole('tree')
  const marked = () => tree.locator('.tree-item:not(.same)').count()
  expect(await marked()).toBeGreaterThan(1)

  await page.locator('.state-panel select').selectOption('s2#1')
  expect(await tree.locator('.tree-item.changed', { hasText: 'id' }).first().textContent()).toContain('s2#1')

  await page.keyboard.press('p')
  await page.locator('.state-panel select').selectOption('pinned')
  expect(await marked()).toBe(0)
  await takePicture(page, 'state')
})

browserTest(
  'the lens shades past and future; of two steps it says how they relate, and draws the chain that proves it',
  async () => {
    const page = await openPage({ trace, hash: 'step=2&panels=details:causality' })
    await page.keyboard.press('l')
    expect(await page.locator('.cones .future').count()).toBeGreaterThan(0)
    expect(await page.locator('.causality-panel').textContent()).toMatch(/steps happened before step 2/)

    await page.keyboard.press('p')
    await goTo(page, 19)
    const panel = page.locator('.causality-panel')
    expect(await panel.textContent()).toMatch(/Pinned step 2 (happened before|and step 19 are concurrent)/)
    const answer = steps.find((step) => step.kind === 'receive' && step.node === 's1#1')!
    await goTo(page, answer.i)
    expect(await panel.textContent()).toContain(`Pinned step 2 happened before step ${answer.i}`)
    await goTo(page, 3)
    expect(await panel.textContent()).toContain('concurrent')

    const far = steps.find(
      (step) => step.kind === 'receive' && step.node === 's2#1' && step.vector!['s1#1']! > 0,
    )!
    await goTo(page, far.i)
    expect(await panel.textContent()).toContain('so it knows of it (L4)')
    expect(await panel.locator('.path li').count()).toBeGreaterThan(2)
    expect(await page.locator('.overlay .chain').count()).toBe(1)
    await takePicture(page, 'causality')
  },
)

browserTest(
  'why: from the message over the guards to transition, actions and clocks; a refusal says its reason',
  async () => {
    const promoted = steps.find(
      ({ after, before }) =>
        before !== undefined &&
        JSON.stringify(after?.value).includes('serving') &&
        !JSON.stringify(before.value).includes('serving'),
    )!
    const page = await openPage({ trace, hash: `step=${promoted.i}&panels=details:why` })
    const panel = page.locator('.why-panel')
    expect(await panel.textContent()).toMatch(/arrived, which .* sent in step \d+/)
    expect(await panel.textContent()).toMatch(/is so: the transition on \w+ that goes from .* is taken/)
    expect(await panel.textContent()).toMatch(/max\(\d+, \d+\) \+ 1 = \d+ \(L1\)/)
    await takePicture(page, 'why')

    const refused = steps.find((step) => step.refused !== undefined)!
    await page.keyboard.press('Home')
    await page.keyboard.press('/')
    await page.keyboard.type(refused.refused!.reason)
    await page.keyboard.press('Enter')
    expect(await panel.locator('.refusal').textContent()).toContain(refused.refused!.reason)
  },
)

browserTest('the clock workshop shows the greater of both and one more', async () => {
  const received = steps.find((step) => step.kind === 'receive' && step.lamport! > 20)!
  const page = await openPage({ trace, hash: `step=${received.i}&panels=details:clocks` })
  const workshop = page.locator('.workshop')
  expect(await workshop.locator('tbody tr').count()).toBe(4)
  expect(await workshop.locator('.result td').first().textContent()).toBe(String(received.lamport))
  expect(await page.locator('.ok-line').textContent()).toContain('as L1 and L3 say')
  await takePicture(page, 'clocks')
})

browserTest('a wrong clock is found, with the name of the rule that it breaks', async () => {
  const received = steps.find((step) => step.kind === 'receive' && step.lamport! > 20)!
  const lamport = await openPage({
    trace: altered(received.i, (step) => ({ ...step, lamport: step.lamport! - 1 })),
    hash: `step=${received.i}&panels=details:clocks`,
  })
  expect(await lamport.locator('.broken-rules').textContent()).toMatch(
    /step \d+ L1 receiving sets max\(\d+, \d+\) \+ 1 = \d+, but the clock says/,
  )

  const forgetful = altered(received.i, (step) => ({
    ...step,
    vector: { ...step.vector, [step.message!.from]: 1 },
  }))
  const vector = await openPage({ trace: forgetful, hash: `step=${received.i}&panels=details:clocks` })
  expect(await vector.locator('.broken-rules').textContent()).toContain('L3')
  await vector.keyboard.press('Home')
  await vector.locator('.broken-rules button').first().click()
  expect(await vector.locator('.row.current .number').first().textContent()).toBe(String(received.i))
})

browserTest('calls are bars with the points where they may have taken effect, and faults below', async () => {
  const page = await openPage({ trace })
  await page.keyboard.press('x')
  await page.getByRole('tab', { name: 'Operations' }).click()
  expect(await page.locator('.verdict').textContent()).toContain('Linearizable')
  expect(await page.locator('.bar-of .point').count()).toBeGreaterThan(0)
  expect(await page.locator('.faults rect').count()).toBeGreaterThan(0)
  await takePicture(page, 'operations')
})

browserTest('an answer that no order allows is marked, with those that it contradicts', async () => {
  const read = steps.find((step) => {
    const command = step.call?.command as { op?: string } | undefined
    return step.kind === 'return' && command?.op === 'get' && step.i > 100
  })!
  const wrong = altered(read.i, (step) => ({
    ...step,
    call: { ...step.call, end: { value: 'never written' } },
  }))
  const page = await openPage({ trace: wrong })
  await page.getByRole('tab', { name: 'Operations' }).click()
  expect(await page.locator('.verdict').textContent()).toContain('Not linearizable')
  await page.getByRole('button', { name: 'to the contradiction' }).click()
  expect(await page.locator('.bar-of.breaking').count()).toBeGreaterThan(0)
  await takePicture(page, 'illegal')
})

browserTest(
  'V goes to the violation, which is said in list and reasons and marked on the scrubber',
  async () => {
    const verdict = { name: 'I1', holds: false, reason: 'two primaries in view 3' }
    const page = await openPage({
      trace: altered(300, (step) => ({ ...step, verdicts: [verdict] })),
      hash: 'panels=details:why',
    })
    await page.keyboard.press('v')
    expect(await page.locator('.row.current .number').first().textContent()).toBe('300')
    expect(await page.locator('.why-panel .complaint').textContent()).toContain('I1: two primaries in view 3')
    expect(await page.locator('.mark.violation').count()).toBe(1)
    await takePicture(page, 'violation')
  },
)
