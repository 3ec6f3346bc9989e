/** Finds Chromium, builds the page and starts one browser for all browser tests; holds no tests. */
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import type { TestProject } from 'vitest/node'
import { buildPage } from '../../../inspector/build.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Null where STANDBY_SKIP_BROWSER=1 says that browser tests are skipped. */
    readonly browser: { readonly endpoint: string; readonly page: string } | null
  }
}

/** Runs once, before the first browser test. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (process.env.STANDBY_SKIP_BROWSER === '1') {
    project.provide('browser', null)
    return async () => {}
  }
  const server = await chromium.launchServer({
    executablePath: findChromium(),
    args: ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb', '--font-render-hinting=none'],
  })
  const folder = mkdtempSync(join(tmpdir(), 'standby-inspector-'))
  const page = join(folder, 'inspector.html')
  writeFileSync(page, await buildPage())
  project.provide('browser', { endpoint: server.wsEndpoint(), page: pathToFileURL(page).href })
  return async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The browser's executable: what STANDBY_CHROMIUM names, else the first of the usual names on the PATH. */
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
