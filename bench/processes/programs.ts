/** The child processes of the benchmarks: bundled as plain JavaScript, as a package ships it, started, asked over IPC, and ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** What runs in a child. tsx would keep the names of functions, at a cost per closure that production does not have. */
const sources = {
  standby: '../../cli/main.ts',
  driver: './driver.ts',
  node: './node.ts',
  probe: './probe.ts',
} as const

/** A child that answers questions. */
export interface Program {
  /** Asks it, and resolves with its answer; one question at a time. */
  ask<Answer>(question: object): Promise<Answer>
  /** What it printed. */
  stdout(): string
  /** Ends it; resolves when it has ended. */
  stop(): Promise<void>
}

export interface ProgramOptions {
  readonly args: readonly string[]
  /** Whether it says over IPC when it is ready; otherwise it prints a line. */
  readonly answers: boolean
}

/** Where the children of this run leave their CPU profiles; default: nowhere. */
let profiles: string | null = null

/** Lets all children write a profile when they end. */
export function profileInto(folder: string): void {
  profiles = folder
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const bundles = here('../../node_modules/.cache/standby-bench')
let bundled: Promise<unknown> | null = null

/**
 * Starts a program and resolves when it is ready.
 * @throws Error with what it printed, if it ends before.
 */
export async function startProgram(
  name: 'standby' | 'driver' | 'node',
  options: ProgramOptions,
): Promise<Program> {
  bundled ??= build({
    entryPoints: Object.fromEntries(Object.entries(sources).map(([key, path]) => [key, here(path)])),
    outdir: bundles,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
  })
  await bundled
  const profiling =
    profiles === null ? [] : ['--cpu-prof', '--cpu-prof-interval', '250', '--cpu-prof-dir', profiles]
  const nodeArgs = ['--expose-gc', ...profiling, '--import', `${bundles}/probe.mjs`]
  const child = spawn(process.execPath, [...nodeArgs, `${bundles}/${name}.mjs`, ...options.args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout!.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  child.stderr!.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk).slice(-4000)
  })
  endWithUs(child)
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(
      `expected ${name} ${options.args.join(' ').slice(0, 200)} to go on, got its end with ${code}: ${stderr}`,
    )
  })
  failed.catch(() => {})
  await Promise.race([
    once(options.answers ? child : child.stdout!, options.answers ? 'message' : 'data'),
    failed,
  ])
  return {
    async ask<Answer>(question: object) {
      child.send(question)
      const [answer] = await Promise.race([once(child, 'message'), failed])
      return answer as Answer
    },
    stdout: () => stdout,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Every end of the benchmark ends its children. */
export function endWithUs(child: ChildProcess): void {
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  process.setMaxListeners(50)
}

/** Ports of loopback that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
