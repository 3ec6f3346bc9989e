/** Finds Chromium, builds the page and starts one browser for all browser tests; holds no tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import type { TestProject } from 'vitest/node'
import { buildPage } from '../../../inspector/build.ts'
import { chromium as browser, findChromium, isSkipped } from '../../support/programs.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Null where STANDBY_SKIP_BROWSER=1 says that browser tests are skipped. */
    readonly browser: { readonly endpoint: string; readonly page: string } | null
  }
}

/** Runs once, before the first browser test. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (isSkipped(browser)) {
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
