/** A system of the user's own, from a module on disk: for `check`, `replay` and `explore`, and for the threads of a search. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { CheckedSystem, SystemSource } from '../proof/check/system.ts'
import { systemIn } from '../proof/stage/own-system.ts'
import { loadModule } from '../runtime/load-module.ts'

/** The system of the module at an absolute address. @throws Error with what keeps it from being one */
export async function systemAt(address: string, name: string | null): Promise<CheckedSystem> {
  return systemIn(await loadModule(address), name)
}

/**
 * The system that a module exports by default or as `system`.
 * @param name another export
 * @throws Error with the path and what is wrong
 */
export async function ownSystem(path: string, name: string | null): Promise<CheckedSystem> {
  const file = resolve(path)
  if (!existsSync(file)) throw new Error(`${path}: expected a module, got no such file`)
  try {
    return await systemAt(pathToFileURL(file).href, name)
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error })
  }
}

/** Where threads find that system. */
export function ownSource(path: string, name: string | null): SystemSource {
  return { module: import.meta.url, name: 'systemAt', args: [pathToFileURL(resolve(path)).href, name] }
}
