/** The messages in flight on a network that keeps them until they arrive, as small integers. */
import { mix } from './hash.ts'

/** Distinct networks: lists of messages by number, each with a hash of its content. 0 is the empty one. */
export class InFlight {
  readonly #ordered: boolean
  readonly #hashOf: (message: number) => number
  readonly #channelOf: (message: number) => string
  readonly #lists: (readonly number[])[] = [[]]
  readonly #hashes: number[] = [0]
  readonly #ids = new Map<string, number>([['', 0]])

  /**
   * @param ordered first in, first out on each channel; else any message may arrive next
   * @param channelOf sender and receiver of a message
   */
  constructor(ordered: boolean, hashOf: (message: number) => number, channelOf: (message: number) => string) {
    this.#ordered = ordered
    this.#hashOf = hashOf
    this.#channelOf = channelOf
  }

  hash(network: number): number {
    return this.#hashes[network]!
  }

  /** All messages, each of several equal ones too. */
  all(network: number): readonly number[] {
    return this.#lists[network]!
  }

  /** Those that may arrive next, equal ones once. */
  next(network: number): number[] {
    const seen = new Set<number | string>()
    return this.#lists[network]!.filter((message) => {
      const key = this.#ordered ? this.#channelOf(message) : message
      if (seen.has(key)) return false
      seen.add(key)
      return true
    })
  }

  plus(network: number, messages: readonly number[]): number {
    if (messages.length === 0) return network
    return this.#idOf([...this.#lists[network]!, ...messages])
  }

  /** Without one message: of equal ones the first. */
  minus(network: number, message: number): number {
    const left = [...this.#lists[network]!]
    left.splice(left.indexOf(message), 1)
    return this.#idOf(left)
  }

  /** Equal networks have equal lists: sorted, on an ordered network by channels only. */
  #idOf(messages: number[]): number {
    if (this.#ordered) {
      const channels = new Map(messages.map((message) => [message, this.#channelOf(message)]))
      messages.sort((a, b) =>
        channels.get(a)! < channels.get(b)! ? -1 : channels.get(a) === channels.get(b) ? 0 : 1,
      )
    } else messages.sort((a, b) => a - b)
    const key = messages.join()
    let id = this.#ids.get(key)
    if (id === undefined) {
      id = this.#lists.push(messages) - 1
      this.#hashes.push(this.#hashOfAll(messages))
      this.#ids.set(key, id)
    }
    return id
  }

  /** The same for any numbering. */
  #hashOfAll(messages: readonly number[]): number {
    const hashes = messages.map(this.#hashOf)
    if (!this.#ordered) hashes.sort((a, b) => a - b)
    return hashes.reduce((sum, hash) => mix(Math.imul(sum, 31) ^ hash), 0x1f)
  }
}
