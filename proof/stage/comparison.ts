/** What two branches of a world have in common, and how each ends. */
import { parseNodeId } from '../../machines/node-id.ts'
import { chartState } from '../../runtime/observe/story.ts'
import type { TraceStep } from '../../runtime/trace/format.ts'
import { describeChoice } from './choice.ts'
import type { Branch, WorldTree } from './world-tree.ts'

/** How one branch ends. */
export interface Outcome {
  readonly id: string
  readonly name: string
  /** The first choice of its own; null if it has none. */
  readonly first: string | null
  readonly steps: number
  /** Virtual milliseconds at its end. */
  readonly ms: number
  /** The newest view that reached any node; 0 without views. */
  readonly view: number
  readonly answered: number
  readonly unanswered: number
  /** The first property that failed; null while none has. */
  readonly violation: string | null
  /** The state of each node at its end. */
  readonly states: Readonly<Record<string, string>>
}

export interface Comparison {
  /** How many steps they share. */
  readonly shared: number
  readonly outcomes: readonly [Outcome, Outcome]
}

/** Compares two branches by their ids; null if one is unknown. */
export function compareBranches(world: WorldTree, a: string, b: string): Comparison | null {
  const [one, other] = [a, b].map((id) => world.branches.find((branch) => branch.id === id))
  if (one === undefined || other === undefined) return null
  let shared = 0
  while (shared < one.made.length && one.made[shared] === other.made[shared]) shared += 1
  return { shared: one.ends[shared]!, outcomes: [outcomeOf(one, shared), outcomeOf(other, shared)] }
}

/** How a branch ends, of which the first `shared` choices are others' too. */
export function outcomeOf(branch: Branch, shared = branch.at): Outcome {
  const { id, name, steps, made } = branch
  const states: Record<string, string> = Object.create(null)
  let [view, calls, answered] = [0, 0, 0]
  let violation: string | null = null
  for (const step of steps) {
    if (step.kind === 'call') calls += 1
    if (step.kind === 'return') answered += 1
    view = Math.max(view, viewNumberIn(step))
    violation ??= violationIn(step)
    const node = step.node === null ? '' : parseNodeId(step.node).name
    if (step.kind === 'crash') states[node] = 'crashed'
    else if (step.after !== undefined) states[node] = chartState(step.after.value)
  }
  const first = made[shared]
  return {
    id,
    name,
    first: first === undefined ? null : describeChoice(first.choice),
    steps: steps.length,
    ms: steps.at(-1)?.t ?? 0,
    view,
    answered,
    unanswered: calls - answered,
    violation,
    states,
  }
}

function violationIn({ verdicts }: TraceStep): string | null {
  const failed = verdicts.find((verdict) => (verdict as { holds?: unknown }).holds !== true)
  return (failed as { name?: string } | undefined)?.name ?? null
}

function viewNumberIn({ message }: TraceStep): number {
  if (message?.type !== 'viewReply') return 0
  return Number((message.body as { view?: { number?: unknown } }).view?.number ?? 0) || 0
}
