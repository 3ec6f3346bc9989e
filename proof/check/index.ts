/** Exhaustive search through any set of XState machines that speak through `send`. */
export { type CheckOptions, type CheckResult, type CheckVerdict, check } from './check.ts'
export { minimise, type Run, replay, type Step, sentence, story } from './counterexample.ts'
export {
  type Progress,
  Search,
  type SearchBounds,
  type SearchEnd,
  type SearchOptions,
} from './engine/search.ts'
export { type HandlerChecks, handlerProperties } from './handlers.ts'
export type { Happening } from './happening.ts'
export { type HistoryProperty, linearizable, sequential } from './histories.ts'
export type { LivenessFailure, LivenessOptions, LivenessResult } from './liveness.ts'
export { type Repeated, type RunTraceOptions, repeat, traceOf } from './run-trace.ts'
export { type SavedHappening, type SavedRun, savedRunIn, type TraceVerdict } from './saved-run.ts'
export * from './system.ts'
export type { Unseen } from './unseen.ts'
