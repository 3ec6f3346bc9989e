/** The matchers of `standby/testing`, installed in vitest, and mutation tests of a file: `import 'standby/testing/vitest'`. */
import { expect, test } from 'vitest'
import type { AnyStateMachine } from 'xstate'
import { chartMatchers } from './matchers.ts'
import type { AnyEvent } from './moment.ts'
import { testsBeside } from './mutants/file-tests.ts'
import { type MutationTestOptions, mutationTest, mutationText } from './mutants/mutation-test.ts'

expect.extend(chartMatchers)

interface ChartMatchers<R> {
  /** In this state: an id, a path such as `open.waiting`, or a state value. */
  toBeIn(state: string | object): R
  /** Sent an event that matches, to this receiver if one is given. */
  toHaveSent(event: string | object, to?: string): R
  /** Emitted an event that matches. */
  toHaveEmitted(event: string | object): R
  /** Executed an action of this name, with params that match if some are given. */
  toHaveDone(type: string, params?: unknown): R
  /** Took this transition: its id, or what its id contains. */
  toHaveTaken(transition: string | RegExp): R
  /** Would refuse this event, or refused the last one, for this reason or because of this guard. */
  toRefuse(event?: AnyEvent | string, because?: string): R
}

declare module 'vitest' {
  interface Matchers<T> extends ChartMatchers<T> {}
}

/** A mutation test of a file; all of it is optional. */
export interface FileMutationOptions extends MutationTestOptions {
  /** The least score that passes, from 0 to 1; default 1: every mutant that is not equivalent is caught. */
  readonly scoreMin?: number
}

/**
 * Adds a test that runs all other tests of this file against every mutant of the machine that they import, in this process.
 * It fails if the score is below `scoreMin`, and lists the survivors.
 * @example
 * testMutants(doorMachine, { scoreMin: 0.9 })
 */
export function testMutants(machine: AnyStateMachine, options: FileMutationOptions = {}): void {
  const { scoreMin = 1, ...rest } = options
  test(`the tests of this file catch the mutants of ${machine.id}`, { timeout: 300_000 }, async ({
    task,
  }) => {
    const report = await mutationTest(machine, testsBeside(task), rest)
    console.log(mutationText(report))
    if (report.score < scoreMin)
      throw new Error(
        `expected a mutation score of at least ${scoreMin}, got ${report.score.toFixed(3)}\n${mutationText(report)}`,
      )
  })
}
