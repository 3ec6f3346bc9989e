/** Finds what is wrong with a statechart by looking at it and by searching everything that it can do. */
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate'
import { CoverageRecorder, nodesOf, transitionsOf } from './coverage/recorder.ts'
import { type Explored, type ExploreOptions, explore } from './explore.ts'
import type { AnyEvent, Moment } from './moment.ts'
import { definitionId } from './transitions.ts'

/** The kinds of findings. */
export const findingKinds = [
  'throws',
  'unreachable state',
  'dead transition',
  'shadowed transition',
  'guard always false',
  'guard always true',
  'stuck',
  'unhandled raise',
] as const
/** One of `findingKinds`. */
export type FindingKind = (typeof findingKinds)[number]

/** Something that is wrong with a chart, or that looks so. */
export interface Finding {
  readonly kind: FindingKind
  /** The id of a state, or of a transition. */
  readonly where: string
  readonly message: string
  /**
   * `certain`: no run differs, by the chart itself or by a search that was exhausted and had all events with their data.
   * `likely`: so far as the search went with the events it was given.
   */
  readonly certainty: 'certain' | 'likely'
  /** The shortest way to it, if it is something that happens. */
  readonly path?: readonly string[]
}

/** What `lintChart` found, and how far its search went. */
export interface LintReport extends Explored {
  readonly machine: string
  readonly findings: readonly Finding[]
  /** Events that the chart names, each with the reachable states that ignore it. */
  readonly ignored: readonly { readonly event: string; readonly states: readonly string[] }[]
  readonly states: { readonly reached: number; readonly all: number }
  readonly transitions: { readonly taken: number; readonly all: number }
}

/**
 * Looks a chart over: unreachable states, dead and shadowed transitions, guards that never change their mind, states in which
 * it gets stuck, raised events that nothing takes, actions and guards that throw.
 *
 * The search tries each event in each state, each timer, and the end and the failure of each child. Guards that read an
 * event's data need `events` that have it.
 */
export function lintChart(machine: AnyStateMachine, options: ExploreOptions = {}): LintReport {
  const recorder = new CoverageRecorder()
  recorder.watch(machine)
  const findings: Finding[] = []
  const seen = new Set<string>()
  const add = (finding: Finding) => {
    const key = `${finding.kind} ${finding.where} ${finding.message}`
    if (!seen.has(key)) findings.push(finding)
    seen.add(key)
  }
  const ignored = new Map<string, Set<string>>()
  const left = new Map<
    string,
    { readonly moment: Moment; readonly path: readonly string[]; moves: boolean }
  >()
  const explored = explore(
    machine,
    {
      ...options,
      onError: ({ from, choice, error }) =>
        add({
          kind: 'throws',
          where: leafOf(from.moment),
          message: `${choice.label} throws: ${(error as Error)?.message ?? String(error)}`,
          certainty: 'certain',
          path: [...from.path, choice].map(({ label }) => label),
        }),
    },
    ({ from, to, key, fromKey, isNew }) => {
      const path = to.path.map(({ label }) => label)
      count(recorder, from?.moment ?? null, to.moment)
      if (isNew) left.set(key, { moment: to.moment, path, moves: false })
      const origin = fromKey === null ? undefined : left.get(fromKey)
      if (origin !== undefined && (to.moment.taken.length > 0 || key !== fromKey)) origin.moves = true
      if (to.moment.refused?.reason === 'no transition' && from !== null) {
        const type = to.moment.refused.event.type
        if (!ignored.has(type)) ignored.set(type, new Set())
        ignored.get(type)!.add(leafOf(from.moment))
      }
      for (const event of unhandledRaises(to.moment))
        add({
          kind: 'unhandled raise',
          where: leafOf(to.moment),
          message: `${event.type} is raised, and no active state takes it`,
          certainty: 'certain',
          path,
        })
      return true
    },
  )
  const certainty = explored.exhausted && options.events !== undefined ? 'certain' : 'likely'
  for (const { moment, path, moves } of left.values()) {
    if (moves || moment.status !== 'active') continue
    add({
      kind: 'stuck',
      where: leafOf(moment),
      message: 'no event, timer or child leads out of it, and it is not final',
      certainty: isDeadEnd(moment) ? 'certain' : certainty,
      path,
    })
  }
  const [coverage] = recorder.report()
  for (const finding of [...shadowed(machine), ...unreached(machine, coverage!, certainty)]) add(finding)
  return {
    ...explored,
    machine: machine.id,
    findings: findings.sort((a, b) => findingKinds.indexOf(a.kind) - findingKinds.indexOf(b.kind)),
    ignored: [...ignored].map(([event, states]) => ({ event, states: [...states].sort() })),
    states: {
      reached: coverage!.states.filter(({ entered }) => entered > 0).length,
      all: coverage!.states.length,
    },
    transitions: {
      taken: coverage!.transitions.filter(({ taken }) => taken > 0).length,
      all: coverage!.transitions.length,
    },
  }
}

type Coverage = ReturnType<CoverageRecorder['report']>[number]

function count(
  recorder: CoverageRecorder,
  before: Moment | null,
  { snapshot, event, microsteps }: Moment,
): void {
  const after = snapshot as AnyMachineSnapshot
  let from = (before?.snapshot ?? null) as AnyMachineSnapshot | null
  if (microsteps.length === 0) recorder.count(from, event ?? { type: 'xstate.init' }, [], after)
  for (const step of microsteps) {
    recorder.count(from, step.event, step.transitions, step.after)
    from = step.after
  }
}

/** Alternatives behind one without a guard are never tried. */
function shadowed(machine: AnyStateMachine): readonly Finding[] {
  return nodesOf(machine.root).flatMap((node) =>
    [...node.transitions.values(), node.always ?? []].flatMap((alternatives) => {
      const open = alternatives.findIndex(({ guard }) => guard === undefined)
      return open < 0
        ? []
        : alternatives.slice(open + 1).map(
            (transition): Finding => ({
              kind: 'shadowed transition',
              where: definitionId(transition),
              message: `is never tried: ${definitionId(alternatives[open]!)} stands before it without a guard`,
              certainty: 'certain',
            }),
          )
    }),
  )
}

function unreached(
  machine: AnyStateMachine,
  { states, transitions }: Coverage,
  certainty: Finding['certainty'],
): readonly Finding[] {
  const missing = new Set(states.filter(({ entered }) => entered === 0).map(({ id }) => id))
  const dead = new Set(shadowed(machine).map(({ where }) => where))
  const targets = targetsOf(machine)
  const findings: Finding[] = states
    .filter(({ id }) => missing.has(id) && !missing.has(parentOf(id)))
    .map(({ id }) => ({
      kind: 'unreachable state',
      where: id,
      message: targets.has(id) ? 'no run reaches it' : 'no transition leads to it',
      certainty: targets.has(id) ? certainty : 'certain',
    }))
  for (const { id, source, taken, guard } of transitions) {
    // What leaves an unreachable state is said by the state.
    if (missing.has(source) || dead.has(id)) continue
    if (guard !== null && guard.passed === 0 && guard.refused > 0)
      findings.push({
        kind: 'guard always false',
        where: id,
        message: `[${guard.name}] is asked and never holds`,
        certainty,
      })
    else if (taken === 0)
      findings.push({ kind: 'dead transition', where: id, message: 'no run takes it', certainty })
    else if (guard !== null && guard.refused === 0)
      findings.push({
        kind: 'guard always true',
        where: id,
        message: `[${guard.name}] always holds`,
        certainty,
      })
  }
  return findings
}

/** Ids of the states that a transition, an initial state or a parallel parent leads to. */
function targetsOf(machine: AnyStateMachine): ReadonlySet<string> {
  const ids = new Set<string>([machine.root.id])
  const enter = (node: AnyStateNode | undefined): void => {
    if (node === undefined || ids.has(node.id)) return
    ids.add(node.id)
    enter(node.parent)
    descend(node)
  }
  const descend = (node: AnyStateNode): void => {
    if (node.type === 'compound') for (const target of node.initial.target) enter(target)
    if (node.type === 'parallel') for (const child of Object.values(node.states)) enter(child as AnyStateNode)
  }
  descend(machine.root)
  for (const node of nodesOf(machine.root))
    for (const { target } of transitionsOf(node))
      for (const one of target ?? []) one.type === 'history' ? enter(one.parent) : enter(one as AnyStateNode)
  return ids
}

/** Raised events that the chart did not take in the same step. */
function unhandledRaises({ raised, microsteps }: Moment): readonly AnyEvent[] {
  return raised.filter((event) =>
    microsteps.every((step) => step.event !== event || step.transitions.length === 0),
  )
}

/** Whether no active state has any transition, timer or child. */
function isDeadEnd({ snapshot }: Moment): boolean {
  return ((snapshot as AnyMachineSnapshot)._nodes as readonly AnyStateNode[]).every(
    (node) => transitionsOf(node).length === 0 && node.invoke.length === 0,
  )
}

function leafOf({ states, snapshot }: Moment): string {
  const nodes = (snapshot as AnyMachineSnapshot)._nodes as readonly AnyStateNode[]
  const leaves = nodes.filter((node) => node.type === 'atomic' || node.type === 'final').map(({ id }) => id)
  return leaves.length > 0 ? leaves.join(' & ') : (states[0] ?? '')
}

function parentOf(id: string): string {
  return id.split('.').slice(0, -1).join('.')
}

/** A report as text. */
export function lintText({ machine, findings, visited, exhausted, states, transitions }: LintReport): string {
  const search = `${visited} states of the chart visited${exhausted ? ', all there are' : ', then the bound was reached'}`
  const lines = findings.map(
    ({ kind, where, message, certainty, path }) =>
      `  ${certainty === 'certain' ? '✗' : '?'} ${kind}  ${where}\n      ${message}` +
      (path === undefined ? '' : `\n      after: ${path.length === 0 ? 'the start' : path.join(', ')}`),
  )
  const summary = findings.length === 0 ? '  nothing to find fault with' : null
  return [
    `${machine}: ${states.reached} of ${states.all} states, ${transitions.taken} of ${transitions.all} transitions; ${search}`,
    ...lines,
    ...(summary === null ? [] : [summary]),
  ].join('\n')
}
