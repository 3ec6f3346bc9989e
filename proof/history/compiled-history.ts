// One part of a history with its states numbered, as the search reads it, and how any model is brought to that form.
import { canonicalJson } from './json.ts'
import { type Effect, type RecordedCall, type SequentialModel, unknownOutput } from './model.ts'

/** Trait bits of an operation, see `Effect`. */
export const readsTrait = 1
export const acceptedTrait = 2
export const overwritesTrait = 4

const traitsOfEffect: Record<Effect, number> = {
  guarded: 0,
  accepted: acceptedTrait,
  reads: readsTrait,
  overwrites: acceptedTrait | overwritesTrait,
}

/** Unanswered operations that do the same, by ascending call. */
export type Alike = readonly number[]

/** Whether an operation has taken effect in the order under construction. */
export type HasTakenEffect = (op: number) => boolean

/**
 * What the search knows of one part of a history: operations are numbers (positions by ascending call), states are
 * numbers given out by the compiled history, and times are event numbers.
 *
 * All members but `step` only help to prune; each must be sound in the sense given with it.
 */
export interface CompiledHistory {
  readonly initial: number
  /** Trait bits by operation. */
  readonly traits: Uint8Array
  /** By operation a number that is the same only for operations that do the same in every state. */
  readonly kinds: readonly number[]
  /** The states that may follow; empty when the operation is refused. */
  step(state: number, op: number): readonly number[]
  /** A state that no operation returning at `now` or later can tell from `state`. */
  settle(state: number, now: number): number
  /** A state that only an overwriting operation leaves, and where accepted operations change nothing. */
  isSink(state: number): boolean
  /** Whether every state allows, from `now` on, whatever a sink allows. */
  sinkIsWorst(now: number): boolean
  /** False only if no operations but overwriting ones lead from `state` to one where `op` is accepted. */
  mayReach(state: number, op: number): boolean
  /** True only if, once `from` has become `to`, some answered operation that has not taken effect never can. */
  abandons(from: number, to: number, now: number, hasTakenEffect: HasTakenEffect): boolean
  /** The operations because of which `abandons` has been true since this was last asked. */
  takeSuspects(): readonly number[]
  /** Tells that `op` has been called. */
  open(op: number): void
  /** Tells that `op` has returned. */
  close(op: number): void
  /** Open unanswered operations that do not overwrite, and may matter in `state`. */
  openUpdates(state: number, now: number): Iterable<Alike>
  /** Open unanswered operations that overwrite, and may matter from `now` on. */
  openOverwrites(now: number): Iterable<Alike>
  /** True only if the unanswered operation `op` never matters. */
  isIdle(op: number): boolean
  /** True only if an unanswered operation can no longer matter. */
  isSpent(op: number, now: number): boolean
  /** Only these states will be asked for again. */
  retain(states: ReadonlySet<number>): void
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

/** Numbers texts, equal ones alike. */
export function numberAlike(texts: readonly string[]): number[] {
  const numbers = new Map<string, number>()
  return texts.map((text) => {
    const number = numbers.get(text) ?? numbers.size
    numbers.set(text, number)
    return number
  })
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
