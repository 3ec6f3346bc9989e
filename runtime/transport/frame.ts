/** The wire format: what two processes say to each other, as JSON texts, and the bounds on what is taken. It opens no socket. */
import * as v from 'valibot'
import { type Envelope, envelopeSchema } from '../../actors/envelope.ts'
import { isName, isNodeId } from '../../machines/node-id.ts'
import { isPrintable, printable } from '../../machines/printable.ts'

/** The versions of this format that are spoken here, from and to. */
export const versions = [2, 2] as const

/** Bounds on frames; what is beyond them is refused by name. */
export interface FrameLimits {
  /** UTF-8 bytes of one frame; default 32 MiB: a reply carries the results of a whole batch. */
  readonly frameBytesMax: number
  /** How deep its objects and lists are nested; default 256. */
  readonly depthMax: number
}

export const defaultFrameLimits: FrameLimits = { frameBytesMax: 32 * 1024 * 1024, depthMax: 256 }

/** The largest frame that is taken from a peer that has not proved yet who it is. */
export const handshakeBytesMax = 16 * 1024

const text = (max: number) => v.pipe(v.string(), v.maxLength(max))
const shown = (max: number) => v.pipe(text(max), v.check(isPrintable, 'Expected printable characters'))
const hex = (length: number) => v.pipe(v.string(), v.regex(/^[0-9a-f]*$/), v.length(length))
/** An HMAC-SHA-256, or a signature on P-256. */
const proof = v.nullable(v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{64}|[0-9a-f]{128})$/)))
const version = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const node = v.pipe(v.string(), v.check(isNodeId, 'Expected a node id of printable characters'))
const name = v.pipe(v.string(), v.check(isName, 'Expected a name of printable characters'))

/**
 * What is said beside envelopes.
 *
 * | frame       | meaning                                                                                        |
 * | ----------- | ---------------------------------------------------------------------------------------------- |
 * | `hello`     | this is our protocol in versions from and to; who I am is yet to be proved. First of each side |
 * | `ready`     | my proofs, if keys are used; what follows are envelopes                                        |
 * | `nodes`     | from now on I speak for these nodes too, and for those no more                                 |
 * | `refuse`    | why I close this connection, or do not take a node                                             |
 * | `keepAlive` | nothing new                                                                                    |
 */
const controlSchemas = {
  hello: v.object({
    frame: v.literal('hello'),
    protocol: v.literal('standby'),
    versions: v.tuple([version, version]),
    /** The system that is meant, so that two systems on one machine do not mix. */
    system: shown(200),
    /** Drawn by each process at its start: it distinguishes two connections of one process from those of two. */
    process: hex(32),
    nonce: hex(64),
    /** The id of its key; null without one. */
    key: v.nullable(shown(200)),
    /** Whether the listening side asks for proofs. */
    proves: v.boolean(),
    /** The name that the dialing side means to reach; null at the listening side. */
    to: v.nullable(name),
  }),
  ready: v.object({
    frame: v.literal('ready'),
    /** Of its own key. */
    proof,
    /** The listening side: that it knows the dialer's secret. */
    known: proof,
  }),
  nodes: v.object({ frame: v.literal('nodes'), attached: v.array(node), detached: v.array(node) }),
  refuse: v.object({ frame: v.literal('refuse'), code: text(40), message: text(2000) }),
  keepAlive: v.object({ frame: v.literal('keepAlive') }),
} as const

export type Hello = v.InferOutput<typeof controlSchemas.hello>
export type Ready = v.InferOutput<typeof controlSchemas.ready>
type ControlFrame = {
  [Name in keyof typeof controlSchemas]: v.InferOutput<(typeof controlSchemas)[Name]>
}[keyof typeof controlSchemas]
/** A frame that says something about the connection, or carries an envelope. */
export type Frame = ControlFrame | { readonly frame: 'envelope'; readonly envelope: Envelope }

/** Why a frame, or the one who sent it, was not taken. */
export const frameRefusals = [
  'malformed',
  'tooLarge',
  'tooDeep',
  'protocol',
  'version',
  'system',
  'unauthenticated',
  'ownConnection',
  'notPermitted',
  'foreignSender',
  'wrongTarget',
  'handshakeTimeout',
  'strangersMax',
  'connectionsMax',
  'origin',
] as const
export type FrameRefusal = (typeof frameRefusals)[number]

/** A frame that was not taken, why in a word, and in a sentence for people. */
export interface Refused {
  readonly frame: null
  readonly code: FrameRefusal
  readonly message: string
}

/**
 * The text of an envelope. An envelope has no `frame`, unlike all else.
 * @throws TypeError where the message is not JSON.
 */
export function encodeEnvelope({ from, to, message, stamp }: Envelope): string {
  return JSON.stringify({ from, to, message, stamp })
}

/** The text of a frame that is no envelope. */
export function encodeControl(frame: ControlFrame): string {
  return JSON.stringify(frame)
}

/** Reads a frame. Never throws: anything that is not a frame comes back refused. */
export function decodeFrame(raw: string, { depthMax }: Pick<FrameLimits, 'depthMax'>): Frame | Refused {
  // Before anything walks it: a parser takes seconds for some megabytes of brackets.
  if (isDeeper(raw, depthMax)) return refused('tooDeep', `expected at most ${depthMax} levels in a frame`)
  let value: unknown
  try {
    value = JSON.parse(raw)
  } catch {
    return refused('malformed', `expected a frame of JSON text, got ${excerpt(raw)}`)
  }
  const kind = (value as { frame?: unknown } | null)?.frame
  if (kind === undefined) {
    const { success, output, issues } = v.safeParse(envelopeSchema, value, { abortEarly: true })
    if (!success) return refused('malformed', `envelope: ${issues[0].message}`)
    return { frame: 'envelope', envelope: output }
  }
  if (typeof kind !== 'string' || !Object.hasOwn(controlSchemas, kind)) {
    return refused(
      'malformed',
      `expected one of ${Object.keys(controlSchemas).join(', ')}, got ${excerpt(kind)}`,
    )
  }
  if (kind === 'hello') {
    // Versions differ in all that follows them, so that they are compared first.
    const { versions: spoken } = value as { versions?: unknown }
    const unknown = v.is(controlSchemas.hello.entries.versions, spoken) ? unknownVersion(spoken) : null
    if (unknown !== null) return refused('version', unknown)
  }
  const schema = controlSchemas[kind as keyof typeof controlSchemas]
  const { success, output, issues } = v.safeParse(schema, value, { abortEarly: true })
  if (success) return output
  const [issue] = issues
  const at = v.getDotPath(issue)
  if (kind === 'hello' && at === 'protocol') return refused('protocol', notOurs)
  return refused('malformed', `${kind}${at === null ? '' : ` at ${at}`}: ${issue.message}`)
}

export const notOurs = 'expected a peer that speaks the protocol standby; is this the right address?'

/** What is wrong with the versions that a peer speaks, or null where some version is common. */
export function unknownVersion([from, to]: readonly [number, number]): string | null {
  const [ownFrom, ownTo] = versions
  if (from <= ownTo && to >= ownFrom) return null
  const older = to < ownFrom ? 'that one' : 'this one'
  return `expected a peer that speaks version ${range(versions)} of the protocol, got ${range([from, to])}; upgrade the older of the two, ${older}`
}

export function refused(code: FrameRefusal, message: string): Refused {
  return { frame: null, code, message }
}

/** Whether a text has more than `max` bytes in UTF-8; no copy is made to count them. */
export function exceeds(value: string, max: number): boolean {
  // Three bytes are the most that one unit of UTF-16 takes: most frames need no counting.
  if (value.length * 3 <= max) return false
  let bytes = 0
  for (let index = 0; index < value.length && bytes <= max; index++) {
    const unit = value.charCodeAt(index)
    const isPair = unit >= 0xd800 && unit < 0xdc00
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : isPair ? 4 : 3
    if (isPair) index += 1
  }
  return bytes > max
}

function range([from, to]: readonly [number, number]): string {
  return from === to ? `${from}` : `${from} to ${to}`
}

function excerpt(value: unknown): string {
  if (value === '') return 'an empty one'
  return typeof value === 'string' ? JSON.stringify(printable(value.slice(0, 20))) : typeof value
}

/** Whether a JSON text is nested deeper than `depthMax`. Most texts have fewer brackets than that, and need no scan. */
export function isDeeper(raw: string, depthMax: number): boolean {
  return hasMoreBrackets(raw, depthMax) && isNestedDeeper(raw, depthMax)
}

function hasMoreBrackets(raw: string, max: number): boolean {
  let left = max
  for (const bracket of ['{', '[']) {
    for (let at = raw.indexOf(bracket); at >= 0; at = raw.indexOf(bracket, at + 1)) {
      if (left === 0) return true
      left -= 1
    }
  }
  return false
}

function isNestedDeeper(raw: string, depthMax: number): boolean {
  let depth = 0
  for (let at = 0; at < raw.length; at++) {
    const unit = raw.charCodeAt(at)
    if (unit === quote) at = endOfText(raw, at)
    else if (unit === openBrace || unit === openBracket) {
      depth += 1
      if (depth > depthMax) return true
    } else if (unit === closeBrace || unit === closeBracket) depth -= 1
  }
  return false
}

const [quote, backslash] = [0x22, 0x5c]
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d]

/** Where the text that begins at `from` ends. */
function endOfText(raw: string, from: number): number {
  for (let at = raw.indexOf('"', from + 1); at >= 0; at = raw.indexOf('"', at + 1)) {
    let escapes = 0
    while (raw.charCodeAt(at - 1 - escapes) === backslash) escapes += 1
    if (escapes % 2 === 0) return at
  }
  return raw.length
}
