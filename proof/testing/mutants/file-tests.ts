/** The other tests of a vitest file as functions, so that they can be run again against a mutant. */
import { setMaxListeners } from 'node:events'
import {
  type RunnerTestSuite as Suite,
  type RunnerTask as Task,
  type RunnerTestCase as Test,
  TestRunner,
} from 'vitest'
import type { MachineTest } from './mutation-test.ts'

/** All tests of the file that `task` is in but `task` itself and skipped ones, with their `beforeEach` and `afterEach`. */
export function testsBeside(task: Test): readonly MachineTest[] {
  return testsIn(task.file, [])
    .filter(({ test }) => test !== task && test.mode === 'run')
    .map(machineTest)
}

interface Found {
  readonly test: Test
  /** Outermost first. */
  readonly suites: readonly Suite[]
}

function testsIn(suite: Suite, outer: readonly Suite[]): readonly Found[] {
  const suites = [...outer, suite]
  return (suite.tasks as readonly Task[]).flatMap((task) =>
    task.type === 'test' ? [{ test: task as Test, suites }] : testsIn(task as Suite, suites),
  )
}

function machineTest({ test, suites }: Found): MachineTest {
  return {
    name: test.name,
    async run() {
      // Each run listens to the test's signal again.
      setMaxListeners(0, test.context.signal)
      for (const suite of suites)
        for (const hook of TestRunner.getSuiteHooks(suite).beforeEach) await hook(test.context, suite)
      try {
        await TestRunner.getTestFn(test)()
      } finally {
        for (const suite of [...suites].reverse())
          for (const hook of TestRunner.getSuiteHooks(suite).afterEach) await hook(test.context, suite)
      }
    },
  }
}
