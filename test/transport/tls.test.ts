/** TLS and client certificates: who has none of the authority's is turned away, and a certificate speaks for its own names. */
import { afterEach, describe, expect, test } from 'vitest'
import type { Envelope } from '../../actors/ports.ts'
import type { MeshTransport } from '../../runtime/transport/mesh-options.ts'
import { openTcpTransport, type TcpTransportOptions } from '../../runtime/transport/tcp.ts'
import { openWebSocketTransport } from '../../runtime/transport/websocket.ts'
import { createIdentities } from './certificates.ts'
import { until } from './socket-ends.ts'

const identities = createIdentities('b', 'c-7')
const envelope = (from: string, to: string): Envelope => ({
  from,
  to,
  message: { type: 'getView' },
  stamp: { lamport: 1, vector: {} },
})

describe.each<[string, (options: TcpTransportOptions) => Promise<MeshTransport>]>([
  ['TCP', openTcpTransport],
  ['WebSocket', openWebSocketTransport],
])('TLS over %s', (_, open) => {
  const opened: MeshTransport[] = []
  const start = async (options: TcpTransportOptions) => {
    const transport = await open(options)
    opened.push(transport)
    return transport
  }
  const listener = async () => {
    const tls = { listen: { ...identities.b, requestCert: true } }
    const received: Envelope[] = []
    // Certificates are authentication enough to listen to a network.
    const there = await start({ listen: { host: '0.0.0.0' }, tls })
    there.attach('b#1', (arrived) => void received.push(arrived))
    return { there, received, directory: { b: there.address!.replace('0.0.0.0', '127.0.0.1') } }
  }
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((transport) => transport.close()))
  })

  test('a certificate speaks for its own name, in every life, and for no other', async () => {
    const { there, received, directory } = await listener()
    const here = await start({ directory, tls: { dial: identities['c-7'] } })
    for (const id of ['c-7#1', 'c-7#2', 'c-8#1']) {
      here.attach(id, () => {})
      here.send(envelope(id, 'b#1'))
    }
    await until(() => there.counters().refused.foreignSender === 1, 'a refusal')

    expect(received.map(({ from }) => from)).toEqual(['c-7#1', 'c-7#2'])
    expect(there.counters().refused.notPermitted).toBe(1)
  })

  test.each([
    ['no certificate', { ca: identities.b.ca }],
    ['a certificate of another authority', identities.foreign],
  ])('with %s no one gets in', async (_, dial) => {
    const { there, received, directory } = await listener()
    const here = await start({ directory, tls: { dial: { ...dial, ca: identities.b.ca } } })
    here.attach('c-7#1', () => {})

    await until(() => {
      here.send(envelope('c-7#1', 'b#1'))
      return here.counters().dialed >= 2
    }, 'a second attempt')

    expect([there.counters().connections, received.length]).toEqual([0, 0])
  })

  test('a listener that no authority of ours vouches for is not spoken to', async () => {
    const { received, directory } = await listener()
    const here = await start({
      directory,
      tls: { dial: { ...identities['c-7'], ca: identities.foreign.cert } },
    })
    here.attach('c-7#1', () => {})

    await until(() => {
      here.send(envelope('c-7#1', 'b#1'))
      return here.counters().dialed >= 2
    }, 'a second attempt')

    expect([here.counters().connections, received.length]).toEqual([0, 0])
  })
})
