/** The configuration of a process: where it comes from, what is refused, and that nothing unsafe starts by itself. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { gatheredConfig } from '../../cli/process-options.ts'
import { parseAddress } from '../../runtime/serve/config/address.ts'
import { checkedConfig } from '../../runtime/serve/config/config.ts'

const secret = 'a secret of some length'
const server = { name: 's1', data: 'data/s1', peers: { 'view-service': '127.0.0.1:7400' } }
const refusal = (text: string) =>
  expect.objectContaining({ code: 'invalidOption', message: expect.stringContaining(text) })

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'standby-config-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

describe('what can be started', () => {
  test('has defaults that no other node can reach', () => {
    const config = checkedConfig('server', server)

    expect(config).toMatchObject({
      listen: { host: '127.0.0.1' },
      http: null,
      authentication: null,
      drainMs: 5000,
    })
  })

  test.each([
    ['a server without a name', 'server', { ...server, name: undefined }, 'name:'],
    ['a server without a folder', 'server', { ...server, data: undefined }, 'data:'],
    ['a server that knows no view service', 'server', { ...server, peers: {} }, 'peers:'],
    [
      'a server by the name of the view service',
      'server',
      { ...server, name: 'view-service' },
      'another name',
    ],
    ['a view service without a folder', 'view-service', {}, 'data:'],
    ['a field that is invalid', 'server', { ...server, nmae: 's1' }, 'expected one of name, transport'],
    ['an address without a port', 'server', { ...server, listen: '127.0.0.1' }, 'host:port'],
    ['a peer that is no address', 'server', { ...server, peers: { s2: 'there' } }, 'peers.s2'],
    [
      'a ping interval that is too long',
      'server',
      { ...server, timing: { pingIntervalMs: 90 } },
      'pingIntervalMs',
    ],
    ['a limit that is invalid', 'server', { ...server, limits: { queueMax: 0 } }, 'queueMax'],
    ['a short secret', 'server', { ...server, secret: 'short' }, '16 characters'],
    ['a level that is invalid', 'server', { ...server, logLevel: 'loud' }, 'error, warn, info, debug'],
  ] as const)('%s is refused', (_, role, given, message) => {
    expect(() => checkedConfig(role, given)).toThrow(refusal(message))
  })

  test('a process that can be reached from elsewhere asks for a secret, or says that it does not', () => {
    const open = { ...server, listen: '0.0.0.0:7401' }

    expect(() => checkedConfig('server', open)).toThrow(refusal('--insecure'))
    expect(checkedConfig('server', { ...open, secret }).authentication).not.toBeNull()
    expect(checkedConfig('server', { ...open, insecure: true }).insecure).toBe(true)
  })

  test('HTTP that can be reached from elsewhere asks for a token, or says that it does not', () => {
    const open = { peers: server.peers, http: '[::]:8080' }

    expect(() => checkedConfig('client-gateway', open)).toThrow(refusal('--http-token-file'))
    expect(checkedConfig('client-gateway', { ...open, httpToken: secret }).http).toEqual({
      host: '::',
      port: 8080,
    })
    expect(checkedConfig('client-gateway', { ...open, insecure: true }).insecure).toBe(true)
  })

  test('a secret is never in an error', () => {
    const message = (run: () => unknown) => {
      try {
        return String(run())
      } catch (error) {
        return (error as Error).message
      }
    }
    const given = { ...server, secret: 'hunter2', httpToken: 'hunter2' }

    expect(message(() => checkedConfig('server', given))).not.toContain('hunter2')
    expect(
      message(() => checkedConfig('server', { ...server, authentication: { key: 'hunter2' } })),
    ).not.toContain('hunter2')
  })

  test.each([
    ['127.0.0.1:7401', { host: '127.0.0.1', port: 7401 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    ['host.example:65535', { host: 'host.example', port: 65_535 }],
    ['::1:80', null],
    ['[host]:80', null],
    ['127.0.0.1:65536', null],
    [':80', null],
    ['a b:80', null],
  ])('the address %s is %j', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
  })
})

describe('where it comes from', () => {
  test('flags go before the environment, which goes before the file; peers are joined', () => {
    const config = file(
      'config.json',
      JSON.stringify({ name: 'file', listen: 'file:1', data: 'file', peers: { s1: 'file:1', s2: 'file:2' } }),
    )
    const environment = {
      STANDBY_NAME: 'environment',
      STANDBY_LISTEN: 'environment:1',
      STANDBY_PEERS: 's2=environment:2, s3=environment:3',
      STANDBY_DRAIN: '2s',
      STANDBY_INSECURE: 'false',
    }

    expect(gatheredConfig({ config, name: 'flag', peer: { s3: 'flag:3' } }, environment)).toEqual({
      name: 'flag',
      listen: 'environment:1',
      data: 'file',
      drainMs: 2000,
      insecure: false,
      peers: { s1: 'file:1', s2: 'environment:2', s3: 'flag:3' },
    })
  })

  test('a secret that is nearer takes the place of one that is farther, file or not', () => {
    const config = file('config.json', JSON.stringify({ secretFile: 'of the file' }))

    expect(gatheredConfig({ config }, { STANDBY_SECRET: secret })).toEqual({ peers: {}, secret })
    expect(gatheredConfig({ config, secretFile: 'flag' }, { STANDBY_SECRET: secret })).toEqual({
      peers: {},
      secretFile: 'flag',
    })
  })

  test('a secret is read from its file, without the line feed', () => {
    const secretFile = file('secret', `${secret}\n`)

    expect(checkedConfig('server', { ...server, secretFile }).authentication?.key).toMatchObject({ secret })
    expect(() => checkedConfig('server', { ...server, secretFile: join(folder, 'none') })).toThrow(
      refusal('secretFile'),
    )
  })

  test('a file that is no JSON, and a variable without a meaning, are refused by name', () => {
    const config = file('config.json', '{')

    expect(() => gatheredConfig({ config }, {})).toThrow(refusal('config.json'))
    expect(() => gatheredConfig({}, { STANDBY_INSECURE: 'maybe' })).toThrow('STANDBY_INSECURE')
    expect(() => gatheredConfig({}, { STANDBY_PEERS: 's1' })).toThrow('name=host:port')
  })

  test('limits that the timing cannot carry are refused', () => {
    const given = { data: 'data', name: 's1', peers: { 'view-service': '127.0.0.1:1' } }
    const limits = { commandBytesMax: 16 * 1024 * 1024 }

    expect(() => checkedConfig('server', { ...given, limits })).toThrow(
      /limits\.commandBytesMax: expected at most 1310800 bytes.*raise timing\.pingCheckIntervalMs/,
    )
    expect(() => checkedConfig('server', { ...given, limits: { commandValuesMax: 1_000_000 } })).toThrow(
      /at most 8200 values/,
    )
    expect(
      checkedConfig('server', { ...given, limits, timing: { pingCheckIntervalMs: 1600 } }).limits,
    ).toMatchObject(limits)
  })
})
