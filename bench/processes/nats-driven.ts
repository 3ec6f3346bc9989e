/** Over a NATS server: a client of our system, and the bare chain of requests that it is measured against. */
import { connect } from '@nats-io/transport-node'
import { createClient } from '../../actors/client.ts'
import type { KeyValueCommand, KeyValueResult } from '../../machines/application/key-value-store.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { openNatsTransport } from '../../runtime/transport/nats.ts'
import { type Driven, type DrivenConfig, keyOf } from './driven.ts'

export async function openStandbyOverNats({
  url,
  clients: count = 1,
}: Extract<DrivenConfig, { kind: 'standby-nats' }>): Promise<Driven> {
  const transport = await openNatsTransport({ connection: { servers: url } })
  const clock = schedulerClock()
  const clients = Array.from({ length: count }, (_, number) =>
    createClient<KeyValueCommand, KeyValueResult>({ id: `c-${process.pid}-${number}#1`, transport, clock }),
  )
  await Promise.all(clients.map((client) => client.execute({ op: 'get', key: 'k' })))
  return {
    callOf(caller) {
      const client = clients[caller % count]!
      return (serial) => client.execute({ op: 'put', key: keyOf(serial), value: serial })
    },
  }
}

/** A request to the first of two programs, which answers when the second has answered it. */
export async function openNatsChain({ url }: Extract<DrivenConfig, { kind: 'nats-chain' }>): Promise<Driven> {
  const nats = await connect({ servers: url })
  return {
    callOf: () => async (serial) => {
      const reply = await nats.request(
        'primary',
        JSON.stringify({ op: 'put', key: keyOf(serial), value: serial }),
      )
      return reply.json()
    },
  }
}
