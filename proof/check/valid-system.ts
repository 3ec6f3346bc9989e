/** What a checked system must be; anything else is refused with an error that says what to do. */
import { noMachineThrows } from './engine/tolerant-stepper.ts'
import type { CheckedSystem } from './system.ts'
import { refuseOddSystem } from './system-schema.ts'

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

/** Properties are identified by their names. */
function refuseTwins(kind: string, properties: readonly { readonly name: string }[]): void {
  const names = new Set<string>()
  for (const { name } of properties) {
    if (names.has(name)) throw new TypeError(`expected ${kind} of different names, got two "${name}"`)
    names.add(name)
  }
}
