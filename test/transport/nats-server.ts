/** A real nats-server for tests, on a port of its own. It asserts nothing, but says how to install it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NatsTransport } from '../../runtime/transport/nats-transport.ts'
import { isSkipped, natsServer, requireProgram } from '../support/programs.ts'
import type { OpenTransport } from './open-transport.ts'

/** Whether tests with NATS are left out on purpose. */
export const skipsNats = isSkipped(natsServer)

export interface NatsServer {
  readonly url: string
  /** Where the configuration asks for a listener `websocket`; else empty. */
  readonly webSocketUrl: string
  /** Kills it; `start` brings it back on the same port. */
  kill(): Promise<void>
  /** With the same configuration unless there is another one for this life. */
  start(configuration?: string): Promise<void>
  stop(): Promise<void>
  /** What the server of this life has written. */
  log(): string
}

/** Starts a server with a configuration in its own language, such as `max_payload: 100000`. */
export async function startNatsServer(configuration = ''): Promise<NatsServer> {
  const executable = requireProgram(natsServer)
  const folder = mkdtempSync(join(tmpdir(), 'standby-nats-'))
  let child: ChildProcess | null = null
  let port = -1
  let webSocketUrl = ''

  let log = ''

  const start = async (given = configuration) => {
    writeFileSync(join(folder, 'nats.conf'), given)
    const flags = [
      '-a',
      '127.0.0.1',
      '-p',
      `${port}`,
      '-c',
      join(folder, 'nats.conf'),
      '--ports_file_dir',
      folder,
    ]
    const started = spawn(executable, flags, { stdio: ['ignore', 'ignore', 'pipe'] })
    child = started
    log = ''
    await new Promise<void>((resolve, reject) => {
      started.stderr.on('data', (chunk: Buffer) => {
        log += chunk.toString()
        if (log.includes('Server is ready')) resolve()
      })
      started.once('exit', () => reject(new Error(`nats-server ended: ${log}`)))
      started.once('error', reject)
    })
    const [, found] = /Listening for client connections on [\d.]+:(\d+)/.exec(log) ?? []
    port = Number(found)
    webSocketUrl = /Listening for websocket clients on (wss?:\/\/[\d.]+:\d+)/.exec(log)?.[1] ?? ''
  }
  const kill = async () => {
    const running = child
    child = null
    if (running === null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill('SIGKILL')
    await ended
  }
  await start()
  return {
    get url() {
      return `127.0.0.1:${port}`
    },
    get webSocketUrl() {
      return webSocketUrl
    },
    start,
    kill,
    log: () => log,
    async stop() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Two ends that are opened, for the contract of all transports. */
export function natsEnds(here: NatsTransport, there: NatsTransport): OpenTransport {
  return {
    here,
    there,
    async ready() {
      await Promise.all([here.ready(), there.ready()])
    },
    async settle() {
      // What was published before a question is delivered before its answer; an answer takes another round.
      for (let round = 0; round < 4; round++) {
        if (here.connected()) await here.ready().catch(() => {})
        if (there.connected()) await there.ready().catch(() => {})
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    },
  }
}
