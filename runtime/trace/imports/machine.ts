/** Statecharts without a run: a machine as JSON, as SCXML, or as TypeScript or JavaScript source. Its chart is the run. */
import { createMachine, getInitialSnapshot } from 'xstate'
import type { Json } from '../../../machines/application/application.ts'
import { describeMachine, type MachineDescription } from '../definition.ts'
import { appLimits, encode } from '../encode.ts'
import type { TraceStep } from '../format.ts'
import { type ForeignRun, type NamedText, plainStep, type ReaderTools } from './foreign-run.ts'
import type { MachineConfig } from './machine-config.ts'
import { configsIn } from './machine-source.ts'
import { configOfScxml, parseInBrowser } from './scxml.ts'

/** Whether a text begins as a machine's config in JSON. */
export function isMachineJson(head: string): boolean {
  return (
    /^\s*\{/.test(head) &&
    /"(states|initial|on|type)"\s*:/.test(head) &&
    /"(states|initial|on)"\s*:\s*["{]/.test(head)
  )
}

export function isScxml(head: string): boolean {
  return /^\s*(<\?xml[^>]*\?>\s*)?(<!--[\s\S]*?-->\s*)*<(\w+:)?scxml[\s>]/.test(head)
}

export function isMachineSource(head: string): boolean {
  return /\b(createMachine|setup)\s*(<[^(]*>)?\s*\(/.test(head)
}

export async function readMachineJson(files: readonly NamedText[]): Promise<ForeignRun> {
  return chartsOf(
    files.map(({ name, text }) => {
      try {
        return JSON.parse(text) as MachineConfig
      } catch (error) {
        throw new Error(
          `expected a machine as JSON${name === '' ? '' : ` in ${name}`}: ${(error as Error).message}`,
        )
      }
    }),
    'machine',
  )
}

export async function readScxml(
  files: readonly NamedText[],
  { parseXml = parseInBrowser }: ReaderTools,
): Promise<ForeignRun> {
  return chartsOf(
    files.map(({ text }) => configOfScxml(parseXml(text))),
    'SCXML',
  )
}

export async function readMachineSource(files: readonly NamedText[]): Promise<ForeignRun> {
  const found = files.map(({ text }) => configsIn(text))
  const run = chartsOf(
    found.flatMap(({ configs }) => configs),
    'source',
  )
  return { ...run, notes: [...found.flatMap(({ notes }) => notes), ...run.notes] }
}

/** @throws Error if XState refuses the config, with its reason. */
function chartsOf(configs: readonly MachineConfig[], origin: string): ForeignRun {
  const ids = new Set<string>()
  const charts = configs.map((config) => {
    const base = typeof config.id === 'string' ? config.id : 'machine'
    let id = base
    for (let count = 2; ids.has(id); count++) id = `${base}~${count}`
    ids.add(id)
    return chartOf({ ...config, id })
  })
  return {
    options: { origin },
    machines: charts.map(({ definition }) => ({ definition })),
    steps: charts.map(
      ({ definition, after }, i): TraceStep =>
        plainStep(i, definition.id, {
          kind: 'start',
          machine: definition.id,
          ...(after !== null && { after }),
        }),
    ),
    notes: charts.flatMap(({ note }) => note ?? []),
  }
}

interface Chart {
  readonly definition: MachineDescription
  readonly after: { readonly value: Json; readonly context: Json } | null
  readonly note?: string
}

function chartOf(config: MachineConfig): Chart {
  let machine: ReturnType<typeof createMachine>
  let definition: MachineDescription
  try {
    machine = createMachine(config as never)
    definition = describeMachine(machine)
  } catch (error) {
    throw new Error(`expected a machine that XState takes: ${(error as Error).message}`)
  }
  try {
    const { value, context } = getInitialSnapshot(machine)
    return { definition, after: { value: encode(value), context: encode(context ?? {}, appLimits) } }
  } catch (error) {
    const note = `The initial state of ${definition.id} is not known: ${(error as Error).message}`
    return { definition, after: null, note }
  }
}
