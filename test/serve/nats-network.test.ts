/** Processes and a server of NATS that asks who they are: each way that a configuration can say it, and what is said where it is refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createUser } from '@nats-io/jwt'
import { errors } from '@nats-io/transport-node'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { checkedConfig } from '../../runtime/serve/config/config.ts'
import { natsRefusal } from '../../runtime/serve/nats-refusal.ts'
import { type Network, openNetwork } from '../../runtime/serve/network.ts'
import { createIdentities } from '../transport/certificates.ts'
import { type NatsServer, skipsNats, startNatsServer } from '../transport/nats-server.ts'
import { createAccounts } from './nats-accounts.ts'
import { createProcesses, until } from './processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'standby-nats-network-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

/** A way to say who one is: what the server knows, what is right, what is wrong, and the field that a refusal names. */
interface Way {
  readonly configuration: string
  readonly right: object
  readonly wrong: object
  readonly field: string
  /** Must be in no error. */
  readonly secret?: string
}

const seedOf = (user: ReturnType<typeof createUser>) => new TextDecoder().decode(user.getSeed())
const [known, stranger] = [createUser(), createUser()]
const identities = createIdentities('nats', 's1')
const pem = (name: 'nats' | 's1', part: 'key' | 'cert' | 'ca') =>
  file(`${name}.${part}`, identities[name][part])
const serverTls = `cert_file: "${pem('nats', 'cert')}", key_file: "${pem('nats', 'key')}"`
const askingTls = `${serverTls}, ca_file: "${pem('nats', 'ca')}"`
const tlsCaFile = pem('nats', 'ca')
const ofS1 = { tlsCertFile: pem('s1', 'cert'), tlsKeyFile: pem('s1', 'key') }
const anotherCa = createIdentities('other').foreign.ca

const ways: Readonly<Record<string, () => Promise<Way>>> = {
  'a user and a password': async () => ({
    configuration: 'authorization { user: s1, password: "the right password" }',
    right: { natsUser: 's1', natsPasswordFile: file('right', 'the right password\n') },
    wrong: { natsUser: 's1', natsPasswordFile: file('wrong', 'the wrong password\n') },
    field: 'natsUser: ',
    secret: 'the wrong password',
  }),
  'a token': async () => ({
    configuration: 'authorization { token: "the right token of all" }',
    right: { natsTokenFile: file('token', 'the right token of all') },
    wrong: { natsTokenFile: file('no-token', 'the wrong token of all') },
    field: 'natsTokenFile: ',
    secret: 'the wrong token of all',
  }),
  'the seed of an nkey': async () => ({
    configuration: `authorization { users: [ { nkey: ${known.getPublicKey()} } ] }`,
    right: { natsNkeyFile: file('known.nk', `${seedOf(known)}\n`) },
    wrong: { natsNkeyFile: file('stranger.nk', seedOf(stranger)) },
    field: 'natsNkeyFile: ',
    secret: seedOf(stranger),
  }),
  'credentials of an account': async () => {
    const [accounts, others] = [await createAccounts(), await createAccounts()]
    return {
      configuration: accounts.configuration,
      right: { natsCredentialsFile: file('s1.creds', await accounts.credentialsOf('s1')) },
      wrong: { natsCredentialsFile: file('other.creds', await others.credentialsOf('s1')) },
      field: 'natsCredentialsFile: ',
    }
  },
  'an authority that vouches for the server': async () => ({
    configuration: `tls { ${serverTls} }`,
    right: { tlsCaFile },
    wrong: { tlsCaFile: file('another.ca', anotherCa) },
    field: "give the authority's with --tls-ca-file",
  }),
  'no authority, where the server has one of its own': async () => ({
    configuration: `tls { ${serverTls} }`,
    right: { tlsCaFile },
    wrong: {},
    field: '--tls-ca-file',
  }),
  'a certificate whose name is a user': async () => ({
    configuration: `tls { ${askingTls}, verify_and_map: true }\nauthorization { users: [ { user: "CN=s1" } ] }`,
    right: { tlsCaFile, ...ofS1 },
    wrong: { tlsCaFile, tlsCertFile: pem('nats', 'cert'), tlsKeyFile: pem('nats', 'key') },
    field: 'natsServers: ',
  }),
}

// A certificate of a stranger is refused after the handshake, where NATS's package says nothing for 20 s.
test('no answer: what the server may have refused without a word', () => {
  const nats = {
    servers: ['nats:4222'],
    user: null,
    password: null,
    token: null,
    seed: null,
    credentials: null,
  }
  const tls = { dial: { cert: 'a certificate' } }

  const { message } = natsRefusal(new errors.TimeoutError(), { nats, tls })

  expect(message).toMatch(
    /^natsServers: expected nats:4222 to answer, got nothing; look at its log: .*certificate/,
  )
})

describe.skipIf(skipsNats)('over NATS', () => {
  const networks: Network[] = []
  let nats: NatsServer | null = null
  afterEach(async () => {
    await Promise.all(networks.splice(0).map((network) => network.close()))
    await nats?.stop()
    nats = null
  })
  const configured = (given: object) => {
    const common = {
      name: 's1',
      data: join(folder, 'data'),
      transport: 'nats',
      natsServers: [nats!.url],
      servers: ['s1', 's2', 's3'],
    }
    return checkedConfig('server', { ...common, ...given })
  }
  const open = async (given: object) => {
    const network = await openNetwork(configured(given), schedulerClock())
    networks.push(network)
    return network
  }

  test.each(Object.entries(ways))(
    '%s: the right one gets in, a wrong one learns what to do',
    async (_, way) => {
      const { configuration, right, wrong, field, secret } = await way()
      nats = await startNatsServer(configuration)
      const [here, there] = [await open(right), await open(right)]
      const heard: string[] = []
      here.attach('s1#1', ({ from }) => void heard.push(from))

      await until('what was sent', () => {
        const message = { type: 'getView' } as const
        // No user speaks for another: an account's user may publish as s1 only.
        there.send({ from: 's1#2', to: 's1#1', message, stamp: { lamport: 1, vector: {} } })
        return heard.length > 0
      })
      const refusal: unknown = await open(wrong).catch((error: unknown) => error)

      expect(heard[0]).toBe('s1#2')
      expect(refusal).toMatchObject({ code: 'invalidOption', message: expect.stringContaining(field) })
      expect((refusal as Error).message).toContain(nats.url)
      expect((refusal as Error).message).toMatch(/expected .*, got .*; /)
      if (secret !== undefined) expect((refusal as Error).message).not.toContain(secret)
    },
  )

  test('credentials of an account speak for their own node, and hear what is sent to it', async () => {
    const accounts = await createAccounts()
    nats = await startNatsServer(accounts.configuration)
    const of = async (node: string) => ({
      natsCredentialsFile: file(`${node}.creds`, await accounts.credentialsOf(node)),
    })
    const [s1, s2] = [await open(await of('s1')), await open(await of('s2'))]
    const heard: string[] = []
    s1.attach('s1#1', ({ from }) => void heard.push(from))

    await until('what was sent', () => {
      for (const from of ['s3#1', 's2#1']) {
        const message = { type: 'getView' } as const
        s2.send({ from, to: 's1#1', message, stamp: { lamport: 1, vector: {} } })
      }
      return heard.length > 2
    })

    expect(new Set(heard)).toEqual(new Set(['s2#1']))
  })

  test('a server without TLS is not spoken to where TLS was asked for', async () => {
    nats = await startNatsServer()

    await expect(open({ tlsCaFile })).rejects.toThrow(/tls: expected .* to speak TLS/)
  })

  test('no server at all: where one was expected', async () => {
    nats = await startNatsServer()
    await nats.kill()

    await expect(open({})).rejects.toThrow(
      expect.objectContaining({
        message: expect.stringContaining(`natsServers: expected a server of NATS at ${nats.url}`),
      }),
    )
  })

  test('standby serve ends with 1 and says it', async () => {
    nats = await startNatsServer('authorization { token: "the right token of all" }')
    const processes = createProcesses()
    try {
      const given = { natsTokenFile: file('no-token', 'the wrong token of all') }
      const config = file(
        'serve.json',
        JSON.stringify({ transport: 'nats', natsServers: [nats.url], ...given }),
      )
      const data = join(processes.folder, 's1')
      const child = processes.run(['serve', 'server', '--name', 's1', '--data', data, '--config', config])

      expect(await child.ended).toBe(1)
      expect(child.stderr()).toContain(`standby: natsTokenFile: expected ${nats.url} to accept this token`)
      expect(child.stderr()).not.toContain('wrong')
    } finally {
      await processes.end()
    }
  }, 30_000)
})

test.each([
  [
    'two ways at once',
    { natsNkeyFile: file('a.nk', seedOf(known)), natsTokenFile: file('t', 'a token of some length') },
    'one way',
  ],
  ['a key that is invalid', { natsNkeyFile: file('b.nk', known.getPublicKey()) }, 'the seed of a user'],
  [
    'a seed that is cut off',
    { natsNkeyFile: file('c.nk', seedOf(known).slice(0, -1)) },
    'the seed of a user',
  ],
  [
    'credentials that are invalid',
    { natsCredentialsFile: file('d.creds', seedOf(known)) },
    'as nsc writes them',
  ],
] as const)('%s: refused before anything starts', (_, given, message) => {
  const common = { name: 's1', data: 'data', transport: 'nats', natsServers: ['127.0.0.1:4222'] }
  const refused = () => checkedConfig('server', { ...common, ...given })

  expect(refused).toThrow(
    expect.objectContaining({ code: 'invalidOption', message: expect.stringContaining(message) }),
  )
  expect(refused).not.toThrow(expect.objectContaining({ message: expect.stringContaining(seedOf(known)) }))
})
