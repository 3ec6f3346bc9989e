/** Runs of one machine, in plain XState on virtual time and in the sandbox, described alike. They assert nothing. */
import { type AnyActorLogic, type AnyActorRef, type AnyStateMachine, createActor } from 'xstate'
import type { EffectReport, Json } from '../../machines/application/application.ts'
import { encode } from '../../machines/application/replicated/codec.ts'
import { chanceOf, withInputs } from '../../machines/application/replicated/determinism.ts'
import {
  type EffectSnapshot,
  inertLogic,
  isEffect,
  isMachine,
  reportType,
} from '../../machines/application/replicated/inert.ts'
import { InlineLogics } from '../../machines/application/replicated/inline-logics.ts'
import { Sandbox, type SandboxState, type StepOutput } from '../../machines/application/replicated/sandbox.ts'
import { innerOf, pathOf } from '../../machines/application/replicated/xstate-internals.ts'
import type { Specimen } from './zoo.ts'

/** What a script does to a machine. Effects are counted among those under way, so that both runs mean the same one. */
export type Happening =
  | { readonly kind: 'event'; readonly event: { readonly type: string } }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'report'; readonly nth: number; readonly report: EffectReport }

/** A run by any stepper. */
export interface Run {
  do(happening: Happening): void
  /** What is to be seen of the machine and of all its children; with what it emitted since the last time. */
  describe(): unknown
}

const startAt = 1_000_000

/** Plain `createActor`. Effects are stand-ins that report what the script says. */
export function plainRun({ machine, input }: Specimen): Run {
  let now = startAt
  let steps = 0
  let invocations = 0
  let order = 0
  let timers: { due: number; order: number; run: () => void }[] = []
  const emitted: unknown[] = []
  const step = (run: () => void) => withInputs(now, chanceOf(++steps), run)
  const manual = inertLogic({
    nextInvocation: () => invocations++,
    started: () => {},
    stopped: () => {},
    received: () => {},
  })
  const actor = withInputs(now, chanceOf(++steps), () => {
    const created = createActor(withManualEffects(machine, manual), {
      id: 'root',
      input,
      logger: () => {},
      clock: {
        setTimeout: (run: () => void, ms: number) => {
          const timer = { due: now + Math.max(0, Math.ceil(ms)), order: order++, run }
          if (ms !== Number.POSITIVE_INFINITY) timers.push(timer)
          return timer
        },
        clearTimeout: (timer: unknown) => {
          timers = timers.filter((each) => each !== timer)
        },
      },
    } as never) as unknown as AnyActorRef
    created.subscribe({ error: () => {} })
    created.on('*', (event: unknown) => void emitted.push(event))
    ;(created as unknown as { start(): void }).start()
    return created
  })
  return {
    do(happening) {
      const { status } = actor.getSnapshot() as { status: string }
      if (happening.kind === 'event')
        return status === 'active' ? step(() => actor.send(happening.event)) : undefined
      if (happening.kind === 'report') {
        const effect = effectsIn(actor)[happening.nth]
        if (effect !== undefined)
          step(() => effect.send({ type: reportType, report: decoded(happening.report) }))
        return
      }
      const end = now + happening.ms
      for (;;) {
        const [next] = timers
          .filter(({ due }) => due <= end)
          .sort((a, b) => a.due - b.due || a.order - b.order)
        if (next === undefined) break
        timers = timers.filter((timer) => timer !== next)
        now = next.due
        step(next.run)
      }
      now = end
    },
    describe: () => [describe(actor), JSON.stringify(emitted.splice(0))],
  }
}

/**
 * The sandbox.
 * @param roundTrips whether its state is written as JSON and read again before every step
 */
export function sandboxRun(
  { machine, input }: Specimen,
  roundTrips: boolean,
): Run & { state(): SandboxState } {
  const options = { machine, id: 'root', inline: new InlineLogics() }
  let now = startAt
  let steps = 0
  let seq = 0
  const emitted: unknown[] = []
  const io = () => {
    const out: StepOutput = { emitted, outbox: [], effects: [] }
    return { at: now, nextSeq: () => seq++, out }
  }
  let sandbox = withInputs(now, chanceOf(++steps), () => Sandbox.start(options, input, io()))
  let state = sandbox.persist()
  const step = (stimulus: Parameters<Sandbox['step']>[0]) => {
    if (roundTrips) sandbox = Sandbox.restore(options, JSON.parse(JSON.stringify(state)))
    withInputs(now, chanceOf(++steps), () => sandbox.step(stimulus, io()))
    state = sandbox.persist()
  }
  return {
    do(happening) {
      if (happening.kind === 'event')
        return sandbox.status === 'active'
          ? step({ kind: 'event', path: [], event: happening.event })
          : undefined
      if (happening.kind === 'report') {
        const effect = effectsIn(sandbox.actor)[happening.nth]
        if (effect === undefined) return
        const { invocation } = effect.getSnapshot() as EffectSnapshot
        return step({ kind: 'report', path: pathOf(innerOf(effect)), invocation, report: happening.report })
      }
      const end = now + happening.ms
      for (;;) {
        const next = state.timers.find(({ due }) => due <= end)
        if (next === undefined) break
        now = next.due
        step({ kind: 'timer', timer: next })
      }
      now = end
    },
    describe: () => [describe(sandbox.actor), JSON.stringify(emitted.splice(0))],
    state: () => state,
  }
}

function withManualEffects(machine: AnyStateMachine, manual: AnyActorLogic): AnyStateMachine {
  const named = Object.entries(machine.implementations.actors as Record<string, AnyActorLogic>)
  const actors = named.map(([name, logic]) => {
    const replaced = isMachine(logic) ? withManualEffects(logic, manual) : isEffect(logic) ? manual : logic
    return [name, replaced]
  })
  return machine.provide({ actors: Object.fromEntries(actors) })
}

function decoded(report: EffectReport): object {
  const error = (report as { error?: { message: string } }).error
  return error === undefined ? report : { ...report, error: new Error(error.message) }
}

/** The effects under way, in the order of their places. */
function effectsIn(actor: AnyActorRef): AnyActorRef[] {
  const { children = {}, status } = actor.getSnapshot() as {
    children?: Record<string, AnyActorRef>
    status: string
  }
  const own = 'invocation' in actor.getSnapshot() && status === 'active' ? [actor] : []
  return [
    ...own,
    ...Object.keys(children)
      .sort()
      .flatMap((id) => effectsIn(children[id]!)),
  ]
}

function describe(actor: AnyActorRef): object {
  const {
    status,
    value,
    context,
    output,
    error,
    children = {},
  } = actor.getSnapshot() as unknown as {
    status: string
    value?: Json
    context?: unknown
    output?: unknown
    error?: unknown
    children?: Record<string, AnyActorRef>
  }
  const write = (part: unknown) =>
    encode(part, 'a part', { write: (ref) => `actor ${pathOf(innerOf(ref as never)).join('/')}` })
  return {
    status,
    ...(value === undefined ? {} : { value }),
    ...(context === undefined ? {} : { context: write(context) }),
    ...(output === undefined ? {} : { output: write(output) }),
    ...(error === undefined ? {} : { error: String(error) }),
    children: Object.fromEntries(
      Object.keys(children)
        .sort()
        .map((id) => [id, describe(children[id]!)]),
    ),
  }
}
