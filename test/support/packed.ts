/** The package as its users get it: packed, and put into a blank application with its dependencies. It asserts nothing. */
import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly name: string
  readonly exports: Record<string, unknown>
  readonly dependencies: Record<string, string>
  readonly peerDependencies: Record<string, string>
}
/** What an installer puts beside the package, optional peers included. */
export const dependencies = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })

/** A folder with a blank application that has the package installed. */
export interface Application {
  readonly folder: string
  remove(): void
}

/**
 * Packs what `npm run build` has built, and installs it without asking a registry.
 * @throws Error if nothing is built
 */
export async function installPacked(...others: readonly string[]): Promise<Application> {
  if (!existsSync(join(root, 'dist'))) throw new Error('expected dist/, got none; run npm run build first')
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'standby-application-')))
  const modules = join(folder, 'node_modules')
  const own = join(modules, manifest.name)
  mkdirSync(own, { recursive: true })
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root })
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'))!
  await run('tar', ['-xzf', join(folder, archive), '-C', own, '--strip-components=1'])
  for (const name of new Set([...dependencies, ...others])) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }')
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
