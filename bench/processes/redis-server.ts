/** A Redis server with one replica, both in memory only, on free ports of loopback. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createClient } from '@redis/client'
import { endWithUs, freePorts } from './programs.ts'
import { type Running, until } from './systems.ts'

/** How to get one. */
export const missingRedis =
  'expected redis-server on the PATH, got none; install it: apt-get install -y redis-server (Debian), brew install redis (macOS)'

const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']

/** The path of the program; null if it is not installed. */
export function redisServer(): string | null {
  return folders.map((folder) => join(folder, 'redis-server')).find(existsSync) ?? null
}

/**
 * Starts both; resolves when the replica is in step.
 * @throws Error with how to install it, where it is missing.
 */
export async function startRedis(): Promise<Running & { readonly port: number }> {
  const program = redisServer()
  if (program === null) throw new Error(missingRedis)
  const [port, replica] = (await freePorts(2)) as [number, number]
  const start = (own: number, ...flags: readonly string[]) => {
    const memoryOnly = ['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0']
    const where = ['--bind', '127.0.0.1', '--port', String(own), '--dir', '/tmp']
    const child = spawn(program, [...where, ...memoryOnly, ...flags], { stdio: 'ignore' })
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
    },
  }
}
