/** WebSocket keeps the contract of every transport and of those between processes, and turns foreign pages away. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { parseAddress } from '../../runtime/transport/address.ts'
import type { MeshTransport } from '../../runtime/transport/mesh-options.ts'
import { openWebSocketTransport } from '../../runtime/transport/websocket.ts'
import { openWebSocketTransport as openInBrowser } from '../../runtime/transport/websocket-browser.ts'
import { socketContract } from './socket.contract.ts'
import { twoEnds, until } from './socket-ends.ts'
import { transportContract } from './transport.contract.ts'

transportContract('over WebSocket', { open: () => twoEnds(openWebSocketTransport) })
socketContract('over WebSocket', openWebSocketTransport)

describe('pages', () => {
  let transport: MeshTransport | undefined
  afterEach(() => transport?.close())

  test.each<[string, string | undefined, boolean]>([
    ['of an origin that is listed', 'https://app.example', true],
    ['of another origin', 'https://evil.example', false],
    ['of an opaque origin', 'null', false],
    ['that are invalid, and say no origin', undefined, true],
  ])('%s', async (_, origin, isTaken) => {
    transport = await openWebSocketTransport({ listen: { origins: ['https://app.example'] } })
    const socket = new WebSocket(transport.address!, origin === undefined ? {} : { origin })
    let end = ''
    socket.on('open', () => {
      end = 'open'
    })
    socket.on('error', (error) => {
      end = error.message
    })

    await until(() => end !== '', 'an end of it')
    socket.terminate()

    expect(end).toBe(isTaken ? 'open' : 'Unexpected server response: 403')
    expect(transport.counters().refused.origin).toBe(isTaken ? 0 : 1)
  })

  test('a browser learns that it cannot listen', async () => {
    await expect(openInBrowser({ listen: {} })).rejects.toThrow(
      /expected neither listen nor tls in a browser/,
    )
  })
})

test('what a stranger sends in fragments is not gathered: 16 KiB, and it is let go', async () => {
  const transport = await openWebSocketTransport({ listen: {} })
  const { host, port } = parseAddress(transport.address!.replace('ws://', ''))!
  const socket = connect({ host, port })
  let isOver = false
  socket.on('error', () => {})
  socket.on('close', () => {
    isOver = true
  })
  const headers = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13']
  const key = Buffer.alloc(16).toString('base64')
  socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${headers.join('\r\n')}\r\nSec-WebSocket-Key: ${key}\r\n\r\n`)
  await once(socket, 'data')
  const fragment = (isFirst: boolean) => {
    const size = 256 * 1024
    const frame = Buffer.alloc(14 + size, 0x20)
    // A text without an end, masked with zeros, of a length in eight bytes.
    frame.set([isFirst ? 0x01 : 0x00, 0xff])
    frame.writeBigUInt64BE(BigInt(size), 2)
    frame.fill(0, 10, 14)
    return frame
  }

  try {
    socket.write(fragment(true))
    // It answers no closing, and sends for as long as it can.
    const deadline = Date.now() + 10_000
    while (!isOver && Date.now() < deadline) {
      if (socket.writableLength < 1024 * 1024) socket.write(fragment(false))
      await new Promise((resolve) => setImmediate(resolve))
    }

    expect(isOver).toBe(true)
    expect(transport.counters().refused.tooLarge).toBe(1)
    // What the buffers of the two sockets hold; unread by the process.
    expect(socket.bytesWritten - socket.writableLength).toBeLessThan(12 * 1024 * 1024)
  } finally {
    socket.destroy()
    await transport.close()
  }
})
