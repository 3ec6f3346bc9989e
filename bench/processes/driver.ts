/** The child process that makes the calls: callers that each make the next call when the last is answered. */
import { channel } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { median } from '../measurement.ts'
import type { Driven, DrivenConfig } from './driven.ts'

/** What a driver is asked: to load its system for a while, or to let clients come and go. */
export type DriverQuestion =
  | { readonly ask: 'load'; readonly callers: number; readonly ms: number }
  | { readonly ask: 'passBy'; readonly clients: number }

/** The result of a load. */
export interface LoadAnswer {
  readonly perSecond: number
  /** Of a call, microseconds. */
  readonly latency: number
  /** On the wire, both ways, for each message; NaN where they are not counted. */
  readonly bytesPerMessage: number
}

const sockets = new Set<Socket>()
channel('net.client.socket').subscribe((message) => void sockets.add((message as { socket: Socket }).socket))

const driven = await open(JSON.parse(process.argv[2]!) as DrivenConfig)
process.on('message', async (question: DriverQuestion) => {
  if (question.ask === 'load') process.send!(await load(driven, question))
  if (question.ask === 'passBy') {
    await driven.passBy!(question.clients)
    process.send!({})
  }
})
process.on('SIGTERM', () => process.exit(0))
process.on('disconnect', () => process.exit(0))
process.send!({})

async function open(config: DrivenConfig): Promise<Driven> {
  switch (config.kind) {
    case 'standby':
      return (await import('./standby-driven.ts')).openStandby(config)
    case 'standby-nats':
      return (await import('./nats-driven.ts')).openStandbyOverNats(config)
    case 'nats-chain':
      return (await import('./nats-driven.ts')).openNatsChain(config)
    case 'by-hand':
      return (await import('./by-hand-driven.ts')).openByHand(config)
    case 'redis':
      return (await import('./redis-driven.ts')).openRedis(config)
    case 'echo':
      return (await import('./echo-driven.ts')).openEcho(config)
  }
}

async function load(driven: Driven, { callers, ms }: { callers: number; ms: number }): Promise<LoadAnswer> {
  const latencies: number[] = []
  const before = traffic(driven)
  const start = performance.now()
  const end = start + ms
  let serial = 0
  const keepCalling = async (caller: number) => {
    const call = driven.callOf(caller)
    for (let now = performance.now(); now < end; ) {
      await call(serial++)
      const then = performance.now()
      latencies.push(then - now)
      now = then
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => keepCalling(caller)))
  const seconds = (performance.now() - start) / 1000
  const after = traffic(driven)
  return {
    perSecond: latencies.length / seconds,
    latency: median(latencies) * 1000,
    bytesPerMessage: (after.bytes - before.bytes) / (after.messages - before.messages),
  }
}

function traffic({ messages }: Driven): { readonly bytes: number; readonly messages: number } {
  let bytes = 0
  for (const socket of sockets) bytes += socket.bytesRead + socket.bytesWritten
  return { bytes, messages: messages?.() ?? Number.NaN }
}
