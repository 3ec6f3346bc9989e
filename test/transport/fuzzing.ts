/** malformed frames, and conversations with one odd word in them, at any transport that a server sits on. It asserts nothing; it counts. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { connect as connectNats } from '@nats-io/transport-node'
import { WebSocket } from 'ws'
import type { Envelope, Random, Transport } from '../../actors/ports.ts'
import { createServer } from '../../actors/server.ts'
import type { Message } from '../../machines/messages.ts'
import { schedulerClock, seededRandom } from '../../runtime/schedulers.ts'
import { createBroadcastChannelTransport } from '../../runtime/transport/broadcast-channel.ts'
import type { EnvelopeCounters } from '../../runtime/transport/endpoint.ts'
import { createMessagePortTransport } from '../../runtime/transport/message-port.ts'
import { openNatsTransport } from '../../runtime/transport/nats.ts'
import { openTcpTransport } from '../../runtime/transport/tcp.ts'
import { openWebSocketTransport } from '../../runtime/transport/websocket.ts'
import { distorted, fuzzSeed, fuzzText, mutated } from './mutation.ts'
import { startNatsServer } from './nats-server.ts'
import { until, untilQuiet } from './socket-ends.ts'

/** The transports that take frames of others; that of memory takes none. */
export const fuzzed = ['TCP', 'WebSocket', 'NATS', 'MessagePort', 'BroadcastChannel'] as const
export type Fuzzed = (typeof fuzzed)[number]

/** What came of it. */
export interface FuzzReport {
  readonly seed: number
  /** Frames that were sent, good ones among them. */
  readonly sent: number
  /** Envelopes that reached the process, and frames that were refused, by reason. */
  readonly received: number
  readonly refused: EnvelopeCounters['refused']
  /** Connections that are left; 0 for a transport without. */
  readonly connections: number
  /** Bytes that the heap has grown by from the first tenth of the frames to the last. */
  readonly grown: number
  /** Whether the server is in the state in which it was before, clocks aside (L5). */
  readonly isUnchanged: boolean
}

const view = { number: 3, primary: 's1#1', backup: 'fuzz#1' }
const request = { session: 4, seq: 2, commands: [{ op: 'put', key: 'k', value: 'v' }], bytes: 30 }
const messages: readonly Message[] = [
  { type: 'ping', viewNumber: 2 },
  { type: 'getView' },
  { type: 'viewReply', view },
  { type: 'request', viewNumber: 3, ...request },
  { type: 'forward', viewNumber: 3, number: 1, requests: [{ client: 'c1#1', ...request }] },
  { type: 'forwardAck', viewNumber: 3, number: 1, digest: '0123456789abcdef' },
  { type: 'stateTransfer', view, index: 0, last: true, data: { entries: [] } },
  { type: 'stateTransferAck', viewNumber: 3, index: 0 },
  { type: 'replicaDiverged', viewNumber: 3 },
]

/** Envelopes that a node could send to `s1#1`, one of each kind. */
export const envelopes: readonly Envelope[] = messages.map((message) => ({
  from: 'fuzz#1',
  to: 's1#1',
  message,
  stamp: { lamport: 5, vector: { 'fuzz#1': 2, 'c1#1': 1 } },
}))
export const hello = {
  frame: 'hello',
  protocol: 'standby',
  versions: [2, 2],
  system: 'standby',
  process: 'f'.repeat(32),
  nonce: 'e'.repeat(64),
  key: null,
  proves: false,
  to: 's1',
}
export const ready = { frame: 'ready', proof: null, known: null }
export const nodes = { frame: 'nodes', attached: ['fuzz#1'], detached: [] }

/** A transport that is spoken to, by a caller who knows its wire and not the protocol. */
interface Target {
  readonly transport: Transport & { counters(): EnvelopeCounters & { readonly connections?: number } }
  /** Sends about a thousand frames; returns how many. */
  speak(random: Random): Promise<number>
  close(): unknown
}

/** Sends at least `frames` frames to a server on that transport. The seed is printed. */
export async function fuzz(
  kind: Fuzzed,
  frames: number,
  progress: (text: string) => void = () => {},
): Promise<FuzzReport> {
  const seed = fuzzSeed(`${kind}, ${frames} frames`)
  const random = seededRandom(seed)
  const { transport, speak, close } = await targets[kind]()
  const timing = { pingIntervalMs: 1000, pingCheckIntervalMs: 3000 }
  const server = createServer({ id: 's1#1', transport, clock: schedulerClock(), timing })
  const state = () => {
    const { context, value, status } = server.actor.getSnapshot()
    return JSON.stringify([status, value, { ...context, clock: null }])
  }
  const taken = () => {
    const { received, refused } = transport.counters()
    return received + Object.values(refused).reduce((sum, number) => sum + number, 0)
  }
  const before = state()
  let [sent, heapBefore] = [0, 0]
  try {
    while (sent < frames) {
      sent += await speak(random)
      progress(`${kind}: ${sent} frames`)
      if (heapBefore === 0 && sent >= frames / 10) heapBefore = await heap()
    }
    await untilQuiet(taken, `the frames at ${kind} to be read`)
    await until(() => (transport.counters().connections ?? 0) === 0, 'every connection to end')
    const grown = (await heap()) - heapBefore
    const { received, refused, connections = 0 } = transport.counters()
    return { seed, sent, received, refused, connections, grown, isUnchanged: state() === before }
  } finally {
    server.stop()
    await transport.close()
    await close()
  }
}

/** What was wrong with a report; nothing, if all is well. */
export function problemsOf({ sent, received, refused, grown, isUnchanged }: FuzzReport): string[] {
  const problems: string[] = []
  const refusals = Object.values(refused).reduce((sum, number) => sum + number, 0)
  if (!isUnchanged) problems.push('the state of the server has changed')
  if (grown > grownMax) problems.push(`expected the heap to grow by at most ${grownMax} bytes, got ${grown}`)
  if (received + refusals < sent / 10) problems.push('expected a tenth of the frames to be looked at')
  if (refusals === 0) problems.push('expected refusals, got none')
  return problems
}

/** What a heap may differ by without a leak. A frame of which 16 bytes were kept would show in a million. */
const grownMax = 16 * 1024 * 1024

async function heap(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  await new Promise((resolve) => setTimeout(resolve, 20))
  collect()
  return process.memoryUsage().heapUsed
}

const texts = envelopes.map((envelope) => JSON.stringify(envelope))
const atOnce = 20

/** Good words first, then envelopes with odd values, and somewhere a text that is invalid: most get far. */
function conversation(random: Random): string[] {
  const start = [hello, ready, nodes].map((frame) => JSON.stringify(frame))
  const odd = Array.from({ length: 47 }, (_, n) =>
    JSON.stringify(distorted(envelopes[n % envelopes.length]!, random, 0.02)),
  )
  const frames = [...start, ...odd]
  const at = Math.floor(random() * random() * frames.length)
  const place = frames.length - 1 - at
  frames[place] = mutated(frames[place]!, random)
  if (random() < 0.1) {
    const early = Math.floor(random() * start.length)
    frames[early] = mutated(frames[early]!, random)
  }
  return frames
}

async function speakAtOnce(speak: (frames: readonly string[]) => Promise<unknown>, random: Random) {
  const all = Array.from({ length: atOnce }, () => conversation(random))
  await Promise.all(all.map(speak))
  return all.reduce((sum, frames) => sum + frames.length, 0)
}

async function overTcp(address: string, frames: readonly string[]): Promise<void> {
  const [host, port] = address.split(':') as [string, string]
  const socket = connect(Number(port), host)
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  for (const frame of frames) {
    const bytes = Buffer.from(frame)
    const header = Buffer.alloc(4)
    // Some lengths are wrong, too.
    header.writeUInt32BE(frame.length % 397 === 0 ? 4_000_000_000 : bytes.length)
    socket.write(Buffer.concat([header, bytes]))
  }
  socket.resume()
  socket.end()
  await closed
}

async function overWebSocket(address: string, frames: readonly string[]): Promise<void> {
  const socket = new WebSocket(address)
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  socket.on('open', () => {
    for (const frame of frames) socket.send(frame.length % 397 === 0 ? Buffer.from(frame) : frame)
    socket.close()
  })
  await closed
}

/** Noise, mutations and odd values, for transports without connections. */
function* loose(random: Random): Generator<string> {
  for (let n = 0; n < 1000; n++) {
    if (n % 2 === 0) yield fuzzText(texts, random)
    else yield JSON.stringify(distorted(envelopes[n % envelopes.length]!, random))
  }
}

const targets: Readonly<Record<Fuzzed, () => Promise<Target>>> = {
  async TCP() {
    const transport = await openTcpTransport({ listen: {} })
    const speak = (frames: readonly string[]) => overTcp(transport.address!, frames)
    return { transport, speak: (random) => speakAtOnce(speak, random), close() {} }
  },
  async WebSocket() {
    const transport = await openWebSocketTransport({ listen: {} })
    const speak = (frames: readonly string[]) => overWebSocket(transport.address!, frames)
    return { transport, speak: (random) => speakAtOnce(speak, random), close() {} }
  },
  async NATS() {
    const server = await startNatsServer()
    const transport = await openNatsTransport({ connection: { servers: server.url } })
    const raw = await connectNats({ servers: server.url })
    const subject = 'standby.standby.s1.1.fuzz.1'
    return {
      transport,
      async speak(random) {
        for (const text of loose(random)) {
          const head = `P ${'0'.repeat(15)}${Math.floor(random() * 4)} ${Math.floor(random() * 3)} ${Math.floor(random() * 4)}\n`
          // Some are parts of a text, in order or out of it.
          raw.publish(subject, random() < 0.1 ? head + text : text)
        }
        for (const bytes of [
          [0x50, 0x20, 0xff],
          [0xff, 0xfe],
        ])
          raw.publish(subject, new Uint8Array(bytes))
        await raw.flush()
        await transport.ready()
        return 1000
      },
      async close() {
        await raw.close()
        await server.stop()
      },
    }
  },
  async MessagePort() {
    const { port1, port2 } = new MessageChannel()
    port2.onmessage = () => {}
    return {
      transport: createMessagePortTransport({ ports: [port1] }),
      speak: (random) => speakLoose(random, (text) => port2.postMessage(text)),
      close: () => port2.close(),
    }
  },
  async BroadcastChannel() {
    const name = `standby fuzz ${process.pid} ${Date.now()}`
    const channel = new BroadcastChannel(name)
    return {
      transport: createBroadcastChannelTransport({ name }),
      speak: (random) => speakLoose(random, (text) => channel.postMessage({ to: 's1#1', text })),
      close: () => channel.close(),
    }
  },
}

async function speakLoose(random: Random, post: (text: string) => void): Promise<number> {
  for (const text of loose(random)) post(text)
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  return 1000
}
