/** The system that a module makes, for each thread of a search. */
import { loadModule } from '../../../runtime/load-module.ts'
import type { CheckedSystem, SystemSource } from '../system.ts'

/** @throws TypeError if the module exports no such function, or is TypeScript that nothing here can load */
export async function systemFrom({ module, name, args = [] }: SystemSource): Promise<CheckedSystem> {
  const exported = (await loadModule(module))[name]
  if (typeof exported !== 'function')
    throw new TypeError(
      `expected ${module} to export a function ${name}, got ${typeof exported}; it must return the system`,
    )
  return (await exported(...args)) as CheckedSystem
}
