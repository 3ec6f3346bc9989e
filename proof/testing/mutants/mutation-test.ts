/** Runs tests against every mutant of a machine, and reports those that no test notices. */
import type { AnyStateMachine } from 'xstate'
import type { AnyEvent } from '../moment.ts'
import { agreement } from './equivalence.ts'
import { asMutant } from './in-place.ts'
import { type Mutant, type MutantOptions, mutantsOf } from './mutants.ts'

/** A test that a mutant must fail: it throws, or rejects, if the machine is wrong. */
export interface MachineTest {
  readonly name: string
  /** Gets the machine, which is also the very object that the test may have imported. */
  readonly run: (machine: AnyStateMachine) => void | Promise<void>
}

/** What a mutation test may be given; all of it is optional. */
export interface MutationTestOptions extends MutantOptions {
  /** How long one test may run against a mutant, in milliseconds; default 5,000. A mutant that exceeds it is caught. */
  readonly timeoutMs?: number
  /** Events with data that tell mutants apart; default: each event of the chart, without data. */
  readonly events?: readonly AnyEvent[]
  readonly input?: unknown
  /** The most pairs of states in the search for equivalence; default 500; 0 leaves the search out. */
  readonly equivalenceMax?: number
  /** Called after each mutant. */
  readonly progress?: (done: number, all: number) => void
}

/** A mutant after its tests. */
export type MutantResult = Omit<Mutant, 'machine'> &
  (
    | { readonly verdict: 'caught'; readonly by: string }
    /** Not caught, and no sequence of the given events tells it from the machine. */
    | { readonly verdict: 'equivalent' }
    /** Not caught; `path` is a shortest sequence that would have caught it, if the search found one. */
    | { readonly verdict: 'survived'; readonly path: readonly string[] | null }
  )

/** The mutants of a machine after the tests, and the score. */
export interface MutationReport {
  readonly mutants: readonly MutantResult[]
  readonly caught: number
  readonly equivalent: number
  readonly survived: readonly (MutantResult & { readonly verdict: 'survived' })[]
  /** Of the mutants that are not equivalent, the share that was caught, from 0 to 1; 1 if no mutant was caught or missed. */
  readonly score: number
}

/**
 * Runs the tests against every mutant, in this process, and each mutant only until the first test that fails.
 * @throws Error if a test fails on the machine itself, before any mutant; its cause is the test's error
 */
export async function mutationTest(
  machine: AnyStateMachine,
  tests: readonly MachineTest[],
  options: MutationTestOptions = {},
): Promise<MutationReport> {
  const { timeoutMs = 5_000, progress } = options
  await mustPass(machine, tests, timeoutMs)
  const mutants = mutantsOf(machine, options)
  const original = machine.provide({}) as AnyStateMachine
  // Whichever test caught the last mutant is tried first on the next: near changes are caught by the same tests.
  let order = [...tests]
  const results: MutantResult[] = []
  for (const mutant of mutants) {
    const { machine: broken, ...about } = mutant
    const caught = await asMutant(machine, broken, () => firstFailing(machine, order, timeoutMs))
    if (caught !== null) {
      order = [caught, ...order.filter((test) => test !== caught)]
      results.push({ ...about, verdict: 'caught', by: caught.name })
    } else results.push({ ...about, ...unnoticed(original, broken, options) })
    progress?.(results.length, mutants.length)
  }
  return reportOf(results)
}

async function mustPass(
  machine: AnyStateMachine,
  tests: readonly MachineTest[],
  timeoutMs: number,
): Promise<void> {
  for (const test of tests) {
    try {
      await within(timeoutMs, test.run(machine))
    } catch (cause) {
      throw new Error(
        `mutationTest: expected every test to pass on the machine itself, but "${test.name}" fails; mend it first`,
        { cause },
      )
    }
  }
}

async function firstFailing(
  machine: AnyStateMachine,
  tests: readonly MachineTest[],
  timeoutMs: number,
): Promise<MachineTest | null> {
  for (const test of tests) {
    try {
      await within(timeoutMs, test.run(machine))
    } catch {
      return test
    }
  }
  return null
}

function unnoticed(
  machine: AnyStateMachine,
  mutant: AnyStateMachine,
  { events, input, equivalenceMax = 500 }: MutationTestOptions,
):
  | { readonly verdict: 'equivalent' }
  | { readonly verdict: 'survived'; readonly path: readonly string[] | null } {
  if (equivalenceMax === 0) return { verdict: 'survived', path: null }
  try {
    const found = agreement(machine, mutant, {
      statesMax: equivalenceMax,
      input,
      ...(events === undefined ? {} : { events }),
    })
    if (found.kind === 'agree') return { verdict: 'equivalent' }
    return { verdict: 'survived', path: found.kind === 'differ' ? found.path : null }
  } catch {
    // A chart whose actions need data that the events lack cannot be compared.
    return { verdict: 'survived', path: null }
  }
}

function reportOf(mutants: readonly MutantResult[]): MutationReport {
  const caught = mutants.filter(({ verdict }) => verdict === 'caught').length
  const equivalent = mutants.filter(({ verdict }) => verdict === 'equivalent').length
  const survived = mutants.filter((mutant) => mutant.verdict === 'survived')
  const counted = mutants.length - equivalent
  return { mutants, caught, equivalent, survived, score: counted === 0 ? 1 : caught / counted }
}

async function within(ms: number, run: void | Promise<void>): Promise<void> {
  if (run === undefined) return
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`expected an end within ${ms} ms, got none`)), ms)
  })
  try {
    await Promise.race([run, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A report as text: the score, then every survivor with what would tell it apart. */
export function mutationText({ mutants, caught, equivalent, survived, score }: MutationReport): string {
  const lines = survived.map(
    ({ number, where, change, path }) =>
      `  survived  #${number}  ${where}: ${change}` +
      (path === null
        ? ''
        : `\n            no test looks after: ${path.length === 0 ? 'the start' : path.join(', ')}`),
  )
  const share = `${Math.floor(score * 1000) / 10} %`
  return [
    `${mutants.length} mutants: ${caught} caught, ${survived.length} survived, ${equivalent} equivalent (score ${share})`,
    ...lines,
  ].join('\n')
}
