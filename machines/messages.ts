/**
 * Every message of the protocol, on one screen. The schemas are the definition: the types are read off them.
 *
 * | message            | from -> to             | meaning                                                             |
 * | ------------------ | ---------------------- | ------------------------------------------------------------------- |
 * | `ping`             | server -> view service | I live, and `viewNumber` is the newest view I confirm (S1, V4)       |
 * | `getView`          | client -> view service | which view is current? Proves nothing about liveness (V8)            |
 * | `viewReply`        | view service -> both   | the current view                                                    |
 * | `request`          | client -> primary      | decide these commands of my session; `session: null` opens one (S10) |
 * | `reply`            | primary -> client      | the outcome of the request                                           |
 * | `refusal`          | server -> client       | this copy of the request was not taken, and why (S3)                 |
 * | `forward`          | primary -> backup      | apply these requests, number `number` of the view (S4, S6)           |
 * | `forwardAck`       | backup -> primary      | applied; `digest` stands for the outcomes (S6)                       |
 * | `stateTransfer`    | primary -> backup      | chunk `index` of the state for `view` (T1, T5)                       |
 * | `stateTransferAck` | backup -> primary      | that chunk is in; after the last one, the state is installed (T3)    |
 * | `replicaDiverged`  | primary -> backup      | our outcomes differ: stop with me (S6)                               |
 * | `watch`            | client -> primary      | send me changes of these keys; `watches: null`: I have `revision`    |
 * | `changes`          | primary -> client      | what your watches see up to `revision` (W1)                          |
 *
 * Who sent a message is the envelope's word, never the message's own: interpreters add `from`.
 */
import * as v from 'valibot'
import type { Json } from './application/application.ts'
import { isNodeId, type NodeId } from './node-id.ts'

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const id = v.pipe(v.string(), v.check(isNodeId, 'Expected a node id of printable characters'))
const list = <Item extends v.GenericSchema>(item: Item) => v.pipe(v.array(item), v.readonly())
const json = v.custom<Json>((value) => value !== undefined, 'Expected a JSON value')
/** With a type of its own: compilers find the inferred one too deep within a list of lists. */
const changedEntry: v.GenericSchema<{ revision: number; key: string; value?: Json | undefined }> = v.object({
  revision: count,
  key: v.string(),
  value: v.optional(json),
})
const view = v.pipe(
  v.object({ number: count, primary: v.nullable(id), backup: v.nullable(id) }),
  v.check(
    ({ primary, backup }) => primary !== backup || primary === null,
    'Expected a backup that is not the primary',
  ),
)

const requestFields = {
  /** null in the request that opens a session. */
  session: v.nullable(count),
  /** 0 in the request that opens a session, from 1 on in the others. */
  seq: count,
  commands: list(json),
  /** What the commands cost, about the length of their JSON text, for the primary's bounds (S7). */
  bytes: count,
}
/** As it is forwarded and executed: a session belongs to the client that opened it. */
const request = v.object({
  client: id,
  ...requestFields,
  /** Proposed by the primary itself (M2, M4); a `request` message has no such field. */
  own: v.optional(v.literal(true)),
})

/**
 * Why a server did not take a request, the first that applies (S3). `staleSequence` is said by the process of a primary and
 * not by its chart, which ignores such a request: a caller of a gateway that is behind its session needs to know (S9).
 */
export const refusalReasons = [
  'wrongServer',
  'wrongView',
  'stateTransfer',
  'overloaded',
  'replicaDiverged',
  'staleSequence',
] as const

const result = v.union([
  v.object({ value: json }),
  v.object({ error: v.object({ code: v.literal('applicationError'), message: v.string() }) }),
])
const outcome = v.variant('kind', [
  v.object({ kind: v.literal('opened'), session: count }),
  v.object({
    kind: v.literal('results'),
    results: list(result),
    /** The commands behind the last result were not executed: the results are large enough (S7). */
    isCut: v.optional(v.literal(true)),
  }),
  v.object({ kind: v.literal('sessionExpired') }),
  v.object({ kind: v.literal('sequenceReused') }),
])

/** The schema of each message, by its type. */
export const messageSchemas = {
  ping: v.object({ type: v.literal('ping'), viewNumber: count }),
  getView: v.object({ type: v.literal('getView') }),
  viewReply: v.object({ type: v.literal('viewReply'), view }),
  request: v.object({ type: v.literal('request'), viewNumber: count, ...requestFields }),
  reply: v.object({ type: v.literal('reply'), session: v.nullable(count), seq: count, outcome }),
  refusal: v.object({
    type: v.literal('refusal'),
    viewNumber: count,
    session: v.nullable(count),
    seq: count,
    reason: v.picklist(refusalReasons),
  }),
  forward: v.object({
    type: v.literal('forward'),
    viewNumber: count,
    number: count,
    requests: list(request),
    /** Replicated time of these requests, in milliseconds, if the application uses time (M1). */
    at: v.optional(count),
  }),
  forwardAck: v.object({
    type: v.literal('forwardAck'),
    viewNumber: count,
    number: count,
    digest: v.string(),
  }),
  stateTransfer: v.object({
    type: v.literal('stateTransfer'),
    view,
    index: count,
    last: v.boolean(),
    data: json,
  }),
  stateTransferAck: v.object({ type: v.literal('stateTransferAck'), viewNumber: count, index: count }),
  replicaDiverged: v.object({ type: v.literal('replicaDiverged'), viewNumber: count }),
  watch: v.object({
    type: v.literal('watch'),
    viewNumber: count,
    /** Everything up to here has arrived; 0 with new watches. */
    revision: count,
    /** All watches of this client; null: those that the primary knows. */
    watches: v.nullable(
      list(
        v.object({
          id: count,
          key: v.string(),
          /** Whether `key` is what the keys begin with. */
          prefix: v.boolean(),
          /** The last revision that the watcher has seen; null: it begins with a snapshot. */
          after: v.nullable(count),
        }),
      ),
    ),
  }),
  changes: v.object({
    type: v.literal('changes'),
    viewNumber: count,
    revision: count,
    /** The highest id among the watches that the primary knows of this client. */
    newest: count,
    watches: list(
      v.object({
        id: count,
        /** Whether this is all there is now, in the place of a history that is no longer kept (W2). */
        snapshot: v.boolean(),
        entries: list(changedEntry),
      }),
    ),
  }),
} as const

type Schemas = typeof messageSchemas
/** The names of all messages. */
export type MessageType = keyof Schemas

/** What a node is in its system (N1). */
export type NodeRole = 'viewService' | 'server' | 'client'

/** Who sends each message, and who receives it (N6): the second column of the table above, for programs. */
export const messageRoles: {
  readonly [Type in MessageType]: { readonly from: NodeRole; readonly to: readonly NodeRole[] }
} = {
  ping: { from: 'server', to: ['viewService'] },
  getView: { from: 'client', to: ['viewService'] },
  viewReply: { from: 'viewService', to: ['server', 'client'] },
  request: { from: 'client', to: ['server'] },
  reply: { from: 'server', to: ['client'] },
  refusal: { from: 'server', to: ['client'] },
  forward: { from: 'server', to: ['server'] },
  forwardAck: { from: 'server', to: ['server'] },
  stateTransfer: { from: 'server', to: ['server'] },
  stateTransferAck: { from: 'server', to: ['server'] },
  replicaDiverged: { from: 'server', to: ['server'] },
  watch: { from: 'client', to: ['server'] },
  changes: { from: 'server', to: ['client'] },
}
type MessageOf<Type extends MessageType> = Readonly<v.InferOutput<Schemas[Type]>>

/** A message as it travels, without its sender. */
export type Message = { [Type in MessageType]: MessageOf<Type> }[MessageType]
/** A message as a chart receives it: with the sender that its transport vouches for. */
export type Received<Type extends MessageType = MessageType> = {
  [T in Type]: MessageOf<T> & { readonly from: NodeId }
}[Type]

/** What a request asks, without the view that its copy names: this is what waits, is forwarded and is executed. */
export type Request = Readonly<v.InferOutput<typeof request>>
/** Why a request was not taken (S3). */
export type RefusalReason = (typeof refusalReasons)[number]

/** What is wrong with something that came in as a message, or null: it is then a message of a known type and shape. */
export function invalidMessage(value: unknown): string | null {
  const type = (value as { type?: unknown } | null | undefined)?.type
  if (typeof type !== 'string' || !Object.hasOwn(messageSchemas, type)) {
    return `expected a message of type ${Object.keys(messageSchemas).join(', ')}, got ${describe(type)}`
  }
  const { success, issues } = v.safeParse(messageSchemas[type as MessageType], value, { abortEarly: true })
  if (success) return null
  const [issue] = issues
  return `${type}${issue.path ? ` at ${v.getDotPath(issue)}` : ''}: ${issue.message}`
}

/**
 * The ids `session/seq/index` of the operations that a message serves across all nodes; a batch serves several. A
 * refusal, which does not know how many it stands for, has the `session/seq` that they begin with.
 */
export function operationsOf(message: Message): readonly string[] {
  switch (message.type) {
    case 'request':
      return operationsOfRequest(message)
    case 'forward':
      return message.requests.flatMap(operationsOfRequest)
    case 'reply': {
      const { session, seq, outcome } = message
      const size = outcome.kind === 'results' ? outcome.results.length : 1
      return Array.from({ length: session === null ? 0 : size }, (_, index) => `${session}/${seq}/${index}`)
    }
    case 'refusal':
      return message.session === null ? [] : [`${message.session}/${message.seq}`]
    default:
      return []
  }
}

function operationsOfRequest({ session, seq, commands }: Omit<Request, 'client'>): readonly string[] {
  return session === null ? [] : commands.map((_, index) => `${session}/${seq}/${index}`)
}

function describe(type: unknown): string {
  if (type === undefined) return 'none'
  return typeof type === 'string' ? JSON.stringify(type) : typeof type
}
