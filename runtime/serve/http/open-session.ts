/** A session that is opened and nothing else: the opening is a replicated command, which executes nothing of the application (S10). */
import { waitFor } from 'xstate'
import {
  type Client,
  type ClientActorOptions,
  type ClientCore,
  createClient,
} from '../../../actors/client.ts'
import { StandbyError } from '../../../actors/errors.ts'
import type { Json } from '../../../machines/application/application.ts'

/** Calls of a client are numbered from 1 on. */
const noCall = 0

/** A client, and the session that it has opened. */
export interface OpenedSession {
  readonly client: Client<Json, Json> & ClientCore
  /** What the servers call it. */
  readonly session: number
}

/**
 * Opens a session with a client of its own. A chart opens one when there is work, so there is some, which is given up
 * before it is ever sent (C2).
 * @throws StandbyError `timedOut`
 */
export async function openSession(options: ClientActorOptions, timeoutMs: number): Promise<OpenedSession> {
  const client = createClient<Json, Json>(options)
  const { actor } = client
  let isGivenUp = false
  actor.subscribe({
    next(snapshot) {
      if (isGivenUp || !snapshot.matches('openingSession')) return
      isGivenUp = true
      actor.send({ type: 'abandon', ids: [noCall], code: 'aborted' })
    },
    error: () => {},
  })
  try {
    actor.send({ type: 'call', calls: [{ id: noCall, command: null, bytes: 4 }] })
    const { context } = await waitFor(actor, (snapshot) => snapshot.context.session !== null, {
      timeout: timeoutMs,
    })
    return { client, session: context.session! }
  } catch (cause) {
    client.stop()
    throw new StandbyError('timedOut', 'no session was opened in time; try again', { cause })
  }
}
