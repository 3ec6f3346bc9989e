/** A system of your own in the page: the module that was dropped on it, and what is opened of it. */
import { signal } from '@preact/signals'
import { stagedModule, systemIn } from '../../../proof/stage/own-system.ts'
import type { Staged } from '../../../proof/stage/staged.ts'

/** The system whose module was opened last, for files and traces of it. */
export const ownSystem = signal<Staged | null>(null)

/** Whether a file is a module, by its name. Only files that a person opens as such are ever run. */
export function isModule({ name }: File): boolean {
  return /\.m?js$/i.test(name)
}

/**
 * Runs a module that is one file, and stages the system that it exports.
 * @throws Error with what is wrong with it
 */
export async function stagedFile(file: File): Promise<Staged> {
  const address = URL.createObjectURL(new Blob([await file.text()], { type: 'text/javascript' }))
  try {
    const module = (await import(address)) as Readonly<Record<string, unknown>>
    const staged = stagedModule(await systemIn(module), file.name)
    ownSystem.value = staged
    return staged
  } catch (error) {
    const { message } = error as Error
    const isUnbundled = /Failed to (resolve|fetch)|bare specifier|dynamically imported/i.test(message)
    throw new Error(
      isUnbundled
        ? `expected a module that is one file, got one that imports others or cannot be read (${message}); bundle it: esbuild ${file.name} --bundle --format=esm`
        : message,
    )
  } finally {
    URL.revokeObjectURL(address)
  }
}
