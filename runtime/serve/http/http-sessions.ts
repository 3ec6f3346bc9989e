/** Sessions of HTTP callers: the caller numbers its operations, so it may ask again at this gateway or at another one (S9). */
import { randomBytes, randomInt } from 'node:crypto'
import { waitFor } from 'xstate'
import { type ClientActorOptions, createClient } from '../../../actors/client.ts'
import { StandbyError } from '../../../actors/errors.ts'
import type { Json } from '../../../machines/application/application.ts'
import { digest } from '../../../machines/application/digest.ts'
import { type NodeId, nodeId } from '../../../machines/node-id.ts'
import { tapped } from '../tapped-transport.ts'
import { openSession } from './open-session.ts'
import { HttpError } from './problem.ts'
import { sessionName } from './session-name.ts'
import { createTransmissions } from './transmissions.ts'

/** Sessions of a gateway. It keeps nothing that another gateway, or its own next life, could not do without. */
export interface HttpSessions {
  /** Opens a session; its text is a secret that opens it. */
  open(timeoutMs: number): Promise<string>
  /**
   * Executes operation number `sequence` of a session, at most once however often it is asked for.
   * @throws HttpError 400, 409, 410; StandbyError
   */
  execute(session: string, sequence: number, command: Json, options: SessionCallOptions): Promise<Json>
  /** Sessions in memory. */
  size(): number
  /** Operations under way. */
  pending(): number
  stop(): void
}

/** How long a caller waits, and whether it still does. */
export interface SessionCallOptions {
  readonly timeoutMs: number
  /** Aborted when the caller has gone; the operation goes on, and gives way to the next one. */
  readonly signal?: AbortSignal
}

/** What the sessions' clients are made with. */
export type HttpSessionsOptions = Omit<ClientActorOptions, 'id' | 'resume' | 'timeoutMs'> & {
  /** Sessions kept in memory; a dropped one resumes when it is named again. */
  readonly sessionsMax: number
}

type SessionClient = ReturnType<typeof createClient<Json, Json>>

/** One operation of a session, under way. */
interface Operation {
  readonly sequence: number
  readonly command: Json
  readonly result: Promise<Json>
  /** Settles when the operation has ended, or when every caller that waited for it has gone. */
  readonly over: Promise<unknown>
  /** Counts one more caller that waits for it. */
  join(signal: AbortSignal | undefined): void
}

interface OpenSession {
  /** What the servers call it. */
  readonly id: number
  /** A client without work, and the number of its next request. */
  idle: { readonly client: SessionClient; readonly next: number; readonly since: number } | null
  readonly operations: Map<number, Operation>
  /** The last operation that was answered here; 0: none, and the session was opened here; null: unknown. */
  answered: number | null
}

/** An idle client is let go of after this long. */
const releaseMs = 2000

const sessionText = /^([0-9a-f]{32})-(\d{1,15})$/

/** Sessions as clients, each life of which has an id of its own: no two gateways ever speak for the same node (N2). */
export function createHttpSessions(given: HttpSessionsOptions): HttpSessions {
  const { sessionsMax, ...ports } = given
  const transmissions = createTransmissions()
  const options = { ...ports, transport: tapped(ports.transport, transmissions.tap) }
  const { clock } = options
  /** By the secret part of their names, the least recently used first. */
  const sessions = new Map<string, OpenSession>()
  const active = new Set<SessionClient>()

  const newId = (token: string): NodeId => nodeId(sessionName(token), randomInt(1, 2 ** 48 - 1))

  const touch = (token: string, session: OpenSession) => {
    sessions.delete(token)
    sessions.set(token, session)
    for (const [other, { operations, idle }] of sessions) {
      if (sessions.size <= sessionsMax) return
      if (operations.size > 0) continue
      idle?.client.stop()
      sessions.delete(other)
    }
  }

  const rest = (session: OpenSession, client: SessionClient, next: number) => {
    session.idle?.client.stop()
    const idle = { client, next, since: clock.now() }
    session.idle = idle
    clock.setTimeout(() => {
      if (session.idle !== idle) return
      session.idle = null
      client.stop()
    }, releaseMs)
  }

  /** A client whose next request has this number: the first transmission or one more is the same to it (N4). */
  const clientFor = (token: string, session: OpenSession, sequence: number): SessionClient => {
    const { idle } = session
    session.idle = null
    if (idle?.next === sequence) return idle.client
    idle?.client.stop()
    return createClient<Json, Json>({
      ...options,
      id: newId(token),
      resume: { session: session.id, seq: sequence - 1 },
    })
  }

  const send = async (
    token: string,
    session: OpenSession,
    sequence: number,
    command: Json,
    timeoutMs: number,
  ): Promise<Json> => {
    const begun = clock.now()
    const client = clientFor(token, session, sequence)
    active.add(client)
    const sent = transmissions.watch(client.id, sequence)
    let isRest = false
    try {
      await ready(client, timeoutMs)
      const left = Math.max(1, timeoutMs - (clock.now() - begun))
      const result = await Promise.race([client.execute(command, { timeoutMs: left }), sent.stale])
      isRest = true
      session.answered = sequence
      return result
    } catch (error) {
      isRest = error instanceof StandbyError && error.code === 'applicationError'
      if (isRest) session.answered = sequence
      if (!(error instanceof StandbyError) || error.code !== 'sessionExpired') throw error
      sessions.delete(token)
      // One copy went out, of a number that comes next here: it found no session, and no other copy can find one.
      const isCertain = sent.copies() === 1 && session.answered === sequence - 1
      throw new HttpError('sessionExpired', expiredText, { mayHaveExecuted: !isCertain, cause: error })
    } finally {
      sent.end()
      active.delete(client)
      if (isRest) rest(session, client, sequence + 1)
      else client.stop()
    }
  }

  const begin = (
    token: string,
    session: OpenSession,
    sequence: number,
    command: Json,
    { timeoutMs }: SessionCallOptions,
  ): Operation => {
    let waiting = 0
    let giveUp: () => void
    const abandoned = new Promise<void>((resolve) => {
      giveUp = resolve
    })
    const result = send(token, session, sequence, command, timeoutMs).finally(() =>
      session.operations.delete(sequence),
    )
    const operation: Operation = {
      sequence,
      command,
      result,
      over: Promise.race([result.catch(() => {}), abandoned]),
      join(signal) {
        waiting += 1
        const leave = () => {
          waiting -= 1
          if (waiting === 0) giveUp()
        }
        if (signal?.aborted) leave()
        else signal?.addEventListener('abort', leave, { once: true })
      },
    }
    session.operations.set(sequence, operation)
    return operation
  }

  /** Waits for the operations before this one: a caller that asks for the next one has its answer, or waits for it too. */
  const turn = async (session: OpenSession, sequence: number, timeoutMs: number): Promise<void> => {
    const before = [...session.operations.values()].filter((operation) => operation.sequence < sequence)
    if (before.length === 0) return
    let alarm: unknown
    const tooLate = new Promise<never>((_, reject) => {
      const what = `operation ${before[0]!.sequence} of this session is still under way; ask again with the same number`
      alarm = clock.setTimeout(() => reject(new StandbyError('timedOut', what)), timeoutMs)
    })
    await Promise.race([Promise.all(before.map(({ over }) => over)), tooLate]).finally(() =>
      clock.clearTimeout(alarm),
    )
  }

  return {
    async open(timeoutMs) {
      const token = randomBytes(16).toString('hex')
      const { client, session: id } = await openSession({ ...options, id: newId(token) }, timeoutMs)
      const session = newSession(id, 0)
      touch(token, session)
      rest(session, client, 1)
      return `${token}-${id}`
    },
    async execute(name, sequence, command, call) {
      const [, token, text] = sessionText.exec(name) ?? []
      if (token === undefined)
        throw new HttpError('invalidRequest', 'expected a session as POST /v1/sessions gives it')
      const id = Number(text)
      const session = sessions.get(token) ?? newSession(id, null)
      if (session.id !== id)
        throw new HttpError('sessionExpired', 'expected the name of a session, got one that never was')
      touch(token, session)
      if (!session.operations.has(sequence)) await turn(session, sequence, call.timeoutMs)
      const known = session.operations.get(sequence)
      if (known !== undefined && digest(known.command) !== digest(command)) {
        const what = `expected the operation that has number ${sequence}, got another one; give it the next number`
        throw new HttpError('sequenceReused', what)
      }
      const operation = known ?? begin(token, session, sequence, command, call)
      operation.join(call.signal)
      return operation.result
    },
    size: () => sessions.size,
    pending: () => active.size,
    stop() {
      for (const client of active) client.stop()
      for (const { idle } of sessions.values()) idle?.client.stop()
      sessions.clear()
    },
  }
}

const expiredText =
  'the servers have forgotten this session; open another one, and read before you write again if it may have been executed'

function newSession(id: number, answered: number | null): OpenSession {
  return { id, idle: null, operations: new Map(), answered }
}

/** Resolves when the client knows a primary: before, it would open a session of its own. */
async function ready({ actor }: SessionClient, timeoutMs: number): Promise<void> {
  try {
    await waitFor(actor, (snapshot) => snapshot.matches('ready'), { timeout: timeoutMs })
  } catch (cause) {
    // An earlier ask for the same operation may have reached the servers.
    throw new StandbyError('timedOut', 'no primary is known; ask again with the same number', {
      mayHaveExecuted: true,
      cause,
    })
  }
}
