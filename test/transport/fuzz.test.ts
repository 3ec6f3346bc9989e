/** Random and mutated frames at every transport: nothing throws, nothing grows, and no node changes its state (N3). A million of them: `npm run verify -- --only fuzz`. */
import { expect, test } from 'vitest'
import { createBroadcastChannelTransport } from '../../runtime/transport/broadcast-channel.ts'
import { decodeFrame, frameRefusals } from '../../runtime/transport/frame.ts'
import { createMessagePortTransport } from '../../runtime/transport/message-port.ts'
import { envelopes, fuzz, fuzzed, hello, nodes, problemsOf, ready } from './fuzzing.ts'
import { fuzzTexts } from './mutation.ts'
import { skipsNats } from './nats-server.ts'
import { until } from './socket-ends.ts'

test('twenty thousand texts are read or refused by name', () => {
  const read: Record<string, number> = {}
  for (const text of fuzzTexts(20_000, hello, ready, nodes, ...envelopes)) {
    const frame = decodeFrame(text, { depthMax: 30 })
    if (frame.frame === null) expect(frameRefusals).toContain(frame.code)
    const name = frame.frame ?? 'refused'
    read[name] = (read[name] ?? 0) + 1
  }

  expect(Object.keys(read).sort()).toEqual(['envelope', 'hello', 'nodes', 'ready', 'refused'])
})

test.each(fuzzed)(
  'at %s',
  async (kind) => {
    if (kind === 'NATS' && skipsNats) return
    const report = await fuzz(kind, 10_000)

    expect({ ...report, problems: problemsOf(report) }).toMatchObject({ problems: [], connections: 0 })
  },
  60_000,
)

test('what is no text at all is refused at a MessagePort and at a BroadcastChannel', async () => {
  const { port1, port2 } = new MessageChannel()
  const name = `standby odd ${process.pid}`
  const channel = new BroadcastChannel(name)
  const [ports, channels] = [
    createMessagePortTransport({ ports: [port1] }),
    createBroadcastChannelTransport({ name }),
  ]
  const odd = [null, {}, [], new Uint8Array(3), Number.NaN, -1, true, { to: 's1#1' }, { to: 's1#1', text: 7 }]

  for (const value of odd) {
    port2.postMessage(value)
    channel.postMessage(value)
  }
  await until(
    () => ports.counters().refused.malformed + channels.counters().refused.malformed >= 2 * odd.length,
    'refusals',
  )

  expect([ports.counters().received, channels.counters().received]).toEqual([0, 0])
  port2.close()
  channel.close()
  ports.close()
  channels.close()
})
