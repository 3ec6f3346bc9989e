/** Loads modules of users, in JavaScript or TypeScript, in any thread and on any Node. */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

type Exports = Record<string, unknown>

/**
 * Imports a module by its absolute address. TypeScript is left to Node or its loaders, and without any to tsx.
 * @throws TypeError for TypeScript that nothing here can load
 */
export async function loadModule(module: string): Promise<Exports> {
  try {
    return (await import(module)) as Exports
  } catch (error) {
    if (!isTypeScript(module) || !isUnknownToNode(error)) throw error
    const { tsImport } = (await import(loaderFor(module))) as {
      tsImport(module: string, parent: string): Promise<Exports>
    }
    return await tsImport(module, import.meta.url)
  }
}

function isTypeScript(module: string): boolean {
  return /\.[cm]?tsx?$/.test(new URL(module, import.meta.url).pathname)
}

function isUnknownToNode(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return error instanceof SyntaxError || code === 'ERR_UNKNOWN_FILE_EXTENSION'
}

/** Where tsx is: beside the module, or beside this file. */
export function loaderFor(module: string): string {
  for (const from of [module, import.meta.url]) {
    try {
      return pathToFileURL(createRequire(from).resolve('tsx/esm/api').replace(/cjs$/, 'mjs')).href
    } catch {
      // The next place.
    }
  }
  throw new TypeError(
    `expected JavaScript in ${module}, got TypeScript that this Node (${process.version}) does not load; use Node 22.18 or newer, or install tsx`,
  )
}
