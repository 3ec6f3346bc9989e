/** Builds the page: all of `inspector/` in one self-contained `inspector.html`, script and style inline, nothing loaded from anywhere. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { bundledScript, bundledStyle } from './bundle.ts'
import { chartBlocks, engineIn } from './charts/page-parts.ts'

const target = fileURLToPath(new URL('../inspector.html', import.meta.url))

/** Most bytes of the page compressed, without its layout engine. */
export const budget = 220_000

/** The whole page as a text, the same on every machine. */
export async function buildPage(): Promise<string> {
  const [blocks, script, css] = await Promise.all([chartBlocks(), bundledScript(), bundledStyle()])
  return pageOf({ script, css, blocks })
}

/** Bytes of each part of a page, compressed; the layout engine is apart from `whole`. */
export function weigh(page: string): Readonly<Record<'whole' | 'script' | 'style' | 'engine', number>> {
  const weight = (text: string) => gzipSync(text, { level: 9 }).length
  const engine = engineIn(page)
  const style = page.slice(page.indexOf('<style>'), page.indexOf('</style>'))
  const script = page.slice(page.indexOf('<script>', page.indexOf(engine) + engine.length))
  return {
    whole: weight(page.replace(engine, '')),
    script: weight(script),
    style: weight(style),
    engine: weight(engine),
  }
}

interface Parts {
  readonly script: string
  readonly css: string
  /** Data at the end of the body. */
  readonly blocks: string
}

function pageOf({ script, css, blocks }: Parts): string {
  const code = script.trim().replaceAll('</script', '<\\/script')
  const style = css.trim()
  // Only these two texts may act: what a trace holds is never run, even if it got into the page as markup.
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(code)}' blob:`,
    `style-src '${hashOf(style)}'`,
    'img-src data: blob:',
    'worker-src blob:',
    'connect-src ws://localhost:* ws://127.0.0.1:*',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>standby inspector</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<div id="page"></div>
${blocks}
<script>${code}</script>
</body>
</html>
`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = await buildPage()
  const isFresh = readOrNull(target) === page
  if (!isFresh) writeFileSync(target, page)
  const { whole, script, style, engine } = weigh(page)
  const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`
  const parts = `${kB(script)} of script and ${kB(style)} of style`
  console.log(`inspector.html: ${kB(whole)} compressed (${parts}), and ${kB(engine)} of layout engine`)
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
