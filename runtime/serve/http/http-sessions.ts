/** Sessions of callers that speak HTTP: the caller counts its operations, so that it may ask again, at this gateway or at another one (S9). */
import { randomBytes } from 'node:crypto'
import { waitFor } from 'xstate'
import type { ClientActorOptions } from '../../../actors/client.ts'
import { createClient } from '../../../actors/client.ts'
import { StandbyError } from '../../../actors/errors.ts'
import { checkedTiming } from '../../../actors/options.ts'
import type { Json } from '../../../machines/application/application.ts'
import { digest } from '../../../machines/application/digest.ts'
import type { ResumedSession } from '../../../machines/client/index.ts'
import type { NodeId } from '../../../machines/node-id.ts'
import { whenStale } from '../stale-watch.ts'
import { tapped } from '../tapped-transport.ts'
import { HttpError } from './http-server.ts'
import { openSession } from './open-session.ts'

/** Sessions of a gateway. It keeps nothing that another gateway, or its own next life, could not do without. */
export interface HttpSessions {
  /** Opens one; the text names it, and nobody can guess it. */
  open(timeoutMs: number): Promise<string>
  /**
   * Executes operation number `sequence` of a session, at most once however often it is asked for.
   * @throws HttpError 409, 410; StandbyError
   */
  execute(session: string, sequence: number, command: Json, timeoutMs: number): Promise<Json>
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
  /** Has something decided by the servers; resolves with whether they answered. */
  readonly probe: () => Promise<number | null>
}

type SessionClient = ReturnType<typeof createClient<Json, Json>>

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
  /** Since when nobody asked; looked at by the timer that lets go of the client. */
  usedAt: number
  isWatched: boolean
}

/** After so long without an operation another gateway may have the session: only one process speaks for a client. */
const releaseMs = 2000

const sessionText = /^([0-9a-f]{32})-(\d{1,15})$/
const sequenceMax = Number.MAX_SAFE_INTEGER - 1

/** Sessions as clients of their own, each with the id that its text gives it. */
export function createHttpSessions(given: HttpSessionsOptions): HttpSessions {
  const { sessionsMax, probe, ...unwatched } = given
  const { retryIntervalMs } = checkedTiming(given.timing)
  /** How often clients that wait for an answer were refused. */
  const refusals = new Map<NodeId, number>()
  const options = {
    ...unwatched,
    transport: tapped(unwatched.transport, {
      receives({ to, message }) {
        const before = message?.type === 'refusal' ? refusals.get(to) : undefined
        if (before !== undefined) refusals.set(to, before + 1)
        return true
      },
    }),
  }
  /** By what nobody can guess of their names, the least recently used first. */
  const sessions = new Map<string, OpenSession>()
  let pending = 0

  const idOf = (token: string) => `session-${token}#1`
  const clientFor = (token: string, resume?: ResumedSession): SessionClient =>
    createClient<Json, Json>({
      ...options,
      // A stale number is told by copies that went out again and again: their intervals do not grow.
      timing: { ...options.timing, retransmitMaxMs: retryIntervalMs },
      id: idOf(token),
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

  /** Lets go of the client when the session has been idle for long enough; one timer a session. */
  const release = (session: OpenSession) => {
    session.usedAt = options.clock.now()
    if (session.isWatched || session.client === null) return
    session.isWatched = true
    const look = () => {
      const restMs = session.usedAt + releaseMs - options.clock.now()
      if (restMs > 0 && session.client !== null) return void options.clock.setTimeout(look, restMs)
      session.isWatched = false
      if (session.isBusy) return
      session.client?.stop()
      session.client = null
    }
    options.clock.setTimeout(look, releaseMs)
  }

  /** The request with this number, as the first transmission or as one more (N4). */
  const send = async (
    token: string,
    session: OpenSession,
    sequence: number,
    command: Json,
    timeoutMs: number,
  ): Promise<Json> => {
    const begun = options.clock.now()
    const ended = new AbortController()
    try {
      // Whoever asked keeps this operation as the last one first, so that a failure can take it back.
      await Promise.resolve()
      if (session.client === null || session.nextSequence !== sequence) {
        session.client?.stop()
        session.client = null
        session.client = clientFor(token, { session: session.id, seq: sequence - 1 })
      }
      const { client } = session
      session.nextSequence = sequence + 1
      // Before it knows the view it would open a session of its own.
      await waitFor(client.actor, (snapshot) => snapshot.matches('ready'), { timeout: timeoutMs }).catch(
        () => {
          throw new StandbyError('timedOut', 'no primary is known yet; try again', { mayHaveExecuted: true })
        },
      )
      const left = Math.max(1, timeoutMs - (options.clock.now() - begun))
      const result = client.execute(command, { timeoutMs: left })
      return await Promise.race([result, stale(client, sequence, ended.signal)])
    } catch (error) {
      const isOutcome = error instanceof StandbyError && error.code === 'applicationError'
      if (!isOutcome) {
        // What may still be under way must not be followed by the same number with the next one's meaning.
        session.client?.stop()
        session.client = null
        session.last = null
        if (error instanceof StandbyError && error.code === 'sessionExpired') sessions.delete(token)
      }
      throw error
    } finally {
      ended.abort()
    }
  }

  /** @throws HttpError 409, when nothing will ever come of this number; else nothing comes of this call */
  const stale = async (client: SessionClient, sequence: number, signal: AbortSignal): Promise<never> => {
    refusals.set(client.id, 0)
    signal.addEventListener('abort', () => refusals.delete(client.id), { once: true })
    const watch = {
      actor: client.actor,
      clock: options.clock,
      resentMs: retryIntervalMs * 2,
      probe,
      refusals: () => refusals.get(client.id) ?? 0,
    }
    await whenStale(watch, signal)
    const what = `expected a sequence number above those of this session, got ${sequence}, which the servers ignore while they answer others: a later operation was executed`
    throw new HttpError(409, 'staleSequence', what, true)
  }

  const execute: HttpSessions['execute'] = async (name, sequence, command, timeoutMs) => {
    const [, token, text] = sessionText.exec(name) ?? []
    if (token === undefined)
      throw new HttpError(400, 'invalidRequest', 'expected a session as POST /v1/sessions gives it')
    if (!Number.isSafeInteger(sequence) || sequence < 1 || sequence > sequenceMax)
      throw new HttpError(400, 'invalidRequest', 'expected Standby-Sequence to be a whole number from 1 on')
    const id = Number(text)
    const session = sessions.get(token) ?? newSession(id)
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
      release(session)
    })
    session.last = { sequence, digest: own, result }
    return result
  }

  return {
    async open(timeoutMs) {
      const token = randomBytes(16).toString('hex')
      const { client, session } = await openSession({ ...options, id: idOf(token) }, timeoutMs)
      const opened: OpenSession = { ...newSession(session), client, nextSequence: 1 }
      touch(token, opened)
      release(opened)
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

function newSession(id: number): OpenSession {
  return { id, client: null, nextSequence: 0, last: null, isBusy: false, usedAt: 0, isWatched: false }
}
