/** Whole systems of processes on loopback, started and ended: ours as `standby serve` runs it, and those beside it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BenchOptions } from '../measurement.ts'
import type { Directory, DrivenConfig } from './driven.ts'
import type { NodeConfig } from './node.ts'
import type { MemoryAnswer } from './probe.ts'
import { freePorts, type Program, startProgram } from './programs.ts'

/** What runs, and how it is ended. */
export interface Running {
  stop(): Promise<void>
}

/** Our system: view service, primary and backup, and where they are. */
export interface RunningStandby extends Running {
  readonly directory: Directory
  /** Of the primary, after a collection. */
  memory(): Promise<MemoryAnswer>
}

const names = ['view-service', 's1', 's2'] as const
const deadlineMs = 20_000

/** A driver for a system, in a process of its own. */
export function startDriver(config: DrivenConfig): Promise<Program> {
  return startProgram('driver', { args: [JSON.stringify(config)], answers: true })
}

/** Loads a system until V8 has compiled what is hot, which takes some thousand operations. */
export async function warmUp(driver: Program, callers: number, { quick }: BenchOptions): Promise<void> {
  const ms = quick ? 500 : 2000
  await driver.ask({ ask: 'load', callers, ms })
  await driver.ask({ ask: 'load', callers: 1, ms })
}

/** Starts it with `standby serve`; resolves when its view has a backup and is acknowledged. */
export async function startStandby(durability: 'flush' | 'memory' = 'memory'): Promise<RunningStandby> {
  const folder = mkdtempSync(join(tmpdir(), 'standby-bench-'))
  const directory = await directoryOf()
  const config = join(folder, 'system.json')
  writeFileSync(config, JSON.stringify({ peers: directory, logFormat: 'json', http: '127.0.0.1:0' }))
  const serve = (name: string) => {
    const server = ['server', '--name', name, '--durability', durability]
    const role = name === 'view-service' ? ['view-service', '--new-system'] : server
    const own = ['--config', config, '--listen', directory[name]!, '--data', join(folder, name)]
    return startProgram('standby', { args: ['serve', ...role, ...own], answers: false })
  }
  const programs = await Promise.all(names.map(serve))
  const { http } = JSON.parse(programs[0]!.stdout()) as { http: string }
  let primary: string | null = null
  await until(async () => {
    const status = (await (await fetch(`http://${http}/status`)).json()) as Status
    primary = status.view.primary
    return status.state === 'acknowledged' && status.view.backup !== null
  })
  const index = names.findIndex((name) => primary!.startsWith(`${name}#`))
  return {
    directory,
    memory: () => programs[index]!.ask<MemoryAnswer>({ ask: 'memory' }),
    async stop() {
      for (const program of programs.toReversed()) await program.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Status {
  readonly state: string
  readonly view: { readonly primary: string | null; readonly backup: string | null }
}

/** The same processes of the protocol by hand. */
export async function startByHand(): Promise<Running & { readonly directory: Directory }> {
  const directory = await directoryOf()
  const portOf = (name: string) => Number(directory[name]!.split(':')[1])
  return {
    directory,
    ...(await startNodes(names.map((name) => ({ kind: 'by-hand', name, port: portOf(name), directory })))),
  }
}

/** Our system once more, over a NATS server. */
export function startStandbyOverNats(url: string): Promise<Running> {
  return startNodes(names.map((name) => ({ kind: 'standby-nats', name, url })))
}

/** Two programs that answer requests, the first when the second has answered. */
export function startNatsChain(url: string): Promise<Running> {
  return startNodes([
    { kind: 'nats-chain', subject: 'primary', next: 'backup', url },
    { kind: 'nats-chain', subject: 'backup', next: null, url },
  ])
}

/** A WebSocket echo server. */
export async function startEcho(): Promise<Running & { readonly port: number }> {
  const [port] = await freePorts(1)
  return { port: port!, ...(await startNodes([{ kind: 'echo', port: port! }])) }
}

/** Starts them, and waits until the first is redundant, if it knows such a thing. */
async function startNodes(configs: readonly NodeConfig[]): Promise<Running> {
  const programs = await Promise.all(
    configs.map((config) => startProgram('node', { args: [JSON.stringify(config)], answers: true })),
  )
  await until(() => programs[0]!.ask<boolean>({ ask: 'redundant' }))
  return {
    async stop() {
      for (const program of programs) await program.stop()
    },
  }
}

async function directoryOf(): Promise<Directory> {
  const ports = await freePorts(names.length)
  return Object.fromEntries(names.map((name, index) => [name, `127.0.0.1:${ports[index]}`]))
}

/** Asks again and again until the condition holds. @throws Error past the deadline */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + deadlineMs
  while (!(await condition())) {
    if (Date.now() > deadline)
      throw new Error(`expected a system to be ready within ${deadlineMs} ms; it is not`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
