/** A system in a module that says by its name that it is TypeScript. */
import { createMachine } from 'xstate'
import type { CheckedSystem } from '../../proof/check/system.ts'

/** Nodes that each take one step. */
export function steps(count: number): CheckedSystem {
  const machine = createMachine({ initial: 'out', states: { out: { on: { go: 'in' } }, in: {} } })
  const ids = Array.from({ length: count }, (_, index) => `n${index}`)
  return { nodes: ids.map((id) => ({ id, machine, script: [{ type: 'go' }] })) }
}
