/** Processes that know each other by certificates and keys, all from files: they serve, and an impostor is refused and counted. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient, type KeyValueClient, withKeyValueMethods } from '../../actors/client.ts'
import type { KeyValueCommand } from '../../machines/application/key-value-store.ts'
import type { Message } from '../../machines/messages.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { dialingNetworkIn } from '../../runtime/serve/config/network-config.ts'
import { type Network, openNetwork } from '../../runtime/serve/network.ts'
import { createIdentities, type Identity } from '../transport/certificates.ts'
import { createProcesses, createSystem, type Served, until } from './processes.ts'

const nodes = ['view-service', 's1', 's2'] as const
const identities = createIdentities(...nodes, 'cli-*')
const processes = createProcesses()
const file = (name: string, text: string) => {
  writeFileSync(join(processes.folder, name), text)
  return join(processes.folder, name)
}
const keyOf = (id: string) => `the very own key of ${id}`
const certificateOf = (name: string, { key, cert, ca }: Identity) => ({
  tlsCertFile: file(`${name}.crt`, cert),
  tlsKeyFile: file(`${name}.key`, key),
  // All trust one authority, with any signer.
  tlsCaFile: file(`${name}.ca`, ca),
})
/** Everybody accepts everybody else, each for its own name. */
const keysOf = (id: string, secret = keyOf(id)) => {
  const others = [...nodes, 'cli'].filter((other) => other !== id)
  const accepts = others.map((other) => [
    other,
    { secret: keyOf(other), names: [other === 'cli' ? 'cli-*' : other] },
  ])
  const keys = { key: { id, secret }, accepts: Object.fromEntries(accepts) }
  return { keysFile: file(`${id}.${secret.length}.keys`, JSON.stringify(keys)) }
}
const flagsOf = (given: Readonly<Record<string, string>>) =>
  Object.entries(given).flatMap(([field, value]) => [
    `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    value,
  ])
const ofCli = { ...certificateOf('cli', identities['cli-*']), ...keysOf('cli') }

describe('view service, primary and backup, each with a certificate and a key', () => {
  let system: Awaited<ReturnType<typeof createSystem>>
  let [viewService, s1, s2]: (Served | null)[] = [null, null, null]
  let client: KeyValueClient

  const networkOf = async (given: object) => {
    const network = await openNetwork(dialingNetworkIn({ peers: system.peers, ...given }), schedulerClock())
    processes.onEnd(() => network.close())
    return network
  }
  /** How often a server has refused for a reason. */
  const refusedBy = async ({ http }: Served, reason: string): Promise<number> => {
    const response = await fetch(`http://${http}/metrics`, { signal: AbortSignal.timeout(5000) })
    const line = new RegExp(`^standby_transport_refused_total{.*reason="${reason}".*} (\\d+)$`, 'm')
    return Number(line.exec(await response.text())?.[1] ?? 0)
  }
  const says = (network: Network, from: string, message: Message) => {
    network.attach(from, () => {})
    network.send({ from, to: s1!.node, message, stamp: { lamport: 1, vector: {} } })
  }

  beforeAll(async () => {
    system = await createSystem(processes, ['s1', 's2'])
    const secured = (name: (typeof nodes)[number]) =>
      flagsOf({ ...certificateOf(name, identities[name]), ...keysOf(name) })
    ;[viewService, s1, s2] = await Promise.all([
      system.viewService('--new-system', ...secured('view-service')),
      system.server('s1', ...secured('s1')),
      system.server('s2', ...secured('s2')),
    ])
    await system.redundant(viewService, [s1, s2])
    client = withKeyValueMethods(
      createClient<KeyValueCommand, never>({
        id: 'cli-test#1',
        transport: await networkOf(ofCli),
        clock: schedulerClock(),
        timeoutMs: 20_000,
      }),
    )
    processes.onEnd(() => client.stop())
    await client.put('greeting', 'hello')
  }, 60_000)
  afterAll(() => processes.end())

  test('serve who has both: a client here, and a command of the command line', async () => {
    const peers = Object.entries(system.peers).flatMap(([name, at]) => ['--peer', `${name}=${at}`])
    const get = processes.run(['get', 'greeting', ...peers, ...flagsOf(ofCli)])

    expect({ code: await get.ended, stderr: get.stderr() }).toEqual({ code: 0, stderr: '' })
    expect(get.stdout()).toContain('hello')
    expect((await Promise.all([s1!, s2!].map((one) => one.status()))).map(({ role }) => role).sort()).toEqual(
      ['backup', 'primary'],
    )
  }, 40_000)

  test.each([
    ['another key', { ...ofCli, ...keysOf('cli', 'the key of a stranger') }],
    ['a certificate of another authority', { ...ofCli, ...certificateOf('foreign', identities.foreign) }],
    ['a key and no certificate', { tlsCaFile: ofCli.tlsCaFile, ...keysOf('cli') }],
    ['a certificate and no key', certificateOf('cli', identities['cli-*'])],
  ])(
    '%s: refused, counted, and not heard',
    async (_, given) => {
      const before = await refusedBy(s1!, 'unauthenticated')
      const stranger = await networkOf(given)
      const heard: string[] = []
      stranger.attach('cli-stranger#1', ({ from }) => void heard.push(from))

      says(stranger, 'cli-stranger#2', { type: 'getView' })
      await until('a refusal', async () => (await refusedBy(s1!, 'unauthenticated')) > before)

      expect(heard).toEqual([])
      expect(await client.get('greeting')).toBe('hello')
    },
    40_000,
  )

  test.each([
    ['the primary, who forwards', 's2#1', { type: 'forward', viewNumber: 2, number: 1, requests: [] }],
    [
      'the view service, who tells a view',
      'view-service',
      { type: 'viewReply', view: { number: 99, primary: 's2#1', backup: null } },
    ],
  ] as const)(
    'a client that says it is %s: refused and counted',
    async (_, from, message) => {
      const before = await refusedBy(s1!, 'notPermitted')
      const { view } = await s1!.status()

      says(await networkOf(ofCli), from, message)
      await until('a refusal', async () => (await refusedBy(s1!, 'notPermitted')) > before)

      expect((await s1!.status()).view).toEqual(view)
      expect(await client.get('greeting')).toBe('hello')
    },
    40_000,
  )

  test("the key of one and the certificate of another is neither's", async () => {
    const before = await refusedBy(s1!, 'notPermitted')
    const mixed = await networkOf({ ...certificateOf('s2', identities.s2), ...keysOf('cli') })

    for (const from of ['s2#1', 'cli-mixed#1']) says(mixed, from, { type: 'getView' })
    await until('two refusals', async () => (await refusedBy(s1!, 'notPermitted')) >= before + 2)
  }, 40_000)
})
