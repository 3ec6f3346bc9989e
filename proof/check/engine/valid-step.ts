/** What a machine must not do while it is checked: start children, send past `send`, keep what JSON does not show. */
import type { AnyMachineSnapshot } from 'xstate'
import type { PureAction } from '../../../machines/step.ts'

/** @throws TypeError where a search could not tell what the machine did: a child actor, a context that JSON does not show */
export function refuseInvalidStep(
  id: string,
  snapshot: AnyMachineSnapshot,
  actions: readonly PureAction[],
): void {
  const [child] = Object.keys(snapshot.children)
  if (child !== undefined)
    throw new TypeError(
      `node "${id}": its machine starts a child actor (${child}), which a search cannot follow; make the child a node of its own, and let both send messages`,
    )
  for (const { type, params } of actions) {
    if (type === 'xstate.sendTo' || type === 'xstate.sendParent')
      throw new TypeError(
        `node "${id}": expected messages by the action "send" with { to, message }, and raise() for itself; got ${type}`,
      )
    if (type === 'send') refuseInvalidMessage(id, params)
    const raised = params as { id?: unknown; delay?: unknown; event?: { type?: unknown } } | undefined
    if (type === 'xstate.raise' && raised?.delay !== undefined && raised.id === undefined)
      throw new TypeError(
        `node "${id}": expected an id of the delayed raise of ${String(raised.event?.type)}, by which a search tells its timers apart; raise(event, { delay, id })`,
      )
  }
  for (const part of ['context', 'output'] as const) {
    const problem = jsonProblem(snapshot[part], part, 0)
    if (problem === null) continue
    throw new TypeError(
      `node "${id}": expected ${part === 'context' ? 'a context' : 'an output'} of plain JSON, because states are compared by their text; ${problem}`,
    )
  }
}

function refuseInvalidMessage(id: string, params: unknown): void {
  const { to, message } = (params ?? {}) as { to?: unknown; message?: { type?: unknown } | null }
  if (typeof to !== 'string' || typeof message?.type !== 'string')
    throw new TypeError(
      `node "${id}": expected { to, message: { type } } as params of the action "send", got ${JSON.stringify(params)}`,
    )
  const problem = jsonProblem(message, 'message', 0)
  if (problem !== null)
    throw new TypeError(`node "${id}": expected a message of plain JSON to ${to}; ${problem}`)
}

const depthMax = 200

/** Where a value is something whose JSON text would not tell it from others; null for plain JSON. What has a `toJSON` speaks for itself. */
function jsonProblem(value: unknown, path: string, depth: number): string | null {
  if (depth > depthMax) return `${path.slice(0, 80)}... is nested deeper than ${depthMax}, or in itself`
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null
    case 'undefined':
      return null
    case 'number':
      return Number.isFinite(value) ? null : `${path} is ${value}`
    case 'object':
      break
    default:
      return `${path} is a ${typeof value}`
  }
  if (value === null) return null
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const problem = jsonProblem(item, `${path}[${index}]`, depth + 1)
      if (problem !== null) return problem
    }
    return null
  }
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return jsonProblem(toJSON.call(value), path, depth + 1)
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null)
    return `${path} is a ${prototype.constructor?.name ?? 'class instance'}`
  for (const key of Object.keys(value)) {
    const problem = jsonProblem((value as Record<string, unknown>)[key], `${path}.${key}`, depth + 1)
    if (problem !== null) return problem
  }
  return null
}
