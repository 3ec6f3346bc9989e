/** A system on the stage: what is checked, and what else a person may do with it. */
import type { EventObject } from 'xstate'
import type { Observation } from '../../actors/observation.ts'
import type { Json } from '../../machines/application/application.ts'
import { describeMachine, type MachineDescription } from '../../runtime/trace/definition.ts'
import type { TraceVerdict } from '../check/saved-run.ts'
import type { CheckedSystem, SystemView } from '../check/system.ts'
import type { Act, Stage } from './stage.ts'

/** What is put on the stage. */
export interface Staged {
  readonly system: CheckedSystem
  /** What the header of its traces says under `options`: enough to set the stage again. */
  readonly origin: unknown
  /** How long a message is in flight if no one touches it, in milliseconds; default 1. */
  readonly latencyMs?: number
  /** Clients that take calls by hand; default: none. */
  readonly calls?: CallPort
  /** Judges acts; default: by the system's own properties. */
  readonly createJudge?: (stage: Stage) => Judge
  /** What the system can run towards by itself, besides its goals. */
  readonly aims?: readonly Aim[]
  /** Why a crashed node does not start again; default: because it has no `restart`. */
  readonly whyNoRestart?: (name: string) => string | null
  /** Machines and nodes of its traces; default: those of the system. */
  readonly header?: {
    readonly machines?: readonly MachineDescription[]
    readonly nodes?: readonly { readonly id: string; readonly machine: string }[]
  }
}

/** How a person calls as a client. */
export interface CallPort {
  /** The names of the nodes that take calls. */
  readonly clients: readonly string[]
  /** Commands that go out together, as one event; `ids` are theirs, in order. */
  readonly event: (commands: readonly Json[], ids: readonly number[]) => EventObject
  readonly abandon: (id: number) => EventObject
  /** Why a command is refused before it is sent; null if it is not. */
  readonly whyInvalid: (command: Json) => string | null
}

/** What a judge says of an act: one list of verdicts for each of its observations. */
export type Judge = (act: Act) => readonly (readonly (TraceVerdict | GoalVerdict)[])[]

/** What a step of a trace has among its `verdicts` when a goal is reached for the first time. */
export interface GoalVerdict {
  readonly name: string
  readonly holds: true
}

/** What an aim can see of a run. */
export interface RunView {
  readonly stage: Stage
  /** Whether a property has failed so far. */
  readonly isBroken: boolean
  /** How many calls have no answer, of all clients that run. */
  pending(): number
}

/** Something that a system can run towards by itself. */
export interface Aim {
  readonly id: string
  /** Completes 'run until ...'. */
  readonly title: string
  /** Begins to wait; returns whether the aim is reached in a later run. */
  readonly wait: (run: RunView) => (later: RunView) => boolean
}

/** A system of your own on the stage, as `check` takes it. */
export function stagedSystem(system: CheckedSystem, origin: unknown = {}): Staged {
  return { system, origin }
}

/** The machines and nodes that a trace of the system names in its header. */
export function headerOf({ system, header }: Staged) {
  if (header !== undefined) return header
  const machines = new Map(system.nodes.map(({ machine }) => [machine.id, machine]))
  return {
    machines: [...machines.values()].map(describeMachine),
    nodes: system.nodes.map(({ id, machine }) => ({ id, machine: machine.id })),
  }
}

/** What the system can run towards: its own aims, its goals, and a property that fails. */
export function aimsOf({ system, aims = [] }: Staged): readonly Aim[] {
  const goals = (system.goals ?? []).map(
    ({ name, reached }): Aim => ({
      id: `goal:${name}`,
      title: name,
      wait: () => (later) => isReached(reached, later.stage.view()),
    }),
  )
  return [...aims, ...goals, violation]
}

const violation: Aim = {
  id: 'violation',
  title: 'a property fails',
  wait: () => (later) => later.isBroken,
}

/** A goal that throws is not reached: it is judged again at the next step. */
export function isReached(reached: (view: SystemView) => boolean, view: SystemView): boolean {
  try {
    return reached(view) === true
  } catch {
    return false
  }
}

/** The observation of an act that a verdict on the whole act stands at. */
export function mainObservation({ observations }: Act): Observation | undefined {
  return observations.find(({ after }) => after !== undefined) ?? observations[0]
}
