// Records a history from a live run or a simulation: one event counter, one token a call.
import type { KeyValueInput, Operation } from './history.ts'
import type { Json } from './json.ts'

/** Names one recorded call. */
export type CallToken = number & { readonly kind?: 'call token' }

/**
 * Records calls and answers as they happen; a call that is neither answered nor withdrawn stays open.
 *
 * `call` before the first transmission, `answered` when the answer is handed to the caller. Only a call that was
 * never transmitted may be withdrawn: one that was refused, aborted or timed out may still take effect.
 *
 * @example
 * const recorder = new HistoryRecorder()
 * const token = recorder.call('alice', { op: 'put', key: 'x', value: '1' })
 * recorder.answered(token, null)
 * checkHistory(keyValueModel, recorder.history())
 */
export class HistoryRecorder {
  readonly #operations = new Map<number, Operation>()
  #nextEvent = 1
  #nextToken = 1

  /** Records that `client` calls `command` now. */
  call(client: string | number, command: KeyValueInput): CallToken {
    const token = this.#nextToken++
    const times = { client, output: null, call: this.#nextEvent++, return: null }
    this.#operations.set(token, { ...command, value: command.value ?? null, ...times } as Operation)
    return token
  }

  /**
   * Records that the call was answered now.
   *
   * Errors: a RangeError for a call that is unknown, withdrawn or already answered.
   */
  answered(token: CallToken, output: Json): void {
    const operation = this.#openCall(token, 'answered')
    this.#operations.set(token, { ...operation, output, return: this.#nextEvent++ })
  }

  /**
   * Withdraws a call of which not a byte left the client.
   *
   * Errors: a RangeError for a call that is unknown, withdrawn or already answered.
   */
  neverTransmitted(token: CallToken): void {
    this.#openCall(token, 'withdrawn')
    this.#operations.delete(token)
  }

  /** The history so far, by ascending call. */
  history(): Operation[] {
    return [...this.#operations.values()]
  }

  #openCall(token: CallToken, what: string): Operation {
    const operation = this.#operations.get(token)
    if (operation === undefined) {
      throw new RangeError(
        `expected an open call, got token ${token}; a call is ${what} once, by the token call() gave`,
      )
    }
    if (operation.return !== null) {
      throw new RangeError(
        `expected an open call, got one answered at event ${operation.return}; record the first answer only`,
      )
    }
    return operation
  }
}
