/** Sinks of the one stream of observations: a log for people, a trace for tools, counters, and several at once. */
export { type CausalityFault, type CausalityProblem, causalityProblems } from './causality.ts'
export type { Considered } from './considered.ts'
export { type Correlation, createCorrelation, formatOperations } from './correlation.ts'
export { type Counted, type Counters, type Counts, createCounters } from './counters.ts'
export {
  describeMachine,
  type MachineDescription,
  type StateDescription,
  type TransitionDescription,
} from './definition.ts'
export type { Distribution } from './histogram.ts'
export { createLog, type LogOptions } from './log.ts'
export { applyPatch, type Patch, type PatchOperation } from './patch.ts'
export {
  createTraceLineReader,
  type ReadTrace,
  type ReadTraceOptions,
  readTrace,
  TraceError,
  type TraceLine,
  type TraceLineReader,
} from './read-trace.ts'
export {
  chartState,
  createStory,
  type Story,
  type StoryEvent,
  type StoryKind,
  type StoryLevel,
  type StoryOptions,
} from './story.ts'
export { type Sink, type Tee, tee } from './tee.ts'
export {
  createTrace,
  type Trace,
  type TraceEnd,
  type TraceHeader,
  type TraceMachine,
  type TraceMessage,
  type TraceNode,
  type TraceOptions,
  type TraceStep,
  traceFormat,
  traceVersion,
} from './trace.ts'
