/** Effects at the primary: real XState actors of promises, callbacks and observables, whose reports become commands (M4). */
import {
  type AnyActorLogic,
  type AnyActorRef,
  createActor,
  fromCallback,
  fromPromise,
  fromTransition,
} from 'xstate'
import type { Effect, EffectReport, Json, StartedEffect } from '../../machines/application/application.ts'
import type { TimeClock } from '../ports.ts'

/** What the runner needs of the primary that it works for. */
export interface EffectRunnerOptions {
  readonly clock: TimeClock
  /** Brings a command into the replicated order. */
  propose(command: Json): void
  /** Is called with an action that throws, or of a report that is no plain data. */
  failed(what: string, error: unknown): void
}

/** One effect under way. */
interface Running {
  readonly effect: StartedEffect
  actor: AnyActorRef
  attempts: number
  retry: unknown
}

/** Effects that have no outcome yet, by their keys. */
export class EffectRunner {
  readonly #options: EffectRunnerOptions
  readonly #running = new Map<string, Running>()

  constructor(options: EffectRunnerOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#running.size
  }

  /** Carries out what a decided command asks for. Nothing that an effect throws leaves here. */
  carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'run':
        this.#run(effect)
        break
      case 'start':
        this.start(effect)
        break
      case 'stop':
        this.#stop(effect.key)
        break
      case 'deliver':
        this.#running.get(effect.key)?.actor.send(effect.event as { type: string })
    }
  }

  /** Starts an effect, unless it runs already. */
  start(effect: StartedEffect): void {
    if (this.#running.has(effect.key)) return
    const running: Running = { effect, actor: undefined as never, attempts: 0, retry: null }
    this.#running.set(effect.key, running)
    this.#attempt(running)
  }

  /** Aborts all: the server is no longer primary, and another one starts them again. */
  stopAll(): void {
    for (const key of [...this.#running.keys()]) this.#stop(key)
  }

  #run({ name, run }: Effect & { kind: 'run' }): void {
    try {
      const result: unknown = run((command) => this.#options.propose(command))
      const { then } = (result ?? {}) as { then?: unknown }
      if (typeof then === 'function')
        (result as Promise<unknown>).then(undefined, (error) => this.#options.failed(name, error))
    } catch (error) {
      this.#options.failed(name, error)
    }
  }

  #attempt(running: Running): void {
    running.attempts++
    const { effect } = running
    const { id, input, logic, key } = effect
    const isCurrent = () => this.#running.get(key) === running
    const report = (each: EffectReport) => {
      if (isCurrent()) this.#report(running, each)
    }
    const host = createActor(
      fromTransition((_: null, event: { readonly type: string }) => {
        const { output, error } = event as { output?: unknown; error?: unknown }
        if (event.type === `xstate.done.actor.${id}`) report({ kind: 'done', output })
        else if (event.type === `xstate.error.actor.${id}`) report({ kind: 'error', error })
        else if (event.type !== 'xstate.init') report({ kind: 'send', event })
        return null
      }, null),
    ).start()
    const actor = createActor(withKey(logic, key), {
      id,
      input,
      parent: host as never,
    } as never) as unknown as AnyActorRef
    running.actor = actor
    actor.on('*', (event: unknown) => report({ kind: 'emit', event }))
    let last: unknown
    actor.subscribe({
      next: (snapshot: { status: string; context?: unknown }) => {
        if (snapshot.status !== 'active' || snapshot.context === undefined || snapshot.context === last)
          return
        last = snapshot.context
        report({ kind: 'next', context: last })
      },
      // Its parent is notified.
      error: () => {},
    })
    ;(actor as unknown as { start(): void }).start()
  }

  #report(running: Running, report: EffectReport): void {
    const { effect, attempts } = running
    const { attempts: max, delayMs, factor, maxDelayMs } = { ...once, ...effect.retry }
    if (report.kind === 'error' && attempts < max) {
      const delay = Math.min(maxDelayMs, delayMs * factor ** (attempts - 1))
      running.retry = this.#options.clock.setTimeout(() => {
        running.retry = null
        if (this.#running.get(effect.key) === running) this.#attempt(running)
      }, delay)
      return
    }
    if (report.kind === 'done' || report.kind === 'error') this.#running.delete(effect.key)
    try {
      this.#options.propose(effect.command(report))
    } catch (error) {
      // It is no plain data. An outcome there must be, or the machine waits for ever.
      this.#options.failed(effect.src, error)
      if (report.kind === 'done')
        this.#options.propose(effect.command({ kind: 'error', error: plainError(error) }))
      if (report.kind === 'error')
        this.#options.propose(effect.command({ kind: 'error', error: plainError(report.error) }))
    }
  }

  #stop(key: string): void {
    const running = this.#running.get(key)
    if (running === undefined) return
    this.#running.delete(key)
    if (running.retry !== null) this.#options.clock.clearTimeout(running.retry)
    try {
      const actor = running.actor as unknown as { _stop(): void }
      actor._stop()
    } catch (error) {
      this.#options.failed(running.effect.src, error)
    }
  }
}

const once = { attempts: 1, delayMs: 100, factor: 2, maxDelayMs: 30_000 }

function plainError(error: unknown): Error {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
  return Object.assign(new Error(message), name === 'Error' ? {} : { name })
}

type Creator = (args: object) => unknown

/** The logic of a promise or callback, whose function is given `idempotencyKey` beside its other arguments. */
function withKey(logic: AnyActorLogic, idempotencyKey: string): AnyActorLogic {
  const { config } = logic as { config?: unknown }
  if (typeof config !== 'function') return logic
  const create: Creator = (args) => (config as Creator)({ ...args, idempotencyKey })
  switch (kindOf(logic)) {
    case 'promise':
      return fromPromise(create as never)
    case 'callback':
      return fromCallback(create as never)
    default:
      return logic
  }
}

const kinds = new WeakMap<AnyActorLogic, 'promise' | 'callback' | 'other'>()

/** XState does not say what made a logic; what it does with its own events tells. */
function kindOf(logic: AnyActorLogic): 'promise' | 'callback' | 'other' {
  let kind = kinds.get(logic)
  if (kind === undefined) {
    kind = probed(logic)
    kinds.set(logic, kind)
  }
  return kind
}

function probed(logic: AnyActorLogic): 'promise' | 'callback' | 'other' {
  const snapshot = { status: 'active', output: undefined, error: undefined, input: undefined }
  const step = logic.transition as unknown as (
    snapshot: object,
    event: object,
    scope: object,
  ) => { output?: unknown }
  try {
    const resolved = step(snapshot, { type: 'xstate.promise.resolve', data: kinds }, { self: {} })
    return resolved.output === kinds ? 'promise' : 'other'
  } catch {
    // A callback looks for the state of an actor that was never started.
    return 'callback'
  }
}
