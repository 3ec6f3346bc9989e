/** Routes as data: what a request may bring, what is answered, and who handles it. The server checks by it and the OpenAPI document is made of it. */
import type { IncomingHttpHeaders } from 'node:http'
import * as v from 'valibot'
import type { FailureCode } from './problem.ts'

/** A request as a route's handler gets it, checked. */
export interface RouteRequest {
  /** What the path has for each `:name`, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** What the query has, checked by `query`. */
  // biome-ignore lint/suspicious/noExplicitAny: as the route's schema says
  readonly query: any
  /** Header fields named by `headers`, checked. */
  // biome-ignore lint/suspicious/noExplicitAny: as the route's schema says
  readonly fields: any
  /** The JSON body, checked by `body`; undefined if there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: as the route's schema says
  readonly body: any
  readonly headers: IncomingHttpHeaders
  /** The address of the caller, or of the proxy that it comes by. */
  readonly caller: string
  /** Aborted if the caller hangs up before it is answered. */
  readonly signal: AbortSignal
}

/** What a route answers. */
export interface RouteReply {
  readonly status: number
  /** Goes as JSON. */
  readonly body?: unknown
  /** Goes as it is, in place of `body`. */
  readonly text?: string
  /** Texts that follow one another, in place of `body`; the next one is asked for when the last has left. */
  readonly lines?: AsyncIterable<string>
  readonly headers?: Readonly<Record<string, string>>
}

/** What the document says of an answer. */
export interface Answer {
  readonly description: string
  /** Default: an answer without a described body. */
  readonly schema?: v.GenericSchema
  /** Default: `application/json`. */
  readonly type?: string
}

/** One method of one path. */
export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Such as `/v1/keys/:key/append`. A parameter may be empty. */
  readonly path: string
  /** The name of the operation in the document. */
  readonly id: string
  readonly summary: string
  /** Needs no token: for probes. */
  readonly open?: true
  /** Query parameters; others are refused. Default: not looked at. */
  readonly query?: Fields
  /** Header fields, in lower case. */
  readonly headers?: Fields
  /** Default: a body is not read. */
  readonly body?: { readonly description: string; readonly schema: v.GenericSchema }
  /** What is answered when all goes well, by status. */
  readonly answers: Readonly<Record<number, Answer>>
  /** How it may fail, apart from what every route may answer. */
  readonly failures?: readonly FailureCode[]
  handle(request: RouteRequest): Promise<RouteReply> | RouteReply
}

/** Parameters by name: a schema of a string or a number, and a description. */
export type Fields = Readonly<Record<string, Field>>

interface Field {
  readonly schema: v.GenericSchema
  readonly description: string
  /** Decimal digits are read as a number before the schema sees them. */
  readonly isNumber?: true
}

/** The failures that a route may answer, those of every route included. */
export function failuresOf(route: Route): readonly FailureCode[] {
  const { open, query, headers, body, path, failures = [] } = route
  const takesInput = query !== undefined || headers !== undefined || body !== undefined || path.includes(':')
  const common: readonly (FailureCode | false)[] = [
    takesInput && 'invalidRequest',
    body !== undefined && 'inexactNumber',
    open === undefined && 'unauthorized',
    'forbidden',
    'wrongMethod',
    body !== undefined && 'tooLarge',
    body !== undefined && 'overloaded',
    'internal',
  ]
  return [...new Set([...common.filter((code) => code !== false), ...failures])]
}

/** Any JSON value that is there. */
export const anyJson = v.pipe(
  v.unknown(),
  v.check((value) => value !== undefined, 'expected a JSON value, got none'),
)
