/** The contract of a replicated application: any deterministic state machine. It knows nothing of views, sessions or messages. */
import type { AnyActorLogic } from 'xstate'
import { type Json, sealJson } from './json.ts'
import { type Chunk, textPieces } from './text-pieces.ts'

export type { Json } from './json.ts'
export type { Chunk } from './text-pieces.ts'

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

/** When and where in the replicated order a command executes; the same on every replica. */
export interface Moment {
  /** Replicated time in milliseconds (M1). It never decreases; 0 for an application that uses no time. */
  readonly at: number
  /** The command's position in the replicated order: its revision (W1). */
  readonly position: number
  /** Whether the primary itself proposed the command (M2, M4). No client can. */
  readonly own: boolean
}

/** A change of the state, for watchers (W1) and for the comparison of replicas (M5). */
export interface Change {
  readonly key: string
  /** Absent when the key is gone. */
  readonly value?: Json
}

/** The keys that a watcher follows: one, or all that begin with it. */
export interface Selection {
  readonly key: string
  readonly prefix: boolean
}

/** What a command did beside its result. */
export interface Happened {
  /** What changed in the state, in order. */
  readonly changes?: readonly Change[]
  /** What the primary does once the command is decided, and no replay does (M4). */
  readonly effects?: readonly Effect[]
}

/** Something that acts on the world. It is not replicated: what comes of it is a command (M4). */
export type Effect =
  /** Runs at most once. `send` proposes a command, for what it does later. */
  | { readonly kind: 'run'; readonly name: string; run(send: (command: Json) => void): void }
  /** Runs until it has an outcome or is stopped: at least once, since a new primary starts it again. */
  | StartedEffect
  | { readonly kind: 'stop'; readonly key: string }
  | { readonly kind: 'deliver'; readonly key: string; readonly event: unknown }

/** How often a primary tries an effect that fails, and how long it waits in between. */
export interface RetryPolicy {
  /** Tries in all; default 1. A new primary counts from 0. */
  readonly attempts?: number
  /** Before the second try, in milliseconds; default 100. */
  readonly delayMs?: number
  /** How much longer each wait is than the one before; default 2. */
  readonly factor?: number
  /** The longest wait, in milliseconds; default 30,000. */
  readonly maxDelayMs?: number
}

/** An XState actor that acts on the world: a promise, a callback, an observable. */
export interface StartedEffect {
  readonly kind: 'start'
  /** The same on every primary, for as long as this start has no outcome: an idempotency key. */
  readonly key: string
  readonly id: string
  /** The name under which the machine knows it. */
  readonly src: string
  readonly logic: AnyActorLogic
  readonly input: unknown
  /** How often it is tried before its error is the outcome; default: once. */
  readonly retry?: RetryPolicy | undefined
  /** The command that brings what it reports into the replicated order. */
  command(report: EffectReport): Json
}

/** What a running effect reports, in the order in which it happened. `done` and `error` end it. */
export type EffectReport =
  | { readonly kind: 'done'; readonly output?: unknown }
  | { readonly kind: 'error'; readonly error: unknown }
  /** An observable has a new value. */
  | { readonly kind: 'next'; readonly context: unknown }
  /** It sends an event to its parent, as `sendBack` does. */
  | { readonly kind: 'send'; readonly event: unknown }
  | { readonly kind: 'emit'; readonly event: unknown }

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
  execute(
    state: State,
    command: Command,
    moment?: Moment,
  ): readonly [next: State, result: Result, happened?: Happened]
  /**
   * Whether these commands need replicated time in this state (M1). Default: no. Forwards of an application
   * that needs none carry none.
   */
  timed?(state: State, commands: readonly Command[]): boolean
  /** The command that the primary proposes by itself, and the replicated time at which it does (M2); null: none. */
  wake?(state: State): { readonly at: number; readonly command: Json } | null
  /** What a watcher of these keys is shown to begin with, at most `max` entries, in the order of keys (W2). */
  current?(state: State, selection: Selection, max: number): Iterable<Change & { readonly revision?: number }>
  /** The effects that have no outcome yet, for a new primary to start (M4). */
  underWay?(state: State): readonly StartedEffect[]
  /** The piece of `state` at `cursor` (null: the first), at most about `bytesMax` bytes of JSON text. Must repeat exactly. */
  snapshot(state: State, cursor: Json, bytesMax: number): Chunk
  /** Adds one chunk to what has been restored so far (null: nothing). If `last`, the state is now whole. */
  restore(partial: unknown, data: Json, last: boolean): unknown
  /** Says what is wrong with a command before it is sent, or null. Optional. */
  validate?(command: unknown): string | null
}

/**
 * An application over a state that is plain JSON, from nothing but an initial state and `execute`.
 *
 * States and results are frozen, and a command after which one of them is not JSON fails with an `applicationError`
 * that names the place: a backup that got the state as JSON would differ from its primary. This costs as much as the
 * command rebuilt. The state is cut into chunks as text; an application with a large state should bring its own
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
  execute(state: State, command: Command, moment?: Moment): readonly [State, Result]
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
    execute(state, command, moment) {
      const [next, result] = pairOf(definition.execute(state, command, moment))
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
