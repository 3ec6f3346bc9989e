/** Clients of a running system over TCP: as many as wanted, on as many connections as wanted. */
import { createClient } from '../../actors/client.ts'
import { defaultTiming } from '../../actors/options.ts'
import type { KeyValueCommand, KeyValueResult } from '../../machines/application/key-value-store.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { type MeshTransport, openTcpTransport } from '../../runtime/transport/tcp.ts'
import { type Call, type Driven, type DrivenConfig, keyOf } from './driven.ts'

const passersAtOnce = 100

/** Opens them, each with its session. Callers are dealt to clients, and clients to connections, in turn. */
export async function openStandby({
  directory,
  clients: count = 1,
  connections = 1,
  retryIntervalMs = defaultTiming.retryIntervalMs,
}: Extract<DrivenConfig, { kind: 'standby' }>): Promise<Driven> {
  const clock = schedulerClock()
  const transports: MeshTransport[] = []
  for (let i = 0; i < connections; i++) transports.push(await openTcpTransport({ directory, clock }))
  const life = `${process.pid}`
  const open = (name: string, number: number) =>
    createClient<KeyValueCommand, KeyValueResult>({
      id: `${name}-${life}-${number}#1`,
      transport: transports[number % transports.length]!,
      clock,
      timeoutMs: 60_000,
      timing: { retryIntervalMs },
    })
  const clients = Array.from({ length: count }, (_, number) => open('c', number))
  for (let i = 0; i < count; i += passersAtOnce)
    await Promise.all(
      clients.slice(i, i + passersAtOnce).map((client) => client.execute({ op: 'get', key: 'k' })),
    )
  let passed = 0
  return {
    callOf(caller): Call {
      const client = clients[caller % count]!
      return (serial) => client.execute({ op: 'put', key: keyOf(serial), value: serial })
    },
    messages: () =>
      transports.reduce(
        (sum, transport) => sum + transport.counters().sent + transport.counters().received,
        0,
      ),
    async passBy(number) {
      for (const end = passed + number; passed < end; ) {
        const some = Array.from({ length: Math.min(passersAtOnce, end - passed) }, () => open('p', passed++))
        await Promise.all(some.map((client) => client.execute({ op: 'get', key: 'k' })))
        for (const client of some) client.stop()
      }
    },
  }
}
