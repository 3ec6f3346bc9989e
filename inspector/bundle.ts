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

/** What is alike side by side, as it was found to compress best: a compressor looks back 32 kB only. */
const packages = ['preact', '@preact/signals-core', '@preact/signals', 'xstate', 'microdiff']
const folders = [
  ...['proof/history', 'runtime/observe', 'runtime/trace', 'actors', 'runtime/transport', 'machines'],
  ...['proof/simulate', 'inspector/stand-ins', 'proof/stage', 'inspector/model', 'inspector/feeds'],
  ...['inspector/charts', 'inspector/panels', 'inspector/app'],
]

export async function bundledScript(): Promise<string> {
  const script = {
    ...options,
    target: 'es2023',
    format: 'iife',
    jsx: 'transform',
    jsxFactory: 'h',
    jsxFragment: 'Fragment',
    inject: [pathOf('./jsx.ts')],
    alias: {
      rxjs: pathOf('./stand-ins/schedulers.ts'),
      'sorted-btree': pathOf('./stand-ins/sorted-array.ts'),
      valibot: pathOf('./stand-ins/schemas.ts'),
    },
  } as const satisfies BuildOptions
  const entry = pathOf('./main.tsx')
  const plugins = [withoutOmissions]
  const { metafile } = await build({ ...script, entryPoints: [entry], plugins, metafile: true })
  const files = Object.keys(metafile.inputs).filter((path) => folders.some((folder) => isIn(path, folder)))
  const imports = [...packages, ...[...files.sort(byPlace), relative(root, entry)].map((path) => `./${path}`)]
  const contents = imports.map((path) => `import ${JSON.stringify(path)}`).join('\n')
  const stdin = { contents, resolveDir: root }
  const { outputFiles } = await build({ ...script, stdin, plugins: [...plugins, inOrder] })
  // What esbuild leaves, terser shortens by another twentieth.
  const { code } = await minify(outputFiles[0]!.text, {
    ecma: 2020,
    toplevel: true,
    compress: { passes: 2, lhs_constants: false },
  })
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

function byPlace(left: string, right: string): number {
  const place = (path: string) => folders.findIndex((folder) => isIn(path, folder))
  return place(left) - place(right) || (left < right ? -1 : 1)
}

/** Files that are imported for their place only are kept, though nothing of them is used there. */
const inOrder: Plugin = {
  name: 'in order',
  setup(build) {
    build.onResolve({ filter: /./ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (importer !== '<stdin>' || pluginData === 'resolved') return undefined
      const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: 'resolved' })
      return { ...found, sideEffects: true }
    })
  },
}

const absent = 'throw new Error("not in the page")'

/** What the page never asks for, with what stands in its place. */
const omissions = [
  {
    what: 'actions on other actors, which no chart of ours queues',
    file: /xstate.dist.log-\w+\.esm\.js$/,
    text: /^ {2}enqueue\.sendTo = [\s\S]*?(?=^ {2}collect\()/m,
    instead: '',
  },
  {
    what: 'such actions among those of a setup',
    file: /xstate.dist.xstate\.esm\.js$/,
    text: /^ {4}sendTo,\n {4}raise,\n {4}log,\n {4}cancel,\n {4}stopChild,\n {4}enqueueActions,\n {4}emit,\n {4}spawnChild,\n/m,
    instead: 'raise, cancel, stopChild, enqueueActions,',
  },
  {
    what: 'what starts child actors, of which our charts have none',
    file: /xstate.dist.raise-\w+\.esm\.js$/,
    text: /^function resolveSpawn[\s\S]*?(?=^function spawnChild)/m,
    instead: `function resolveSpawn() { ${absent} }\nfunction executeSpawn() {}\n`,
  },
  {
    what: 'what spawns them',
    file: /xstate.dist.assign-\w+\.esm\.js$/,
    text: /^function createSpawner[\s\S]*?(?=^function resolveAssign)/m,
    instead: `function createSpawner() { return () => { ${absent} } }\n`,
  },
  {
    what: 'what writes a snapshot to keep it',
    file: /xstate.dist.raise-\w+\.esm\.js$/,
    text: /^function serializeHistoryValue[\s\S]*?(?=^function resolveRaise)/m,
    instead: `function getPersistedSnapshot() { ${absent} }\n`,
  },
  {
    what: 'what puts a kept snapshot back',
    file: /xstate.dist.StateMachine-\w+\.esm\.js$/,
    text: /^ {2}restoreSnapshot\([\s\S]*?^ {2}}$/m,
    instead: `  restoreSnapshot() { ${absent} }`,
  },
  {
    what: 'the table for jumps ahead in random numbers: without it a jump throws',
    file: /pure-rand.lib.esm.generator.mersenne\.js$/,
    text: /const JUMP_COEFS = ".*";/,
    instead: 'const JUMP_COEFS = undefined;',
  },
  {
    what: 'the faster search for an order of thousands of calls: the general one judges the same',
    file: /key-value.model\.ts$/,
    text: /^ {2}compile: .*$/m,
    instead: '',
  },
  {
    what: 'calls of a client as promises: the page submits them',
    file: /actors.client\.ts$/,
    text: /^ {4}execute: [\s\S]*?(?=^ {4}stop,$)|(?<=^ {4}\.\.\.client,\n)[\s\S]*?(?=^ {2}\}$)|^const explanations: [\s\S]*?^\}$/gm,
    instead: '',
  },
  {
    what: 'steps that are worked out once: XState takes them',
    file: /actors.quick-step\.ts$/,
    text: /^.*$/s,
    instead:
      'export const quickStep = (machine) => (snapshot, event, scope) => machine.transition(snapshot, event, scope)',
  },
  {
    what: 'the count of rare situations over many seeds',
    file: /simulate.situations\.ts$/,
    text: /^.*$/s,
    instead:
      'export const situations = []; export class Situations { counts = {}; failed() {} crashes() {} hear() {} }',
  },
]

const withoutOmissions: Plugin = {
  name: 'omissions',
  setup({ onLoad }) {
    for (const { file } of omissions) {
      onLoad({ filter: file }, ({ path }) => {
        let contents = readFileSync(path, 'utf8')
        for (const { what, text, instead } of omissions.filter((omission) => omission.file.test(path))) {
          if (!text.test(contents)) throw new Error(`expected ${what} in ${path}; see what became of it`)
          contents = contents.replace(text, instead)
        }
        return { contents, loader: path.endsWith('.ts') ? 'ts' : 'js' }
      })
    }
  },
}
