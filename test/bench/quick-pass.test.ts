/** Every benchmark that needs neither processes nor a browser runs to its end; `npm run verify` runs the others too. */
import { describe, expect, test } from 'vitest'
import { benches } from '../../bench/benches.ts'

describe('a quick pass measures', () => {
  test.each(['floors', 'put', 'failover', 'cost', 'simulate'])(
    '%s',
    async (name) => {
      const measurements = await benches[name]!({ quick: true })
      expect(measurements.length).toBeGreaterThan(0)
      for (const { name: what, value } of measurements)
        expect([what, Number.isFinite(value)]).toEqual([what, true])
    },
    300_000,
  )
})
