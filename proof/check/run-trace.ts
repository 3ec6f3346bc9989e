/** A run of a checked system as a trace, and back: one file to be read, drawn, and repeated on today's charts. */
import { knownOptions } from '../../actors/known-options.ts'
import type { Observation } from '../../actors/observation.ts'
import { describeMachine, type MachineDescription } from '../../runtime/trace/definition.ts'
import { createTrace } from '../../runtime/trace/write.ts'
import { Stage } from '../stage/stage.ts'
import { type Run, replay } from './counterexample.ts'
import { Search } from './engine/search.ts'
import { noMachineThrows } from './engine/tolerant-stepper.ts'
import type { Happening } from './happening.ts'
import { livenessAfter, livenessOf } from './liveness.ts'
import type { SavedHappening, SavedRun, TraceVerdict } from './saved-run.ts'
import type { CheckedSystem } from './system.ts'
import { lassoVerdict } from './temporal.ts'

/** What is said of a run in its trace. */
export interface RunTraceOptions {
  readonly scenario?: string
  /** What is wrong at the end; it becomes the verdict of the last step. */
  readonly violation?: { readonly name: string; readonly reason: string } | null
  readonly seed?: number
}

/**
 * The run as a trace (`standby-trace`, JSON lines): each step with clocks, guards, refusals and contexts, as live nodes
 * would have recorded it. Works for any system of XState machines.
 * @example
 * const { violation } = check(system)
 * if (violation !== null) writeFileSync('run.jsonl', traceOf(system, violation.run, { violation }))
 */
export function traceOf(
  system: CheckedSystem,
  { steps }: Pick<Run, 'steps'>,
  options: RunTraceOptions = {},
): string {
  knownOptions('traceOf', options, { scenario: true, violation: true, seed: true })
  const { scenario, violation = null, seed } = options
  const happenings = steps.map(({ happening }) => happening)
  const observations: Observation[] = []
  const stage = new Stage(system, { onAct: (act) => void observations.push(...act.observations) })
  const saved: SavedHappening[] = []
  let last = 0
  for (const happening of happenings) {
    saved.push(savedHappening(stage, happening))
    last = observations.length
    stage.play(happening)
  }
  // A duplicate is reported before it arrives; a call before it is made.
  while (observations[last + 1] !== undefined && observations[last]!.after === undefined) last += 1

  const check: SavedRun = { scenario: scenario ?? null, property: violation?.name ?? null, happenings: saved }
  const lines: string[] = []
  const trace = createTrace({
    write: (line) => lines.push(line),
    ...(seed === undefined ? {} : { seed }),
    options: { check },
    machines: machinesOf(system),
    nodes: system.nodes.map(({ id, machine }) => ({ id, machine: machine.id })),
    verdictsOf: (observation) =>
      violation !== null && observation === observations[last]
        ? [{ name: violation.name, holds: false, reason: violation.reason } satisfies TraceVerdict]
        : [],
  })
  for (const observation of observations) trace.observe(observation)
  trace.close()
  return `${lines.join('\n')}\n`
}

/** The outcome of a repeated run; null if one of its steps can no longer happen. */
export interface Repeated {
  readonly run: Run | null
  /** True: the property holds at every step now. A text: why it fails. Null: there is no such property to ask. */
  readonly verdict: true | string | null
}

/** Repeats a run that was saved, on these charts, and asks the property that it was saved for. */
export function repeat(system: CheckedSystem, { property, happenings }: SavedRun): Repeated {
  const restored = restoredHappenings(system, happenings)
  const search = new Search(system, 'none')
  const run = restored === null ? null : replay(search, restored)
  return { run, verdict: run === null ? null : verdictOn(system, search, run, property) }
}

function verdictOn(
  system: CheckedSystem,
  search: Search,
  { steps }: Run,
  property: string | null,
): Repeated['verdict'] {
  const goal = system.goals?.find(({ name }) => livenessOf(name) === property)
  if (goal !== undefined) {
    return livenessAfter(
      system,
      steps.map(({ happening }) => happening),
      goal,
    )
  }
  const promise = system.temporal?.find(({ name }) => name === property)
  if (promise !== undefined) {
    return lassoVerdict(
      search,
      promise,
      steps.map(({ happening }) => happening),
    )
  }
  const isKnown = [...(system.invariants ?? []), ...(system.steps ?? []), noMachineThrows].some(
    ({ name }) => name === property,
  )
  if (property === null || !isKnown) return null
  const state = search.initial()
  let verdict = search.verdict(property, state, null)
  for (const step of steps) {
    if (verdict !== true) break
    search.apply(state, step.happening)
    verdict = search.verdict(property, state, step)
  }
  return verdict
}

function savedHappening(stage: Stage, happening: Happening): SavedHappening {
  const { kind, node } = happening
  switch (kind) {
    case 'deliver': {
      const { kept } = happening
      return { kind, ...stage.nameOfMessage(happening.message), ...(kept === undefined ? {} : { kept }) }
    }
    case 'lose':
      return { kind, ...stage.nameOfMessage(happening.message) }
    case 'script':
      return { kind, node }
    default:
      return happening
  }
}

/** The actions with their messages and events; null if the charts no longer send such a message. */
function restoredHappenings(system: CheckedSystem, saved: readonly SavedHappening[]): Happening[] | null {
  const stage = new Stage(system)
  const restored: Happening[] = []
  for (const given of saved) {
    const happening = restoredHappening(stage, given)
    if (happening === null) return null
    restored.push(happening)
    try {
      stage.play(happening)
    } catch {
      return null
    }
  }
  return restored
}

function restoredHappening(stage: Stage, saved: SavedHappening): Happening | null {
  if (saved.kind === 'deliver' || saved.kind === 'lose') {
    const message = stage.message(saved)
    if (message === null) return null
    const kept = saved.kind === 'deliver' && saved.kept === true ? { kept: true as const } : {}
    return { kind: saved.kind, node: saved.to, message, ...kept } as Happening
  }
  if (saved.kind !== 'script') return saved
  const event = stage.nextScript(saved.node)
  return event === null ? null : { ...saved, event }
}

function machinesOf({ nodes }: CheckedSystem): MachineDescription[] {
  const machines = new Map(nodes.map(({ machine }) => [machine.id, machine]))
  return [...machines.values()].map(describeMachine)
}
