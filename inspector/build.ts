/** Builds the page: all of `inspector/` in one self-contained `inspector.html`, script and style inline, nothing loaded from anywhere. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { chartPageStyle, chartStyle } from './charts/chart-style.ts'
import { chartBlocks, engineIn } from './charts/page-parts.ts'

const entry = fileURLToPath(new URL('./main.tsx', import.meta.url))
const style = fileURLToPath(new URL('./app/theme.css', import.meta.url))
const target = fileURLToPath(new URL('../inspector.html', import.meta.url))

/** The whole page as a text. */
export async function buildPage(): Promise<string> {
  const options = {
    bundle: true,
    minify: true,
    write: false,
    target: 'es2023',
    legalComments: 'none',
  } as const
  const [blocks, script, css] = await Promise.all([
    chartBlocks(),
    build({ ...options, entryPoints: [entry], format: 'iife', jsx: 'automatic', jsxImportSource: 'preact' }),
    build({ ...options, entryPoints: [style], target: 'chrome120' }),
  ])
  const styles = `${css.outputFiles[0]!.text}${chartStyle}${chartPageStyle}`
  return pageOf({ script: script.outputFiles[0]!.text, css: styles, blocks })
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
  const kilobytes = (text: string) => (gzipSync(text).length / 1000).toFixed(1)
  const engine = engineIn(page)
  const own = kilobytes(page.replace(engine, ''))
  console.log(`inspector.html: ${own} kB compressed, and ${kilobytes(engine)} kB of layout engine`)
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
