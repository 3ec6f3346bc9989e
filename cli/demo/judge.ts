/** Judges what the clients of a run are answered: the history checker, over one epoch of keys after another. */
import type { KeyValueCommand, KeyValueResult } from '../../machines/application/key-value-store.ts'
import { type CallToken, HistoryRecorder } from '../../proof/history/history-recorder.ts'
import {
  checkHistory,
  type Json,
  type KeyValueInput,
  keyValueModel,
  type SequentialModel,
  type Verdict,
} from '../../proof/history/index.ts'
import { keyValueWorkload } from '../../proof/simulate/workload.ts'

/** A call that was recorded; its end is recorded once. */
export interface JudgedCall {
  readonly epoch: Epoch
  readonly token: CallToken
}

/** Some calls on keys of their own. When all have ended, the keys are read back and the history is judged. */
export interface Epoch {
  readonly keys: ReadonlySet<string>
}

/** What was found until now. */
export interface Judgement {
  /** The worst of all epochs. */
  readonly linearizable: Verdict
  /** Operations in histories that were judged. */
  readonly operations: number
  /** Keys that could not be read back, so that lost commands of theirs may go unseen. */
  readonly unread: number
  /** What is wrong, in sentences; the first ones only. */
  readonly problems: readonly string[]
}

/** Calls after which an epoch ends: few enough to be judged in a moment, so that long runs are judged whole. */
export const callsInEpoch = 300
const problemsMax = 20
/** What one epoch may take to be judged. */
const timeLimitMs = 2000

interface OpenEpoch extends Epoch {
  readonly number: number
  readonly keys: Set<string>
  readonly recorder: HistoryRecorder
  calls: number
  /** Calls that have not ended. */
  open: number
}

export class RunJudge {
  #current = epochOf(1)
  readonly #epochs: OpenEpoch[] = [this.#current]
  readonly #problems: string[] = []
  #worst: Verdict = 'ok'
  #operations = 0
  #unread = 0

  /** The command on the keys of the current epoch. */
  withinEpoch(command: KeyValueCommand): KeyValueCommand {
    if (this.#current.calls >= callsInEpoch) {
      this.#current = epochOf(this.#current.number + 1)
      this.#epochs.push(this.#current)
    }
    const { number } = this.#current
    return number === 1 ? command : { ...command, key: `${command.key}-${number}` }
  }

  /** Before a call is made. `epoch`: of a read at its end; default: the current one. */
  called(client: string, command: KeyValueCommand, epoch: Epoch = this.#current): JudgedCall {
    const own = epoch as OpenEpoch
    own.calls += 1
    own.open += 1
    own.keys.add(command.key)
    const input = keyValueWorkload.input!(command) as KeyValueInput
    return { epoch, token: own.recorder.call(client, input) }
  }

  answered({ epoch, token }: JudgedCall, result: KeyValueResult): void {
    const own = epoch as OpenEpoch
    own.open -= 1
    own.recorder.answered(token, result as Json)
  }

  /** No result: the command may have taken effect, or may yet, unless it never left the client. */
  failed({ epoch, token }: JudgedCall, mayHaveExecuted: boolean): void {
    const own = epoch as OpenEpoch
    own.open -= 1
    if (!mayHaveExecuted) own.recorder.neverTransmitted(token)
  }

  /** Former epochs all of whose calls have ended: to be read back and judged. */
  ended(): readonly Epoch[] {
    return this.#epochs.filter((epoch) => epoch.open === 0 && epoch !== this.#current)
  }

  /** Epochs that are not judged yet. */
  open(): readonly Epoch[] {
    return [...this.#epochs]
  }

  /** Judges an epoch and forgets it. `unread`: keys that could not be read back. Returns what is wrong, or null. */
  close(epoch: Epoch, unread = 0): string | null {
    const index = this.#epochs.indexOf(epoch as OpenEpoch)
    if (index < 0) return null
    const [closed] = this.#epochs.splice(index, 1)
    const history = closed!.recorder.history()
    this.#operations += history.length
    this.#unread += unread
    const { verdict, reason } = checkHistory(lengthModel, history, { timeLimitMs })
    if (verdict === 'ok') return null
    if (this.#worst !== 'illegal') this.#worst = verdict
    const problem = `the history is ${verdict === 'illegal' ? 'not linearizable' : verdict}: ${reason}`
    if (this.#problems.length < problemsMax) this.#problems.push(problem)
    return problem
  }

  /** What was found in the epochs that are closed. */
  judgement(): Judgement {
    return {
      linearizable: this.#worst,
      operations: this.#operations,
      unread: this.#unread,
      problems: this.#problems,
    }
  }
}

function epochOf(number: number): OpenEpoch {
  return { number, keys: new Set(), recorder: new HistoryRecorder(), calls: 0, open: 0 }
}

/** Our append answers the new length, where the model of histories knows the new text. */
const { compile: _, ...general } = keyValueModel
const lengthModel: SequentialModel<Json, KeyValueInput, Json> = {
  ...general,
  step(state, input, output) {
    if (input.op !== 'append' || typeof output !== 'number') return keyValueModel.step(state, input, output)
    const next = keyValueModel.step(state, input, null)
    return next !== null && String(next[0]).length === output ? next : null
  },
}
