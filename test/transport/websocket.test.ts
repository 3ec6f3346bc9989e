/** WebSocket keeps the contract of every transport and of those between processes, and turns foreign pages away. */
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
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
    ['that are none, and say no origin', undefined, true],
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

  test('a browser is told that it cannot listen', async () => {
    await expect(openInBrowser({ listen: {} })).rejects.toThrow(
      /expected neither listen nor tls in a browser/,
    )
  })
})

test('what a stranger sends in fragments is not gathered: 16 KiB, and it is let go', async () => {
  const transport = await openWebSocketTransport({ listen: {} })
  const socket = new WebSocket(transport.address!)
  socket.on('error', () => {})
  await once(socket, 'open')
  const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external
  const fragment = Buffer.alloc(256 * 1024, 0x20)
  let taken = 0
  let isOver = false
  socket.on('close', () => {
    isOver = true
  })

  try {
    await until(() => {
      if (!isOver && socket.bufferedAmount < 1024 * 1024) {
        socket.send(fragment, { fin: false })
        taken += fragment.length
      }
      return isOver
    }, 'its end')

    expect(transport.counters().refused.tooLarge).toBe(1)
    expect(taken).toBeLessThan(16 * 1024 * 1024)
    expect(process.memoryUsage().arrayBuffers + process.memoryUsage().external - before).toBeLessThan(
      16 * 1024 * 1024,
    )
  } finally {
    socket.terminate()
    await transport.close()
  }
})
