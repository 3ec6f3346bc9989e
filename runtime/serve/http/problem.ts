/** HTTP errors: every code that the gateway can answer, its status, and the body that carries it (RFC 9457). */
import { STATUS_CODES } from 'node:http'

/** Status and meaning of each code. The OpenAPI document lists the same ones. */
export const failures = {
  invalidRequest: { status: 400, meaning: 'the request is malformed; `detail` says what was expected' },
  invalidCommand: { status: 400, meaning: 'the application does not know such a command' },
  inexactNumber: { status: 400, meaning: 'the body holds a number that would not be stored exactly' },
  unauthorized: { status: 401, meaning: 'the bearer token is missing or wrong' },
  forbidden: { status: 403, meaning: 'the Host or the Origin of the request is not allowed' },
  notFound: { status: 404, meaning: 'there is no such route' },
  keyNotFound: { status: 404, meaning: 'there is nothing under the key, not even null' },
  wrongMethod: { status: 405, meaning: 'the path has other methods; `Allow` lists them' },
  notPrimary: { status: 409, meaning: 'the server cannot confirm that it is the primary' },
  busy: { status: 409, meaning: 'the previous operation of the session is still under way here' },
  staleSequence: { status: 409, meaning: 'the session has executed a later operation' },
  sequenceReused: { status: 409, meaning: 'the sequence number stands for another operation' },
  sessionExpired: { status: 410, meaning: 'the servers have forgotten the session' },
  tooLarge: { status: 413, meaning: 'the body or the command is too large' },
  applicationError: { status: 422, meaning: 'the command was executed and failed; the state is unchanged' },
  tooManySessions: { status: 429, meaning: 'sessions are being opened too fast; see Retry-After' },
  aborted: { status: 499, meaning: 'the caller hung up' },
  internal: { status: 500, meaning: 'the gateway failed; its log has the cause' },
  replicaDiverged: { status: 500, meaning: 'the replicas disagreed about a result and have stopped' },
  overloaded: { status: 503, meaning: 'too much is under way; see Retry-After' },
  stopped: { status: 503, meaning: 'the gateway is leaving; ask another one' },
  timedOut: { status: 504, meaning: 'no answer in time' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly meaning: string }>>

/** A code of an error answer. */
export type FailureCode = keyof typeof failures

/** The body of an error answer, as `application/problem+json`. */
export interface Problem {
  /** The reason phrase of the status. */
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  /** Whether the operation may have taken effect, or may yet. */
  readonly mayHaveExecuted: boolean
}

/** A request that cannot be served. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly code: FailureCode
  readonly mayHaveExecuted: boolean
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: FailureCode,
    message: string,
    options: {
      readonly mayHaveExecuted?: boolean
      readonly headers?: Readonly<Record<string, string>>
      readonly cause?: unknown
    } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.mayHaveExecuted = options.mayHaveExecuted ?? false
    this.headers = options.headers ?? {}
  }

  get status(): number {
    return failures[this.code].status
  }
}

/** The answer to a request that failed. */
export function problemResponse({ code, status, message, mayHaveExecuted, headers }: HttpError): Response {
  const body: Problem = {
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    code,
    mayHaveExecuted,
  }
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...(status === 503 || status === 429 ? { 'retry-after': '1' } : {}),
      ...headers,
    },
  })
}
