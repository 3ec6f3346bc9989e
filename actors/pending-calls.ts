/** The pending calls of a client. It keeps them and does not decide when they end. */
import type { Json } from '../machines/application/application.ts'
import type { Result } from '../machines/application/at-most-once.ts'
import type { CallFailure } from '../machines/client/index.ts'

/** How a call ended, for those who do without promises. */
export type CallEnd = Result | { readonly failure: CallFailure }

export interface PendingCall {
  readonly command: Json
  /** Milliseconds of the client's clock; Infinity: it waits for ever. */
  readonly deadline: number
  readonly done: (end: CallEnd) => void
}

/**
 * Calls by their marks, which grow. Adding and taking one costs next to nothing, and what is kept is at most twice what
 * is pending.
 *
 * Not a Map: one that loses its entries as fast as it gets them is rebuilt again and again, and V8 chains each table to
 * the next, so that all the calls of the past stay until a full collection.
 */
export class PendingCalls {
  #marks: number[] = []
  /** The call of each mark; null once it was taken. */
  #calls: (PendingCall | null)[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Adds a call; its mark is greater than all the marks before it. */
  add(mark: number, call: PendingCall): void {
    this.#marks.push(mark)
    this.#calls.push(call)
    this.#size += 1
  }

  has(mark: number): boolean {
    return this.#calls[this.#indexOf(mark)] != null
  }

  /** Removes a call, and hands it back if it was pending. */
  take(mark: number): PendingCall | null {
    const index = this.#indexOf(mark)
    const call = this.#calls[index] ?? null
    if (call === null) return null
    this.#calls[index] = null
    this.#size -= 1
    if (this.#size * 2 < this.#calls.length) this.#dropTaken()
    return call
  }

  /** The marks of those whose deadline is not after `time`, the oldest call first; of all of them by default. */
  marks(time: number = Number.POSITIVE_INFINITY): number[] {
    return this.#marks.filter((_, index) => {
      const call = this.#calls[index]
      return call != null && call.deadline <= time
    })
  }

  /** When the next call is late; Infinity if none ever is. */
  nextDeadline(): number {
    return this.#calls.reduce(
      (earliest, call) => Math.min(earliest, call?.deadline ?? Number.POSITIVE_INFINITY),
      Number.POSITIVE_INFINITY,
    )
  }

  #dropTaken(): void {
    this.#marks = this.#marks.filter((_, index) => this.#calls[index] !== null)
    this.#calls = this.#calls.filter((call) => call !== null)
  }

  /** By bisection; -1 for a mark that is not known any more. */
  #indexOf(mark: number): number {
    const marks = this.#marks
    let low = 0
    let high = marks.length - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      if (marks[middle] === mark) return middle
      if (marks[middle]! < mark) low = middle + 1
      else high = middle - 1
    }
    return -1
  }
}
