/** The contract of a replicated application: any deterministic state machine. It knows nothing of views, sessions or messages. */
import { sealJson } from './json.ts'
import { textPieces } from './text-pieces.ts'

/** What crosses the transport: JSON values. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * `Type` where all of it is JSON, else a type that it does not fit. Interfaces may be, which `Json` itself does not take:
 * they have no index signature. Properties that are undefined are left out on the way, as JSON does.
 * @example
 * function send<Value>(value: Value & JsonLike<Value>): void
 */
export type JsonLike<Type> = Type extends Json
  ? Type
  : Type extends (...args: never[]) => unknown
    ? never
    : Type extends object
      ? {
          readonly [Key in keyof Type]:
            | JsonLike<Exclude<Type[Key], undefined>>
            | Extract<Type[Key], undefined>
        }
      : never

/** One piece of a state on its way to a backup (T1, T5). */
export interface Chunk {
  readonly data: Json
  /** Where the next piece starts; null when this is the last. */
  readonly next: Json
}

/**
 * A deterministic state machine that can be replicated.
 *
 * `execute` must depend on nothing but its arguments and must not change the given state: both replicas run it, in the
 * same order, and their results are compared (S6). A command that throws leaves the state as it was; its caller gets
 * the error's message as an `applicationError`, the same from either replica.
 */
export interface Application<State = unknown, Command = unknown, Result = unknown> {
  /** Shown in errors and in the log. */
  readonly name: string
  /** The state that only the primary of view 1 starts from (N5). */
  readonly initialState: State
  execute(state: State, command: Command): readonly [next: State, result: Result]
  /** The piece of `state` at `cursor` (null: the first), at most about `bytesMax` bytes of JSON text. Must repeat exactly. */
  snapshot(state: State, cursor: Json, bytesMax: number): Chunk
  /** Adds one piece to what has been restored so far (null: nothing); `last` tells that the state is now whole. */
  restore(partial: unknown, data: Json, last: boolean): unknown
  /** Says what is wrong with a command before it is sent, or null. Optional. */
  validate?(command: unknown): string | null
}

/**
 * An application over a state that is plain JSON, from nothing but an initial state and `execute`.
 *
 * States and results are frozen, and a command after which one of them is not JSON fails with an `applicationError`
 * that names the place: a backup that got the state as JSON would differ from its primary. This costs as much as the
 * command made anew. The state is cut into pieces as text; an application with a large state had better bring its own
 * `snapshot`, which need not serialise all of it at once.
 * @throws TypeError if `initialState` is not JSON, naming the place, or `name` or `execute` is missing.
 * @example
 * const counter = defineApplication({
 *   name: 'counter',
 *   initialState: 0,
 *   execute: (count: number, by: number) => [count + by, count + by],
 * })
 */
export function defineApplication<State, Command, Result>(definition: {
  readonly name: string
  readonly initialState: State & JsonLike<State>
  execute(state: State, command: Command): readonly [State, Result]
  validate?(command: unknown): string | null
}): Application<State, Command, Result> {
  const { name, validate, execute } = definition ?? {}
  if (typeof name !== 'string' || typeof execute !== 'function') {
    const got =
      typeof name !== 'string' ? `a name that is ${typeof name}` : `an execute that is ${typeof execute}`
    throw new TypeError(
      `defineApplication: expected { name, initialState, execute }, got ${got}; execute is (state, command) => [state, result]`,
    )
  }
  return {
    name,
    initialState: sealJson(definition.initialState) as State,
    execute(state, command) {
      const [next, result] = pairOf(definition.execute(state, command))
      return [sealJson(next) as State, result === undefined ? result : (sealJson(result) as Result)]
    },
    ...textPieces<State>(
      (state) => JSON.stringify(state),
      (text) => sealJson(JSON.parse(text)) as State,
    ),
    ...(validate && { validate: (command: unknown) => validate.call(definition, command) }),
  }
}

/** What `execute` gave, if it is a pair: without types, a function is easily `async`, or gives the state alone. */
function pairOf<Pair extends readonly unknown[]>(pair: Pair): Pair {
  if (Array.isArray(pair) && pair.length > 0) return pair
  const given: unknown = pair
  const isPromise = typeof (given as { then?: unknown } | null | undefined)?.then === 'function'
  const got = isPromise ? 'a promise' : given === null ? 'null' : Array.isArray(given) ? '[]' : typeof given
  throw new TypeError(
    `execute: expected [next state, result], got ${got}; it is a plain function that changes nothing and waits for nothing`,
  )
}
