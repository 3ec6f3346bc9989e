/** What transports between processes promise beyond the contract of all: reconnection, bounds, identity, fuzz, and a system that survives a death. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Observation } from '../../actors/observation.ts'
import type { Envelope } from '../../actors/ports.ts'
import { checkHistory, HistoryRecorder, keyValueModel } from '../../proof/history/index.ts'
import { parseAddress } from '../../runtime/transport/address.ts'
import { generateKeyPair, sharedSecret } from '../../runtime/transport/authentication.ts'
import type { MeshOptions, MeshTransport } from '../../runtime/transport/mesh-options.ts'
import { startCluster } from './cluster-over-sockets.ts'
import { type OpenMesh, until } from './socket-ends.ts'

const secret = 'a secret that no one guesses'
const stamp = { lamport: 1, vector: {} }
const envelope = (from: string, to: string, viewNumber = 1): Envelope => ({
  from,
  to,
  message: { type: 'ping', viewNumber },
  stamp,
})

/** A key of its own, and what its peers accept. */
async function newKey(id: string, kind: string) {
  if (kind === 'secrets')
    return { own: { id, secret: `${secret} ${id}` }, accepted: { secret: `${secret} ${id}` } }
  const { privateKey, publicKey } = await generateKeyPair()
  return { own: { id, privateKey }, accepted: { publicKey } }
}

/** Registers the tests for one transport between processes. */
export function socketContract(name: string, open: OpenMesh): void {
  const opened: MeshTransport[] = []
  const start = async (options: Parameters<OpenMesh>[0] = {}) => {
    const transport = await open(options)
    opened.push(transport)
    return transport
  }
  /** A listener with `b`, and one that dials it as `a`. */
  const pair = async (ofListener: MeshOptions = {}, ofDialer: MeshOptions = {}) => {
    const reports: Observation[] = []
    const observe = (observation: Observation) => void reports.push(observation)
    const there = await start({ observe, ...ofListener, listen: {} })
    const here = await start({ observe, ...ofDialer, directory: { b: there.address! } })
    const received: Envelope[] = []
    const answers: Envelope[] = []
    there.attach('b#1', (arrived) => void received.push(arrived))
    here.attach('a#1', (arrived) => void answers.push(arrived))
    const details = () => reports.map(({ detail }) => detail ?? '')
    return { here, there, received, answers, details, reports }
  }

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((transport) => transport.close()))
  })

  describe(`between processes, ${name}`, () => {
    test('a peer that comes back is dialed again, at its old address', async () => {
      const { here, there, received } = await pair()
      here.send(envelope('a#1', 'b#1'))
      await until(() => received.length === 1, 'the first message')
      const port = Number(/:(\d+)\/?$/.exec(there.address!)![1])
      await there.close()
      const again = await start({ listen: { port } })
      let arrived = 0
      again.attach('b#2', () => {
        arrived += 1
      })

      await until(() => {
        here.send(envelope('a#1', 'b#2'))
        return arrived > 0
      }, 'a message over the new connection')

      expect(here.counters().dialed).toBeGreaterThan(1)
    })

    test('an unreachable peer costs few attempts, and what is sent meanwhile is lost and reported', async () => {
      const reports: Observation[] = []
      const gone = await start({ listen: {} })
      const directory = { b: gone.address! }
      await gone.close()
      const here = await start({ directory, observe: (observation) => void reports.push(observation) })
      here.attach('a#1', () => {})

      const from = Date.now()
      await until(() => {
        here.send(envelope('a#1', 'b#1'))
        return Date.now() - from > 300
      }, 'the end')

      const { dialed, lost } = here.counters()
      expect(dialed).toBeLessThan(10)
      expect(lost.unreachable).toBeGreaterThan(5)
      expect(reports.some(({ kind, detail }) => kind === 'drop' && detail === 'unreachable')).toBe(true)
    })

    test('all nodes of a process share one connection', async () => {
      const { here, there, received } = await pair()
      for (let number = 2; number <= 100; number++) here.attach(`a#${number}`, () => {})

      for (let number = 1; number <= 100; number++) here.send(envelope(`a#${number}`, 'b#1', number))
      await until(() => received.length === 100, 'a hundred messages')

      expect([here.counters().dialed, there.counters().connections]).toEqual([1, 1])
    })

    test('a queue that is full loses what comes, and counts it', async () => {
      const { here, received } = await pair({}, { limits: { sendBytesMax: 10_000 } })
      const text = 'x'.repeat(4000)

      for (let number = 0; number < 20; number++)
        here.send({ ...envelope('a#1', 'b#1'), message: { type: 'large', text } as never })
      await until(() => received.length === 3, 'what the queue holds')

      expect(here.counters().lost.queueFull).toBe(17)
    })

    test('a message beyond the size of a frame is lost at its sender, and the connection lives', async () => {
      const { here, received } = await pair({}, { limits: { frameBytesMax: 2000 } })

      here.send({ ...envelope('a#1', 'b#1'), message: { type: 'large', text: 'ä'.repeat(1000) } as never })
      here.send(envelope('a#1', 'b#1', 2))
      await until(() => received.length === 1, 'the small message')

      expect(here.counters().lost.tooLarge).toBe(1)
    })

    test('a frame beyond the bounds of its receiver is refused by name', async () => {
      const { here, there, received } = await pair({ limits: { frameBytesMax: 2000, depthMax: 10 } })
      let deep: unknown = 0
      for (let level = 0; level < 20; level++) deep = [deep]

      here.send({ ...envelope('a#1', 'b#1'), message: { type: 'deep', deep } as never })
      await until(() => there.counters().refused.tooDeep === 1, 'a refusal')
      await until(() => {
        here.send({ ...envelope('a#1', 'b#1'), message: { type: 'large', text: 'x'.repeat(3000) } as never })
        return there.counters().refused.tooLarge > 0
      }, 'another')

      expect(received).toEqual([])
    })

    test('close sends what was sent before', async () => {
      const { here, received } = await pair()
      here.send(envelope('a#1', 'b#1', 0))
      await until(() => received.length === 1, 'the connection')

      for (let number = 1; number <= 500; number++) here.send(envelope('a#1', 'b#1', number))
      await here.close()
      await until(() => received.length === 501, 'everything')
    })

    test('connections that are idle are closed, and opened when needed', async () => {
      const { here, there, received } = await pair({ limits: { keepAliveMs: 10, idleMs: 30 } })
      here.send(envelope('a#1', 'b#1'))
      await until(() => received.length === 1, 'the first message')

      await until(() => there.counters().connections === 0, 'an idle connection to close')
      await until(() => {
        here.send(envelope('a#1', 'b#1'))
        return received.length > 1
      }, 'a message over a new one')
    })

    test('connections are bounded', async () => {
      const { here, there, received } = await pair({ limits: { connectionsMax: 1 } })
      here.send(envelope('a#1', 'b#1'))
      await until(() => received.length === 1, 'the first connection')

      const second = await start({ directory: { b: there.address! } })
      second.attach('x#1', () => {})
      second.send(envelope('x#1', 'b#1'))

      await until(() => there.counters().refused.connectionsMax === 1, 'the second to be refused')
      expect(there.counters().connections).toBe(1)
    })

    test('a connection that brings too much is read more slowly, without loss', async () => {
      const { here, received } = await pair({ limits: { framesPerSecondMax: 2000 } })
      const from = Date.now()

      for (let number = 0; number < 1000; number++) here.send(envelope('a#1', 'b#1', number))
      await until(() => received.length === 1000, 'all of them')

      expect(Date.now() - from).toBeGreaterThanOrEqual(300)
    })
  })

  describe(`who is who, ${name}`, () => {
    test('both sides prove a shared secret', async () => {
      const authentication = sharedSecret(secret)
      const { here, there, received, answers } = await pair({ authentication }, { authentication })

      here.send(envelope('a#1', 'b#1'))
      await until(() => received.length === 1, 'a message')
      there.send(envelope('b#1', 'a#1'))
      await until(() => answers.length === 1, 'an answer')
    })

    test.each<[string, MeshOptions, MeshOptions]>([
      [
        'a wrong secret',
        { authentication: sharedSecret(secret) },
        { authentication: sharedSecret(`${secret}!`) },
      ],
      ['no key', { authentication: sharedSecret(secret) }, {}],
      [
        'an unknown key',
        { authentication: sharedSecret(secret) },
        { authentication: { key: { id: 'other', secret } } },
      ],
      ['a listener that proves nothing', {}, { authentication: sharedSecret(secret) }],
    ])('%s is refused, and no secret is reported', async (_, ofListener, ofDialer) => {
      const { here, there, received, details } = await pair(ofListener, ofDialer)

      here.send(envelope('a#1', 'b#1'))
      const refusals = () =>
        here.counters().refused.unauthenticated + there.counters().refused.unauthenticated
      await until(() => refusals() > 0, 'a refusal')

      expect(received).toEqual([])
      expect(details().join()).not.toContain(secret)
    })

    test('a client speaks for no server, and a server for no other (N1)', async () => {
      const accepts = {
        clients: { secret: `${secret} c`, names: ['c-*'] },
        s1: { secret: `${secret} s`, names: ['s1'] },
      }
      const { there, received, details } = await pair({ authentication: { accepts } })
      for (const [id, suffix, own, foreign] of [
        ['clients', 'c', 'c-7#1', 's1#1'],
        ['s1', 's', 's1#1', 's2#1'],
      ] as const) {
        const authentication = { key: { id, secret: `${secret} ${suffix}` } }
        const other = await start({ authentication, directory: { b: there.address! } })
        for (const node of [own, foreign]) other.attach(node, () => {})
        other.send(envelope(foreign, 'b#1'))
        other.send(envelope(own, 'b#1'))
      }

      await until(() => received.length === 2, 'what is permitted')

      expect(received.map(({ from }) => from).sort()).toEqual(['c-7#1', 's1#1'])
      expect(there.counters().refused).toMatchObject({ notPermitted: 2, foreignSender: 2 })
      expect(details().join()).toContain('expected a node that the key clients may speak for, got s1#1')
    })

    test.each(['secrets', 'pairs of keys'])(
      'a peer that accepts my key cannot answer as another (N6), with %s',
      async (kind) => {
        const [a, b, evil] = await Promise.all([newKey('a', kind), newKey('b', kind), newKey('evil', kind)])
        // It knows what s3 knows of s1: its key, and not the one of s2.
        const impostor = await start({
          authentication: { key: evil.own, accepts: { a: { ...a.accepted, names: ['a'] } } },
          listen: {},
        })
        impostor.attach('b#1', () => {})
        const accepts = { b: { ...b.accepted, names: ['b'] }, evil: { ...evil.accepted, names: ['evil'] } }
        const here = await start({
          authentication: { key: a.own, accepts },
          directory: { b: impostor.address! },
        })
        const answers: Envelope[] = []
        here.attach('a#1', (arrived) => void answers.push(arrived))

        await until(() => {
          here.send(envelope('a#1', 'b#1'))
          impostor.send(envelope('b#1', 'a#1'))
          return here.counters().refused.unauthenticated > 0
        }, 'a refusal')

        expect(answers).toEqual([])
        expect(impostor.counters().received).toBe(0)
      },
    )

    test('with pairs of keys both sides prove their own', async () => {
      const [a, b] = await Promise.all([newKey('a', 'pairs of keys'), newKey('b', 'pairs of keys')])
      const { here, there, received, answers } = await pair(
        { authentication: { key: b.own, accepts: { a: { ...a.accepted, names: ['a'] } } } },
        { authentication: { key: a.own, accepts: { b: { ...b.accepted, names: ['b'] } } } },
      )

      here.send(envelope('a#1', 'b#1'))
      await until(() => received.length === 1, 'a message')
      there.send(envelope('b#1', 'a#1'))
      await until(() => answers.length === 1, 'an answer')
    })

    test('a dialer that means another process is refused by name', async () => {
      const { here, there, received } = await pair()
      const elsewhere = await start({ directory: { c: there.address! } })
      elsewhere.attach('x#1', () => {})

      elsewhere.send(envelope('x#1', 'c#1'))
      await until(() => there.counters().refused.wrongTarget === 1, 'a refusal')
      here.send(envelope('a#1', 'b#1'))
      await until(() => received.length === 1, 'the one that is meant')
    })

    test('keys are replaced without a restart: the old one beside the new one, then alone', async () => {
      const [before, after] = [`${secret} before`, `${secret} after`]
      const names = ['a']
      const { here, there, received } = await pair(
        { authentication: { accepts: { old: { secret: before, names } } } },
        { authentication: { key: { id: 'old', secret: before } } },
      )
      const arrives = async (viewNumber: number) => {
        await until(() => {
          here.send(envelope('a#1', 'b#1', viewNumber))
          return received.some(({ message }) => (message as { viewNumber: number }).viewNumber === viewNumber)
        }, `message ${viewNumber}`)
      }
      await arrives(1)

      const both = { old: { secret: before, names }, new: { secret: after, names } }
      await there.replaceKeys({ accepts: both })
      await here.replaceKeys({ key: { id: 'new', secret: after } })
      await arrives(2)
      expect(there.counters().refused.unauthenticated).toBe(0)
      await there.replaceKeys({ accepts: { new: { secret: after, names } } })
      await arrives(3)

      await here.replaceKeys({ key: { id: 'old', secret: before } })
      await there.replaceKeys({ accepts: { new: { secret: `${after}!`, names } } })
      await until(() => {
        here.send(envelope('a#1', 'b#1', 4))
        return there.counters().refused.unauthenticated > 0
      }, 'a refusal of the withdrawn key')
      await expect(there.replaceKeys({ accepts: { x: { secret: 'short', names } } })).rejects.toThrow(
        expect.objectContaining({ code: 'invalidOption' }),
      )
    })

    test.each<[string, MeshOptions, MeshOptions]>([
      [
        'a wrong secret',
        { authentication: sharedSecret(secret) },
        { authentication: sharedSecret(`${secret}!`) },
      ],
      ['another system', { system: 'one' }, { system: 'two' }],
    ])('%s is reported on both sides, once', async (_, ofListener, ofDialer) => {
      const [ofThere, ofHere]: [string[], string[]] = [[], []]
      const there = await start({
        ...ofListener,
        listen: {},
        observe: ({ kind, detail }) => void (kind === 'refuse' && ofThere.push(detail!)),
      })
      const here = await start({
        ...ofDialer,
        directory: { b: there.address! },
        observe: ({ kind, detail }) => void (kind === 'refuse' && ofHere.push(detail!)),
      })
      here.attach('a#1', () => {})

      await until(() => {
        here.send(envelope('a#1', 'b#1'))
        return here.counters().dialed > 3
      }, 'four attempts')

      expect(ofThere).toEqual([expect.stringMatching(/^refuses .*: expected a /)])
      expect(ofHere).toEqual([expect.stringMatching(/^refused by .*: expected a /)])
    })

    test('the newest of many strangers gets in: half-open connections keep no one out', async () => {
      const limits = { strangersMax: 50, strangersPerAddressMax: 20, handshakeMs: 60_000 }
      const { here, there, received } = await pair({ limits })
      const { host, port } = parseAddress(there.address!.replace(/^wss?:\/\//, ''))!
      const sockets = Array.from({ length: 60 }, () => connect({ host, port }))
      for (const socket of sockets) {
        socket.on('error', () => {})
        socket.write('G')
      }
      await until(() => there.counters().refused.strangersMax === 40, 'the oldest to make way')

      here.send(envelope('a#1', 'b#1'))
      await until(() => received.length === 1, 'a message')

      for (const socket of sockets) socket.destroy()
    })

    test('a stranger that says half a word is let go', async () => {
      const { there } = await pair({ limits: { handshakeMs: 50 } })
      const { host, port } = parseAddress(there.address!.replace(/^wss?:\/\//, ''))!
      const socket = connect({ host, port })
      socket.on('error', () => {})
      socket.resume()
      socket.write('G')

      await once(socket, 'close')

      expect(there.counters().refused.handshakeTimeout).toBeGreaterThan(0)
    })

    test('a node that a caller speaks for is no other node’s', async () => {
      const { here, there, received } = await pair()
      here.send(envelope('a#1', 'b#1'))
      await until(() => received.length === 1, 'the first')

      const thief = await start({ directory: { b: there.address! } })
      thief.attach('a#1', () => {})
      thief.send(envelope('a#1', 'b#1', 666))

      await until(() => there.counters().refused.foreignSender === 1, 'a refusal')
      expect(received).toHaveLength(1)
    })

    test('a dialed peer speaks for the names at its address only', async () => {
      const { here, there, answers } = await pair()
      here.send(envelope('a#1', 'b#1'))
      await until(() => there.counters().received === 1, 'the connection')

      there.send(envelope('stranger#1', 'a#1'))
      there.send(envelope('b#1', 'a#1'))
      await until(() => answers.length === 1, 'the answer')

      expect(answers.map(({ from }) => from)).toEqual(['b#1'])
      expect(here.counters().refused.foreignSender).toBe(1)
    })

    test('another system is refused', async () => {
      const { here, there, received } = await pair({ system: 'one' }, { system: 'two' })

      here.send(envelope('a#1', 'b#1'))
      await until(() => there.counters().refused.system === 1, 'a refusal')

      expect(received).toEqual([])
    })

    test('beyond loopback no one listens without authentication, unless asked to', async () => {
      const host = '0.0.0.0'
      const refused = expect.objectContaining({ name: 'StandbyError', code: 'invalidOption' })

      await expect(start({ listen: { host } as never })).rejects.toThrow(refused)
      await expect(start({ listen: { host, insecure: true } as never })).resolves.toBeDefined()
      const authentication = sharedSecret(secret)
      await expect(start({ listen: { host } as never, authentication })).resolves.toBeDefined()
    })
  })

  describe(`a system ${name}`, () => {
    test('survives the death of its primary, and every answer fits one order (I8)', async () => {
      const cluster = await startCluster(open)
      try {
        await until(() => cluster.isRedundant(), 'a backup with the state')
        const recorder = new HistoryRecorder()
        let isDone = false
        let answered = 0
        const call = async (client: ReturnType<typeof cluster.client>, id: number, round: number) => {
          const key = `k${round % 3}`
          const kind = round % 3
          const value = `${id}.${round} `
          const op = kind === 0 ? 'put' : kind === 1 ? 'append' : 'get'
          const token = recorder.call(id, { op, key, ...(op === 'get' ? {} : { value }) } as never)
          // An append answers the new length; the model takes null for "it was done".
          let output: unknown = null
          if (op === 'get') output = await client.get(key)
          else if (op === 'put') await client.put(key, value)
          else await client.append(key, value)
          recorder.answered(token, output as never)
          answered += 1
        }
        const calls = Promise.all(
          Array.from({ length: 6 }, async (_, id) => {
            const client = cluster.client(`c${id}`)
            for (let round = id; !isDone; round++) await call(client, id, round)
          }),
        )
        calls.catch(() => {})
        await until(() => answered > 100, 'answers')

        await until(() => cluster.isRedundant(), 'a view that can lose its primary')
        const { primary, number } = cluster.viewService.view()
        await cluster.kill(primary!.split('#')[0]!)
        await until(() => cluster.viewService.view().number > number && cluster.isRedundant(), 'a failover')
        const atFailover = answered
        await until(() => answered > atFailover + 100, 'answers of the new primary')
        isDone = true
        await calls

        expect(checkHistory(keyValueModel, recorder.history()).verdict).toBe('ok')
      } finally {
        await cluster.stop()
      }
    })
  })
}
