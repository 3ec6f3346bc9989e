/** The trace format: a header, one step a line, and a last line that says the trace is whole. */
import type { ObservationKind } from '../../actors/observation.ts'
import type { Json } from '../../machines/application/application.ts'
import type { Considered } from './considered.ts'
import type { MachineDescription } from './definition.ts'
import type { Patch } from './patch.ts'

/** The name of the format, in the header of every trace. */
export const traceFormat = 'standby-trace'
/** The version of the format; a reader refuses others. */
export const traceVersion = 1

/** The first line of a trace. */
export interface TraceHeader {
  readonly format: typeof traceFormat
  readonly version: typeof traceVersion
  readonly seed: number | null
  /** The options of the run. */
  readonly options: Json
  readonly machines: readonly TraceMachine[]
  /** Nodes known beforehand; every node announces itself by its step of kind `start`. */
  readonly nodes: readonly TraceNode[]
}

/** A machine in the header of a trace. */
export interface TraceMachine {
  readonly definition: MachineDescription
}

/** A node in the header of a trace. */
export interface TraceNode {
  readonly id: string
  /** The id of its machine. */
  readonly machine: string
}

/** One thing that happened; a field is absent if there is nothing to say. */
export interface TraceStep {
  /** Counts up from 0 without gaps. */
  readonly i: number
  /** Null for what happens to the network as a whole. */
  readonly node: string | null
  readonly kind: ObservationKind
  /** `start`: the id of the node's machine. */
  readonly machine?: string
  /** `start`: the machine itself where neither the header nor an earlier step has it, as with actors that appear on the way. */
  readonly definition?: MachineDescription
  /** `start`: the node that spawned or invoked this one. */
  readonly parent?: string
  readonly message?: TraceMessage
  /** In runs from elsewhere: what else was received together with `message`. */
  readonly joined?: readonly TraceMessage[]
  /** `local`, and in foreign runs `timer`: the event, which no message brought. */
  readonly event?: Json
  /** Milliseconds of the system's clock. */
  readonly t: number
  /** The node's clocks after it; null if it concerns no node's clock. */
  readonly lamport: number | null
  readonly vector: Readonly<Record<string, number>> | null
  /** The vector dropped entries somewhere in its past (L6). */
  readonly truncated?: true
  readonly before?: { readonly value: Json }
  readonly after?: {
    readonly value: Json
    /** `start` only: the whole context, without its clock, which stands above. */
    readonly context?: Json
    /** Relative to the context after the node's step before this one. */
    readonly patch?: Patch
    /** In runs of apps: the fields of the context that were mutated in place, and not replaced. */
    readonly mutated?: readonly string[]
  }
  /** The transitions that were tried, in order, each with what its guard said; `result: true` was taken. */
  readonly microsteps?: readonly Considered[]
  /** Why the event changed nothing. */
  readonly refused?: { readonly event: string; readonly reason: string }
  /** What the chart asked for, in order; what it sent follows as steps of their own. */
  readonly actions?: readonly { readonly type: string; readonly params: Json }[]
  /** `session/sequence number/index` of each operation that this step serves. */
  readonly operations: readonly string[]
  /** `drop`, `delay`, `crash`, `partition` ...: what it was. */
  readonly detail?: string
  /** What a log from elsewhere calls it: of such a step only what the log says is known. */
  readonly text?: string
  /** In runs from elsewhere: what is wrong with its clock, as the importer found it. */
  readonly clockFault?: string
  /** `call` and `return`. */
  readonly call?: { readonly id: number; readonly command: Json; readonly end?: Json }
  readonly verdicts: readonly Json[]
}

/** A message in a step of a trace. */
export interface TraceMessage {
  /** The same at the send and at every receive. */
  readonly id: string
  /** 0 for the first copy that is sent or that arrives, 1 for the second ... */
  readonly copy: number
  readonly type: string
  readonly from: string
  readonly to: string
  /** The message without its type. */
  readonly body: Json
  /** When it was sent; null where the trace has not seen that. */
  readonly sentAt: number | null
  /** In runs from elsewhere: the number of the step that sent it, which may be of any kind. */
  readonly sentIn?: number
}

/** The last line of a trace. */
export interface TraceEnd {
  readonly end: true
  readonly steps: number
  /** Observations that found no room in the trace. */
  readonly dropped: number
}
