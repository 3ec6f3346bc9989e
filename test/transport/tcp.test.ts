/** TCP keeps the contract of every transport and of those between processes. */
import { expect, test } from 'vitest'
import { openTcpTransport } from '../../runtime/transport/tcp.ts'
import { socketContract } from './socket.contract.ts'
import { twoEnds } from './socket-ends.ts'
import { transportContract } from './transport.contract.ts'

transportContract('over TCP', { open: () => twoEnds(openTcpTransport) })
socketContract('over TCP', openTcpTransport)

test('V7: a flood on one connection lets timers and other connections in between; all of it is heard in order, before the end', async () => {
  const to = await openTcpTransport({ listen: { port: 0 } })
  const from = await openTcpTransport({ directory: { s1: to.address! } })
  try {
    const heard: number[] = []
    const resolvers = new Map<number, () => void>()
    const hearing = (viewNumber: number) =>
      new Promise<void>((resolve) => void resolvers.set(viewNumber, resolve))
    let heardInFirstTurn = 0
    to.attach('s1#1', ({ message }) => {
      const { viewNumber } = message as { viewNumber: number }
      if (viewNumber === 1) {
        setImmediate(() => {
          heardInFirstTurn = heard.length
        })
      }
      heard.push(viewNumber)
      for (const begun = performance.now(); performance.now() - begun < 1; );
      resolvers.get(viewNumber)?.()
    })
    from.attach('s2#1', () => {})
    const send = (viewNumber: number) =>
      from.send({
        from: 's2#1',
        to: 's1#1',
        message: { type: 'ping', viewNumber },
        stamp: { lamport: 1, vector: {} },
      })
    const first = hearing(0)
    send(0)
    await first

    const last = hearing(99)
    for (let viewNumber = 1; viewNumber < 100; viewNumber++) send(viewNumber)
    const closed = from.close()
    await last
    await closed

    expect(heardInFirstTurn).toBeGreaterThan(1)
    expect(heardInFirstTurn).toBeLessThan(20)
    expect(heard).toEqual(Array.from({ length: 100 }, (_, viewNumber) => viewNumber))
  } finally {
    await Promise.all([from.close(), to.close()])
  }
})
