/** Bundles the page's script and style with esbuild, from the packages and files as they are; Terser minifies the script. */
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, transform } from 'esbuild'
import { minify } from 'terser'
import { chartPageStyle, chartStyle } from './charts/chart-style.ts'

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const options = {
  // Pinned, so that the environment's working directory does not change the output.
  absWorkingDir: pathOf('..'),
  bundle: true,
  minify: true,
  write: false,
  legalComments: 'none',
} as const satisfies BuildOptions

/** The page's script: one classic script in one scope. */
export async function bundledScript(): Promise<string> {
  const { outputFiles } = await build({
    ...options,
    entryPoints: [pathOf('./main.tsx')],
    // RxJS ships classes for those who ask, and ES5 by default.
    conditions: ['es2015', 'module'],
    target: 'es2023',
    format: 'iife',
    jsx: 'transform',
    jsxFactory: 'h',
    jsxFragment: 'Fragment',
    inject: [pathOf('./jsx.ts')],
  })
  const { code } = await minify(outputFiles[0]!.text, {
    ecma: 2020,
    module: true,
    compress: { passes: 3 },
    format: { comments: false },
  })
  return code!
}

/** The page's style: the theme, and the style that exported charts share with the page. */
export async function bundledStyle(): Promise<string> {
  const { outputFiles } = await build({
    ...options,
    entryPoints: [pathOf('./app/theme.css')],
    target: 'chrome120',
  })
  const styles = `${outputFiles[0]!.text}${chartStyle}${chartPageStyle}`
  return (await transform(styles, { loader: 'css', minify: true, target: 'chrome120' })).code
}
