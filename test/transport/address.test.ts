/** Addresses are read by one parser, and refused alike by every door. */
import { expect, test } from 'vitest'
import { isLoopback, parseAddress } from '../../runtime/transport/address.ts'
import { openTcpTransport } from '../../runtime/transport/tcp.ts'
import { checkedUrl } from '../../runtime/transport/websocket-url.ts'

test.each([
  ['127.0.0.1:7000', { host: '127.0.0.1', port: 7000 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  ['[fe80::1%eth0]:70', { host: 'fe80::1%eth0', port: 70 }],
  ['m1.internal:65535', { host: 'm1.internal', port: 65_535 }],
  ['s_1:1', { host: 's_1', port: 1 }],
  ['münchen.example:1', { host: 'münchen.example', port: 1 }],
])('%s is an address', (text, address) => {
  expect(parseAddress(text)).toEqual(address)
  expect(checkedUrl(`ws://${text}/path`)).toBe(`ws://${text}/path`)
})

test.each([
  ...[
    'my host:70',
    '[zz]:70',
    'ho[st:70',
    'host',
    'host:',
    ':70',
    'host:65536',
    'host:7x',
    '::1:70',
    '[]:70',
  ],
  ...['a/b:70', 'user@host:70', 'host\n:70', 'h\u202eost:70', '-host:70', 'a b:1', '[127.0.0.1]:70', ''],
])('%j is none, at any door', async (text) => {
  expect(parseAddress(text)).toBeNull()
  const refused = expect.objectContaining({ code: 'invalidOption' })
  await expect(openTcpTransport({ directory: { a: text } })).rejects.toThrow(refused)
  if (text !== 'host' && text !== 'a/b:70') expect(() => checkedUrl(`ws://${text}`)).toThrow(refused)
})

test('loopback is this machine, however it is written', () => {
  const own = [
    'localhost',
    'LOCALHOST',
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
  ]
  const others = [
    '0.0.0.0',
    '::',
    '127.0.0.1.evil.example',
    '127.0.0.999',
    '127.1',
    '10.0.0.1',
    '::ffff:10.0.0.1',
    '',
  ]

  expect(own.filter((host) => !isLoopback(host))).toEqual([])
  expect(others.filter(isLoopback)).toEqual([])
})
