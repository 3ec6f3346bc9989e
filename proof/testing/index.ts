/** Unit tests of statecharts: steps as data, matchers, mutants, agreement of two machines. For every XState 5 machine. */
export { type Chart, chart } from './chart.ts'
export {
  type Choice,
  type Explored,
  type ExploreOptions,
  eventsOf,
  explore,
  type Visited,
} from './explore.ts'
export {
  type ChartInvariants,
  checkInvariants,
  type InvariantResult,
  type PathTo,
  shortestPaths,
} from './invariants.ts'
export { type Finding, type FindingKind, findingKinds, type LintReport, lintChart, lintText } from './lint.ts'
export { chartMatchers, type MatcherResult } from './matchers.ts'
export type {
  Action,
  AnyEvent,
  Effects,
  GuardAnswer,
  Moment,
  Refusal,
  Sent,
  Spawned,
  Taken,
  Timer,
} from './moment.ts'
export { type Agreement, agreement } from './mutants/equivalence.ts'
export { type Mutant, type MutantOptions, mutantsOf } from './mutants/mutants.ts'
export {
  type MachineTest,
  type MutantResult,
  type MutationReport,
  type MutationTestOptions,
  mutationTest,
  mutationText,
} from './mutants/mutation-test.ts'
export { type MutationKind, mutationKinds } from './mutants/operators.ts'
export { chartTable } from './table.ts'
export { transitionId } from './transitions.ts'
