/** A view service process that is killed before steps of writing its record, and started again: the views that it tells go on (V11). All steps: `npm run verify -- --only survival`. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wrongsIn } from '../store/sent-views.ts'
import { killedAt, steps } from './killed-at.ts'
import { createProcesses } from './processes.ts'

let processes: ReturnType<typeof createProcesses>
beforeEach(() => {
  processes = createProcesses()
})
afterEach(() => processes.end())

test('V11 after a kill before any step, the next incarnation sends the same views, and further ones', async () => {
  const some = [steps.first, Math.floor((steps.first + steps.last) / 2), steps.last]
  const lives = await Promise.all(some.map((step) => killedAt(processes, step)))

  expect(lives.map(({ sentViews, signal }) => ({ wrongs: wrongsIn(sentViews), signal }))).toEqual(
    lives.map(() => ({ wrongs: [], signal: 'SIGKILL' })),
  )
}, 60_000)
