/** The page's script and style as texts: bundled by esbuild, in an order that compresses well, and made smaller by terser. */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin, transform } from 'esbuild'
import { minify } from 'terser'
import { chartPageStyle, chartStyle } from './charts/chart-style.ts'

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const root = pathOf('..')

const options = {
  // What the environment says of the working directory must not count.
  absWorkingDir: root,
  bundle: true,
  minify: true,
  write: false,
  legalComments: 'none',
} as const satisfies BuildOptions

/** Folders whose files are alike, side by side: a compressor looks back 32 kB only. */
const order = [
  ...['machines', 'actors', 'runtime/transport', 'runtime/simulate', 'inspector/world'],
  ...['runtime/history', 'runtime/observe', 'inspector/model', 'inspector/feeds'],
  ...['inspector/exports', 'inspector/charts', 'inspector/panels', 'inspector/app'],
]

export async function bundledScript(): Promise<string> {
  const script = {
    ...options,
    target: 'es2023',
    format: 'iife',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    alias: { 'sorted-btree': pathOf('./world/sorted-array.ts') },
  } as const satisfies BuildOptions
  const entry = pathOf('./main.tsx')
  const { metafile } = await build({ ...script, entryPoints: [entry], metafile: true })
  const files = Object.keys(metafile.inputs).filter((path) => order.some((folder) => isIn(path, folder)))
  const imports = [...files.sort(byOrder), relative(root, entry)]
  const contents = imports.map((path) => `import ${JSON.stringify(`./${path}`)}`).join('\n')
  const stdin = { contents, resolveDir: root }
  const { outputFiles } = await build({ ...script, stdin, plugins: [withoutJumps, inOrder] })
  // What esbuild leaves, terser shortens by another twentieth.
  const { code } = await minify(outputFiles[0]!.text, { ecma: 2020, toplevel: true, compress: { passes: 2 } })
  return code!
}

export async function bundledStyle(): Promise<string> {
  const { outputFiles } = await build({
    ...options,
    entryPoints: [pathOf('./app/theme.css')],
    target: 'chrome120',
  })
  const styles = `${outputFiles[0]!.text}${chartStyle}${chartPageStyle}`
  return (await transform(styles, { loader: 'css', minify: true, target: 'chrome120' })).code
}

const isIn = (path: string, folder: string) => path.startsWith(`${folder}/`)

function byOrder(left: string, right: string): number {
  const place = (path: string) => order.findIndex((folder) => isIn(path, folder))
  return place(left) - place(right) || (left < right ? -1 : 1)
}

/** Files that are imported for their place only are kept, though nothing of them is used there. */
const inOrder: Plugin = {
  name: 'in order',
  setup(build) {
    build.onResolve({ filter: /^\.\// }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (importer !== '<stdin>' || pluginData === 'resolved') return undefined
      const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: 'resolved' })
      return { ...found, sideEffects: true }
    })
  },
}

/** Nobody jumps ahead in random numbers, and the table for it is 3 kB of noise: without it a jump throws. */
const withoutJumps: Plugin = {
  name: 'without jumps',
  setup({ onLoad }) {
    onLoad({ filter: /pure-rand.lib.esm.generator.mersenne\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8')
      const contents = source.replace(/const JUMP_COEFS = ".*";/, 'const JUMP_COEFS = undefined;')
      if (contents === source)
        throw new Error(`expected the table of jumps in ${path}; see what became of it`)
      return { contents }
    })
  },
}
