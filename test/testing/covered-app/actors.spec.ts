/** Runs the machine as an actor. */
import { expect, test } from 'vitest'
import { createActor } from 'xstate'
import { lift } from './lift.ts'

test('goes up', () => {
  const actor = createActor(lift).start()
  actor.send({ type: 'CALL', floor: 3 })

  expect(actor.getSnapshot().value).toBe('up')
  actor.stop()
})
