/** A server, a view service and a client on the two ends of a transport, and every message of a wrong role on its way to them. */
import { createClient } from '../../actors/client.ts'
import type { NodePorts, RefusedMessage } from '../../actors/node.ts'
import type { Envelope, TimeClock } from '../../actors/ports.ts'
import { createServer } from '../../actors/server.ts'
import { createViewService } from '../../actors/view-service.ts'
import { type Message, type MessageType, messageRoles, type NodeRole } from '../../machines/messages.ts'
import { watchMessages } from '../support/watch-messages.ts'
import type { OpenTransport } from './open-transport.ts'

const view = { number: 9, primary: 's2#1', backup: null }
const requestFields = { session: null, seq: 0, commands: [], bytes: 0 }
const samples: { readonly [Type in MessageType]: Message } = {
  ping: { type: 'ping', viewNumber: 9 },
  getView: { type: 'getView' },
  viewReply: { type: 'viewReply', view },
  request: { type: 'request', viewNumber: 1, ...requestFields },
  reply: { type: 'reply', session: null, seq: 0, outcome: { kind: 'opened', session: 1 } },
  refusal: { type: 'refusal', viewNumber: 9, session: null, seq: 0, reason: 'wrongServer' },
  forward: { type: 'forward', viewNumber: 9, number: 1, requests: [] },
  forwardAck: { type: 'forwardAck', viewNumber: 1, number: 1, digest: '' },
  stateTransfer: { type: 'stateTransfer', view, index: 0, last: true, data: null },
  stateTransferAck: { type: 'stateTransferAck', viewNumber: 1, index: 0 },
  replicaDiverged: { type: 'replicaDiverged', viewNumber: 1 },
  ...watchMessages,
}

/** `c#2` is another life of the view service's name, which has only one. */
const roleOf: Readonly<Record<string, NodeRole | null>> = {
  'gateway-evil#1': 'client',
  's2#1': 'server',
  'c#2': null,
  'b#1': 'server',
  c: 'viewService',
  'a#1': 'client',
}

/** Timers never go off: nodes only answer. */
const stillClock: TimeClock = {
  now: () => 0,
  setTimeout: () => 0,
  clearTimeout: () => {},
  soon: queueMicrotask,
}

/** Starts the nodes; `wrong` are the envelopes that no role permits, from both ends. */
export async function startRoles({ here, there, ready, settle }: OpenTransport) {
  const refused: RefusedMessage[] = []
  const common: Omit<NodePorts, 'transport'> & { readonly servers: readonly string[] } = {
    clock: stillClock,
    servers: ['b', 's2'],
    onRefused: (one) => void refused.push(one),
  }
  for (const id of ['gateway-evil#1', 's2#1', 'c#2']) here.attach(id, () => {})
  const nodes = [
    createViewService({ ...common, transport: there, id: 'c' }),
    createServer({ ...common, transport: there, id: 'b#1', viewService: 'c' }),
    createClient({ ...common, transport: here, id: 'a#1', viewService: 'c' }),
  ]
  await ready?.()
  await settle()
  const types = Object.keys(messageRoles) as MessageType[]
  const wrong = (senders: readonly string[], receivers: readonly string[]): Envelope[] =>
    senders.flatMap((from) =>
      receivers.flatMap((to) =>
        types
          .filter((type) => !isRight(type, roleOf[from]!, roleOf[to]!))
          .map((type) => ({ from, to, message: samples[type], stamp: { lamport: 99, vector: {} } })),
      ),
    )
  return {
    nodes,
    refused,
    fromHere: wrong(['gateway-evil#1', 's2#1', 'c#2', 'a#1'], ['b#1', 'c']),
    fromThere: wrong(['b#1', 'c'], ['a#1']),
    stop: () => {
      for (const node of nodes) node.stop()
    },
  }
}

function isRight(type: MessageType, from: NodeRole | null, to: NodeRole): boolean {
  return messageRoles[type].from === from && messageRoles[type].to.includes(to)
}
