/** Sequences of states, as model checkers write them, as steps: named by their action, in lanes of processes if they show. */
import type { Json } from '../../../machines/application/application.ts'
import { collectionIn } from '../collections.ts'
import { createContextLog } from '../context-log.ts'
import { oneLine } from '../exports/text.ts'
import type { TraceStep } from '../format.ts'
import { jsonText } from '../json-text.ts'
import { plainStep } from './foreign-run.ts'

type Variables = Readonly<Record<string, Json>>

/** One state of a sequence. */
export interface ModelState {
  readonly variables: Variables
  /** The action that led to it, if the file says so beside the variables. */
  readonly action?: string
  readonly detail?: string
}

/** The lane of what no single process does. */
const system = 'system'

/** Variables that name what led to a state, as Quint, Apalache and their users call them. */
const actionNames = ['mbt::actionTaken', 'action_taken', 'actionTaken', 'lastAction', 'last_action', 'action']

/**
 * A step for each state. `action` names the variable whose value is the step's title. If variables are maps from the
 * same processes and most steps change one process, each process is a lane: its context has its values of those maps and,
 * beside them, what all share; a state that changes several processes is a step of each.
 */
export function* stepsOfStates(states: readonly ModelState[], action?: string): Iterable<TraceStep> {
  const lanes = processesIn(states)
  const contexts = createContextLog()
  const started = new Set<string>()
  const naming = actionVariable(states, action)
  let i = 0
  for (const [index, state] of states.entries()) {
    const before = states[index - 1]?.variables
    const text = oneLine(titleOf(state, naming) ?? `state ${index}`)
    const changed = lanes === null || index === 0 ? [] : changedIn(lanes, before!, state.variables)
    const own =
      lanes === null || (index > 0 && changed.length === 0) ? [system] : index === 0 ? lanes.ids : changed
    for (const node of own) {
      const context = lanes === null ? state.variables : contextOf(lanes, node, state.variables)
      const isFirst = !started.has(node)
      started.add(node)
      yield plainStep(i++, node, {
        text,
        ...(state.detail !== undefined && { detail: state.detail }),
        ...(!isFirst && { before: { value: '' } }),
        after: { value: '', ...contexts.entryFor(node, context, isFirst) },
      })
    }
  }
}

interface Lanes {
  readonly ids: readonly string[]
  /** The variables that are maps from these ids. */
  readonly variables: readonly string[]
}

/** The processes of a sequence; null if none show. */
function processesIn(states: readonly ModelState[]): Lanes | null {
  const byIds = new Map<string, string[]>()
  for (const [name, value] of Object.entries(states[0]!.variables)) {
    const ids = keysOf(value)
    if (ids === null || ids.length < 2 || !areProcesses(ids)) continue
    const key = JSON.stringify(ids)
    if (states.every(({ variables }) => JSON.stringify(keysOf(variables[name])) === key))
      byIds.set(key, [...(byIds.get(key) ?? []), name])
  }
  const [best] = [...byIds].sort(([, a], [, b]) => b.length - a.length)
  if (best === undefined) return null
  const lanes = { ids: JSON.parse(best[0]) as string[], variables: best[1] }
  const counts = states.slice(1).map(({ variables }, index) => {
    return changedIn(lanes, states[index]!.variables, variables).length
  })
  return counts.filter((count) => count === 1).length * 2 > counts.length ? lanes : null
}

/** Names, or numbers; a map from both is something else. */
function areProcesses(ids: readonly string[]): boolean {
  return ids.every((id) => /^\d+$/.test(id)) || ids.every((id) => /^[\p{L}_][^\s"]*$/u.test(id))
}

function changedIn({ ids, variables: names }: Lanes, before: Variables, after: Variables): string[] {
  return ids.filter((id) =>
    names.some(
      (name) => JSON.stringify(entryOf(before[name], id)) !== JSON.stringify(entryOf(after[name], id)),
    ),
  )
}

function contextOf({ ids, variables: names }: Lanes, node: string, variables: Variables): Variables {
  const isOne = ids.includes(node)
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => {
      if (!names.includes(name)) return [[name, value]]
      return isOne ? [[name, entryOf(value, node)!]] : []
    }),
  )
}

function keysOf(value: Json | undefined): string[] | null {
  const map = collectionIn(value)
  return map?.kind === 'map' ? Object.keys(map.members as object).sort() : null
}

function entryOf(value: Json | undefined, id: string): Json | undefined {
  return (collectionIn(value)?.members as Record<string, Json> | undefined)?.[id]
}

/** The variable that names steps: the wanted one, one of the known names, or the one of our own export. */
function actionVariable(states: readonly ModelState[], wanted: string | undefined): string | null {
  const { variables } = states[0]!
  if (wanted !== undefined && Object.hasOwn(variables, wanted)) return wanted
  return actionNames.find((name) => Object.hasOwn(variables, name)) ?? null
}

function titleOf({ variables, action }: ModelState, naming: string | null): string | null {
  const value = naming === null ? undefined : variables[naming]
  if (value === undefined) return action ?? null
  if (typeof value === 'string') return value === '' ? (action ?? null) : value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return jsonText(value)
  const { tag, value: content } = value as Record<string, Json>
  if (typeof tag !== 'string') return jsonText(value)
  const text = argumentsOf(content)
  return text === '' ? tag : `${tag}(${text})`
}

/** What a variant carries, in a few words; nothing for units. */
function argumentsOf(content: Json | undefined): string {
  if (content === undefined || content === null || content === '' || content === 'U_OF_UNIT') return ''
  if (typeof content !== 'object') return String(content)
  if (Array.isArray(content)) return content.map((item) => jsonText(item, 40)).join(', ')
  if ((content as Record<string, Json>).tag === 'UNIT') return ''
  const parts = Object.entries(content).map(([name, item]) => {
    return `${name}: ${typeof item === 'string' ? item : jsonText(item, 40)}`
  })
  return parts.join(', ')
}
