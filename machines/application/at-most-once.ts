/** At-most-once execution: an application together with the session table that is part of the replicated state (S9, S10, T1). */

import type { Request } from '../messages.ts'
import { type NodeId, parseNodeId } from '../node-id.ts'
import type { Application, Chunk, Happened, Json } from './application.ts'
import { digest } from './digest.ts'
import { jsonCost, sealJson } from './json.ts'
import { OrderedMap } from './ordered-map.ts'

/** The outcome of one command: its result, or the error that `execute` threw. */
export type Result =
  | { readonly value: Json }
  | { readonly error: { readonly code: 'applicationError'; readonly message: string } }

/** The outcome of a request; every replica computes the same one. */
export type Outcome =
  | { readonly kind: 'opened'; readonly session: number }
  | {
      readonly kind: 'results'
      readonly results: readonly Result[]
      /** The commands behind the last result were not executed (S7). */
      readonly isCut?: true | undefined
    }
  | { readonly kind: 'sessionExpired' }
  | { readonly kind: 'sequenceReused' }
  | { readonly kind: 'staleSequence' }

/**
 * Once the results of a request cost so much, the rest of its commands is not executed: the client asks again for them. The
 * same on every replica, and so no option.
 */
const resultsBytesMax = 256 * 1024
/** A result that costs more counts as an error: no message would carry it. */
const resultBytesMax = 24 * 1024 * 1024

/** The last sequence number that a session executed, and what came of it. */
export interface Session {
  /** The client that opened it; only lives of the same name are answered from it. */
  readonly client: NodeId
  /** 0 until its first request. */
  readonly seq: number
  /** Stands for the commands of `seq`, to notice a number that is used again with others. */
  readonly digest: string
  readonly results: readonly Result[]
  /** Position of its last executed command: the least recent session goes when the table is full. */
  readonly position: number
}

/** All that is replicated: the application's state, the sessions, and how many commands were ever executed. */
export interface Replica {
  readonly state: unknown
  readonly position: number
  /** Replicated time (M1): the largest `at` in the order so far; 0 until an application uses time. */
  readonly at: number
  readonly sessions: OrderedMap<number, Session>
  /** Which session a client opened: a second copy of its opening command finds the first one's session. */
  readonly sessionOf: OrderedMap<NodeId, number>
  /** Sessions by the position of their last executed command, the least recent first. */
  readonly byRecency: OrderedMap<number, number>
}

/** The replica that only the primary of view 1 starts from (N5). */
export function emptyReplica(application: Application): Replica {
  return {
    state: application.initialState,
    position: 0,
    at: 0,
    sessions: OrderedMap.from(),
    sessionOf: OrderedMap.from(),
    byRecency: OrderedMap.from(),
  }
}

/** What a primary can say of a request before deciding it: is it new here, answered, or behind what its session executed? */
export function recall(replica: Replica, request: Request): Outcome | 'new' {
  if (isOwn(request)) return 'new'
  if (request.session === null) {
    const open = replica.sessionOf.get(request.client)
    return open === undefined ? 'new' : { kind: 'opened', session: open }
  }
  const session = replica.sessions.get(request.session)
  if (session === undefined || !belongsTo(session, request) || request.seq > session.seq) return 'new'
  if (request.seq < session.seq) return { kind: 'staleSequence' }
  return digest(request.commands) === session.digest
    ? resultsOf(request, session.results)
    : { kind: 'sequenceReused' }
}

/**
 * Executes one request: opens a session, executes new commands, or repeats what is stored.
 * Only what is executed here renews a session or removes one; an answered repeat changes nothing (S10).
 * @param sessionsMax how many sessions the table holds
 */
export function executeRequest(
  application: Application,
  replica: Replica,
  request: Request,
  sessionsMax: number,
  happened: Decided[] = [],
): readonly [Replica, Outcome] {
  const known = recall(replica, request)
  if (known !== 'new') return [replica, known]
  const own = isOwn(request)
  if (request.session === null && !own) return openSession(replica, request.client, sessionsMax)
  const session = request.session === null ? undefined : replica.sessions.get(request.session)
  if (!own && !belongsTo(session, request)) return [replica, { kind: 'sessionExpired' }]

  let state = replica.state
  let bytes = 0
  const results: Result[] = []
  for (const [index, command] of request.commands.entries()) {
    // Commands that the primary proposes have no caller who could ask for the rest.
    if (bytes > resultsBytesMax && !own) break
    const position = replica.position + index + 1
    try {
      const [next, value, did] = application.execute(state, command, { at: replica.at, position, own })
      // A result that JSON cannot carry counts as thrown: the command leaves no trace in the state either.
      const sealed = sealJson(value ?? null)
      bytes += carried(sealed)
      results.push({ value: sealed })
      state = next
      if (did !== undefined) happened.push({ ...did, position })
    } catch (error) {
      results.push({ error: { code: 'applicationError', message: messageOf(error) } })
    }
  }
  // Even a request without commands takes a position: no two sessions may share one.
  const position = replica.position + Math.max(1, results.length)
  const outcome = resultsOf(request, results)
  if (session === undefined || request.session === null) return [{ ...replica, state, position }, outcome]
  const renewed: Session = {
    client: session.client,
    seq: request.seq,
    digest: digest(request.commands),
    results,
    position,
  }
  return [
    {
      state,
      position,
      at: replica.at,
      sessions: replica.sessions.set(request.session, renewed),
      sessionOf: replica.sessionOf,
      byRecency: replica.byRecency.delete(session.position).set(position, request.session),
    },
    outcome,
  ]
}

function resultsOf({ commands }: Request, results: readonly Result[]): Outcome {
  return { kind: 'results', results, ...(results.length < commands.length && { isCut: true }) }
}

/** What a result costs. @throws RangeError if it is more than a message carries */
function carried(result: Json): number {
  const cost = jsonCost(result)
  if (cost <= resultBytesMax) return cost
  throw new RangeError(
    `expected a result of at most ${resultBytesMax} bytes, got ${cost}; ask for less, or keep it under several keys`,
  )
}

/** A session is its client's, in every life of it: one that goes on elsewhere, or again, is a new life (N2). */
function belongsTo(session: Session | undefined, { client }: Request): session is Session {
  if (session === undefined) return false
  return session.client === client || parseNodeId(session.client).name === parseNodeId(client).name
}

/** What a decided command did beside its result, and its position in the order: the revision of its changes (W1). */
export interface Decided extends Happened {
  readonly position: number
}

/** A request by which the primary itself proposes commands (M2, M4). It has no session, because it is never repeated. */
export function ownRequest(commands: readonly Json[], bytes: number): Request {
  return { client: 'primary', session: null, seq: 0, commands, bytes, own: true }
}

/** Whether the primary proposed this request itself. */
export function isOwn({ own }: Pick<Request, 'own'>): boolean {
  return own === true
}

/**
 * Executes requests one after another; the outcomes stand in the requests' order.
 * @param at replicated time of all of them, if the application needs it; time never decreases (M1)
 */
export function executeAll(
  application: Application,
  replica: Replica,
  requests: readonly Request[],
  sessionsMax: number,
  at?: number,
): {
  readonly replica: Replica
  readonly outcomes: readonly Outcome[]
  readonly happened: readonly Decided[]
} {
  const outcomes: Outcome[] = []
  const happened: Decided[] = []
  let current = at !== undefined && at > replica.at ? { ...replica, at } : replica
  for (const request of requests) {
    const [next, outcome] = executeRequest(application, current, request, sessionsMax, happened)
    current = next
    outcomes.push(outcome)
  }
  return { replica: current, outcomes, happened }
}

/** What replicas compare (S6, M5): the outcomes, and what changed in the state. */
export function digestOf(outcomes: readonly Outcome[], happened: readonly Decided[]): string {
  const changes = happened.flatMap((decided) => decided.changes ?? [])
  return digest(changes.length === 0 ? outcomes : [outcomes, changes])
}

function openSession(replica: Replica, client: NodeId, sessionsMax: number): readonly [Replica, Outcome] {
  let { sessions, sessionOf, byRecency } = replica
  while (sessions.size >= Math.max(1, sessionsMax)) {
    const [recency, expired] = byRecency.first()!
    sessionOf = sessionOf.delete(sessions.get(expired)!.client)
    sessions = sessions.delete(expired)
    byRecency = byRecency.delete(recency)
  }
  const position = replica.position + 1
  const session: Session = { client, seq: 0, digest: '', results: [], position }
  return [
    {
      state: replica.state,
      position,
      at: replica.at,
      sessions: sessions.set(position, session),
      sessionOf: sessionOf.set(client, position),
      byRecency: byRecency.set(position, position),
    },
    { kind: 'opened', session: position },
  ]
}

/** A chunk of a replica: first the sessions, then the application's own chunks. */
export function snapshotReplica(
  application: Application,
  replica: Replica,
  cursor: Json,
  bytesMax: number,
): Chunk {
  const at = (cursor as { part: 'sessions' | 'state'; after: Json } | null) ?? {
    part: 'sessions',
    after: null,
  }
  if (at.part === 'state') {
    const chunk = application.snapshot(replica.state, at.after, bytesMax)
    return {
      data: { state: chunk.data },
      next: chunk.next === null ? null : { part: 'state', after: chunk.next },
    }
  }
  const sessions: (readonly [number, Session])[] = []
  let bytes = 0
  for (const entry of replica.sessions.entriesAfter(at.after as number | null)) {
    const size = JSON.stringify(entry).length
    if (sessions.length > 0 && bytes + size > bytesMax) {
      const after = sessions[sessions.length - 1]![0]
      return {
        data: { position: replica.position, sessions } as unknown as Json,
        next: { part: 'sessions', after },
      }
    }
    sessions.push(entry)
    bytes += size
  }
  const time = replica.at === 0 ? {} : { at: replica.at }
  // What is left of the chunk holds the beginning of the state, so that a small replica is one chunk.
  const chunk = application.snapshot(replica.state, null, Math.max(1, bytesMax - bytes))
  return {
    data: { position: replica.position, ...time, sessions, state: chunk.data } as unknown as Json,
    next: chunk.next === null ? null : { part: 'state', after: chunk.next },
  }
}

/** A replica that is still arriving: nothing of it is used before the last chunk (T5). */
export interface PartialReplica {
  readonly replica: Replica
  readonly partialState: unknown
}

/**
 * Adds a chunk made by `snapshotReplica` to what has arrived (null: nothing yet).
 * @throws if `data` is not a chunk of this application's state; no part of it may be used then.
 */
export function restoreReplica(
  application: Application,
  partial: PartialReplica | null,
  data: Json,
  last: boolean,
): PartialReplica {
  const piece = data as unknown as {
    position?: number
    at?: number
    sessions?: [number, Session][]
    state?: Json
  }
  const replica = partial === null ? emptyReplica(application) : partial.replica
  let partialState: unknown = partial === null ? null : partial.partialState
  let { sessions, sessionOf, byRecency } = replica
  const position = piece.position ?? replica.position
  const at = piece.at ?? replica.at
  for (const [id, session] of piece.sessions ?? []) {
    const isKnown = sessions.has(id) || sessionOf.has(session.client) || byRecency.has(session.position)
    if (isKnown || !(id <= session.position && session.position <= position)) {
      throw new TypeError(`expected each session once, at a position of its own, got session ${id} otherwise`)
    }
    sessions = sessions.set(id, session)
    sessionOf = sessionOf.set(session.client, id)
    byRecency = byRecency.set(session.position, id)
  }
  if (piece.state !== undefined) partialState = application.restore(partialState, piece.state, last)
  else if (last) throw new TypeError('expected the last piece to end the state of the application, got none')
  const state = last ? partialState : replica.state
  return { replica: { state, position, at, sessions, sessionOf, byRecency }, partialState }
}

/** Total for any thrown value: it may throw again when it is read. */
function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'an error without a message'
  }
}
