/** Apps for browser tests: bundled, written beside the page and opened from disk, where they open the page themselves. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll } from 'vitest'

const here = fileURLToPath(new URL('.', import.meta.url))
const bridge = fileURLToPath(new URL('../../../inspector/bridge/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'standby-apps-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

export interface AppOptions {
  /** Resolves packages as the bridge does, with XState 4, instead of as this repository does. */
  readonly isXState4?: boolean
}

/** The address of a page that runs this module; a button starts it, for windows open only at a click. */
export async function appPage(source: string, { isXState4 = false }: AppOptions = {}): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `globalThis.start = () => {\n}\n${source}`,
      resolveDir: isXState4 ? bridge : here,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'silent',
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  const file = join(folder, `app-${Math.random().toString(36).slice(2)}.html`)
  const script = outputFiles[0]!.text.replaceAll('</script', '<\\/script')
  writeFileSync(
    file,
    `<!doctype html><meta charset="utf-8"><title>app</title><button onclick="start()">start</button><script>${script}</script>`,
  )
  return pathToFileURL(file).href
}
