/** Texts in parts, for a transport whose messages have a largest size: cut here, and put together there. In order, and whole or not at all. */
import { type Refused, refused } from './frame.ts'

const marker = 0x50
const separator = 0x0a
/** How many senders may have a text under way in parts; the one that was heard of longest ago makes way. */
const sendersMax = 64

/** The payloads that a text becomes: itself, or parts of at most `payloadMax` bytes, each behind a line of where it belongs. */
export function partsOf(text: string, payloadMax: number, sender: string): readonly Uint8Array[] {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= payloadMax) return [bytes]
  const size = payloadMax - 100
  const count = Math.ceil(bytes.length / size)
  return Array.from({ length: count }, (_, index) => {
    const head = new TextEncoder().encode(`P ${sender} ${index} ${count}\n`)
    const body = bytes.subarray(index * size, (index + 1) * size)
    const part = new Uint8Array(head.length + body.length)
    part.set(head)
    part.set(body, head.length)
    return part
  })
}

interface Partial {
  readonly count: number
  readonly chunks: Uint8Array[]
  bytes: number
}

/** Puts parts together. A sender has one text under way at a time: a part out of place ends it. */
export class Parts {
  private readonly bytesMax: number
  private readonly partials = new Map<string, Partial>()
  private readonly decoder = new TextDecoder('utf-8', { fatal: true })

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  /** The text that is whole now; null where more is to come; or why it is not taken. */
  add(payload: Uint8Array): string | Refused | null {
    if (payload.length > this.bytesMax) return this.tooLarge(payload.length)
    if (payload[0] !== marker) return this.text(payload)
    const end = payload.subarray(0, 100).indexOf(separator)
    const head =
      end < 0 ? null : /^P ([0-9a-f]{16}) (\d{1,6}) (\d{1,6})$/.exec(ascii(payload.subarray(0, end)))
    if (head === null) return refused('malformed', 'expected the head of a part, got something else')
    const sender = head[1]!
    const [index, count] = [Number(head[2]), Number(head[3])]
    const before = this.partials.get(sender)
    this.partials.delete(sender)
    const partial = index === 0 ? { count, chunks: [], bytes: 0 } : before
    // A part went missing before this one, and with it the text: that is a loss, not a mistake.
    if (partial === undefined || partial.chunks.length !== index || partial.count !== count) return null
    partial.chunks.push(payload.subarray(end + 1))
    partial.bytes += payload.length - end - 1
    if (partial.bytes > this.bytesMax) return this.tooLarge(partial.bytes)
    if (index + 1 === count) return this.text(joined(partial))
    if (index + 1 > count) return refused('malformed', `expected a part below ${count}, got ${index}`)
    this.partials.set(sender, partial)
    for (const oldest of this.partials.keys()) {
      if (this.partials.size <= sendersMax) break
      this.partials.delete(oldest)
    }
    return null
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
