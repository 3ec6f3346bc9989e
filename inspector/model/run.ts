/** A run as the page holds it: a header, steps that grow, and what is found by looking at each step once. Knows no DOM. */
import type { TraceEnd, TraceHeader, TraceMachine, TraceStep } from '../../runtime/trace/format.ts'
import { type BrokenRule, createStepAudit } from './clock-rules.ts'
import { type Contexts, createContexts } from './contexts.ts'
import { shortState } from './describe.ts'
import { createKnowledge, type Knowledge } from './knowledge.ts'
import type { Lane } from './lane.ts'
import { createMessages, type Messages } from './messages.ts'
import { createPlaces, type Places } from './places.ts'
import { countBelow } from './sorted.ts'

/** A run that grows; `version` changes with every change. */
export interface Run {
  readonly header: TraceHeader
  readonly lanes: readonly Lane[]
  /** Those of the header, and those that came with the start of a node. */
  readonly machines: readonly TraceMachine[]
  readonly messages: Messages
  readonly contexts: Contexts
  readonly places: Places
  readonly knowledge: Knowledge
  /** The number of the first step that is kept; those before were forgotten. */
  readonly first: number
  /** One more than the number of the last step. */
  readonly end: number
  /** Steps with a failed verdict, view changes and faults, ascending: what a scrubber marks. */
  readonly marks: readonly Mark[]
  /** The numbers of the steps of the network as a whole, ascending. */
  readonly network: readonly number[]
  /** Steps whose clocks are not as the rules say, ascending. */
  readonly brokenRules: readonly BrokenRule[]
  /** Null while more may come. */
  readonly ended: TraceEnd | null
  readonly version: number
  step(i: number): TraceStep | undefined
  lane(node: string | null): Lane | null
  /** The machine of a lane; null if the run does not contain it. */
  machineOf(lane: Lane | null): TraceMachine | null
  /** The last step of the lane at or before step `i`. */
  lastStepOf(lane: Lane, i: number): TraceStep | undefined
  append(steps: readonly TraceStep[]): void
  finish(end: TraceEnd): void
}

/** Something that a person looks for on a long line of steps. */
export interface Mark {
  readonly i: number
  readonly kind: 'violation' | 'clock' | 'fault' | 'repair' | 'view'
  readonly text: string
}

export interface RunOptions {
  /** Steps that are kept; the oldest are forgotten, a tenth at a time. Default 100,000. */
  readonly stepsMax?: number
}

/** An empty run; steps are appended in order. */
export function createRun(header: TraceHeader, { stepsMax = 100_000 }: RunOptions = {}): Run {
  const steps: TraceStep[] = []
  const lanes: Lane[] = []
  const byNode = new Map<string, Lane>()
  const marks: Mark[] = []
  const network: number[] = []
  const brokenRules: BrokenRule[] = []
  const machines = new Map<string, TraceMachine>()
  const audit = createStepAudit()
  let [first, version] = [0, 0]
  let ended: TraceEnd | null = null

  const laneFor = (id: string): Lane => {
    const known = byNode.get(id)
    if (known !== undefined) return known
    const lane: Lane = { id, index: lanes.length, machine: null, steps: [], changes: [] }
    byNode.set(id, lane)
    lanes.push(lane)
    return lane
  }

  const stepAt = (i: number) => steps[i - first]
  const messages = createMessages()
  const places = createPlaces()
  const contexts = createContexts(stepAt)
  const knowledge = createKnowledge(stepAt)

  const take = (step: TraceStep): void => {
    if (steps.length === 0) first = step.i
    steps.push(step)
    const lane = step.node === null ? null : laneFor(step.node)
    if (lane !== null) {
      if (step.machine !== undefined) lane.machine = step.machine
      if (step.definition !== undefined) machines.set(step.definition.id, { definition: step.definition })
      lane.steps.push(step.i)
      const label = labelAfter(step)
      if (label !== undefined && label !== lane.changes.at(-1)?.label) lane.changes.push({ i: step.i, label })
    } else network.push(step.i)
    const track = messages.take(step)
    places.take(step, lane?.index ?? -1, track)
    knowledge.take(step, track)
    const broken = audit.take(step)
    if (broken !== null) brokenRules.push(broken)
    const mark =
      markOf(step) ??
      (broken === null ? null : { i: step.i, kind: 'clock', text: `${broken.rule}: ${broken.text}` })
    if (mark !== null) marks.push(mark)
  }

  const forgetOldest = (): void => {
    const count = steps.length - stepsMax + Math.ceil(stepsMax / 10)
    const cut = first + count
    for (const lane of lanes) {
      contexts.forgetBefore(lane, cut)
      lane.steps.splice(0, countBelow(lane.steps, cut))
      // The state that lasts beyond the cut stays known.
      while (lane.changes.length > 1 && lane.changes[1]!.i <= cut) lane.changes.shift()
    }
    steps.splice(0, count)
    places.forget(count)
    messages.forgetBefore(cut)
    knowledge.forgetBefore(cut)
    network.splice(0, countBelow(network, cut))
    forgetBelow(brokenRules, cut)
    forgetBelow(marks, cut)
    first = cut
  }

  for (const machine of header.machines) machines.set(machine.definition.id, machine)
  for (const { id, machine } of header.nodes) laneFor(String(id)).machine = machine
  return {
    header,
    lanes,
    get machines() {
      return [...machines.values()]
    },
    messages,
    contexts,
    places,
    knowledge,
    marks,
    network,
    brokenRules,
    get first() {
      return first
    },
    get end() {
      return first + steps.length
    },
    get ended() {
      return ended
    },
    get version() {
      return version
    },
    step: stepAt,
    lane: (node) => (node === null ? null : (byNode.get(node) ?? null)),
    machineOf: (lane) => machines.get(lane?.machine ?? '') ?? null,
    lastStepOf(lane, i) {
      const index = countBelow(lane.steps, i + 1) - 1
      return index < 0 ? undefined : stepAt(lane.steps[index]!)
    },
    append(more) {
      for (const step of more) take(step)
      if (steps.length > stepsMax) forgetOldest()
      version += 1
    },
    finish(end) {
      ended = end
      version += 1
    },
  }
}

function forgetBelow(list: { readonly i: number }[], cut: number): void {
  let count = 0
  while (count < list.length && list[count]!.i < cut) count += 1
  list.splice(0, count)
}

function labelAfter({ kind, after }: TraceStep): string | null | undefined {
  // Where a state has no name its steps look alike.
  if (after !== undefined) return shortState(after.value) || undefined
  return kind === 'crash' || kind === 'stop' ? null : undefined
}

/** The verdicts of a step that are complaints. */
export function complaintsOf(step: TraceStep): string[] {
  return step.verdicts.flatMap((verdict) => {
    if (verdict === null || verdict === true) return []
    if (typeof verdict === 'string') return [verdict]
    if (typeof verdict !== 'object') return [String(verdict)]
    const { holds, name, reason } = verdict as Record<string, unknown>
    if (holds === true) return []
    return [[name, reason].filter((part) => typeof part === 'string').join(': ') || JSON.stringify(verdict)]
  })
}

function markOf(step: TraceStep): Mark | null {
  const { i, kind, node, detail } = step
  const [complaint] = complaintsOf(step)
  if (complaint !== undefined) return { i, kind: 'violation', text: complaint }
  const what = [kind, node, detail].filter((part) => part !== null && part !== undefined).join(' ')
  if (kind === 'crash' || kind === 'partition') return { i, kind: 'fault', text: what }
  if (kind === 'heal' || kind === 'restart') return { i, kind: 'repair', text: what }
  const change = step.after?.patch?.find(({ path }) => path === '/view/number')
  if (change !== undefined && change.op !== 'remove' && step.after?.patch !== undefined) {
    if (step.message?.type === 'viewReply' || step.message?.type === 'stateTransfer') return null
    return { i, kind: 'view', text: `view ${JSON.stringify(change.value)}` }
  }
  return null
}
