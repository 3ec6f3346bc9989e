/** The wire format: what two processes say to each other, as JSON texts, and the bounds on what is taken. It opens no socket. */
import * as v from 'valibot'
import { type Envelope, envelopeSchema } from '../../actors/envelope.ts'

/** The versions of this format that are spoken here, from and to. */
export const versions = [1, 1] as const

/** Bounds on frames; what is beyond them is refused by name. */
export interface FrameLimits {
  /** UTF-8 bytes of one frame; default 32 MiB, twice the largest command. */
  readonly frameBytesMax: number
  /** How deep its objects and lists are nested; default 256. */
  readonly depthMax: number
}

export const defaultFrameLimits: FrameLimits = { frameBytesMax: 32 * 1024 * 1024, depthMax: 256 }

/** The largest frame that is taken of someone who has not said yet who it is. */
export const handshakeBytesMax = 16 * 1024

const text = (max: number) => v.pipe(v.string(), v.maxLength(max))
const hex = (length: number) => v.pipe(v.string(), v.regex(/^[0-9a-f]*$/), v.length(length))
const version = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const node = v.pipe(text(512), v.minLength(1))

/**
 * What is said beside envelopes.
 *
 * | frame       | meaning                                                                                        |
 * | ----------- | ---------------------------------------------------------------------------------------------- |
 * | `hello`     | this is our protocol in versions from and to; who I am is yet to be proved. First of each side |
 * | `ready`     | my proof, where keys are used; what follows are envelopes                                      |
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
    system: text(200),
    /** Drawn anew by each process: two connections of one process are told from those of two. */
    process: hex(32),
    nonce: hex(64),
    /** The id of the dialing side's key; null without one. */
    key: v.nullable(text(200)),
    /** Whether the listening side asks for proofs, and gives them. */
    proves: v.boolean(),
  }),
  ready: v.object({ frame: v.literal('ready'), proof: v.nullable(hex(64)) }),
  nodes: v.object({ frame: v.literal('nodes'), attached: v.array(node), detached: v.array(node) }),
  refuse: v.object({ frame: v.literal('refuse'), code: text(40), message: text(2000) }),
  keepAlive: v.object({ frame: v.literal('keepAlive') }),
} as const

export type Hello = v.InferOutput<typeof controlSchemas.hello>
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
  'handshakeTimeout',
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
 * The text of an envelope. An envelope has no `frame`, which tells it from all else.
 * @throws TypeError where the message is not JSON.
 */
export function encodeEnvelope({ from, to, message, stamp }: Envelope): string {
  return JSON.stringify({ from, to, message, stamp })
}

/** The text of a frame that is no envelope. */
export function encodeControl(frame: ControlFrame): string {
  return JSON.stringify(frame)
}

/** Reads a frame. Never throws: whatever is no frame comes back refused. */
export function decodeFrame(raw: string, { depthMax }: Pick<FrameLimits, 'depthMax'>): Frame | Refused {
  let value: unknown
  try {
    value = JSON.parse(raw)
  } catch {
    return refused('malformed', `expected a frame of JSON text, got ${shown(raw)}`)
  }
  if (mayBeDeeper(raw, depthMax) && isDeeper(value, depthMax))
    return refused('tooDeep', `expected at most ${depthMax} levels in a frame`)
  const kind = (value as { frame?: unknown } | null)?.frame
  if (kind === undefined) {
    const { success, output, issues } = v.safeParse(envelopeSchema, value, { abortEarly: true })
    if (!success) return refused('malformed', `envelope: ${issues[0].message}`)
    return { frame: 'envelope', envelope: output }
  }
  if (typeof kind !== 'string' || !Object.hasOwn(controlSchemas, kind)) {
    return refused(
      'malformed',
      `expected one of ${Object.keys(controlSchemas).join(', ')}, got ${shown(kind)}`,
    )
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

function shown(value: unknown): string {
  if (value === '') return 'an empty one'
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 20)) : typeof value
}

/** Each level has a bracket of its own: a text with few of them, as most have, needs no walk through its value. */
function mayBeDeeper(raw: string, depthMax: number): boolean {
  let left = depthMax
  for (const bracket of ['{', '[']) {
    for (let at = raw.indexOf(bracket); at >= 0; at = raw.indexOf(bracket, at + 1)) {
      if (left === 0) return true
      left -= 1
    }
  }
  return false
}

function isDeeper(value: unknown, depthMax: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depthMax === 0) return true
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && isDeeper(item, depthMax - 1)) return true
    return false
  }
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key]
    if (typeof item === 'object' && isDeeper(item, depthMax - 1)) return true
  }
  return false
}
