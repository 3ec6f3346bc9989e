/** A page in a real Chromium that runs one of our transports, for tests. It asserts nothing. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type Browser, chromium } from 'playwright-core'
import { findChromium } from '../support/programs.ts'

/** Pages of one origin, and the browser to open them in. */
export interface BrowserPages {
  /** Of the pages; it changes with `moveElsewhere`. */
  readonly port: number
  readonly browser: Browser
  /** What the pages run from now on: a module that imports as if it lay in `runtime/transport`. */
  serve(module: string): Promise<void>
  /** From now on the pages have another origin. */
  moveElsewhere(): Promise<void>
  close(): Promise<void>
}

/** Pages with the title `none`, until they change it. */
export async function startBrowserPages(): Promise<BrowserPages> {
  let script = ''
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<!doctype html><title>none</title><script type="module">${script}</script>`)
  })
  const listen = () => new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  await listen()
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: ['--no-sandbox', '--disable-gpu'],
  })
  return {
    get port() {
      return (server.address() as AddressInfo).port
    },
    browser,
    async serve(contents) {
      const resolveDir = fileURLToPath(new URL('../../runtime/transport', import.meta.url))
      const { outputFiles } = await build({
        stdin: { contents, resolveDir, loader: 'ts' },
        bundle: true,
        write: false,
        format: 'esm',
        platform: 'browser',
      })
      script = outputFiles[0]!.text
    },
    async moveElsewhere() {
      server.close()
      await listen()
    },
    async close() {
      await browser.close()
      server.close()
      server.closeAllConnections()
    },
  }
}
