/** MessagePorts and BroadcastChannels keep the contract of every transport; a page joins its workers; who does not read is not sent more. */
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import type { Envelope, Transport } from '../../actors/ports.ts'
import { createBroadcastChannelTransport } from '../../runtime/transport/broadcast-channel.ts'
import { createMessagePortTransport } from '../../runtime/transport/message-port.ts'
import type { OpenTransport } from './open-transport.ts'
import { until } from './socket-ends.ts'
import { transportContract } from './transport.contract.ts'

/** Messages of ports have arrived after a few turns, answers included; large ones take a little longer. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 3))
}

function onChannel(): OpenTransport {
  const { port1, port2 } = new MessageChannel()
  const here = createMessagePortTransport({ ports: [port1] })
  const there = createMessagePortTransport({ ports: [port2] })
  return { here, there, settle }
}

/** Two workers, as it were, whose page passes on. */
function throughHub(): OpenTransport {
  const [left, right] = [new MessageChannel(), new MessageChannel()]
  const hub = createMessagePortTransport({ ports: [left.port2, right.port2] })
  const here = createMessagePortTransport({ ports: [left.port1] })
  const there = createMessagePortTransport({ ports: [right.port1] })
  return { here, there, settle, dispose: async () => hub.close() }
}

let channels = 0
function onBroadcastChannel(): OpenTransport {
  const name = `standby test ${process.pid} ${channels++}`
  return {
    here: createBroadcastChannelTransport({ name }),
    there: createBroadcastChannelTransport({ name }),
    settle,
  }
}

transportContract('over a MessageChannel', { open: onChannel })
transportContract('over MessagePorts, through a hub', { open: throughHub })
transportContract('over a BroadcastChannel', { open: onBroadcastChannel })

const stamp = { lamport: 1, vector: {} }
const envelope = (from: string, to: string, viewNumber = 1): Envelope => ({
  from,
  to,
  message: { type: 'ping', viewNumber },
  stamp,
})

describe('over MessagePorts', () => {
  const open: Transport[] = []
  afterEach(() => {
    for (const transport of open.splice(0)) transport.close()
  })

  test('a thread that does not read is sent no more than its window', async () => {
    const { port1, port2 } = new MessageChannel()
    const here = createMessagePortTransport({ ports: [port1] })
    open.push(here)
    here.attach('a#1', () => {})
    const text = 'x'.repeat(1024 * 1024)

    for (let number = 0; number < 20; number++)
      here.send({ ...envelope('a#1', 'b#1'), message: { type: 'large', text } as never })

    expect(here.counters().lost.queueFull).toBe(12)
    const there = createMessagePortTransport({ ports: [port2] })
    open.push(there)
    there.attach('b#1', () => {})
    await until(() => there.counters().received === 8, 'what was under way')
    await until(() => {
      here.send(envelope('a#1', 'b#1'))
      return there.counters().received > 8
    }, 'room again')
  })

  test('a node that was learned of on one port is believed on no other', async () => {
    const channels = [new MessageChannel(), new MessageChannel()]
    const hub = createMessagePortTransport({ ports: channels.map(({ port1 }) => port1) })
    open.push(hub)
    const received: Envelope[] = []
    hub.attach('hub#1', (arrived) => void received.push(arrived))
    const [owner, thief] = channels.map(({ port2 }) => createMessagePortTransport({ ports: [port2] }))
    open.push(owner!, thief!)

    owner!.send(envelope('a#1', 'hub#1', 1))
    await until(() => received.length === 1, 'the first')
    thief!.send(envelope('a#1', 'hub#1', 2))
    thief!.send(envelope('hub#1', 'hub#1', 3))
    await until(() => hub.counters().refused.foreignSender === 2, 'two refusals')

    expect(received).toHaveLength(1)
  })

  test('a real worker answers', async () => {
    const source = `
      const { parentPort } = require('node:worker_threads')
      parentPort.on('message', (text) => {
        if (typeof text !== 'string') return
        const { from, to, message, stamp } = JSON.parse(text)
        parentPort.postMessage(JSON.stringify({ from: to, to: from, message, stamp }))
      })`
    const worker = new Worker(source, { eval: true })
    const here = createMessagePortTransport({ ports: [worker] })
    open.push(here)
    const answers: Envelope[] = []
    here.attach('a#1', (arrived) => void answers.push(arrived))

    here.send(envelope('a#1', 'b#1', 9))
    await until(() => answers.length === 1, 'an answer')
    await worker.terminate()

    expect(answers[0]).toEqual(envelope('b#1', 'a#1', 9))
  })
})
