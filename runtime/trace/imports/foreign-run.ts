/** A run in the format of another tool, and what every reader of such a format is given. */
import type { Json } from '../../../machines/application/application.ts'
import { type TraceHeader, type TraceMachine, type TraceStep, traceFormat, traceVersion } from '../format.ts'
import type { Matcher } from './log-matches.ts'

/** A run that a reader made of one or more files. */
export interface ForeignRun {
  /** What is known of the files as a whole, for the header. */
  readonly options: Json
  /** Charts that the files themselves describe. */
  readonly machines?: readonly TraceMachine[]
  /** Made on demand; what is wrong with one is thrown then. */
  readonly steps: Iterable<TraceStep>
  /** What a person should know of how the run is shown. */
  readonly notes: readonly string[]
}

/** An element of an XML text. */
export interface XmlElement {
  /** Without its namespace prefix. */
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
}

/** A file or a pasted text; `name` may be empty. */
export interface NamedText {
  readonly name: string
  readonly text: string
}

/** What readers need from where they run. */
export interface ReaderTools {
  /** Applies a regular expression that came with a log. */
  readonly match: Matcher
  /** A parser and a delimiter that the user chose; they take the place of those in the log. */
  readonly parser?: string
  readonly delimiter?: string
  /** Parses XML; default: as browsers do. */
  readonly parseXml?: (text: string) => XmlElement
  /** ITF: the variable whose value names each step. */
  readonly action?: string
}

/** One format of another tool. */
export interface ForeignFormat {
  readonly id: string
  /** What a person calls it. */
  readonly title: string
  /** Whether several files of it are one run. */
  readonly joins: boolean
  /** Whether a text that begins like this is of the format. */
  recognises(head: string): boolean
  /** @throws Error that says what is wrong with the text and what to do. */
  read(files: readonly NamedText[], tools: ReaderTools): Promise<ForeignRun>
}

export function headerFor({ options, machines = [] }: Pick<ForeignRun, 'options' | 'machines'>): TraceHeader {
  return { format: traceFormat, version: traceVersion, seed: null, options, machines, nodes: [] }
}

/** A local step without clocks; `rest` says what else is known of it. */
export function plainStep(i: number, node: string | null, rest: Partial<TraceStep>): TraceStep {
  return { i, node, kind: 'local', t: 0, lamport: null, vector: null, operations: [], verdicts: [], ...rest }
}
