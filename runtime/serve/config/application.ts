/** The application that a process replicates: the key-value store, or one that a user's module exports. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { checked } from '../../../actors/checked.ts'
import { StandbyError } from '../../../actors/errors.ts'
import { schemas } from '../../../actors/options.ts'
import type { Application } from '../../../machines/application/application.ts'
import { keyValueStore } from '../../../machines/application/key-value-store.ts'

/** Any application: its types matter to its callers only. */
// biome-ignore lint/suspicious/noExplicitAny: a user's module has types of its own
export type AnyApplication = Application<any, any, any>

/**
 * Loads the module at `path`, from the working directory, and takes its export `application`, or its default one; null
 * stands for the key-value store. The module runs with all rights of the process.
 * @throws StandbyError `invalidOption`
 */
export async function loadApplication(path: string | null): Promise<AnyApplication> {
  if (path === null) return keyValueStore
  let module: { readonly application?: unknown; readonly default?: unknown }
  try {
    module = await import(pathToFileURL(resolve(path)).href)
  } catch (cause) {
    const what = (cause as Error | null)?.message ?? String(cause)
    throw new StandbyError(
      'invalidOption',
      `application: expected ${path} to be a module that can be loaded, got ${what}`,
      { cause },
    )
  }
  const found = module.application ?? module.default
  const name = (found as { name?: unknown } | undefined)?.name
  if (found === undefined || typeof name !== 'string') {
    throw new StandbyError(
      'invalidOption',
      `application: expected ${path} to export one, such as export default defineApplication({...}), got none`,
    )
  }
  checked('application', schemas.application, found as AnyApplication)
  return found as AnyApplication
}
