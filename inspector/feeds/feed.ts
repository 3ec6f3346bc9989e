/** What every feed does: it hands a header and steps to a sink until it is stopped. Where they come from is up to each. */
import type { TraceEnd, TraceHeader, TraceStep } from '../../runtime/trace/format.ts'

/** Takes a run as it comes in. */
export interface FeedSink {
  /** Begins a run, which replaces the shown one. */
  header(header: TraceHeader): void
  step(step: TraceStep): void
  /** Nothing more will come. */
  end(end: TraceEnd): void
  /** Something is wrong, said for a person. */
  problem(text: string): void
}

/** Starts a feed; the returned function stops it. */
export type Feed = (sink: FeedSink) => () => void

/** Receives what comes in from now on; returns how to stop. */
export type Messages = (listen: (data: unknown) => void) => () => void
