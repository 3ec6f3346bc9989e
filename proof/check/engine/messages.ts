/**
 * Messages as integers, and the sets of them that a search compares: what a node has sent (its outbox), and the part of
 * an outbox that is for one receiver (a channel).
 */
import { Links } from '../links.ts'
import type { CheckedSystem, SentMessage } from '../system.ts'
import { textHash } from './hash.ts'
import { intern } from './node-state.ts'
import { PairTable } from './pair-table.ts'

const nothing = new Int32Array(0)

/** Outbox 0 and channel 0 are empty. */
export class Messages {
  readonly #places: number
  readonly #links: Links
  readonly #messages: SentMessage[] = []
  readonly #receivers: number[] = []
  readonly #ids = new Map<string, number>()
  readonly #hashes: number[] = []
  readonly #outboxes: Int32Array[] = []
  readonly #outboxIds = new Map<string, number>()
  readonly #outboxHashes: number[] = []
  readonly #outboxPlus = new PairTable()
  readonly #channels: Int32Array[] = [nothing]
  readonly #channelIds = new Map<string, number>([['', 0]])
  /** Per outbox: its channel to each node. */
  readonly #channelsOf: Int32Array[] = []

  constructor(system: CheckedSystem) {
    this.#places = system.nodes.length
    this.#links = new Links(system)
    this.outboxOf([])
  }

  get all(): readonly SentMessage[] {
    return this.#messages
  }

  /**
   * The number of a message; -1 if its link is cut.
   * @throws TypeError if its receiver is no node
   */
  idOf(message: SentMessage): number {
    const { from, to } = message
    if (this.#links.isCut(from, to)) return -1
    const place = this.#links.placeOf(to)
    if (place < 0)
      throw new TypeError(
        `node "${from}": sends ${message.message.type} to "${to}", which is no node; make it one of nodes, or let nothing arrive there by cuts: [{ from: "${from}", to: "${to}" }]`,
      )
    const key = JSON.stringify(message)
    return intern(this.#ids, key, () => {
      this.#receivers.push(place)
      this.#hashes.push(textHash(key))
      return this.#messages.push(message) - 1
    })
  }

  get(message: number): SentMessage {
    return this.#messages[message]!
  }

  hash(message: number): number {
    return this.#hashes[message]!
  }

  /** The place of the node that receives it. */
  receiver(message: number): number {
    return this.#receivers[message]!
  }

  /** @param messages numbers, each once, in ascending order */
  outboxOf(messages: readonly number[]): number {
    return intern(this.#outboxIds, messages.join(), () => {
      const channels = new Int32Array(this.#places)
      for (let place = 0; place < this.#places; place++) {
        const mine = messages.filter((message) => this.#receivers[message] === place)
        channels[place] = intern(
          this.#channelIds,
          mine.join(),
          () => this.#channels.push(Int32Array.from(mine)) - 1,
        )
      }
      this.#channelsOf.push(channels)
      this.#outboxHashes.push(messages.reduce((sum, message) => sum ^ this.#hashes[message]!, 0))
      return this.#outboxes.push(Int32Array.from(messages)) - 1
    })
  }

  /** An outbox after more has been sent. */
  outboxWith(outbox: number, sends: readonly number[]): number {
    let grown = outbox
    for (const message of sends) grown = this.#plus(grown, message)
    return grown
  }

  outboxHash(outbox: number): number {
    return this.#outboxHashes[outbox]!
  }

  sentIn(outbox: number): SentMessage[] {
    return [...this.#outboxes[outbox]!].map((message) => this.#messages[message]!)
  }

  /** The channels of an outbox, by places of receivers. */
  channelsOf(outbox: number): Int32Array {
    return this.#channelsOf[outbox]!
  }

  /** The messages of a channel. */
  inChannel(channel: number): Int32Array {
    return this.#channels[channel]!
  }

  #plus(outbox: number, message: number): number {
    const known = this.#outboxPlus.get(outbox, message)
    if (known >= 0) return known
    const old = this.#outboxes[outbox]!
    const grown = old.includes(message) ? outbox : this.outboxOf([...old, message].sort((a, b) => a - b))
    this.#outboxPlus.set(outbox, message, grown)
    return grown
  }
}
