/** Traces of TLC: the text that it prints, and the JSON of `-dumpTrace json`. */
import type { Json } from '../../../machines/application/application.ts'
import type { ForeignRun, NamedText, ReaderTools } from './foreign-run.ts'
import { type ModelState, stepsOfStates } from './state-sequence.ts'
import { parseTla } from './tla-values.ts'

export function isTlcText(head: string): boolean {
  return /^(STATE_?|State )\s?\d+:?[ =]|^\s*\/\\ \w+ = /m.test(head) && /State|STATE/.test(head)
}

export function isTlcJson(head: string): boolean {
  return (
    /^\s*\{/.test(head) &&
    /"(counterexample|state|action)"\s*:/.test(head) &&
    /"(state|action)"\s*:\s*\[/.test(head)
  )
}

const heading = /^(?:State (\d+):|STATE_?(\d+) ?==?)\s*(.*)$/

/** Reads what TLC prints of a behaviour, with its other output around it. @throws Error if it has no state. */
export async function readTlcText(
  [file]: readonly NamedText[],
  { action }: ReaderTools,
): Promise<ForeignRun> {
  const states: ModelState[] = []
  const notes: string[] = []
  let lines: string[] = []
  let title: string | null = null
  const finish = () => {
    if (title === null || lines.length === 0) return
    const name = /^<(\w+)/.exec(title)?.[1] ?? ''
    states.push({
      variables: variablesOf(lines.join('\n')),
      ...(name !== '' && { action: name === 'Initial' ? 'Initial predicate' : name }),
    })
    lines = []
    title = null
  }
  for (const line of file!.text.replaceAll(/\r\n?/g, '\n').split('\n')) {
    const found = heading.exec(line)
    if (found !== null) {
      finish()
      title = found[3]!.trim()
      if (/^Stuttering/.test(title))
        notes.push('The behaviour ends in stuttering: its last state lasts forever.')
    } else if (/^(\d+: )?Back to state/.test(line)) {
      notes.push(`The behaviour is a loop: ${line.replace(/^\d+: /, '')}`)
    } else if (title !== null && line.trim() === '') finish()
    else if (title !== null) lines.push(line)
  }
  finish()
  if (states.length === 0)
    throw new Error('expected states as TLC prints them, got none; give its whole output')
  return {
    options: { origin: 'TLC', variables: Object.keys(states[0]!.variables) },
    steps: stepsOfStates(states, action),
    notes,
  }
}

function variablesOf(text: string): Record<string, Json> {
  const variables: Record<string, Json> = Object.create(null)
  const parts = /^\s*\/\\/.test(text) ? text.split(/^\s*\/\\ /m).slice(1) : [text]
  for (const part of parts) {
    const [, name, value] = /^\s*([\w!$]+) =\s*([\s\S]*)$/.exec(part) ?? []
    if (name !== undefined) variables[name] = parseTla(value!)
  }
  return variables
}

/** Reads the JSON of a counterexample: numbered states, and the actions between them. @throws Error if it has no state. */
export async function readTlcJson(
  [file]: readonly NamedText[],
  { action }: ReaderTools,
): Promise<ForeignRun> {
  const given = JSON.parse(file!.text) as Record<string, unknown>
  const { state, action: actions } = (given.counterexample ?? given) as { state?: unknown; action?: unknown }
  const names = new Map<number, string>()
  for (const one of Array.isArray(actions) ? actions : []) {
    const [, about, target] = one as [unknown, { name?: unknown }, [number]]
    if (typeof about?.name === 'string' && Array.isArray(target)) names.set(target[0], about.name)
  }
  const states = (Array.isArray(state) ? state : []).map((one): ModelState => {
    const [number, variables] = one as [number, Record<string, Json>]
    const name = names.get(number)
    return { variables, ...(name !== undefined && { action: name }) }
  })
  if (states.length === 0)
    throw new Error('expected numbered states in "state", got none; run TLC with -dumpTrace json')
  return {
    options: { origin: 'TLC', variables: Object.keys(states[0]!.variables) },
    steps: stepsOfStates(states, action),
    notes: [],
  }
}
