/** Runs the machine by XState's pure functions, and as a chart under test. */
import { expect, test } from 'vitest'
import { initialTransition, transition } from 'xstate'
import { chart } from '../../../proof/testing/chart.ts'
import { lift } from './lift.ts'

test('goes down', () => {
  const [start] = initialTransition(lift)
  const [down] = transition(lift, start, { type: 'CALL', floor: -1 })

  expect(down.value).toBe('down')
})

test('arrives', () => {
  expect(chart(lift).start().run({ type: 'CALL', floor: -1 }, 'ARRIVE').value).toBe('idle')
})
