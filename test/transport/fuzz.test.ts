/** Random and mutated frames at every transport: nothing throws, nothing grows, and no node changes its state (N3). */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Envelope, Transport } from '../../actors/ports.ts'
import { createServer, type ServerNode } from '../../actors/server.ts'
import type { Message } from '../../machines/messages.ts'
import { schedulerClock, seededRandom } from '../../runtime/schedulers.ts'
import { createBroadcastChannelTransport } from '../../runtime/transport/broadcast-channel.ts'
import { decodeFrame, frameRefusals } from '../../runtime/transport/frame.ts'
import type { MeshTransport } from '../../runtime/transport/mesh.ts'
import { createMessagePortTransport } from '../../runtime/transport/message-port.ts'
import { openTcpTransport } from '../../runtime/transport/tcp.ts'
import { openWebSocketTransport } from '../../runtime/transport/websocket.ts'
import { fuzzSeed, fuzzTexts, mutated } from './mutation.ts'
import { until } from './socket-ends.ts'

const view = { number: 3, primary: 's1#1', backup: 'fuzz#1' }
const request = { session: 4, seq: 2, commands: [{ op: 'put', key: 'k', value: 'v' }], bytes: 30 }
const messages: readonly Message[] = [
  { type: 'ping', viewNumber: 2 },
  { type: 'getView' },
  { type: 'viewReply', view, founding: true },
  { type: 'request', viewNumber: 3, ...request },
  { type: 'forward', viewNumber: 3, number: 1, requests: [{ client: 'c1#1', ...request }] },
  { type: 'forwardAck', viewNumber: 3, number: 1, digest: '0123456789abcdef' },
  { type: 'stateTransfer', view, index: 0, last: true, data: { entries: [] } },
  { type: 'stateTransferAck', viewNumber: 3, index: 0 },
  { type: 'replicaDiverged', viewNumber: 3 },
]
const envelopes: readonly Envelope[] = messages.map((message) => ({
  from: 'fuzz#1',
  to: 's1#1',
  message,
  stamp: { lamport: 5, vector: { 'fuzz#1': 2, 'c1#1': 1 } },
}))
const hello = {
  frame: 'hello',
  protocol: 'standby',
  versions: [1, 1],
  system: 'standby',
  process: 'f'.repeat(32),
  nonce: 'e'.repeat(64),
  key: null,
  proves: false,
}
const ready = { frame: 'ready', proof: null }
const nodes = { frame: 'nodes', attached: ['fuzz#1'], detached: [] }

let server: ServerNode | undefined
let closing: Transport[] = []

/** A server that has heard of nobody; its state must stay as it is, clocks aside (L5). */
function seat(transport: Transport): () => string {
  closing.push(transport)
  const started = createServer({
    id: 's1#1',
    transport,
    clock: schedulerClock(),
    timing: { pingIntervalMs: 1000, pingCheckIntervalMs: 3000 },
  })
  server = started
  return () => {
    const { context, value, status } = started.actor.getSnapshot()
    return JSON.stringify([status, value, { ...context, clock: null }])
  }
}

afterEach(async () => {
  server?.stop()
  for (const transport of closing) await transport.close()
  closing = []
})

test('a hundred thousand texts are read or refused by name', () => {
  const read: Record<string, number> = {}
  for (const text of fuzzTexts(100_000, hello, ready, nodes, ...envelopes)) {
    const frame = decodeFrame(text, { depthMax: 30 })
    if (frame.frame === null) expect(frameRefusals).toContain(frame.code)
    const name = frame.frame ?? 'refused'
    read[name] = (read[name] ?? 0) + 1
  }

  expect(Object.keys(read).sort()).toEqual(['envelope', 'hello', 'nodes', 'ready', 'refused'])
})

/** Somebody who speaks the wire and not the protocol: frames by frames, until it is closed. */
type Speak = (address: string, frames: readonly string[]) => Promise<void>

const overTcp: Speak = async (address, frames) => {
  const [host, port] = address.split(':') as [string, string]
  const socket = connect(Number(port), host)
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  for (const frame of frames) {
    const bytes = Buffer.from(frame)
    const header = Buffer.alloc(4)
    // Some lengths are wrong, too.
    header.writeUInt32BE(frame.length % 97 === 0 ? 4_000_000_000 : bytes.length)
    socket.write(Buffer.concat([header, bytes]))
  }
  socket.resume()
  socket.end()
  await closed
}

const overWebSocket: Speak = async (address, frames) => {
  const socket = new WebSocket(address)
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  socket.on('open', () => {
    for (const frame of frames) socket.send(frame.length % 97 === 0 ? Buffer.from(frame) : frame)
    socket.close()
  })
  await closed
}

describe.each<[string, () => Promise<MeshTransport>, Speak, number]>([
  ['TCP', () => openTcpTransport({ listen: {} }), overTcp, 1500],
  ['WebSocket', () => openWebSocketTransport({ listen: {} }), overWebSocket, 700],
])('at %s', (name, open, speak, connections) => {
  test('mutated conversations end in refusals, and no connection stays', async () => {
    const transport = await open()
    const state = seat(transport)
    const before = state()
    const random = seededRandom(fuzzSeed(name))
    let sent = 0
    const conversation = () => {
      const frames = [hello, ready, nodes, ...envelopes, ...envelopes].map((frame) => JSON.stringify(frame))
      const at = Math.floor(random() * frames.length)
      frames[at] = mutated(frames[at]!, random)
      sent += frames.length
      return frames
    }

    for (let number = 0; number < connections; number += 20)
      await Promise.all(Array.from({ length: 20 }, () => speak(transport.address!, conversation())))
    await until(() => transport.counters().connections === 0, 'every connection to end')

    const { refused, received } = transport.counters()
    expect(sent).toBeGreaterThan(10_000)
    expect(received).toBeGreaterThan(connections)
    expect(refused.malformed).toBeGreaterThan(connections / 3)
    expect(state()).toBe(before)
  }, 60_000)
})

test('at a MessagePort', async () => {
  const { port1, port2 } = new MessageChannel()
  const transport = createMessagePortTransport({ ports: [port1] })
  const state = seat(transport)
  const before = state()

  for (const text of fuzzTexts(20_000, nodes, ...envelopes)) port2.postMessage(text)
  for (const odd of [null, {}, [], new Uint8Array(3), Number.NaN, -1, true]) port2.postMessage(odd)
  port2.postMessage(JSON.stringify(envelopes[1]))
  let last = -1
  await until(() => {
    const { received, refused } = transport.counters()
    const now = received + refused.malformed
    const isQuiet = now === last && now > 10_000
    last = now
    return isQuiet
  }, 'all of them to be read')
  port2.close()

  expect(state()).toBe(before)
})

test('at a BroadcastChannel', async () => {
  const name = `standby fuzz ${process.pid}`
  const transport = createBroadcastChannelTransport({ name })
  const state = seat(transport)
  const before = state()
  const channel = new BroadcastChannel(name)

  for (const text of fuzzTexts(20_000, ...envelopes)) channel.postMessage({ to: 's1#1', text })
  for (const odd of [null, {}, 7, 'text', { to: 's1#1' }, { to: 's1#1', text: 7 }]) channel.postMessage(odd)
  let last = -1
  await until(() => {
    const { received, refused } = transport.counters()
    const now = received + refused.malformed
    const isQuiet = now === last && now > 10_000
    last = now
    return isQuiet
  }, 'all of them to be read')
  channel.close()

  expect(state()).toBe(before)
})
