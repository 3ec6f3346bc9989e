/** Sinks of the one stream of observations: a log for people, a trace for tools, counters, and several at once. */

export type { Considered } from '../trace/considered.ts'
export { type Correlation, createCorrelation, formatOperations } from '../trace/correlation.ts'
export {
  describeMachine,
  type MachineDescription,
  type StateDescription,
  type TransitionDescription,
} from '../trace/definition.ts'
export {
  type TraceEnd,
  type TraceHeader,
  type TraceMachine,
  type TraceMessage,
  type TraceNode,
  type TraceStep,
  traceFormat,
  traceVersion,
} from '../trace/format.ts'
export { applyPatch, type Patch, type PatchOperation } from '../trace/patch.ts'
export {
  createTraceLineReader,
  type ReadTrace,
  type ReadTraceOptions,
  readTrace,
  TraceError,
  type TraceLine,
  type TraceLineReader,
} from '../trace/read.ts'
export { createTrace, type Trace, type TraceOptions } from '../trace/write.ts'
export { type CausalityFault, type CausalityProblem, causalityProblems } from './causality.ts'
export { type Counted, type Counters, type Counts, createCounters } from './counters.ts'
export type { Distribution } from './histogram.ts'
export { createLog, type LogOptions } from './log.ts'
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
