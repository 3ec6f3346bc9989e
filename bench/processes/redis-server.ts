/** A Redis server with one replica, in memory only or with an append-only file, on free ports of loopback. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createClient } from '@redis/client'
import { endWithUs, freePorts } from './programs.ts'
import { type Running, until } from './systems.ts'

/** How to get one. */
export const missingRedis =
  'expected redis-server on the PATH, got none; install it: apt-get install -y redis-server (Debian), brew install redis (macOS)'

const paths = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']

/** The path of the program; null if it is not installed. */
export function redisServer(): string | null {
  return paths.map((folder) => join(folder, 'redis-server')).find(existsSync) ?? null
}

/**
 * Starts both; resolves when the replica is in step.
 * @throws Error with how to install it, where it is missing.
 */
export async function startRedis(
  durability: 'flush' | 'memory' = 'memory',
): Promise<Running & { readonly port: number }> {
  const program = redisServer()
  if (program === null) throw new Error(missingRedis)
  const [port, replica] = (await freePorts(2)) as [number, number]
  const folders: string[] = []
  const start = (own: number, ...flags: readonly string[]) => {
    const flush = ['--appendonly', 'yes', '--appendfsync', 'always']
    const kept = durability === 'flush' ? flush : ['--appendonly', 'no']
    const common = ['--save', '', '--repl-diskless-sync-delay', '0', ...kept]
    const folder = mkdtempSync(join(tmpdir(), 'standby-redis-'))
    folders.push(folder)
    const where = ['--bind', '127.0.0.1', '--port', String(own), '--dir', folder]
    const child = spawn(program, [...where, ...common, ...flags], { stdio: 'ignore' })
    endWithUs(child)
    return child
  }
  const children = [start(port), start(replica, '--replicaof', '127.0.0.1', String(port))]
  const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: 20 } })
  client.on('error', () => {})
  await client.connect()
  await until(async () => {
    await client.set('key', 'value')
    return (await client.wait(1, 100)) >= 1
  })
  await client.close()
  return {
    port,
    async stop() {
      for (const child of children) {
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        await ended
      }
      for (const folder of folders) rmSync(folder, { recursive: true, force: true })
    },
  }
}
