/** Every message that was sent on a stage, by content: a search does not tell equal messages apart. */
import type { SentMessage } from '../check/system.ts'

/** A message by its sender, receiver and type, and how many others of these were sent before it. */
export interface MessageName {
  readonly from: string
  readonly to: string
  readonly type: string
  /** From 0. */
  readonly nth: number
}

interface Known {
  readonly name: MessageName
  /** Of each time it was sent. */
  readonly ids: string[]
}

export class SentMessages {
  readonly #known = new Map<string, Known>()
  readonly #byName = new Map<string, SentMessage[]>()

  /** True if no equal message was sent before. */
  add(sent: SentMessage, id: string): boolean {
    const key = JSON.stringify(sent)
    const known = this.#known.get(key)
    if (known !== undefined) {
      known.ids.push(id)
      return false
    }
    const { from, to, message } = sent
    const alike = this.#named(from, to, message.type)
    this.#known.set(key, { name: { from, to, type: message.type, nth: alike.length }, ids: [id] })
    alike.push(sent)
    return true
  }

  find({ from, to, type, nth }: MessageName): SentMessage | null {
    return this.#byName.get(JSON.stringify([from, to, type]))?.[nth] ?? null
  }

  /** `nth` is -1 for a message that was not sent. */
  nameOf(sent: SentMessage): MessageName {
    const { from, to, message } = sent
    return this.#known.get(JSON.stringify(sent))?.name ?? { from, to, type: message.type, nth: -1 }
  }

  /** The ids of all sends of an equal message, the newest last. */
  idsOf(sent: SentMessage): readonly string[] {
    return this.#known.get(JSON.stringify(sent))?.ids ?? []
  }

  #named(from: string, to: string, type: string): SentMessage[] {
    const key = JSON.stringify([from, to, type])
    const known = this.#byName.get(key) ?? []
    this.#byName.set(key, known)
    return known
  }
}
