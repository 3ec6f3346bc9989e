/** V10, N3: no number in any message ends a node or stops the system. */
import { describe, expect, test } from 'vitest'
import { type Message, type MessageType, messageSchemas } from '../../machines/messages.ts'
import { append, createWorld } from '../support/world.ts'

const extremes = [0, 999_999, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER]
const senders = ['view-service', 's1#1', 's2#1', 's3#1', 'c9#1']
const receivers = ['view-service', 's1#1', 's2#1', 's3#1', 'c1#1']

/** One message of a type, with `n` for each of its numbers. */
function messageOf(type: MessageType, n: number): Message {
  const view = { number: n, primary: 's3#1', backup: 's2#1' }
  const request = { session: n, seq: n, commands: [], bytes: n }
  const messages: { [Type in MessageType]: object } = {
    ping: { viewNumber: n },
    getView: {},
    viewReply: { view },
    request: { viewNumber: n, ...request },
    reply: { session: n, seq: n, outcome: { kind: 'opened', session: n } },
    refusal: { viewNumber: n, session: n, seq: n, reason: 'wrongView' },
    forward: { viewNumber: n, number: n, requests: [{ client: 'c1#1', ...request }] },
    forwardAck: { viewNumber: n, number: n, digest: '' },
    stateTransfer: { view, index: n, last: true, data: null },
    stateTransferAck: { viewNumber: n, index: n },
    replicaDiverged: { viewNumber: n },
    watch: { viewNumber: n, revision: n, watches: [{ id: n, key: 'log', prefix: true, after: n }] },
    changes: { viewNumber: n, revision: n, newest: n, watches: [] },
  }
  return { type, ...messages[type] } as Message
}

/** Whose numbers are believed, since no one lies (N1): the view service's, and a primary's that transfers its state. */
const believed: readonly MessageType[] = ['viewReply', 'stateTransfer']

describe.each(Object.keys(messageSchemas) as MessageType[])('%s', (type) => {
  test.each(extremes)('with the number %d, from every peer to every node', (n) => {
    const world = createWorld({ servers: 3 })
    world.settle()
    const client = world.client('c1')
    world.execute(client, append('log', 'a'))
    const before = world.cluster.view()

    for (const to of receivers)
      for (const from of senders) if (from !== to) world.inject({ from, to, message: messageOf(type, n) })
    world.advance(50)

    expect(world.observations.filter(({ kind }) => kind === 'crash')).toEqual([])
    if (believed.includes(type)) return
    expect(world.cluster.view()).toEqual(before)
    expect(world.execute(client, append('log', 'b'))).toEqual({ value: 2 })
    expect(world.contents('backup')).toEqual({ log: 'ab' })
  })
})
