/** How fast each caller may open sessions: a burst, then a few each second, no matter what others do. */
import { expect, test } from 'vitest'
import { createOpenRate } from '../../runtime/serve/http/open-rate.ts'

test('a caller has a burst and a rate of its own', () => {
  let now = 0
  const mayOpen = createOpenRate({ clock: { now: () => now }, burst: 3, perSecond: 2 })
  const opened = (caller: string, times: number) =>
    Array.from({ length: times }, () => mayOpen(caller)).filter(Boolean).length

  expect(opened('a', 10)).toBe(3)
  expect(opened('b', 10)).toBe(3)
  now = 1000
  expect(opened('a', 10)).toBe(2)
  now = 60_000
  expect(opened('a', 10)).toBe(3)
})

test('callers are forgotten, the longest idle first', () => {
  const mayOpen = createOpenRate({ clock: { now: () => 0 }, burst: 1, perSecond: 1 })
  mayOpen('first')
  for (let i = 0; i < 10_000; i++) mayOpen(`caller ${i}`)

  expect([mayOpen('caller 9999'), mayOpen('first')]).toEqual([false, true])
})
