/** What `--with` brings into a simulation: a module of the user's, with an application or with broken parts. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import type { SimulationOptions } from '../proof/simulate/simulate.ts'
import { loadModule } from '../runtime/load-module.ts'

/** The part of a simulation that a module can bring. */
export type SimulatedWorld = Pick<SimulationOptions, 'workload' | 'charts' | 'network'>

const parts = ['workload', 'charts', 'network'] as const

/** Loads the module; ends the command if that fails or it exports nothing usable. */
export async function loadWorld(path: string | undefined, command: Command): Promise<SimulatedWorld> {
  if (path === undefined) return {}
  const refuse = (got: string): never =>
    command.error(
      `error: option '--with <module>' expected a module that exports ${parts.join(', ')}, got ${got}`,
    )
  let module: Record<string, unknown>
  try {
    module = await loadModule(pathToFileURL(resolve(path)).href)
  } catch (error) {
    return refuse((error as Error).message)
  }
  const found = parts.filter((part) => module[part] !== undefined)
  if (found.length === 0) return refuse(`${path} with ${Object.keys(module).join(', ') || 'no exports'}`)
  const { workload } = module as SimulatedWorld
  const isWhole =
    workload === undefined ||
    (typeof workload.command === 'function' &&
      workload.application !== undefined &&
      workload.model !== undefined)
  if (!isWhole) return refuse('a workload without application, command or model')
  return Object.fromEntries(found.map((part) => [part, module[part]]))
}
