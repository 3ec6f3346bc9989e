/** The package as its users get it: packed, put into a blank application, every door opened. `npm run build` comes first. */
import { execFile } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build, type Metafile } from 'esbuild'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dependencies, installPacked, manifest } from './support/packed.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const doors = Object.keys(manifest.exports).filter((door) => door !== './package.json')
/** Doors that only open within a run of vitest. */
const inVitestOnly = ['./testing/vitest']
const specifier = (door: string) => manifest.name + door.slice(1)

/** What may come along with each door, and the doors that a browser opens. A door that is not listed brings anything but what is the command line's. */
const packages: Record<string, readonly string[]> = {
  '.': ['xstate', 'valibot', 'sorted-btree', 'rxjs', 'pure-rand', 'picocolors'],
  './machines': ['xstate', 'valibot', 'sorted-btree'],
  './actors': ['xstate', 'valibot', 'sorted-btree'],
  './history': ['valibot'],
  './inspector': ['xstate', 'valibot', 'sorted-btree'],
  './transport/memory': ['rxjs', 'pure-rand'],
  './transport/faults': ['valibot'],
  './transport/websocket': ['valibot', 'rxjs', 'pure-rand'],
  './transport/nats': ['valibot', 'rxjs', 'pure-rand', '@nats-io/nats-core'],
  './transport/message-port': ['valibot', 'rxjs', 'pure-rand'],
  './transport/broadcast-channel': ['valibot', 'rxjs', 'pure-rand'],
}
/** The same for doors that need Node, or have another file for it: each of them with the package of its own wire only. */
const inNodePackages: Record<string, readonly string[]> = {
  './store/level': ['classic-level'],
  './transport/tcp': ['valibot', 'rxjs', 'pure-rand'],
  './transport/websocket': ['valibot', 'rxjs', 'pure-rand', 'ws'],
  './transport/nats': ['valibot', 'rxjs', 'pure-rand', '@nats-io/transport-node'],
  './opentelemetry': ['xstate', 'valibot', 'sorted-btree', '@opentelemetry/api'],
  './testing/fast-check': ['fast-check', 'xstate'],
}
const commandLineOnly = ['commander', 'log-update', 'prom-client']

const fiveLines = `
import { createCluster } from 'standby'

await using cluster = createCluster()
const client = cluster.client()
await client.put('greeting', 'hello')
await client.append('greeting', ' again')
console.log(await client.get('greeting'))
`

let application = ''
let remove = () => {}

beforeAll(async () => {
  const installed = await installPacked('@types/node')
  application = installed.folder
  remove = installed.remove
}, 60_000)

afterAll(() => remove())

/** Runs a module of the application in Node and gives what it printed. */
async function inNode(source: string): Promise<string> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: application,
    timeout: 20_000,
  })
  return stdout
}

describe('the packed package', () => {
  test('holds what is built and nothing of tests, benchmarks or sources', () => {
    const packed = readdirSync(join(application, 'node_modules', manifest.name), { recursive: true }).map(
      (name) => String(name).replaceAll('\\', '/'),
    )

    expect(packed).toContain('dist/runtime/index.js')
    expect(packed).toContain('LICENSE')
    expect(packed.filter((name) => /^(test|bench|\.ci)\b|\.test\.|\.tgz$/.test(name))).toEqual([])
    expect(packed.filter((name) => name.startsWith('dist/') && /(?<!\.d)\.ts$/.test(name))).toEqual([])
  })

  test('opens every door in Node', async () => {
    const opened = doors.filter((door) => !inVitestOnly.includes(door))
    const source = opened
      .map((door) => `console.log(Object.keys(await import('${specifier(door)}')).length > 0)`)
      .join('\n')

    const printed = await inNode(source)

    expect(printed.trim().split('\n')).toEqual(opened.map(() => 'true'))
  })

  test('runs the five lines', async () => {
    // Node 20 does not know `await using` yet; TypeScript does.
    const { outputText } = ts.transpileModule(fiveLines, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    })

    expect(await inNode(outputText)).toBe('hello again\n')
  })

  test('runs its command', async () => {
    const main = join(application, 'node_modules', manifest.name, 'dist/cli/main.js')

    const { stdout } = await run(process.execPath, [main, '--help'], { cwd: application, timeout: 20_000 })

    expect(stdout).toContain('standby')
  })

  test.each([
    ['NodeNext', 'for Node', ['es2022', 'esnext.disposable'], ['node'], {}],
    ['Bundler', 'for a browser', ['es2022', 'esnext.disposable', 'dom', 'dom.iterable'], [], {}],
    [
      'Bundler',
      'with the oldest XState that is admitted',
      ['es2022', 'esnext.disposable', 'dom', 'dom.iterable'],
      [],
      { xstate: [join(root, 'node_modules/xstate-lowest')] },
    ],
  ] as const)(
    'type-checks in a strict application that resolves as %s, %s',
    async (resolution, title, lib, types, paths) => {
      const name = `${resolution}-${title.replaceAll(' ', '-')}`
      const file = `consumer-${name}.ts`
      const opens = doors.map((door, index) => `import * as door${index} from '${specifier(door)}'`)
      const uses = `export { ${doors.map((_, i) => `door${i}`)} }`
      writeFileSync(join(application, file), [...opens, fiveLines, consumer, uses].join('\n'))
      const settings = {
        compilerOptions: {
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          skipLibCheck: false,
          target: 'es2022',
          lib,
          types,
          module: resolution === 'NodeNext' ? 'nodenext' : 'esnext',
          moduleResolution: resolution.toLowerCase(),
          paths,
        },
        files: [file],
      }
      writeFileSync(join(application, `tsconfig.${name}.json`), JSON.stringify(settings))

      const used = resolution === 'NodeNext' ? compilers : compilers.slice(1, 2)
      const problems: Record<string, readonly string[]> = {}
      for (const [version, tsc] of used) problems[version] = await problemsOf(tsc, `tsconfig.${name}.json`)

      expect(problems).toEqual(Object.fromEntries(used.map(([version]) => [version, []])))
    },
    240_000,
  )
})

/** The compilers that must take the declarations: the oldest that is promised, our own, the newest. */
const compilers = [
  ['5.4', join(root, 'test/declarations/node_modules/typescript-oldest/bin/tsc')],
  ['6', join(root, 'node_modules/typescript/bin/tsc')],
  ['7', join(root, 'test/declarations/node_modules/typescript-newest/bin/tsc')],
] as const

/** Problems in our own declarations and in the application; those of other packages are not ours. */
async function problemsOf(tsc: string, project: string): Promise<readonly string[]> {
  const args = [tsc, '-p', project, '--pretty', 'false']
  const { stdout } = await run(process.execPath, args, { cwd: application }).catch(
    (error: { stdout: string }) => error,
  )
  return stdout
    .split('\n')
    .filter((line) => /error TS/.test(line))
    .filter((line) => !line.includes('node_modules/') || line.includes(`node_modules/${manifest.name}/`))
}

/** What an application says to the types: each line with an error in it must be one. */
const consumer = `
import { type Application, StandbyError, defineApplication } from 'standby'
import { createMessagePortTransport } from 'standby/transport/message-port'

const counter = defineApplication({
  name: 'counter',
  initialState: 0,
  execute: (count: number, by: number) => [count + by, count + by],
})
const other = createCluster({ application: counter, servers: 2, timing: { pingIntervalMs: 20 } })
const kept: ReturnType<typeof createCluster> = cluster
export const viaReturnType: string | null = await kept.client().get<string>('greeting')
export const sum: number = await other.client().execute(5)
// @ts-expect-error A counter has no keys.
other.client().put('a', 1)
// @ts-expect-error Names are numbers or a list.
createCluster({ servers: 'three' })
export const length: number = await client.append('greeting', '!')
export const found: string | null = await client.get<string>('greeting')
export const code: string = new StandbyError('stopped', 'why').code
export type AnyApplication = Application

// Interfaces are JSON too, though they have no index signature.
interface User { readonly name: string; readonly age?: number; readonly tags: string[] }
interface Users { readonly [id: string]: User }
declare const user: User
await client.put('user', user)
export const saved: User | null = await client.get<User>('user')
export const changed: boolean = await client.compareAndSet('user', saved, { ...user, age: 5 })
export const renamed: User = await client.update('user', (present: User | null) => ({ ...user, ...present, age: 6 }))
// @ts-expect-error A date is none.
await client.put('now', new Date())
// @ts-expect-error Nor is what has one in it.
await client.put('now', { at: new Date() })
// @ts-expect-error Nor is nothing.
await client.put('now', undefined)
const users = defineApplication({
  name: 'users',
  initialState: {} as Users,
  execute: (state, command: { id: string; user: User }) => [{ ...state, [command.id]: command.user }, command.id],
})
export const id: string = await createCluster({ application: users }).client().execute({ id: 'u1', user })
// @ts-expect-error A set is no state.
defineApplication({ name: 'set', initialState: new Set<string>(), execute: (state, id: string) => [state, id] })
declare const channel: InstanceType<typeof MessageChannel>
createMessagePortTransport({ ports: [channel.port1] })
`

describe('in a browser bundle', () => {
  const bundled = async (door: string, external: boolean): Promise<{ text: string; metafile: Metafile }> => {
    const { outputFiles, metafile } = await build({
      stdin: { contents: `export * from '${specifier(door)}'`, resolveDir: application },
      bundle: true,
      write: false,
      minify: true,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      logLevel: 'silent',
      ...(external ? { external: dependencies.flatMap((name) => [name, `${name}/*`]) } : {}),
    })
    return { text: outputFiles[0]!.text, metafile }
  }

  test.each(doors.filter((door) => door in packages))(
    '%s bundles, with nothing of Node in it',
    async (door) => {
      const { text } = await bundled(door, false)

      const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(1)} kB`
      console.log(
        `${specifier(door)}: ${kilobytes(text.length)} minified, ${kilobytes(gzipSync(text).length)} gzipped`,
      )
      expect(text).not.toMatch(/['"`]node:/)
    },
  )

  test.each(doors.filter((door) => !inVitestOnly.includes(door)))(
    '%s brings along no package of another door',
    async (door) => {
      const { metafile } = await bundled(door, true).catch(() => nodeOnly(door))

      const allowed =
        packages[door] ??
        inNodePackages[door] ??
        [...Object.keys(manifest.dependencies), 'xstate'].filter((name) => !commandLineOnly.includes(name))
      expect(importedBy(metafile).filter((name) => !allowed.includes(name))).toEqual([])
    },
  )

  test.each(Object.keys(inNodePackages))(
    '%s brings along no package of another door, in Node',
    async (door) => {
      const { metafile } = await nodeOnly(door)

      expect(importedBy(metafile).filter((name) => !inNodePackages[door]!.includes(name))).toEqual([])
    },
  )

  /** The packages that a bundle imports, each once. */
  const importedBy = (metafile: Metafile): readonly string[] => {
    const paths = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path))
    const names = paths.map((path) =>
      path
        .split('/')
        .slice(0, path.startsWith('@') ? 2 : 1)
        .join('/'),
    )
    return [...new Set(names)].filter((name) => !name.startsWith('node:'))
  }

  /** A door that needs Node, such as one with sockets or workers. */
  const nodeOnly = (door: string) =>
    build({
      stdin: { contents: `export * from '${specifier(door)}'`, resolveDir: application },
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'silent',
      external: dependencies.flatMap((name) => [name, `${name}/*`]),
    })
})
