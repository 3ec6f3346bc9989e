/** Judges what clients are answered: nothing acknowledged is lost or doubled, and no read is older than it may be. */
import { checkHistory, HistoryRecorder, keyValueModel, type Verdict } from '../../proof/history/index.ts'

export type CheckedCommand =
  | { readonly op: 'put'; readonly key: string; readonly value: string }
  | { readonly op: 'append'; readonly key: string; readonly value: string }
  | { readonly op: 'get'; readonly key: string }

/** A call that was recorded; its end is to be told once. */
export interface CheckedCall {
  readonly client: string
  readonly command: CheckedCommand
}

export interface CheckedResult {
  /** Acknowledged appends whose token is not in the value that was read back. */
  readonly lost: number
  /** Tokens that are in it more than once. */
  readonly duplicated: number
  /** Answers that contradict what was answered before. */
  readonly wrong: number
  /** Appends whose token was looked for. */
  readonly appends: number
  readonly reads: number
  /** Journals that could not be read back, so that nothing is known of their appends. */
  readonly unverified: number
  readonly linearizable: Verdict
  /** Operations in the history that was judged; what came later is not part of it. */
  readonly historyOperations: number
  readonly historyIsWhole: boolean
  /** What is wrong, in sentences; the first ones only. */
  readonly problems: readonly string[]
  /** Nothing is wrong, and everything could be judged. */
  readonly ok: boolean
}

export interface Checks {
  /** Before a call is made. */
  called(client: string, command: CheckedCommand): CheckedCall
  /** The result that a client was given; says what is wrong with it, or null. */
  answered(call: CheckedCall, result: unknown): string | null
  /** No result: the command may have taken effect, unless it never left the client. */
  failed(call: CheckedCall, mayHaveExecuted: boolean): void
  /** The value of a journal that nobody appends to any more. */
  readBack(journal: string, value: unknown): void
  /** Journals that were appended to and not read back yet. */
  openJournals(): readonly string[]
  /** Everything so far, with a search for an order of the whole history. */
  judge(timeLimitMs?: number): CheckedResult
}

/** Operations kept for the search at the end; the other checks need no history. */
const historyMax = 20_000
const problemsMax = 20
/** The end of a token, so that no token is part of another. */
export const tokenEnd = ';'

interface Call extends CheckedCall {
  readonly calledAt: number
  /** In the journal when this was called: what every later answer must include. */
  readonly lengthBefore: number
  readonly recorded: ReturnType<HistoryRecorder['call']> | null
}

interface Append {
  readonly token: string
  /** Length of the journal right after it; null while it is not acknowledged. */
  length: number | null
}

interface Journal {
  readonly appends: Map<string, Append>
  /** The greatest length that any answer has told. */
  length: number
  /** The longest value read so far; every other is its beginning. */
  longest: string
}

interface Write {
  readonly value: string
  readonly calledAt: number
  returnedAt: number
}

/** Checks for one run. Keys that are appended to (journals) are never put to, and values that are put are unique. */
export function createChecks(): Checks {
  const journals = new Map<string, Journal>()
  const registers = new Map<string, Write[]>()
  const underWay = new Set<Call>()
  const recorder = new HistoryRecorder()
  const problems: string[] = []
  let [now, lost, duplicated, wrong, appends, reads, recorded] = [0, 0, 0, 0, 0, 0, 0]
  let historyIsOpen = true

  const journalOf = (key: string): Journal => {
    const known = journals.get(key)
    if (known !== undefined) return known
    const journal: Journal = { appends: new Map(), length: 0, longest: '' }
    journals.set(key, journal)
    return journal
  }
  const writesOf = (key: string): Write[] => {
    const known = registers.get(key)
    if (known !== undefined) return known
    const writes: Write[] = []
    registers.set(key, writes)
    return writes
  }
  const note = (problem: string): string => {
    if (problems.length < problemsMax) problems.push(problem)
    return problem
  }
  const isWrong = (problem: string): string => {
    wrong += 1
    return note(problem)
  }

  const checkAppend = ({ client, command, lengthBefore }: Call, result: unknown): string | null => {
    const { key, value } = command as CheckedCommand & { op: 'append' }
    const journal = journalOf(key)
    if (typeof result !== 'number') return isWrong(`append to ${key} of ${client} answered ${show(result)}`)
    const append = journal.appends.get(value)
    if (append !== undefined) append.length = result
    journal.length = Math.max(journal.length, result)
    if (result >= lengthBefore + value.length) return null
    return isWrong(
      `append to ${key} of ${client} answered length ${result}, but ${lengthBefore} was already answered before it`,
    )
  }

  const checkJournalRead = ({ client, command, lengthBefore }: Call, result: unknown): string | null => {
    const journal = journalOf(command.key)
    const value = result ?? ''
    if (typeof value !== 'string') return isWrong(`get ${command.key} of ${client} answered ${show(result)}`)
    if (value.length < lengthBefore) {
      return isWrong(
        `get ${command.key} of ${client} answered ${value.length} characters, but ${lengthBefore} were acknowledged before it`,
      )
    }
    const [shorter, longer] =
      value.length < journal.longest.length ? [value, journal.longest] : [journal.longest, value]
    if (!longer.startsWith(shorter)) {
      return isWrong(`get ${command.key} of ${client} answered another order of appends than an earlier get`)
    }
    journal.longest = longer
    journal.length = Math.max(journal.length, value.length)
    return null
  }

  const checkRegisterRead = ({ client, command, calledAt }: Call, result: unknown): string | null => {
    const writes = writesOf(command.key)
    const overwrittenSince = (at: number) =>
      writes.find((write) => write.calledAt > at && write.returnedAt < calledAt)
    const read = writes.find(({ value }) => value === result)
    if (result !== null && read === undefined) {
      return isWrong(
        `get ${command.key} of ${client} answered ${show(result)}, which nobody wrote or which was overwritten long ago`,
      )
    }
    const newer = overwrittenSince(read?.returnedAt ?? -1)
    if (newer === undefined) return null
    return isWrong(
      `get ${command.key} of ${client} answered ${show(result)}, but ${show(newer.value)} was acknowledged before it was called`,
    )
  }

  /** Forgets writes that no call under way or to come may read any more. */
  const prune = (key: string) => {
    const writes = writesOf(key)
    if (writes.length < 64) return
    const oldest = Math.min(now, ...[...underWay].map(({ calledAt }) => calledAt))
    const covering = writes.filter(({ returnedAt }) => returnedAt < oldest)
    const last = Math.max(-1, ...covering.map(({ calledAt }) => calledAt))
    registers.set(
      key,
      writes.filter(({ returnedAt }) => returnedAt >= last),
    )
  }

  return {
    called(client, command) {
      now += 1
      const { op, key } = command
      const lengthBefore = op === 'put' ? 0 : (journals.get(key)?.length ?? 0)
      historyIsOpen &&= recorded < historyMax
      if (historyIsOpen) recorded += 1
      const call: Call = {
        client,
        command,
        calledAt: now,
        lengthBefore,
        recorded: historyIsOpen ? recorder.call(client, command) : null,
      }
      if (op === 'append') journalOf(key).appends.set(command.value, { token: command.value, length: null })
      if (op === 'put') {
        writesOf(key).push({
          value: command.value,
          calledAt: now,
          returnedAt: Number.POSITIVE_INFINITY,
        })
      }
      underWay.add(call)
      return call
    },

    answered(given, result) {
      const call = given as Call
      now += 1
      underWay.delete(call)
      const { op, key } = call.command
      // Our append answers a length where the model of the history knows the new text; the length is checked here.
      if (call.recorded !== null && historyIsOpen) {
        recorder.answered(call.recorded, op === 'append' ? null : (result as string | null))
      }
      if (op === 'append') return checkAppend(call, result)
      if (op === 'put') {
        const { value } = call.command as CheckedCommand & { op: 'put' }
        const write = writesOf(key).find((one) => one.value === value)
        if (write !== undefined) write.returnedAt = now
        prune(key)
        return null
      }
      reads += 1
      return journals.has(key) ? checkJournalRead(call, result) : checkRegisterRead(call, result)
    },

    failed(given, mayHaveExecuted) {
      const call = given as Call
      underWay.delete(call)
      if (mayHaveExecuted) return
      const { op, key } = call.command
      if (call.recorded !== null && historyIsOpen) recorder.neverTransmitted(call.recorded)
      if (op === 'append') journalOf(key).appends.delete(call.command.value)
      if (op === 'put') {
        const { value } = call.command
        registers.set(
          key,
          writesOf(key).filter((write) => write.value !== value),
        )
      }
    },

    readBack(key, result) {
      const journal = journalOf(key)
      const value = typeof result === 'string' ? result : ''
      const found = new Map<string, number>()
      for (const token of tokensOf(value)) found.set(token, (found.get(token) ?? 0) + 1)
      for (const { token, length } of journal.appends.values()) {
        const times = found.get(token) ?? 0
        appends += 1
        if (times > 1) {
          duplicated += 1
          note(`${show(token)} is in ${key} ${times} times`)
        } else if (times === 0 && length !== null) {
          lost += 1
          note(`${show(token)} was acknowledged, but is not in ${key}`)
        } else if (length !== null && value.slice(length - token.length, length) !== token) {
          isWrong(`${show(token)} is not where its answer said, at ${length - token.length} of ${key}`)
        }
      }
      for (const token of found.keys()) {
        if (!journal.appends.has(token)) isWrong(`${show(token)} is in ${key}, but nobody appended it`)
      }
      if (!value.startsWith(journal.longest)) isWrong(`${key} does not begin with what was read of it before`)
      journals.delete(key)
    },

    openJournals: () => [...journals].filter(([, { appends }]) => appends.size > 0).map(([key]) => key),

    judge(timeLimitMs = 5000) {
      historyIsOpen &&= recorded < historyMax
      const { verdict, reason } = checkHistory(keyValueModel, recorder.history(), { timeLimitMs })
      if (verdict !== 'ok')
        note(`the history is ${verdict === 'illegal' ? 'not linearizable' : verdict}: ${reason}`)
      const unverified = [...journals.values()].filter((journal) => journal.appends.size > 0).length
      return {
        lost,
        duplicated,
        wrong,
        appends,
        reads,
        unverified,
        linearizable: verdict,
        historyOperations: recorded,
        historyIsWhole: historyIsOpen,
        problems,
        ok: lost + duplicated + wrong + unverified === 0 && verdict === 'ok',
      }
    },
  }
}

function tokensOf(value: string): string[] {
  return value
    .split(tokenEnd)
    .map((token) => token + tokenEnd)
    .slice(0, -1)
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= 48 ? text : `${text.slice(0, 22)}…${text.slice(-22)}`
}
