// One part of a history (for a key-value store one key) on its way to a verdict.
import type { Budget } from './budget.ts'
import { compileByStep } from './compile-by-step.ts'
import type { Configuration } from './configuration.ts'
import { type BrokenSearch, explain } from './explanation.ts'
import type { PartJudgement } from './judgement.ts'
import { type RecordedCall, type SequentialModel, unknownOutput } from './model.ts'
import { orderOf, proves, replay } from './order.ts'
import type { SearchResult } from './search.ts'
import type { SearchProblem } from './search-problem.ts'
import type { Strategy } from './strategies.ts'
import { spellOut } from './text.ts'

/** Suspects around which a contradiction is looked for. */
const suspectsMax = 4

/** Searches one part of a history, one strategy after the other, and judges it. */
export class Part<State, Input extends object, Output, Op extends RecordedCall<Input, Output>> {
  readonly #model: SequentialModel<State, Input, Output>
  readonly #name: string
  readonly #operations: readonly Op[]
  #problem: SearchProblem | null = null
  #result: SearchResult | null = null
  #steps = 0

  constructor(model: SequentialModel<State, Input, Output>, name: string, operations: readonly Op[]) {
    this.#model = model
    this.#name = name
    this.#operations = [...operations].sort((left, right) => left.call - right.call)
  }

  get isIllegal(): boolean {
    return this.#result?.kind === 'broken'
  }

  search(strategy: Strategy, budget: Budget): void {
    if (this.#result !== null && this.#result.kind !== 'gaveUp') return
    this.#problem = this.#problemOf(this.#operations)
    this.#result = strategy(this.#problem, budget)
    this.#steps += budget.steps
  }

  /**
   * The judgement so far; `explainWithin` bounds the search for the cause, null leaves it out.
   *
   * Errors: an Error when the order found does not replay, because the model breaks a promise that it made.
   */
  judge(explainWithin: Budget | null): PartJudgement<Op> {
    const [result, problem] = [this.#result!, this.#problem!]
    const base = { name: this.#name, operations: this.#operations, steps: this.#steps }
    if (result.kind === 'broken')
      return { ...base, verdict: 'illegal', ...this.#explain(result, explainWithin) }
    const nothing = { brokenAt: null, breaking: [] }
    if (result.kind === 'passed') {
      const longestPrefix = this.#longest(problem, result.after)
      if (!proves(this.#model, longestPrefix, this.#operations)) {
        throw new Error(
          `expected the order found to replay, got one that does not; check the promises of the model ${this.#model.name}`,
        )
      }
      const reason = `an order was found for all ${this.#operations.length} operations`
      return { ...base, ...nothing, verdict: 'ok', longestPrefix, reason }
    }
    const longestPrefix = this.#longest(problem, result.before)
    const { return: event } = this.#operations[result.op]!
    const reason = `gave up at event ${event}, out of ${result.because}; raise the limit or judge a shorter history`
    return { ...base, ...nothing, verdict: 'unknown', longestPrefix, reason }
  }

  #explain(
    { op, before, suspects }: SearchResult & { kind: 'broken' },
    budget: Budget | null,
  ): Pick<PartJudgement<Op>, 'longestPrefix' | 'brokenAt' | 'breaking' | 'reason'> {
    const foundAt = this.#operations[op]!.return!
    const suspectsAt = suspects.slice(0, suspectsMax).map((suspect) => this.#operations[suspect]!.return!)
    const found = { problem: this.#problem!, before }
    const context = {
      problemOf: (operations: readonly Op[]) => this.#problemOf(operations),
      isRead: (operation: Op) => this.#model.effect?.(operation, unknownOutput) === 'reads',
    }
    const { brokenAt, breaking, ...broken } =
      budget === null
        ? { ...found, brokenAt: foundAt, breaking: [this.#operations[op]!] }
        : explain(this.#operations, foundAt, suspectsAt, found, context, budget)
    const last = this.#operations.find((operation) => operation.return === brokenAt)!
    const reason = this.#reasonOf(last, breaking, broken)
    return { longestPrefix: this.#longest(broken.problem, broken.before), brokenAt, breaking, reason }
  }

  #reasonOf(last: Op, breaking: readonly Op[], { problem, before }: BrokenSearch): string {
    const states = new Set<string>()
    for (const configuration of before.slice(0, 8)) {
      for (const state of replay(this.#model, this.#pick(orderOf(problem, configuration)))) {
        states.add(this.#model.describeState?.(state) ?? this.#model.key(state))
      }
    }
    const others = breaking
      .filter((operation) => operation !== last)
      .map((operation) => this.#describe(operation))
    const against =
      others.length === 0 ? 'nothing called before explains it' : `it contradicts ${list(others)}`
    const found = [...states].slice(0, 3).join(' or ')
    return `no order allows ${this.#describe(last)}: ${against}; the order before it ends with ${found}`
  }

  #describe(operation: Op): string {
    const output = operation.return === null ? unknownOutput : operation.output
    const text = this.#model.describe?.(operation, output) ?? JSON.stringify(operation)
    return `${text} (client ${spellOut(String(operation.client))}, events ${operation.call} to ${operation.return ?? 'never'})`
  }

  #longest(problem: SearchProblem, configurations: readonly Configuration[]): Op[] {
    const lengthOf = (one: Configuration) => one.log?.length ?? 0
    const longest = configurations.reduce((most, one) => (lengthOf(one) > lengthOf(most) ? one : most))
    return this.#pick(orderOf(problem, longest))
  }

  /** Operations by number; a cut history numbers its operations as the whole one does. */
  #pick(order: readonly number[]): Op[] {
    return order.map((op) => this.#operations[op]!)
  }

  #problemOf(operations: readonly Op[]): SearchProblem {
    return {
      compiled: this.#model.compile?.(operations) ?? compileByStep(this.#model, operations),
      calls: operations.map(({ call }) => call),
      returns: operations.map((operation) => operation.return ?? Number.POSITIVE_INFINITY),
    }
  }
}

function list(items: readonly string[]): string {
  const shown = items.slice(0, 4)
  if (items.length > shown.length) shown.push(`${items.length - shown.length} more`)
  return shown.join(' and ')
}
