/** What examples/three-machines gives to be copied: each command of its compose file and its units could be started, and they find each other. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { registerServe } from '../../cli/serve.ts'
import { checkedConfig } from '../../runtime/serve/config/config.ts'

const example = new URL('../../examples/three-machines/', import.meta.url).pathname
const read = (file: string) => readFileSync(join(example, file), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'standby-three-machines-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => vi.restoreAllMocks())
const secret = join(folder, 'secret')
writeFileSync(secret, 'a secret that is long enough')

type Config = { peers: Record<string, string>; monitoring: string[] } & Record<string, unknown>

/** What `standby serve ... --check-config` prints. `config`: what lies at /etc/standby/system.json, its secrets in a file of ours. */
async function checked(command: readonly string[], config: Config): Promise<string> {
  const file = join(folder, 'system.json')
  writeFileSync(file, JSON.stringify({ ...config, secretFile: secret, httpTokenFile: secret }))
  const args = command.map((word) => (word === '/etc/standby/system.json' ? file : word))
  expect(args[0]).toBe('standby')
  const program = new Command().exitOverride()
  registerServe(program)
  for (const part of program.commands) part.exitOverride().configureOutput({ writeErr: () => {} })
  let printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text
    return true
  })
  await program.parseAsync([...args.slice(1), '--check-config'], { from: 'user' })
  vi.restoreAllMocks()
  return printed
}

/** The value of a flag. */
const flagOf = (command: readonly string[], flag: string) => command[command.indexOf(flag) + 1]!
const portOf = (address: string) => address.split(':').at(-1)

describe('the compose file', () => {
  interface Service {
    readonly command: readonly string[]
    readonly secrets: readonly string[]
    readonly volumes?: readonly string[]
    readonly stop_grace_period: string
    readonly configs: readonly { readonly source: string; readonly target: string }[]
  }
  const compose = parse(read('compose.yaml'), { merge: true }) as {
    readonly services: Record<string, Service>
    readonly volumes: Record<string, null>
    readonly secrets: Record<string, { readonly file: string }>
    readonly configs: { readonly system: { readonly content: string } }
  }
  const config = JSON.parse(compose.configs.system.content) as Config
  const { 'new-system': founding, ...serving } = compose.services

  test.each(Object.entries(serving))('%s: its command could be started', async (name, { command }) => {
    const own = name === 'view-service' || name === 'gateway' ? name : `server ${name}`

    expect(await checked(command, config)).toContain(own)
  })

  test('each is found where the configuration says, with its data in a volume of its own', () => {
    const { gateway, ...nodes } = serving
    const listening = Object.entries(nodes).map(([name, { command }]) => [name, flagOf(command, '--listen')])
    const answering = Object.entries(serving).map(([name, { command }]) => [name, flagOf(command, '--http')])

    expect(config.peers).toEqual(
      Object.fromEntries(listening.map(([name, at]) => [name, `${name}:${portOf(at!)}`])),
    )
    expect(config.monitoring).toEqual(answering.map(([name, at]) => `${name}:${portOf(at!)}`))
    expect(gateway!.volumes).toBeUndefined()
    for (const [name, { command, volumes }] of Object.entries(nodes))
      expect(volumes).toEqual([`${name}:${flagOf(command, '--data')}`])
    expect(Object.keys(compose.volumes)).toEqual(Object.keys(nodes))
  })

  test('the system is founded in the folder that its view service is given', () => {
    const { command, volumes } = serving['view-service']!

    expect(founding!.command).toEqual(['standby', 'init', flagOf(command, '--data')])
    expect(founding!.volumes).toEqual(volumes)
  })

  test('secrets and configuration are where the commands look, and there is time to leave', () => {
    const { drainMs } = checkedConfig('client-gateway', { peers: config.peers })
    const paths = Object.keys(compose.secrets).map((name) => `/run/secrets/${name}`)

    expect([config.secretFile, config.httpTokenFile]).toEqual(paths)
    for (const { secrets, configs, stop_grace_period: grace } of Object.values(serving)) {
      expect(secrets.map((name) => `/run/secrets/${name}`)).toEqual(paths)
      expect(configs).toEqual([{ source: 'system', target: '/etc/standby/system.json' }])
      expect(Number.parseInt(grace, 10) * 1000).toBeGreaterThan(drainMs + 5000)
    }
  })
})

describe('the units', () => {
  const config = JSON.parse(read('system.json')) as Config
  const units = {
    'standby-view-service.service': 'view-service',
    'standby-server@.service': 'server s1',
    'standby-gateway.service': 'gateway',
  }
  /** The words of ExecStart, as the instance `s1`. */
  const commandOf = (unit: string): readonly string[] => {
    const [, line] = /^ExecStart=\/usr\/bin\/((?:.*\\\n)*.*)$/m.exec(read(unit))!
    return line!.replaceAll('\\\n', ' ').replaceAll('%i', 's1').split(/\s+/)
  }

  test.each(Object.entries(units))('%s: its command could be started', async (unit, own) => {
    expect(await checked(commandOf(unit), config)).toContain(own)
  })

  test('each is found where the configuration says, and there is time to leave', () => {
    const [viewService, server, gateway] = Object.keys(units).map(commandOf)
    const { peers, monitoring } = config
    const { drainMs } = checkedConfig('client-gateway', { peers })
    const { 'view-service': at, ...servers } = peers

    expect(portOf(flagOf(viewService!, '--listen'))).toBe(portOf(at!))
    for (const address of Object.values(servers))
      expect(portOf(address)).toBe(portOf(flagOf(server!, '--listen')))
    const answering = [viewService, server, gateway].map((command) => portOf(flagOf(command!, '--http')))
    expect([...new Set(monitoring.map(portOf))]).toEqual(answering)
    for (const unit of Object.keys(units)) {
      const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(read(unit))!
      expect(Number(seconds) * 1000).toBeGreaterThan(drainMs + 5000)
    }
  })
})
