/** Request bodies: UTF-8 JSON within bounds, which are checked before the text is parsed; and a bound on all bodies together. */
import type { Context, MiddlewareHandler } from 'hono'
import { type JsonTextFault, jsonTextFault } from './json-text.ts'
import { HttpError } from './problem.ts'
import type { HttpEnv } from './request-target.ts'

/** Bounds of request bodies. */
export interface BodyLimits {
  /** Bytes of one body. */
  readonly bytesMax: number
  /** Bytes of all bodies under way, until they are answered. */
  readonly totalBytesMax: number
  /** Levels of arrays and objects. */
  readonly depthMax: number
  /** Values in a body, including those inside others. */
  readonly valuesMax: number
}

/** A body counts from its first byte until its request is answered; past the bound requests get 503 and `Retry-After`. */
export function limitBodies({ bytesMax, totalBytesMax }: BodyLimits): readonly MiddlewareHandler<HttpEnv>[] {
  let total = 0
  const all: MiddlewareHandler<HttpEnv> = async (context, next) => {
    const bytes = expectedBytes(context, bytesMax)
    if (bytes > 0 && total > 0 && total + bytes > totalBytesMax) {
      throw new HttpError(
        'overloaded',
        `expected at most ${totalBytesMax} bytes of request bodies at once, got ${total + bytes}; retry later`,
      )
    }
    total += bytes
    try {
      await next()
    } finally {
      total -= bytes
    }
  }
  // A body that is too large is refused as such, however much is under way.
  return [refuseDeclared(bytesMax), all]
}

function refuseDeclared(bytesMax: number): MiddlewareHandler<HttpEnv> {
  return async (context, next) => {
    if (Number(context.req.header('content-length') ?? 0) > bytesMax) throw tooLarge(bytesMax)
    await next()
  }
}

function tooLarge(bytesMax: number): HttpError {
  return new HttpError('tooLarge', `expected a body of at most ${bytesMax} bytes; split it`)
}

/** What a request may bring: what it says, or the most that is allowed where it does not say. */
function expectedBytes({ req }: Context<HttpEnv>, bytesMax: number): number {
  if (req.header('transfer-encoding') !== undefined) return bytesMax
  return Number(req.header('content-length') ?? 0)
}

/**
 * The JSON value in a body; undefined if there is none.
 * @throws HttpError `invalidRequest`, `inexactNumber`, `tooLarge`
 */
export async function jsonBody({ req }: Context<HttpEnv>, limits: BodyLimits): Promise<unknown> {
  const bytes = await bytesOf(req.raw, limits.bytesMax)
  const coding = req.header('content-encoding') ?? 'identity'
  if (bytes.length > 0 && coding !== 'identity')
    throw new HttpError(
      'invalidRequest',
      `expected a body as it is, got one in ${coding}; leave out Content-Encoding`,
    )
  if (bytes.length === 0) return undefined
  const fault = jsonTextFault(bytes, limits)
  if (fault !== null) throw errorOf(fault, limits)
  try {
    return JSON.parse(decoded(bytes))
  } catch (error) {
    if (error instanceof HttpError) throw error
    throw new HttpError('invalidRequest', `expected a body of JSON, got ${(error as Error).message}`)
  }
}

/** Of a body that is too large so much is read and dropped: a caller that still sends would not see the answer. */
const droppedMax = 32 * 1024 * 1024

/** A body whose length was not said is counted while it comes. */
async function bytesOf({ body }: Request, bytesMax: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  try {
    for await (const part of body ?? []) {
      length += part.length
      if (length <= bytesMax) parts.push(part)
      else parts.length = 0
      if (length > droppedMax) break
    }
  } catch {
    throw new HttpError('invalidRequest', 'expected a whole body, got a part of one; send it again')
  }
  if (length > bytesMax) throw tooLarge(bytesMax)
  return Buffer.concat(parts, length)
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new HttpError('invalidRequest', 'expected a body in UTF-8, got other bytes; encode it as UTF-8')
  }
}

function errorOf(fault: JsonTextFault, { depthMax, valuesMax }: BodyLimits): HttpError {
  switch (fault.kind) {
    case 'tooDeep':
      return new HttpError(
        'invalidRequest',
        `expected JSON nested at most ${depthMax} levels deep, got more; flatten it`,
      )
    case 'tooManyValues':
      return new HttpError(
        'tooLarge',
        `expected at most ${valuesMax} JSON values in a body, got more; split it`,
      )
    case 'inexactNumber':
      return new HttpError(
        'inexactNumber',
        `expected numbers that a double carries exactly, got ${fault.number}; send it as a string`,
      )
  }
}
