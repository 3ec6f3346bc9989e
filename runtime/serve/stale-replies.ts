/** A primary's word on sequence numbers that a gateway's session has left behind: its chart ignores them (S9), its process says so. */
import type { Envelope } from '../../actors/ports.ts'
import type { ServerActor } from '../../actors/server.ts'
import type { Replica } from '../../machines/application/at-most-once.ts'
import { type NodeId, parseNodeId } from '../../machines/node-id.ts'
import { isSessionName } from './http/session-name.ts'
import type { Tap } from './tapped-transport.ts'

/**
 * Answers a stale request of a gateway's session with the refusal `staleSequence`. A primary executes nothing that its
 * backup has not acknowledged, so a number that is behind in its session table is behind everywhere.
 * @param actorOf the server with this id; null if there is none here
 */
export function createStaleReplies(
  actorOf: (id: NodeId) => ServerActor | null,
  send: (envelope: Envelope) => void,
): Tap {
  return {
    receives({ from, to, message }) {
      if (message?.type !== 'request' || message.session === null) return true
      const { name } = parseNodeId(from)
      const snapshot = isSessionName(name) ? actorOf(to)?.getSnapshot() : undefined
      if (snapshot === undefined || !snapshot.hasTag('answersClients')) return true
      const { replica, view, clock } = snapshot.context
      const { session, seq, viewNumber } = message
      if (replica === null || viewNumber !== view.number || !isBehind(replica, name, session, seq))
        return true
      const refusal = { type: 'refusal', viewNumber, session, seq, reason: 'staleSequence' } as const
      send({ from: to, to: from, message: refusal, stamp: clock })
      return true
    },
  }
}

function isBehind({ sessions }: Replica, client: string, session: number, seq: number): boolean {
  const known = sessions.get(session)
  return known !== undefined && seq < known.seq && parseNodeId(known.client).name === client
}
