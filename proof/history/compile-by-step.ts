// Any sequential model in the form that the search reads: its states are numbered by their keys.
import {
  acceptedTrait,
  type CompiledHistory,
  numberAlike,
  overwritesTrait,
  readsTrait,
} from './compiled-history.ts'
import { canonicalJson } from './json.ts'
import { type Effect, type RecordedCall, type SequentialModel, unknownOutput } from './model.ts'

const traitsOfEffect: Record<Effect, number> = {
  guarded: 0,
  accepted: acceptedTrait,
  reads: readsTrait,
  overwrites: acceptedTrait | overwritesTrait,
}

/** Numbers the states of any model by their keys; prunes by `model.effect` only. */
export function compileByStep<State, Input extends object, Output>(
  model: SequentialModel<State, Input, Output>,
  operations: readonly RecordedCall<Input, Output>[],
): CompiledHistory {
  const outputs = operations.map((op) => (op.return === null ? unknownOutput : op.output))
  const effects = operations.map((op, index) => model.effect?.(op, outputs[index]!) ?? 'guarded')
  const traits = Uint8Array.from(effects, (effect) => traitsOfEffect[effect])
  const states = new StateTable(model)
  const initial = states.numberOf(model.initial)
  const memo = new Map<number, Map<number, readonly number[]>>()
  const updates = new Map<string, number[]>()
  const overwrites = new Map<string, number[]>()
  return {
    initial,
    traits,
    kinds: numberAlike(operations.map((operation, op) => kindOf(operation) ?? `#${op}`)),
    step(state, op) {
      const known = memo.get(op) ?? new Map<number, readonly number[]>()
      memo.set(op, known)
      let next = known.get(state)
      if (next === undefined) {
        const followers = model.step(states.stateOf(state), operations[op]!, outputs[op]!) ?? []
        next = [...new Set(followers.map((follower) => states.numberOf(follower)))]
        known.set(state, next)
      }
      return next
    },
    settle: (state) => state,
    isSink: () => false,
    sinkIsWorst: () => false,
    mayReach: () => true,
    abandons: () => false,
    takeSuspects: () => [],
    open(op) {
      if (operations[op]!.return !== null) return
      const groups = traits[op]! & overwritesTrait ? overwrites : updates
      const key = kindOf(operations[op]!) ?? `#${op}`
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [op])
      else group.push(op)
    },
    close(op) {
      memo.delete(op)
    },
    openUpdates: () => updates.values(),
    openOverwrites: () => overwrites.values(),
    isIdle: (op) => (traits[op]! & readsTrait) !== 0,
    isSpent: () => false,
    retain(kept) {
      if (states.retain(new Set([...kept, initial]))) memo.clear()
    },
  }
}

/** The input and the output of an operation as text, or undefined when JSON cannot carry them. */
function kindOf(operation: object): string | undefined {
  const { client: _client, output, call: _call, return: returned, ...input } = operation as Recorded
  try {
    return canonicalJson(returned === null ? [input] : [input, output])
  } catch {
    return undefined
  }
}

type Recorded = { client?: unknown; output?: unknown; call?: unknown; return?: unknown }

/** States by number and by key; forgets in bulk what is no longer asked for. */
class StateTable<State, Input extends object, Output> {
  readonly #model: SequentialModel<State, Input, Output>
  readonly #numbers = new Map<string, number>()
  readonly #states = new Map<number, State>()
  #next = 0
  #forgetAbove = 20_000

  constructor(model: SequentialModel<State, Input, Output>) {
    this.#model = model
  }

  numberOf(state: State): number {
    const key = this.#model.key(state)
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.#next++
      this.#numbers.set(key, number)
      this.#states.set(number, state)
    }
    return number
  }

  stateOf(number: number): State {
    return this.#states.get(number) as State
  }

  retain(kept: ReadonlySet<number>): boolean {
    if (this.#states.size <= this.#forgetAbove) return false
    for (const [key, number] of this.#numbers) if (!kept.has(number)) this.#numbers.delete(key)
    for (const number of this.#states.keys()) if (!kept.has(number)) this.#states.delete(number)
    this.#forgetAbove = Math.max(20_000, 4 * this.#states.size)
    return true
  }
}
