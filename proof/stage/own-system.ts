/** A system of your own, from the module that exports it. */
import type { CheckedSystem } from '../check/system.ts'
import { validSystem } from '../check/valid-system.ts'
import { type Staged, stagedSystem } from './staged.ts'

/**
 * The system that a module exports by default or as `system`, or a function that returns it.
 * @param name another export
 * @throws TypeError or RangeError that says what was expected of which part
 */
export async function systemIn(
  module: Readonly<Record<string, unknown>>,
  name: string | null = null,
): Promise<CheckedSystem> {
  const exported = name === null ? (module.default ?? module.system) : module[name]
  if (exported === undefined) {
    const names = Object.keys(module).join(', ') || 'nothing'
    const wanted = name === null ? 'a system by default or as `system`' : `a system as \`${name}\``
    throw new TypeError(
      `expected a module that exports ${wanted}, got one that exports ${names}; export { nodes, invariants, goals }, as check takes it`,
    )
  }
  const system = typeof exported === 'function' ? await exported() : exported
  return validSystem(system as CheckedSystem)
}

/** The system on the stage. `name`: of its module. */
export function stagedModule(system: CheckedSystem, name: string): Staged {
  return stagedSystem(system, { module: name })
}
