/** Traces of Apalache, Quint and TLC in ITF (ADR-015) as steps of a run: a step for each state, its variables as the context. */
import type { Json } from '../../../machines/application/application.ts'
import { ownMeta } from '../exports/itf.ts'
import { jsonText } from '../json-text.ts'
import type { ForeignRun, NamedText, ReaderTools } from './foreign-run.ts'
import { itfJson } from './itf-values.ts'
import { readOwnItf } from './own-itf.ts'
import { type ModelState, stepsOfStates } from './state-sequence.ts'

/** Whether a text begins as an ITF trace. */
export function isItf(head: string): boolean {
  return /^\s*\{/.test(head) && /"(#meta|vars)"\s*:/.test(head)
}

/**
 * Reads a trace. Integers too large for a number are shown as their digits, sets and maps as such.
 * @throws Error that says what to do.
 */
export async function readItf(
  [file]: readonly NamedText[],
  { action }: Partial<ReaderTools>,
): Promise<ForeignRun> {
  const { '#meta': meta, states, loop } = parsed(file!.text)
  if (!Array.isArray(states) || states.length === 0) {
    throw new Error('expected a list of states in the ITF trace, got none; write it again')
  }
  const own = (meta as Record<string, unknown> | undefined)?.[ownMeta]
  if (own !== undefined) return readOwnItf(own, states)
  const isLoop = Number.isSafeInteger(loop)
  const about: Record<string, Json> = meta === undefined ? {} : { '#meta': itfJson(meta) }
  const read = states.map((state, i) => stateOf(state, i))
  return {
    options: { origin: 'ITF', ...about, variables: Object.keys(read[0]!.variables) },
    steps: stepsOfStates(read, action),
    notes: isLoop ? [`The trace is a loop: after its last state comes state ${loop} again.`] : [],
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`expected an ITF trace as JSON: ${(error as Error).message}; is the file whole?`)
  }
}

/** The variables of a state; what the file says of the state itself stands apart. */
function stateOf(state: unknown, i: number): ModelState {
  try {
    if (typeof state === 'object' && state !== null && !Array.isArray(state)) {
      const { '#meta': meta, ...given } = state as Record<string, unknown>
      const entries = Object.entries(given).map(([name, value]) => [name, itfJson(value)] as const)
      const variables: Record<string, Json> = Object.assign(Object.create(null), Object.fromEntries(entries))
      const { index: _, ...about } = (meta ?? {}) as Record<string, unknown>
      const detail = Object.keys(about).length === 0 ? {} : { detail: jsonText(about, 200) }
      return { variables, ...detail }
    }
  } catch {
    // What cannot be taken apart is as wrong as what has no parts.
  }
  throw new Error(`state ${i}: expected variables as ITF writes them, got ${jsonText(state)}; write it again`)
}
