/** A seed runs in the page as it does elsewhere: its stand-ins for RxJS and sorted-btree change nothing that is observed. */
import { expect, test, vi } from 'vitest'

async function fingerprints(): Promise<readonly string[]> {
  const { planOf, simulate } = await import('../../proof/simulate/index.ts')
  return Array.from({ length: 12 }, (_, seed) => {
    const { verdict, fingerprint, steps } = simulate(planOf({ seed, calls: 40 }))
    return `${seed}: ${verdict} after ${steps} steps, ${fingerprint}`
  })
}

test('equal seeds give equal runs with the stand-ins of the page', async () => {
  const real = await fingerprints()
  vi.resetModules()
  vi.doMock('rxjs', () => import('../../inspector/stand-ins/schedulers.ts'))
  vi.doMock('sorted-btree', () => import('../../inspector/stand-ins/sorted-array.ts'))

  expect(await fingerprints()).toEqual(real)
  expect((await import('rxjs')).Subject.name).toBe('Subject')
  expect('BehaviorSubject' in (await import('rxjs'))).toBe(false)
})
