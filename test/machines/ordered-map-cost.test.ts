/** What a change of a large ordered map costs. */
import { expect, it } from 'vitest'
import { OrderedMap } from '../../machines/application/ordered-map.ts'

it('OrderedMap shares its structure: a change of 100,000 entries is far cheaper than a copy', () => {
  const entries = Array.from({ length: 100_000 }, (_, index) => [index, index] as const)
  const map = OrderedMap.from(entries)
  const time = (work: () => void) => {
    const start = performance.now()
    work()
    return performance.now() - start
  }
  const copying = time(() => void new Map(entries))

  const changing = time(() => {
    let changed = map
    for (let key = 0; key < 100; key++) changed = changed.set(key * 1000, -1).delete(key * 1000 + 1)
  })

  expect(changing).toBeLessThan(20 * copying)
})
