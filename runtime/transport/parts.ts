/** Texts in parts, for a transport whose messages have a largest size. Joined per authenticated sender, in order, and whole or not at all. */
import { type Refused, refused } from './frame.ts'

const marker = 0x50
const separator = 0x0a
const headBytesMax = 100

/** How much one pool of senders may have under way; the oldest text makes way. */
const textsMax = 64
/** Pools of senders; the one that sent longest ago is dropped. */
const poolsMax = 256

/** Payloads of one text: itself, or parts of at most `payloadMax` bytes, each with a line that gives its place. */
export function partsOf(text: string, payloadMax: number, process: string): readonly Uint8Array[] {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= payloadMax) return [bytes]
  const size = payloadMax - headBytesMax
  const count = Math.ceil(bytes.length / size)
  return Array.from({ length: count }, (_, index) => {
    const head = new TextEncoder().encode(`P ${process} ${index} ${count}\n`)
    const body = bytes.subarray(index * size, (index + 1) * size)
    const part = new Uint8Array(head.length + body.length)
    part.set(head)
    part.set(body, head.length)
    return part
  })
}

/** Who a part is from, as the network vouches for it. */
export interface PartSender {
  /** The sender and its addressee: parts of two of them are never joined. */
  readonly route: string
  /** Senders that make way only for each other. */
  readonly pool: string
}

interface Partial {
  readonly process: string
  readonly count: number
  readonly chunks: Uint8Array[]
  bytes: number
}

interface Pool {
  readonly partials: Map<string, Partial>
  bytes: number
}

/** Joins parts. A route has one text under way at a time: a part out of place ends it. */
export class Parts {
  private readonly bytesMax: number
  private readonly pools = new Map<string, Pool>()
  private readonly decoder = new TextDecoder('utf-8', { fatal: true })

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  /** The text that is whole now; null if more is to come; or why the part is refused. */
  add({ route, pool: name }: PartSender, payload: Uint8Array): string | Refused | null {
    if (payload.length > this.bytesMax + headBytesMax) return this.tooLarge(payload.length)
    if (payload[0] !== marker) return this.text(payload)
    const end = payload.subarray(0, headBytesMax).indexOf(separator)
    const head =
      end < 0 ? null : /^P ([0-9a-f]{16}) (\d{1,6}) (\d{1,6})$/.exec(ascii(payload.subarray(0, end)))
    if (head === null) return refused('malformed', 'expected the head of a part, got something else')
    const process = head[1]!
    const [index, count] = [Number(head[2]), Number(head[3])]
    const pool = this.pool(name)
    const before = take(pool, route)
    const partial = index === 0 ? { process, count, chunks: [], bytes: 0 } : before
    // A part before this one was lost, and with it the text: that is a loss, not a mistake.
    if (partial?.process !== process || partial.chunks.length !== index || partial.count !== count)
      return null
    partial.chunks.push(payload.subarray(end + 1))
    partial.bytes += payload.length - end - 1
    if (partial.bytes > this.bytesMax) return this.tooLarge(partial.bytes)
    if (index + 1 === count) return this.text(joined(partial))
    if (index + 1 > count) return refused('malformed', `expected a part below ${count}, got ${index}`)
    put(pool, route, partial)
    while (pool.partials.size > textsMax || (pool.bytes > 2 * this.bytesMax && pool.partials.size > 1))
      take(pool, pool.partials.keys().next().value!)
    return null
  }

  private pool(name: string): Pool {
    const pool = this.pools.get(name) ?? { partials: new Map(), bytes: 0 }
    this.pools.delete(name)
    this.pools.set(name, pool)
    if (this.pools.size > poolsMax) this.pools.delete(this.pools.keys().next().value!)
    return pool
  }

  private text(bytes: Uint8Array): string | Refused {
    try {
      return this.decoder.decode(bytes)
    } catch {
      return refused('malformed', 'expected a frame in UTF-8, got other bytes')
    }
  }

  private tooLarge(bytes: number): Refused {
    return refused('tooLarge', `expected a frame of at most ${this.bytesMax} bytes, got ${bytes}`)
  }
}

function take(pool: Pool, route: string): Partial | undefined {
  const partial = pool.partials.get(route)
  if (partial === undefined) return undefined
  pool.partials.delete(route)
  pool.bytes -= partial.bytes
  return partial
}

function put(pool: Pool, route: string, partial: Partial): void {
  pool.partials.set(route, partial)
  pool.bytes += partial.bytes
}

function joined({ chunks, bytes }: Partial): Uint8Array {
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
