/** The programs that tests run beside Node: where they are, how to get them, and how to do without. */
import { accessSync, constants, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** A program that tests start. */
export interface Program {
  /** What people call it. */
  readonly title: string
  /** Its Debian package. */
  readonly debian: string
  /** The environment variable that names another executable. */
  readonly variable: string
  /** The environment variable that, set to 1, leaves its tests out; null if the tests cannot do without it. */
  readonly skip: string | null
  readonly names: readonly string[]
  /** Folders to look in beside the PATH. */
  readonly folders: () => readonly string[]
}

export const chromium: Program = {
  title: 'Chromium',
  debian: 'chromium',
  variable: 'STANDBY_CHROMIUM',
  skip: 'STANDBY_SKIP_BROWSER',
  names: ['chromium', 'chromium-browser', 'google-chrome', 'chrome', 'Chromium'],
  folders: playwrightFolders,
}

export const natsServer: Program = {
  title: 'nats-server',
  debian: 'nats-server',
  variable: 'STANDBY_NATS_SERVER',
  skip: 'STANDBY_SKIP_NATS',
  names: ['nats-server'],
  // Debian puts it where only root's PATH leads.
  folders: () => ['/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'],
}

export const openssl: Program = {
  title: 'openssl',
  debian: 'openssl',
  variable: 'STANDBY_OPENSSL',
  skip: null,
  names: ['openssl'],
  folders: () => [],
}

export const git: Program = {
  title: 'git',
  debian: 'git',
  variable: 'STANDBY_GIT',
  skip: null,
  names: ['git'],
  folders: () => [],
}

export const programs: readonly Program[] = [chromium, natsServer, openssl, git]

/** A sentence that says what is wrong with the environment's own choice of an executable; null if nothing is. */
export function wrongChoice(program: Program): string | null {
  const { title, variable } = program
  const named = process.env[variable]
  if (!named || find(program) !== null) return null
  return `${variable} names ${named} for ${title}, which is no executable file; correct it, or unset it`
}

/** Whether the environment leaves out the tests of a program. */
export function isSkipped({ skip }: Program): boolean {
  return skip !== null && process.env[skip] === '1'
}

/** The path of a program's executable, or null if it is not on this machine. */
export function find({ variable, names, folders }: Program): string | null {
  const named = process.env[variable]
  const searched = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...folders()]
  const candidates = named ? [named] : names.flatMap((name) => searched.map((folder) => join(folder, name)))
  return candidates.find(isExecutable) ?? null
}

/**
 * The path of a program's executable.
 * @throws Error that says how to get the program
 */
export function requireProgram(program: Program): string {
  const found = find(program)
  if (found !== null) return found
  const { title, variable, debian, skip } = program
  const named = process.env[variable]
  const where = named ? `at ${named}, which ${variable} names` : 'on the PATH'
  const without = skip === null ? '' : `, or leave its tests out with ${skip}=1`
  throw new Error(
    `expected ${title} ${where}, got none; run \`npm run setup\`, install it (apt-get install ${debian}), ` +
      `name an executable in ${variable}${without}`,
  )
}

/**
 * The path of Chromium's executable.
 * @throws Error that says how to get it
 */
export function findChromium(): string {
  return requireProgram(chromium)
}

/** The folders in which Playwright keeps the browsers that it has installed, newest first. */
function playwrightFolders(): readonly string[] {
  const { PLAYWRIGHT_BROWSERS_PATH } = process.env
  const caches = [
    PLAYWRIGHT_BROWSERS_PATH ?? '',
    join(homedir(), '.cache/ms-playwright'),
    join(homedir(), 'Library/Caches/ms-playwright'),
  ].filter(Boolean)
  const inside = ['chrome-linux64', 'chrome-linux', 'chrome-mac/Chromium.app/Contents/MacOS']
  return caches.flatMap((cache) =>
    entriesOf(cache)
      .filter((name) => /^chromium-\d+$/.test(name))
      .sort((left, right) => Number(right.slice(9)) - Number(left.slice(9)))
      .flatMap((name) => inside.map((folder) => join(cache, name, folder))),
  )
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
