/** Sessions of callers that speak HTTP: the caller counts its operations, so that it may ask again, at this gateway or at another one (S9). */
import { randomBytes } from 'node:crypto'
import { waitFor } from 'xstate'
import type { ClientActorOptions } from '../../actors/client.ts'
import { createClient } from '../../actors/client.ts'
import { StandbyError } from '../../actors/errors.ts'
import type { Json } from '../../machines/application.ts'
import type { ResumedSession } from '../../machines/client.ts'
import { digest } from '../../machines/digest.ts'
import type { KeyValueCommand } from '../../machines/key-value-store.ts'
import { HttpError } from './http-server.ts'

/** Sessions of a gateway. It keeps nothing that another gateway, or its own next life, could not do without. */
export interface HttpSessions {
  /** Opens one; the text names it, and nobody can guess it. */
  open(timeoutMs: number): Promise<string>
  /**
   * Executes operation number `sequence` of a session, at most once however often it is asked for.
   * @throws HttpError 409, 410; StandbyError
   */
  execute(session: string, sequence: number, command: KeyValueCommand, timeoutMs: number): Promise<Json>
  /** How many are in memory. */
  size(): number
  /** Operations under way. */
  pending(): number
  stop(): void
}

/** What the sessions' clients are made with. */
export type HttpSessionsOptions = Omit<ClientActorOptions, 'id' | 'resume' | 'timeoutMs'> & {
  /** Sessions kept in memory; one that is dropped goes on where it was when it is named again. */
  readonly sessionsMax: number
}

type SessionClient = ReturnType<typeof createClient<KeyValueCommand, Json>>

/** One operation of a session, under way or ended. */
interface Operation {
  readonly sequence: number
  readonly digest: string
  readonly result: Promise<Json>
}

interface OpenSession {
  /** What the servers call it. */
  readonly id: number
  client: SessionClient | null
  /** What the client's next request will be numbered. */
  nextSequence: number
  last: Operation | null
  isBusy: boolean
}

/** The first operation of the protocol's session opens it; the caller's own begin with 1, which is its second. */
const opening: KeyValueCommand = { op: 'get', key: '' }
const sessionText = /^([0-9a-f]{32})-(\d{1,15})$/
const sequenceMax = Number.MAX_SAFE_INTEGER - 1

/** Sessions as clients of their own, each with the id that its text gives it. */
export function createHttpSessions({ sessionsMax, ...options }: HttpSessionsOptions): HttpSessions {
  /** By what nobody can guess of their names, the least recently used first. */
  const sessions = new Map<string, OpenSession>()
  let pending = 0

  const clientFor = (token: string, resume?: ResumedSession): SessionClient =>
    createClient<KeyValueCommand, Json>({
      ...options,
      id: `session-${token}#1`,
      ...(resume && { resume }),
    })

  const touch = (token: string, session: OpenSession) => {
    sessions.delete(token)
    sessions.set(token, session)
    for (const [other, { isBusy, client }] of sessions) {
      if (sessions.size <= sessionsMax) return
      if (isBusy) continue
      client?.stop()
      sessions.delete(other)
    }
  }

  /** The request with this number, as the first transmission or as one more (N4). */
  const send = async (
    token: string,
    session: OpenSession,
    sequence: number,
    command: KeyValueCommand,
    timeoutMs: number,
  ): Promise<Json> => {
    if (session.client === null || session.nextSequence !== sequence) {
      session.client?.stop()
      session.client = clientFor(token, { session: session.id, seq: sequence })
    }
    const { client } = session
    session.nextSequence = sequence + 1
    const begun = options.clock.now()
    try {
      // Before it knows the view it would open a session of its own.
      await waitFor(client.actor, (snapshot) => snapshot.matches('ready'), { timeout: timeoutMs }).catch(
        () => {
          throw new StandbyError('timedOut', 'no primary is known yet; try again', { mayHaveExecuted: true })
        },
      )
      return await client.execute(command, {
        timeoutMs: Math.max(1, timeoutMs - (options.clock.now() - begun)),
      })
    } catch (error) {
      const isOutcome = error instanceof StandbyError && error.code === 'applicationError'
      if (!isOutcome) {
        // What may still be under way must not be followed by the same number with the next one's meaning.
        client.stop()
        session.client = null
        session.last = null
        if (error instanceof StandbyError && error.code === 'sessionExpired') sessions.delete(token)
      }
      throw error
    }
  }

  const execute: HttpSessions['execute'] = async (name, sequence, command, timeoutMs) => {
    const [, token, text] = sessionText.exec(name) ?? []
    if (token === undefined)
      throw new HttpError(400, 'invalidRequest', 'expected a session as POST /v1/sessions gives it')
    if (!Number.isSafeInteger(sequence) || sequence < 1 || sequence > sequenceMax)
      throw new HttpError(400, 'invalidRequest', 'expected Standby-Sequence to be a whole number from 1 on')
    const id = Number(text)
    const session = sessions.get(token) ?? { id, client: null, nextSequence: 0, last: null, isBusy: false }
    if (session.id !== id)
      throw new HttpError(410, 'sessionExpired', 'expected the newest session of its holder, got another')
    touch(token, session)
    const own = digest([command])
    const { last } = session
    if (last !== null && sequence < last.sequence)
      throw new HttpError(
        409,
        'staleSequence',
        `expected a sequence number from ${last.sequence} on, got ${sequence}`,
      )
    if (last !== null && sequence === last.sequence) {
      if (own === last.digest) return last.result
      throw new HttpError(409, 'sequenceReused', `sequence number ${sequence} was used for another operation`)
    }
    if (session.isBusy)
      throw new HttpError(
        409,
        'busy',
        `expected operation ${last?.sequence} of this session to have ended first`,
      )
    session.isBusy = true
    pending += 1
    const result = send(token, session, sequence, command, timeoutMs).finally(() => {
      session.isBusy = false
      pending -= 1
    })
    session.last = { sequence, digest: own, result }
    return result
  }

  return {
    async open(timeoutMs) {
      const token = randomBytes(16).toString('hex')
      const client = clientFor(token)
      try {
        await client.execute(opening, { timeoutMs })
      } catch (error) {
        client.stop()
        throw error
      }
      const { session } = client.actor.getSnapshot().context
      if (session === null)
        throw new HttpError(503, 'stopped', 'this gateway is about to leave; ask another one')
      touch(token, { id: session, client, nextSequence: 1, last: null, isBusy: false })
      return `${token}-${session}`
    },
    execute,
    size: () => sessions.size,
    pending: () => pending,
    stop() {
      for (const { client } of sessions.values()) client?.stop()
      sessions.clear()
    },
  }
}
