/** The formats in which a run can be taken elsewhere: pure functions from a trace to a text. */
import type { ReadTrace } from '../read.ts'
import { toChromeTrace } from './chrome-trace.ts'
import { toItf } from './itf.ts'
import { toMermaidChart } from './mermaid-chart.ts'
import { toMermaidSequence } from './mermaid-sequence.ts'
import { toShiviz } from './shiviz.ts'
import { toSpaceTimeSvg } from './space-time-svg.ts'
import type { StepsWindow } from './steps-window.ts'
import { traceText } from './story.ts'
import { toTransitionTest } from './transition-test.ts'

export { toChromeTrace } from './chrome-trace.ts'
export { toItf } from './itf.ts'
export { toMermaidChart } from './mermaid-chart.ts'
export { toMermaidSequence } from './mermaid-sequence.ts'
export { toShiviz } from './shiviz.ts'
export { toSpaceTimeSvg } from './space-time-svg.ts'
export type { StepsWindow } from './steps-window.ts'
export { toStory, traceText } from './story.ts'
export { TransitionTestError, toTransitionTest } from './transition-test.ts'

/** What of a run is exported. */
export interface ExportOptions extends StepsWindow {
  /** `vitest`: the step; default: the last one of the window in which a chart took an event. */
  readonly step?: number
  /** `statechart`: the id of the machine; optional if there is only one. */
  readonly machine?: string
}

/** One format. */
export interface ExportFormat {
  readonly id: 'shiviz' | 'itf' | 'chrome' | 'mermaid' | 'statechart' | 'svg' | 'vitest' | 'jsonl'
  /** What it is for, in a few words. */
  readonly title: string
  /** Of the file's name, with its dot. */
  readonly extension: string
  readonly mediaType: string
  /** @throws Error that says what to do, where the trace or the options do not allow it. */
  write(trace: ReadTrace, options?: ExportOptions): string
}

/** All formats but the self-contained page, which `toStory` makes. */
export const exportFormats: readonly ExportFormat[] = [
  {
    id: 'jsonl',
    title: 'Trace, as JSON lines',
    extension: '.jsonl',
    mediaType: 'application/jsonl',
    write: (trace) => traceText(trace),
  },
  {
    id: 'shiviz',
    title: 'ShiViz log, for its space-time diagrams and searches',
    extension: '.shiviz.log',
    mediaType: 'text/plain',
    write: (trace) => toShiviz(trace),
  },
  {
    id: 'itf',
    title: 'ITF, for tools of Apalache and Quint',
    extension: '.itf.json',
    mediaType: 'application/json',
    write: toItf,
  },
  {
    id: 'chrome',
    title: 'Chrome trace, for Perfetto',
    extension: '.chrome.json',
    mediaType: 'application/json',
    write: (trace) => toChromeTrace(trace),
  },
  {
    id: 'mermaid',
    title: 'Mermaid sequence diagram',
    extension: '.mmd',
    mediaType: 'text/plain',
    write: toMermaidSequence,
  },
  {
    id: 'statechart',
    title: 'Mermaid state diagram of one chart',
    extension: '.chart.mmd',
    mediaType: 'text/plain',
    write: (trace, { machine } = {}) => toMermaidChart(machineOf(trace, machine)),
  },
  {
    id: 'svg',
    title: 'Space-time diagram, as a picture',
    extension: '.svg',
    mediaType: 'image/svg+xml',
    write: toSpaceTimeSvg,
  },
  {
    id: 'vitest',
    title: 'Test of one step, to paste',
    extension: '.test.ts',
    mediaType: 'text/plain',
    write: (trace, { step, to } = {}) => toTransitionTest(trace, step ?? lastTransition(trace, to)),
  },
]

/** The machines of a trace: those of its header, and those that came with the start of a node. */
export function machinesOf({ header, steps }: ReadTrace) {
  return [
    ...header.machines.map(({ definition }) => definition),
    ...steps.flatMap(({ definition }) => (definition === undefined ? [] : [definition])),
  ]
}

function machineOf(trace: ReadTrace, id: string | undefined) {
  const machines = machinesOf(trace)
  const [first, second] = machines
  const found =
    id === undefined && second === undefined ? first : machines.find((machine) => machine.id === id)
  if (found !== undefined) return found
  const known = machines.map((machine) => machine.id).join(', ')
  throw new Error(`expected the id of a machine, got ${id ?? 'none'}; the trace has ${known || 'none'}`)
}

function lastTransition({ steps }: ReadTrace, to = steps.length - 1): number {
  const step = steps.slice(0, to + 1).findLast(({ after, kind }) => after !== undefined && kind !== 'start')
  if (step !== undefined) return step.i
  throw new Error('expected a step in which a chart takes an event, got none; the trace has no test to give')
}
