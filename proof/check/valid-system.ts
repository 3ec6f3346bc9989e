/** What a checked system must be, and what its machines must not do; everything else is refused in words that say what to do. */
import type { AnyMachineSnapshot } from 'xstate'
import type { PureAction } from '../../machines/step.ts'
import { noMachineThrows } from './engine/tolerant-stepper.ts'
import { refuseOddSystem } from './options.ts'
import type { CheckedSystem } from './system.ts'

/** A state's places are the bits of an integer. */
const nodesMax = 30
/** Crashes and restarts that are left share one integer with 26 and 6 bits. */
const crashesMax = 2 ** 24
const restartsMax = 63
/** Losses and duplicates that are left share one integer. */
const budgetMax = 1023
const scriptMax = 1023

/**
 * The system with the properties that every system must have.
 * @throws TypeError or RangeError saying what was expected of which part
 */
export function validSystem(system: CheckedSystem): CheckedSystem {
  refuseInvalid(system)
  const { steps = [] } = system
  return steps.includes(noMachineThrows) ? system : { ...system, steps: [noMachineThrows, ...steps] }
}

function refuseInvalid(system: CheckedSystem): void {
  if (typeof system !== 'object' || system === null)
    throw new TypeError(`expected a system such as { nodes: [{ id, machine }] }, got ${String(system)}`)
  refuseOddSystem(system)
  const { nodes, crashes = 0, restarts = 0, cuts = [] } = system
  if (!Array.isArray(nodes) || nodes.length === 0)
    throw new TypeError('expected nodes: a list of at least one { id, machine }')
  if (nodes.length > nodesMax)
    throw new RangeError(`expected at most ${nodesMax} nodes, got ${nodes.length}; check a smaller system`)
  const ids = new Set<string>()
  for (const [index, { id, machine, script = [] }] of nodes.entries()) {
    if (typeof id !== 'string' || id === '')
      throw new TypeError(`expected an id of node ${index}: a text that is not empty, got ${String(id)}`)
    if (ids.has(id)) throw new TypeError(`expected each id once, got two nodes "${id}"`)
    ids.add(id)
    if (typeof machine?.transition !== 'function' || machine.root === undefined)
      throw new TypeError(`node "${id}": expected an XState machine, as createMachine or setup make one`)
    if (script.length > scriptMax)
      throw new RangeError(
        `node "${id}": expected a script of at most ${scriptMax} events, got ${script.length}`,
      )
  }
  refuseCount('crashes', crashes, crashesMax)
  refuseCount('restarts', restarts, restartsMax)
  for (const kind of ['losses', 'duplicates'] as const) {
    const { network = 'set', [kind]: count = 0 } = system
    refuseCount(kind, count, budgetMax)
    if (count > 0 && network === 'set')
      throw new RangeError(
        `expected ${kind} with network 'once' or 'ordered', got them with 'set', on which every message may be lost and arrive again; leave them out`,
      )
  }
  for (const { from, to } of cuts) {
    if (!ids.has(from))
      throw new TypeError(`expected a cut from one of ${[...ids].join(', ')}, got one from ${from} to ${to}`)
  }
  refuseTwins('invariants', [...(system.invariants ?? []), ...(system.steps ?? [])])
  refuseTwins('promises', system.temporal ?? [])
  refuseTwins('goals', system.goals ?? [])
}

function refuseCount(name: string, count: number, max: number): void {
  if (!Number.isInteger(count) || count < 0 || count > max)
    throw new RangeError(`expected ${name}: a whole number from 0 to ${max}, got ${count}`)
}

/** Properties are told by their names. */
function refuseTwins(kind: string, properties: readonly { readonly name: string }[]): void {
  const names = new Set<string>()
  for (const { name } of properties) {
    if (names.has(name)) throw new TypeError(`expected ${kind} of different names, got two "${name}"`)
    names.add(name)
  }
}

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
