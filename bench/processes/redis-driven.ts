/** Redis as its users drive it from Node, through node-redis: each operation is SET, then WAIT for one replica. */
import { createClient } from '@redis/client'
import { type Call, type Driven, type DrivenConfig, keyOf } from './driven.ts'

const waitMs = 10_000

/** Opens so many connections; callers are dealt to them in turn. */
export async function openRedis({
  port,
  connections,
  manner,
}: Extract<DrivenConfig, { kind: 'redis' }>): Promise<Driven> {
  const clients = Array.from({ length: connections }, () =>
    createClient({ socket: { host: '127.0.0.1', port } }),
  )
  await Promise.all(clients.map((client) => client.connect()))
  type Client = (typeof clients)[number]

  const inTurn = (client: Client): Call => {
    return async (serial) => {
      await client.set(keyOf(serial), String(serial))
      refuseLoss(await client.wait(1, waitMs))
    }
  }
  const pipelined = (client: Client): Call => {
    return async (serial) => {
      const set = client.set(keyOf(serial), String(serial))
      refuseLoss(await client.wait(1, waitMs))
      await set
    }
  }
  const waits = new Map<Client, Promise<number>>()
  const shared = (client: Client): Call => {
    return async (serial) => {
      const set = client.set(keyOf(serial), String(serial))
      let wait = waits.get(client)
      if (wait === undefined) {
        wait = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
          waits.delete(client)
          return client.wait(1, waitMs)
        })
        waits.set(client, wait)
      }
      refuseLoss(await wait)
      await set
    }
  }
  const call = { inTurn, pipelined, shared }[manner]
  return { callOf: (caller) => call(clients[caller % connections]!) }
}

function refuseLoss(replicas: number): void {
  if (replicas < 1) throw new Error('expected one replica to confirm, got none')
}
