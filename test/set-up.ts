/** Finds the programs that the tests need, installs those that are missing, and says what it did; `npm test` runs it first. */
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, find, isSkipped, type Program, programs, wrongChoice } from './support/programs.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

interface Way {
  readonly command: string
  readonly args: readonly string[]
}

/** The commands that install these programs here, in order; empty if this machine has no way that we know. */
function waysToInstall(missing: readonly Program[]): readonly Way[] {
  const prefix = aptPrefix()
  if (prefix !== null) {
    const [first = 'apt-get', ...rest] = [...prefix, 'apt-get']
    const packages = missing.map(({ debian }) => debian)
    return [
      { command: first, args: [...rest, 'update', '-qq'] },
      { command: first, args: [...rest, 'install', '-y', '-qq', ...packages] },
    ]
  }
  if (!missing.includes(chromium)) return []
  return [{ command: process.execPath, args: ['node_modules/playwright-core/cli.js', 'install', 'chromium'] }]
}

/** What stands before `apt-get`: nothing for root, `sudo` if it asks for no password, null if neither works. */
function aptPrefix(): readonly string[] | null {
  if (!succeeds('apt-get', ['--version'])) return null
  if (process.getuid?.() === 0) return []
  return succeeds('sudo', ['-n', 'true']) ? ['sudo', '-n'] : null
}

function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

function install({ command, args }: Way): void {
  console.log(`set-up: ${command === process.execPath ? 'node' : command} ${args.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** The compilers that the package's declarations are tested with; they have a manifest of their own, as each brings a `tsc`. */
function installCompilers(): void {
  const folder = join(root, 'test/declarations')
  const installed = join(folder, 'node_modules/.package-lock.json')
  if (
    existsSync(installed) &&
    statSync(installed).mtimeMs > statSync(join(folder, 'package-lock.json')).mtimeMs
  )
    return
  console.log('set-up: npm ci in test/declarations')
  const npm = process.env.npm_execpath
  const [command, args] = npm === undefined ? ['npm', []] : [process.execPath, [npm]]
  const { status } = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status === 0) return
  console.error('set-up: npm ci in test/declarations failed; see above, and run `npm run setup` again')
  process.exit(1)
}

const needed = programs.filter((program) => !isSkipped(program))
const wrong = needed.flatMap((program) => wrongChoice(program) ?? [])
if (wrong.length > 0) {
  for (const sentence of wrong) console.error(`set-up: ${sentence}`)
  process.exit(1)
}

const missing = needed.filter((program) => find(program) === null)
if (missing.length > 0) {
  console.log(`set-up: ${missing.map(({ title }) => title).join(' and ')} not found`)
  for (const way of waysToInstall(missing)) install(way)
}

for (const program of programs) {
  const { title, skip } = program
  console.log(
    `set-up: ${title}: ${isSkipped(program) ? `left out, as ${skip}=1 says` : (find(program) ?? 'missing')}`,
  )
}

const lacking = needed.filter((program) => find(program) === null)
if (lacking.length > 0) {
  const skips = lacking.flatMap(({ skip }) => (skip === null ? [] : [`${skip}=1`]))
  const without = skips.length > 0 ? `, or leave its tests out with ${skips.join(' ')}` : ''
  console.error(
    `set-up: the tests need ${lacking.map(({ title }) => title).join(' and ')}, and installing failed; ` +
      `install it by hand (Debian: apt-get install ${lacking.map(({ debian }) => debian).join(' ')}), ` +
      `name an executable in ${lacking.map(({ variable }) => variable).join(', ')}${without}`,
  )
  process.exit(1)
}

installCompilers()
