/** Rules of the source as tests: which folder imports which, what charts may not touch, where files lie. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const folders = ['machines', 'actors', 'runtime', 'proof', 'cli', 'inspector', 'test', 'bench', 'examples']
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const files = folders
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => posix.join(entry.parentPath.slice(root.length).replaceAll('\\', '/'), entry.name))
      // What a workspace package has installed and built is not its source.
      .filter((path) => !/\/(node_modules|dist)\//.test(path)),
  )
const sources = files.filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
const sourcesIn = (folder: string) => sources.filter((path) => path.startsWith(`${folder}/`))

/** What a file imports: paths from the root for files of our own, bare names for packages. */
function importsOf(path: string): readonly string[] {
  return ts
    .preProcessFile(read(path))
    .importedFiles.map(({ fileName }) =>
      fileName.startsWith('.') ? posix.join(dirname(path), fileName) : packageOf(fileName),
    )
}

function packageOf(name: string): string {
  if (name.startsWith('node:')) return 'node:'
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
}

/** `file imports what it may not`, for each such import. */
function forbiddenImports(folder: string, allowed: readonly string[]): readonly string[] {
  const isAllowed = (name: string) =>
    allowed.some((other) => name === other || (other.endsWith('/') && name.startsWith(other)))
  return sourcesIn(folder).flatMap((path) =>
    importsOf(path)
      .filter((name) => !isAllowed(name))
      .map((name) => `${path} imports ${name}`),
  )
}

/** `file: what`, for each node of a file's syntax tree that `find` has a word for. */
function findings(paths: readonly string[], find: (node: ts.Node) => string | null): readonly string[] {
  const found: string[] = []
  for (const path of paths) {
    const visit = (node: ts.Node): void => {
      const what = find(node)
      if (what !== null) found.push(`${path}: ${what}`)
      ts.forEachChild(node, visit)
    }
    visit(ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true))
  }
  return found
}

describe('imports point one way', () => {
  test('machines import xstate, valibot, sorted-btree and each other', () => {
    expect(forbiddenImports('machines', ['machines/', 'xstate', 'valibot', 'sorted-btree'])).toEqual([])
  })

  test('actors import machines, xstate, valibot and each other: no RxJS, nothing of Node', () => {
    expect(forbiddenImports('actors', ['actors/', 'machines/', 'xstate', 'valibot'])).toEqual([])
  })

  test.each(['runtime', 'proof', 'cli', 'inspector', 'examples'])(
    '%s imports neither tests nor benchmarks',
    (folder) => {
      const outside = sourcesIn(folder).flatMap((path) =>
        importsOf(path).filter((name) => /^(test|bench)\//.test(name)),
      )
      expect(outside).toEqual([])
    },
  )

  test('no floor imports one above it', () => {
    const floors = ['machines', 'actors', 'runtime', 'proof', 'inspector', 'cli']
    const upwards = floors.flatMap((folder, floor) =>
      sourcesIn(folder).flatMap((path) =>
        importsOf(path)
          .filter(
            (name) =>
              name.includes('/') && [...floors.slice(floor + 1), 'examples'].includes(name.split('/')[0]!),
          )
          .map((name) => `${path} imports ${name}`),
      ),
    )
    expect(upwards).toEqual([])
  })

  test('no import leads back to its own file, types included', () => {
    const done = new Set<string>()
    const circles: string[] = []
    const visit = (path: string, way: readonly string[]): void => {
      const start = way.indexOf(path)
      if (start >= 0) circles.push([...way.slice(start), path].join(' -> '))
      if (done.has(path) || start >= 0) return
      for (const name of importsOf(path)) if (files.includes(name)) visit(name, [...way, path])
      done.add(path)
    }
    for (const path of sources) visit(path, [])
    expect(circles).toEqual([])
  })

  test('every imported package is a dependency, and of shipped code a dependency of the package', () => {
    const {
      dependencies = {},
      devDependencies = {},
      optionalDependencies = {},
      peerDependencies = {},
    } = manifest
    const shipped = { ...dependencies, ...optionalDependencies, ...peerDependencies, 'node:': '' }
    const everywhere = { ...shipped, ...devDependencies, [manifest.name]: '' }
    const bridge = JSON.parse(read('inspector/bridge/package.json')) as typeof manifest
    const ofBridge = { ...bridge.dependencies, ...bridge.peerDependencies, 'node:': '' }
    const missing = sources.flatMap((path) => {
      const ofRoot = /^(machines|actors|runtime|proof|cli)\//.test(path)
        ? shipped
        : { ...everywhere, [bridge.name]: '' }
      const known = path.startsWith('inspector/bridge/') ? ofBridge : ofRoot
      return importsOf(path)
        .filter((name) => !name.includes('/') || name.startsWith('@'))
        .filter((name) => !Object.hasOwn(known, name))
        .map((name) => `${path} imports ${name}`)
    })
    expect(missing).toEqual([])
  })
})

describe('machines are data in, data out', () => {
  const banned = new Set([
    'Date',
    'performance',
    'setTimeout',
    'setInterval',
    'setImmediate',
    'queueMicrotask',
    'console',
    'crypto',
    'process',
    'fetch',
    'spawn',
    'spawnChild',
    'fromPromise',
    'fromCallback',
    'fromObservable',
  ])

  test('no time, chance, output or child actors', () => {
    // What steps the machines of others knows the names of all that they may do.
    const charts = sourcesIn('machines').filter((path) => !path.startsWith('machines/step/'))
    const found = findings(charts, (node) => {
      if (ts.isPropertyAssignment(node) && node.name.getText() === 'invoke') return 'invoke'
      if (ts.isPropertyAccessExpression(node) && node.getText() === 'Math.random') return 'Math.random'
      const { parent } = node
      const isName = parent !== undefined && ts.isPropertyAccessExpression(parent) && parent.name === node
      return ts.isIdentifier(node) && !isName && banned.has(node.text) ? node.text : null
    })
    expect(found).toEqual([])
  })

  test('only machines/step and the live actor call the methods with which XState steps a machine', () => {
    const steps = ['transition', 'getInitialSnapshot', 'microstep']
    const paths = ['machines', 'actors', 'runtime', 'proof', 'cli', 'inspector'].flatMap(sourcesIn)
    const callers = findings(paths, (node) => {
      const callee = ts.isCallExpression(node) ? node.expression : null
      return callee !== null && ts.isPropertyAccessExpression(callee) && steps.includes(callee.name.text)
        ? callee.name.text
        : null
    }).map((found) => found.split(':')[0])
    expect(new Set(callers)).toEqual(
      new Set([
        'machines/step.ts',
        'machines/step/self-check.ts',
        'machines/step/xstate-internals.ts',
        'actors/node.ts',
      ]),
    )
  })
})

const manifest = JSON.parse(read('package.json')) as {
  name: string
  exports: Record<string, string | Record<string, string>>
  bin: Record<string, string>
  scripts: Record<string, string>
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

describe('files', () => {
  test('no folder is named src, lib, utils, helpers or common', () => {
    const poor = files.filter((path) =>
      path.split('/').some((part) => /^(src|lib|utils?|helpers?|common)$/.test(part)),
    )
    expect(poor).toEqual([])
  })

  // A template of systemd has an @ behind its name.
  test('names are kebab-case', () => {
    const odd = files.filter((path) =>
      path.split('/').some((part) => !/^\.?[a-z0-9]+(-[a-z0-9]+)*@?(\.[a-z0-9-]+)*$/.test(part)),
    )
    expect(odd).toEqual([])
  })

  test('every file begins with a sentence that says what it is', () => {
    const begins = /^(#!.*\n)?(\/\*\*|\/\/) ?\n? ?\*? ?\S.{20,}/
    const dumb = sources.filter((path) => !begins.test(read(path)))
    expect(dumb).toEqual([])
  })

  test('every public door leads to a file', () => {
    expect(doors().filter((path) => !files.includes(path))).toEqual([])
  })

  test('every module is reachable from a public door, the command line, a script, an example or a test', () => {
    const scripts = Object.values(manifest.scripts).flatMap(
      (script) => script.match(/\b[\w/.-]+\.ts\b/g) ?? [],
    )
    const entries = sources.filter(
      (path) => /\.(test|spec|bench)\.ts$/.test(path) || path.startsWith('examples/'),
    )
    const reached = new Set<string>()
    const visit = (path: string): void => {
      if (reached.has(path) || !files.includes(path)) return
      reached.add(path)
      for (const name of [...importsOf(path), ...pathsIn(path)]) visit(name)
    }
    for (const path of [...doors(), ...scripts, ...pathsIn('vitest.config.ts'), ...entries]) visit(path)

    expect(sources.filter((path) => !reached.has(path))).toEqual([])
  })
})

/** The sources behind `exports` and `bin`. */
function doors(): readonly string[] {
  const targets = Object.values(manifest.exports).map((door) =>
    typeof door === 'string' ? door : door.default!,
  )
  return [...targets, ...Object.values(manifest.bin)]
    .filter((path) => path.endsWith('.js'))
    .map((path) => path.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts'))
}

/** Files that are named by a path in a text, as workers and child processes are. */
function pathsIn(path: string): readonly string[] {
  const texts = read(path).match(/['"`]\.{1,2}\/[^'"`\s]+\.tsx?['"`]/g) ?? []
  return texts.map((text) => posix.join(dirname(path), text.slice(1, -1)))
}
