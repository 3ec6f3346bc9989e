/** A system of real processes on loopback: started, killed, asked to leave and started again. It asserts nothing but that they start. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, type KeyValueClient, withKeyValueMethods } from '../../actors/client.ts'
import type { KeyValueCommand } from '../../machines/application/key-value-store.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import type { NodeStatus } from '../../runtime/serve/node-status.ts'
import { openTcpTransport } from '../../runtime/transport/tcp.ts'

const root = new URL('../..', import.meta.url).pathname
const deadlineMs = 25_000
/** A start takes as long as the machine is busy. */
const readyMs = 50_000
/** Slow enough for a machine that is busy with other tests. */
export const timing = { pingIntervalMs: 100, pingCheckIntervalMs: 400 }

/** A child process of the command line. */
export interface Child {
  readonly process: ChildProcess
  stdout(): string
  stderr(): string
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
  hasEnded(): boolean
}

/** One process of the system that says that it is ready. */
export interface Served extends Child {
  readonly name: string
  readonly node: string
  readonly http: string
  status(): Promise<NodeStatus>
}

/** How a child is run, where it is not `standby` with pipes. */
export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Its standard error: a file descriptor; default: a pipe that is read. */
  readonly stderr?: number | 'pipe'
  /** Another program than the command line. */
  readonly program?: string
}

/** Runs `standby` with these arguments. */
export type Run = (args: readonly string[], options?: RunOptions) => Child

/** Processes in a folder of their own, all ended by `end`. */
export function createProcesses() {
  const folder = mkdtempSync(join(tmpdir(), 'standby-processes-'))
  const children: Child[] = []
  const closers: (() => unknown)[] = []

  const run: Run = (args, { env = {}, stderr: errors = 'pipe', program = 'cli/main.ts' } = {}) => {
    const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', errors],
      env: { ...process.env, NO_COLOR: '1', ...env },
    })
    let [stdout, stderr, over] = ['', '', false]
    child.stdout?.on('data', (data) => {
      stdout += data
    })
    child.stderr?.on('data', (data) => {
      stderr += data
    })
    const ended = new Promise<number | string | null>((resolve) =>
      child.on('close', (code, signal) => {
        over = true
        resolve(code ?? signal)
      }),
    )
    const own = { process: child, stdout: () => stdout, stderr: () => stderr, ended, hasEnded: () => over }
    children.push(own)
    return own
  }

  return {
    folder,
    run,
    onEnd: (close: () => unknown) => void closers.push(close),
    async end() {
      for (const close of closers) await close()
      for (const child of children) child.process.kill('SIGKILL')
      await Promise.all(children.map(({ ended }) => ended))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * A system whose processes find each other by a file; `stderr` is asked for each process where its log goes, and `given` is
 * what the file says beside.
 */
export async function createSystem(
  processes: ReturnType<typeof createProcesses>,
  names: readonly string[],
  stderr: () => number | 'pipe' = () => 'pipe',
  given: Record<string, unknown> = { timing },
) {
  const { folder, run, onEnd } = processes
  const ports = await freePorts(names.length + 1)
  const peers = Object.fromEntries(
    ['view-service', ...names].map((name, index) => [name, `127.0.0.1:${ports[index]}`]),
  )
  const config = join(folder, 'system.json')
  writeFileSync(config, JSON.stringify({ peers, logFormat: 'json', http: '127.0.0.1:0', ...given }))

  const start = (role: string, name: string, ...flags: readonly string[]): Promise<Served> => {
    const listen = role === 'client-gateway' ? [] : ['--listen', peers[name]!, '--data', join(folder, name)]
    return served(
      name,
      run(['serve', role, '--name', name, '--config', config, ...listen, ...flags], { stderr: stderr() }),
    )
  }

  return {
    peers,
    config,
    viewService: (...flags: readonly string[]) => start('view-service', 'view-service', ...flags),
    server: (name: string, ...flags: readonly string[]) => start('server', name, ...flags),
    gateway: (name: string, ...flags: readonly string[]) => start('client-gateway', name, ...flags),
    /** A client in this process, on a connection of its own. */
    async client(name: string): Promise<KeyValueClient> {
      const transport = await openTcpTransport({ directory: peers })
      const clock = schedulerClock()
      const client = createClient<KeyValueCommand, never>({
        id: `${name}#1`,
        transport,
        clock,
        timeoutMs: 20_000,
      })
      onEnd(() => {
        client.stop()
        return transport.close()
      })
      return withKeyValueMethods(client)
    },
    /** Resolves when the next crash can be survived. */
    async redundant(viewService: Served, servers: readonly Served[]): Promise<NodeStatus['view']> {
      let view: NodeStatus['view'] | null = null
      await until('a view with a backup that is acknowledged', async () => {
        const status = await viewService.status()
        view = status.view
        const { primary, backup } = view
        const alive = servers.filter((server) => !server.hasEnded()).map(({ node }) => node)
        return (
          status.state === 'acknowledged' &&
          backup !== null &&
          alive.includes(backup) &&
          alive.includes(primary!)
        )
      })
      return view!
    },
  }
}

/** Resolves when a process of the system says that it is ready. @throws Error if it ends instead */
export async function served(name: string, child: Child): Promise<Served> {
  await until(`${name} to be ready`, () => child.stdout().includes('\n') || child.hasEnded(), readyMs)
  if (child.hasEnded()) throw new Error(`expected ${name} to start, got: ${child.stderr()}`)
  const { node, http } = JSON.parse(child.stdout()) as { node: string; http: string }
  const status = async () => {
    const response = await fetch(`http://${http}/status`, { signal: AbortSignal.timeout(5000) })
    return (await response.json()) as NodeStatus
  }
  return { ...child, name, node, http, status }
}

/** Asks again and again until the condition holds. @throws Error past the deadline */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  boundMs = deadlineMs,
): Promise<void> {
  const deadline = Date.now() + boundMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`expected ${what} within ${boundMs} ms; it has not come about`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Ports that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
