/** `testMutants` in a file as its users write it: hooks, nested suites and the imported machine included. */
import { beforeEach, describe, expect, test } from 'vitest'
import { createActor, createMachine } from 'xstate'
import { chart } from '../../proof/testing/chart.ts'
import { testMutants } from '../../proof/testing/vitest.ts'

const light = createMachine({
  id: 'light',
  initial: 'red',
  states: { red: { after: { 10: 'green' } }, green: { on: { STOP: 'red' } } },
})

let start = chart(light).start()

beforeEach(() => {
  start = chart(light).start()
})

test('begins red', () => {
  expect(start).toBeIn('red')
})

describe('goes', () => {
  let green = start

  beforeEach(() => {
    green = start.fire(10)
  })

  test('green', () => {
    expect(green).toHaveTaken('light.red: xstate.after.10.light.red -> light.green')
  })

  test('red when it must stop, also as an actor', () => {
    const actor = createActor(light, { snapshot: light.resolveState({ value: 'green' }) }).start()
    actor.send({ type: 'STOP' })

    expect(actor.getSnapshot().value).toBe('red')
    expect(green.step('STOP')).toBeIn('red')
    expect(start).toRefuse('STOP', 'no transition')
    actor.stop()
  })
})

testMutants(light)
