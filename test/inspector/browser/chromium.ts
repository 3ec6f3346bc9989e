/** Where Chromium is on this machine; holds no tests. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * The browser's executable: what STANDBY_CHROMIUM names, else the first of the usual names on the PATH.
 * @throws Error that says how to get one.
 */
export function findChromium(): string {
  const named = process.env.STANDBY_CHROMIUM
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  const folders = (process.env.PATH ?? '').split(delimiter)
  const candidates = named ? [named] : names.flatMap((name) => folders.map((folder) => join(folder, name)))
  const found = candidates.find(isExecutable)
  if (found !== undefined) return found
  throw new Error(
    `expected Chromium ${named ? `at ${named}, which STANDBY_CHROMIUM names` : `on the PATH, as ${names.join(', ')}`}, got none; ` +
      'install it with `apt-get install -y chromium`, name another one in STANDBY_CHROMIUM, or skip these tests with STANDBY_SKIP_BROWSER=1',
  )
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
