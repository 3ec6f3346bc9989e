/** How processes know each other, from their configuration: TLS, client certificates, keys, and the transports that carry them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { Envelope } from '../../actors/ports.ts'
import { gatheredConfig } from '../../cli/process-options.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { checkedConfig, type ProcessConfig } from '../../runtime/serve/config/config.ts'
import { dialingNetworkIn } from '../../runtime/serve/config/network-config.ts'
import { loadNats, type Network, openNetwork } from '../../runtime/serve/network.ts'
import { loadPackage } from '../../runtime/transport/nats.ts'
import { createIdentities, type Identity } from '../transport/certificates.ts'
import { skipsNats, startNatsServer } from '../transport/nats-server.ts'
import { until } from './processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'standby-network-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const identities = createIdentities('s1', 's2')
const filesOf = (name: string, { key, cert, ca }: Identity) => ({
  tlsKeyFile: file(`${name}.key`, key),
  tlsCertFile: file(`${name}.crt`, cert),
  tlsCaFile: file(`${name}.ca`, ca),
})
const [tls, otherTls] = [filesOf('s1', identities.s1), filesOf('s2', identities.s2)]
const secret = 'a secret of some length'
const secretFile = file('secret', secret)
const keysOf = (id: string, accepts: readonly string[]) => {
  const own = (name: string) => `the very own key of ${name}`
  const accepted = accepts.map((name) => [name, { secret: own(name), names: [name] }])
  const keys = { key: { id, secret: own(id) }, accepts: Object.fromEntries(accepted) }
  return file(`${id}.keys`, JSON.stringify(keys))
}
const server = { name: 's1', data: 'data/s1', peers: { 'view-service': '127.0.0.1:7400' } }
const onNats = { ...server, transport: 'nats', natsServers: ['127.0.0.1:4222'] }
const everywhere = { ...server, listen: '0.0.0.0:0' }
const refusal = (text: string) =>
  expect.objectContaining({ code: 'invalidOption', message: expect.stringContaining(text) })

describe('what cannot be started is refused by name', () => {
  test.each([
    ['a transport that is invalid', { ...server, transport: 'pigeon' }, 'tcp, websocket, nats'],
    ['a certificate without its key', { ...server, ...tls, tlsKeyFile: undefined }, 'tlsKeyFile'],
    ['a key of another certificate', { ...server, ...tls, tlsKeyFile: otherTls.tlsKeyFile }, 'KEY'],
    ['a certificate that is invalid', { ...server, ...tls, tlsCertFile: secretFile }, 'PEM'],
    ['a file that is not there', { ...server, ...tls, tlsCaFile: 'nowhere' }, 'tlsCaFile'],
    ['listening with an authority only', { ...server, tlsCaFile: tls.tlsCaFile }, 'tlsCertFile'],
    [
      'required certificates that no one vouches for',
      { ...server, ...tls, tlsCaFile: undefined, tlsClientCertificates: 'required' },
      '--tls-ca-file',
    ],
    ['two ways to know each other', { ...server, secret, keysFile: keysOf('s1', []) }, 'secret'],
    ['keys that are invalid', { ...server, keysFile: file('no.keys', '{"keys":1}') }, 'authentication'],
    ['NATS without a server', { ...onNats, natsServers: undefined }, '--nats'],
    ['a server of NATS over TCP', { ...onNats, transport: 'tcp' }, '--transport nats'],
    ['a password among arguments', { ...onNats, natsServers: ['me:hunter2@nats:4222'] }, 'in files'],
    ['a user of NATS without a password', { ...onNats, natsUser: 's1' }, 'natsPasswordFile'],
    ['listening, over NATS', { ...onNats, listen: '127.0.0.1:1' }, 'listen'],
    ['a secret of ours, over NATS', { ...onNats, secret }, 'accounts'],
    ['a system that no subject can name', { ...onNats, system: 'a.b' }, 'system'],
  ] as const)('%s', (_, given, message) => {
    expect(() => checkedConfig('server', given)).toThrow(refusal(message))
  })

  test('a secret is in no error, whichever file it is in', () => {
    const keysFile = file('broken.keys', `{"key": {"id": "s1", "secret": "hunter2`)
    const given = [
      { ...server, keysFile },
      { ...server, keysFile: file('short.keys', '{"key": {"id": "s1", "secret": "hunter2"}}') },
      { ...server, ...tls, tlsKeyFile: file('broken.key', 'hunter2') },
      { ...onNats, natsServers: ['me:hunter2@nats:4222'] },
    ]
    const messages = given.map((one) => {
      try {
        return String(checkedConfig('server', one))
      } catch (error) {
        return (error as Error).message
      }
    })

    for (const message of messages) expect(message).toMatch(/expected/)
    expect(messages.join('\n')).not.toContain('hunter2')
  })

  test('beyond loopback: certificates are proof enough, an encrypted connection alone is not', () => {
    const ignored = { ...everywhere, ...tls, tlsClientCertificates: 'ignored' }

    expect(() => checkedConfig('server', { ...everywhere, transport: 'websocket' })).toThrow(
      refusal('--insecure'),
    )
    expect(() => checkedConfig('server', ignored)).toThrow(refusal('--insecure'))
    expect(() => checkedConfig('server', { ...ignored, tlsCaFile: undefined })).toThrow(refusal('--insecure'))
    expect(checkedConfig('server', { ...ignored, secretFile }).authentication).not.toBeNull()
    expect(checkedConfig('server', { ...everywhere, ...tls }).tls?.listen?.requestCert).toBe(true)
    expect(checkedConfig('server', { ...everywhere, insecure: true }).tls).toBeNull()
  })

  test('N6: a system that knows who is who has to know who is a server', () => {
    const viewService = { data: 'x', keysFile: keysOf('view-service', ['s1', 'gateway-*']) }
    const peers = { s1: '127.0.0.1:1', s2: '127.0.0.1:2', 'view-service': '127.0.0.1:3' }

    expect(() => checkedConfig('view-service', viewService)).toThrow(refusal('--servers s1,s2,s3'))
    expect(() => checkedConfig('server', { ...onNats, natsUser: 'x', natsPasswordFile: secretFile })).toThrow(
      refusal('--servers s1,s2,s3'),
    )
    expect(() => checkedConfig('server', { ...server, servers: ['s2'] })).toThrow(refusal('s1 to be among'))
    expect(() => checkedConfig('client-gateway', { peers, name: 's2' })).toThrow(refusal('another name'))
    expect(checkedConfig('view-service', { ...viewService, servers: ['s1'] }).servers).toEqual(['s1'])
    expect(checkedConfig('view-service', { ...viewService, peers }).servers).toEqual(['s1', 's2'])
    expect(checkedConfig('server', { ...server, keysFile: keysOf('s1', ['s2']) }).servers).toEqual(['s1'])
    expect(checkedConfig('view-service', { data: 'x' }).servers).toBeNull()
  })

  test('beyond loopback a server of NATS has to know who it is', () => {
    const remote = { ...onNats, natsServers: ['127.0.0.1:4222', 'nats://nats.example:4222'] }

    expect(() => checkedConfig('server', remote)).toThrow(refusal('nats.example'))
    expect(checkedConfig('server', { ...remote, natsTokenFile: secretFile }).nats?.token).toBe(secret)
    expect(checkedConfig('server', { ...remote, insecure: true }).listen).toBeNull()
  })

  test('the package of NATS is missing: how to install it', async () => {
    const missing = () => Promise.reject(Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' }))

    await expect(loadNats(missing)).rejects.toThrow(refusal('npm install @nats-io/transport-node'))
    await expect(loadPackage(missing)).rejects.toThrow(refusal('npm install @nats-io/transport-node'))
  })
})

test('all of it comes from flags, the environment or the file', () => {
  const config = file('config.json', JSON.stringify({ keysFile: 'of the file', natsServers: ['file:1'] }))
  const environment = {
    STANDBY_TLS_CA_FILE: 'ca',
    STANDBY_TRANSPORT: 'nats',
    STANDBY_NATS: 'a:1, b:2',
    STANDBY_SERVERS: 's1,s2',
  }

  expect(gatheredConfig({ config, secretFile: 'flag', tlsCertFile: 'cert' }, environment)).toEqual({
    peers: {},
    transport: 'nats',
    natsServers: ['a:1', 'b:2'],
    servers: ['s1', 's2'],
    secretFile: 'flag',
    tlsCertFile: 'cert',
    tlsCaFile: 'ca',
  })
})

describe('who gets in', () => {
  const networks: Network[] = []
  afterEach(async () => {
    await Promise.all(networks.splice(0).map((network) => network.close()))
  })
  const open = async (config: Parameters<typeof openNetwork>[0]) => {
    const network = await openNetwork(config, schedulerClock())
    networks.push(network)
    return network
  }
  const opened = async (config: ProcessConfig) => {
    const network = await open(config)
    const heard: string[] = []
    network.attach(`${config.name}#1`, ({ from }) => void heard.push(from))
    const peers = { ...server.peers, [config.name]: network.address?.replace(/^wss?:\/\//, '') }
    return { network, heard, peers }
  }
  const says = (network: Network, from: string, to: string) => {
    network.attach(from, () => {})
    const envelope: Envelope = {
      from,
      to,
      message: { type: 'getView' },
      stamp: { lamport: 1, vector: {} },
    }
    network.send(envelope)
  }

  test.each(['tcp', 'websocket'] as const)(
    'certificates over %s: each for its own name, and none is no way in',
    async (transport) => {
      const there = await opened(checkedConfig('server', { ...server, ...tls, transport }))
      const { peers } = there
      const known = await open(dialingNetworkIn({ peers, ...otherTls, transport }))
      const without = await open(dialingNetworkIn({ peers, tlsCaFile: tls.tlsCaFile, transport }))
      const plain = await open(dialingNetworkIn({ peers, transport }))
      for (const network of [without, plain]) says(network, 's2#2', 's1#1')
      for (const id of ['s2#1', 's3#1']) says(known, id, 's1#1')
      await until('s2, and no other node', () => there.network.counters().refused.notPermitted === 1)

      expect(there.heard).toEqual(['s2#1'])
    },
  )

  test('keys in files: each speaks for its own name, and no other', async () => {
    const there = await opened(checkedConfig('server', { ...server, keysFile: keysOf('s1', ['s2']) }))
    const { peers } = there
    const known = await open(dialingNetworkIn({ peers, keysFile: keysOf('s2', []) }))
    const unknown = await open(dialingNetworkIn({ peers, keysFile: keysOf('s3', []) }))
    says(unknown, 's2#2', 's1#1')
    for (const id of ['s2#1', 's3#1']) says(known, id, 's1#1')
    const { counters } = there.network
    await until('two refusals', () => {
      const { notPermitted, unauthenticated } = counters().refused
      return notPermitted === 1 && unauthenticated === 1
    })

    expect(there.heard).toEqual(['s2#1'])
  })

  test('keys in a file are replaced while the process runs, and a broken file changes nothing', async () => {
    const lines: string[] = []
    const log = { write: (_: unknown, line: string) => void lines.push(line) }
    const rotated = (secrets: readonly string[]) =>
      JSON.stringify({
        accepts: Object.fromEntries(secrets.map((secret) => [secret.slice(0, 3), { secret, names: ['s2'] }])),
      })
    const keyed = (secret: string) => ({ authentication: { key: { id: secret.slice(0, 3), secret } } })
    const [old, next] = ['old-key-of-s2-0000', 'new-key-of-s2-0000']
    const keysFile = file('rotated.keys', rotated([old!]))
    const config = checkedConfig('server', { ...server, keysFile })
    const network = await openNetwork(config, schedulerClock(), log)
    networks.push(network)
    const heard: string[] = []
    network.attach('s1#1', ({ from }) => void heard.push(from))
    const peers = { ...server.peers, s1: network.address }

    writeFileSync(keysFile, 'half a fi')
    await until('a complaint', () => lines.some((line) => line.startsWith('keeps its old keys')))
    says(await open(dialingNetworkIn({ peers, ...keyed(old!) })), 's2#1', 's1#1')
    await until('the old key', () => heard.includes('s2#1'))
    writeFileSync(keysFile, rotated([old!, next!]))
    await until('a change', () => lines.some((line) => line.startsWith('took new keys')))
    says(await open(dialingNetworkIn({ peers, ...keyed(next!) })), 's2#2', 's1#1')
    await until('the new key', () => heard.includes('s2#2'))

    expect(lines.join()).not.toContain('key-of-s2')
  })

  test('another system is turned away', async () => {
    const there = await opened(checkedConfig('server', { ...server, system: 'one' }))
    const stranger = await open(dialingNetworkIn({ peers: there.peers, system: 'two' }))
    says(stranger, 's2#1', 's1#1')
    await until('a refusal', () => there.network.counters().refused.system === 1)

    expect(there.heard).toEqual([])
  })

  // STANDBY_SKIP_NATS=1 leaves it out where there is no nats-server.
  test.skipIf(skipsNats)('over NATS, with a token of its own', async () => {
    const nats = await startNatsServer(`authorization { token: "${secret}" }`)
    try {
      const given = { transport: 'nats', natsServers: [nats.url], natsTokenFile: secretFile }
      const there = await opened(checkedConfig('server', { ...server, ...given }))
      const known = await open(dialingNetworkIn(given))
      await until('what was sent', () => {
        if (there.heard.length === 0) says(known, `s2#${Date.now()}`, 's1#1')
        return there.heard.length > 0
      })
      await expect(open(dialingNetworkIn({ ...given, natsTokenFile: undefined }))).rejects.toThrow(
        /authorization/i,
      )
      await Promise.all(networks.splice(0).map((network) => network.close()))
    } finally {
      await nats.stop()
    }
  })
})
