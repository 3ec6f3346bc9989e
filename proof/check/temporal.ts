/**
 * `eventually` and `leadsTo` under weak fairness: a counterexample is a lasso, a run to a cycle that never reaches what
 * was promised.
 *
 * Weak fairness: a step that stays possible is taken at last. Steps are deliveries, timers and events of scripts; crashes,
 * restarts, losses and duplicates need never happen. A step that would change nothing counts as impossible.
 * Source: Lichtenstein and Pnueli, Checking that finite state concurrent programs satisfy their linear specification (1985).
 */
import { minimise, type Run, replay, type Step } from './counterexample.ts'
import type { Search } from './engine/search.ts'
import type { Happening } from './happening.ts'
import type { CheckedSystem, LeadsTo, SystemView } from './system.ts'

/** A lasso: its run goes once round the cycle. */
export interface Lasso {
  readonly name: string
  readonly reason: string
  readonly run: Run
  /** Steps before the cycle; as many as the run has if it ends in a state in which nothing need happen. */
  readonly cycleFrom: number
}

/** What came of all promises: a lasso, or whether every state was seen within the bounds. */
export interface TemporalResult {
  readonly lasso: Lasso | null
  readonly isWhole: boolean
}

/** An edge of the state graph. */
interface Edge {
  readonly to: number
  readonly happening: Happening
  readonly label: string
}

/** All states of a system with their steps; pruned states have none. */
interface Graph {
  readonly states: readonly Int32Array[]
  readonly edges: readonly (readonly Edge[])[]
  readonly pruned: ReadonlySet<number>
  /** The edge by which each state was found first. */
  readonly parents: readonly { readonly from: number; readonly happening: Happening }[]
  readonly isWhole: boolean
}

/** @param plain a search without reduction @param until in milliseconds of `performance.now()` */
export function checkTemporal(
  plain: Search,
  { temporal = [] }: CheckedSystem,
  statesMax: number,
  until: number,
): TemporalResult {
  const graph = graphOf(plain, statesMax, until)
  if (!graph.isWhole) return { lasso: null, isWhole: false }
  for (const property of temporal) {
    const lasso = lassoIn(plain, graph, property)
    if (lasso !== null) return { lasso, isWhole: true }
  }
  return { lasso: null, isWhole: true }
}

/**
 * Whether a run is a lasso that breaks a promise: its last state was there before, or nothing need happen in it; the promise
 * was made, and is not kept from there on. True, or what is wrong.
 */
export function lassoVerdict(
  plain: Search,
  { from, to, name }: LeadsTo,
  happenings: readonly Happening[],
): true | string {
  const state = plain.initial()
  const states = [state.slice()]
  for (const happening of happenings) {
    if (plain.apply(state, happening) < 0) return true
    states.push(state.slice())
  }
  const last = happenings.length
  const cycleFrom = states.findIndex((other) => isEqual(other, state))
  const taken = new Set(happenings.slice(cycleFrom).map(labelOf))
  const isFair = [...stepsFrom(plain, state)].every(
    ({ label }) =>
      taken.has(label) ||
      states
        .slice(cycleFrom, last)
        .some((other) => !stepsFrom(plain, other).some((step) => step.label === label)),
  )
  if (!isFair || plain.isPruned(state)) return true
  const made = states.findLastIndex((other) => from(plain.view(other)) && !to(plain.view(other)))
  const kept = states.findLastIndex((other) => to(plain.view(other)))
  // What is kept within the cycle is kept in every round.
  const isBroken = made > kept && kept < cycleFrom
  if (!isBroken) return true
  return cycleFrom === last
    ? `"${name}" never comes about: nothing more need happen`
    : `"${name}" never comes about: the last ${last - cycleFrom} steps can go on for ever`
}

function graphOf(plain: Search, statesMax: number, until: number): Graph {
  const first = plain.initial()
  const states = [first]
  const numbers = new Map([[first.join(), 0]])
  const edges: Edge[][] = []
  const pruned = new Set<number>()
  const parents = [{ from: -1, happening: null as never as Happening }]
  for (let at = 0; at < states.length; at++) {
    const list: Edge[] = []
    edges.push(list)
    if (states.length > statesMax || performance.now() > until)
      return { states, edges, pruned, parents, isWhole: false }
    if (plain.isPruned(states[at]!)) {
      pruned.add(at)
      continue
    }
    for (const { happening, next } of successors(plain, states[at]!)) {
      const key = next.join()
      let to = numbers.get(key)
      if (to === undefined) {
        to = states.push(next) - 1
        numbers.set(key, to)
        parents.push({ from: at, happening })
      }
      list.push({ to, happening, label: labelOf(happening) })
    }
  }
  return { states, edges, pruned, parents, isWhole: true }
}

function* successors(plain: Search, state: Int32Array) {
  for (const happening of plain.happenings(state)) {
    const next = state.slice()
    if (plain.apply(next, happening) >= 0 && !isEqual(next, state)) yield { happening, next }
  }
}

/** The steps that must not be put off for ever. */
function stepsFrom(plain: Search, state: Int32Array): { readonly label: string }[] {
  return [...successors(plain, state)]
    .filter(({ happening }) => isFairKind(happening))
    .map(({ happening }) => ({ label: labelOf(happening) }))
}

function isFairKind({ kind, ...rest }: Happening): boolean {
  return kind === 'timer' || kind === 'script' || (kind === 'deliver' && !('kept' in rest))
}

function labelOf(happening: Happening): string {
  return JSON.stringify(happening)
}

function isEqual(a: Int32Array, b: Int32Array): boolean {
  return a.every((value, index) => value === b[index])
}

function lassoIn(plain: Search, graph: Graph, property: LeadsTo): Lasso | null {
  const { name, from, to } = property
  const views = (number: number): SystemView => plain.view(graph.states[number]!)
  const isKept = graph.states.map((_, number) => to(views(number)))
  // States in which the promise is open: from those that make it, as long as it is not kept.
  const open = new Map<number, { from: number; happening: Happening } | null>()
  const queue: number[] = []
  for (let number = 0; number < graph.states.length; number++) {
    if (isKept[number] || !from(views(number))) continue
    open.set(number, null)
    queue.push(number)
  }
  for (let at = 0; at < queue.length; at++) {
    for (const { to: next, happening } of graph.edges[queue[at]!]!) {
      if (isKept[next] || open.has(next)) continue
      open.set(next, { from: queue[at]!, happening })
      queue.push(next)
    }
  }
  for (const component of components(graph, open)) {
    if (component.some((number) => graph.pruned.has(number)) || !isFair(graph, component)) continue
    const cycle = cycleThrough(graph, component)
    const way = [...wayTo(graph, open, component[0]!), ...cycle]
    const reason = lassoVerdict(plain, property, way)
    if (reason === true)
      throw new Error(`internal error: expected a lasso that breaks "${name}"; report it with the system`)
    const found = replay(plain, way)!
    const run =
      cycle.length > 0
        ? found
        : minimise(plain, found, ({ steps }) => lassoVerdict(plain, property, happeningsOf(steps)) !== true)
    return {
      name,
      reason: String(lassoVerdict(plain, property, happeningsOf(run.steps))),
      run,
      cycleFrom: run.steps.length - cycle.length,
    }
  }
  return null
}

function happeningsOf(steps: readonly Step[]): Happening[] {
  return steps.map(({ happening }) => happening)
}

/** From the start to a state that makes the promise, and on while it is open. */
function wayTo(
  graph: Graph,
  open: ReadonlyMap<number, { from: number; happening: Happening } | null>,
  state: number,
) {
  const way: Happening[] = []
  let at = state
  for (let before = open.get(at)!; before !== null; before = open.get(at)!) {
    way.push(before.happening)
    at = before.from
  }
  for (; graph.parents[at]!.from >= 0; at = graph.parents[at]!.from) way.push(graph.parents[at]!.happening)
  return way.reverse()
}

/** Whether a run may stay in these states: each step that is possible in all of them is taken between some. */
function isFair(graph: Graph, component: readonly number[]): boolean {
  const inside = new Set(component)
  let always: Set<string> | null = null
  const taken = new Set<string>()
  for (const number of component) {
    const labels = new Set<string>()
    for (const { to, happening, label } of graph.edges[number]!) {
      if (!isFairKind(happening)) continue
      labels.add(label)
      if (inside.has(to)) taken.add(label)
    }
    always = new Set([...labels].filter((label) => always === null || always.has(label)))
  }
  return [...always!].every((label) => taken.has(label))
}

/** A walk from the first state through the others and back, that takes each step in them; empty for a single state. */
function cycleThrough(graph: Graph, component: readonly number[]): Happening[] {
  const inside = new Set(component)
  const start = component[0]!
  const cycle: Happening[] = []
  let at = start
  const goTo = (target: number) => {
    for (const { happening, to } of shortest(graph, inside, at, target)) {
      cycle.push(happening)
      at = to
    }
  }
  for (const number of component) {
    for (const edge of graph.edges[number]!) {
      if (!inside.has(edge.to)) continue
      goTo(number)
      cycle.push(edge.happening)
      at = edge.to
    }
  }
  goTo(start)
  return cycle
}

function shortest(graph: Graph, inside: ReadonlySet<number>, from: number, target: number): Edge[] {
  const before = new Map<number, { from: number; edge: Edge } | null>([[from, null]])
  const queue = [from]
  for (const at of queue) {
    if (at === target) break
    for (const edge of graph.edges[at]!) {
      if (!inside.has(edge.to) || before.has(edge.to)) continue
      before.set(edge.to, { from: at, edge })
      queue.push(edge.to)
    }
  }
  const way: Edge[] = []
  for (let last = before.get(target)!; last !== null; last = before.get(last.from)!) way.push(last.edge)
  return way.reverse()
}

/** The strongly connected components of the open states, by Tarjan's algorithm (1972) without recursion. */
function components(graph: Graph, open: ReadonlyMap<number, unknown>): number[][] {
  const index = new Map<number, number>()
  const low = new Map<number, number>()
  const stack: number[] = []
  const onStack = new Set<number>()
  const found: number[][] = []
  for (const root of open.keys()) {
    if (index.has(root)) continue
    const work = [{ at: root, edge: 0 }]
    while (work.length > 0) {
      const top = work.at(-1)!
      const { at } = top
      if (top.edge === 0 && !index.has(at)) {
        index.set(at, index.size)
        low.set(at, index.get(at)!)
        stack.push(at)
        onStack.add(at)
      }
      const next = graph.edges[at]![top.edge++]
      if (next !== undefined) {
        if (!open.has(next.to)) continue
        if (!index.has(next.to)) work.push({ at: next.to, edge: 0 })
        else if (onStack.has(next.to)) low.set(at, Math.min(low.get(at)!, index.get(next.to)!))
        continue
      }
      work.pop()
      const parent = work.at(-1)
      if (parent !== undefined) low.set(parent.at, Math.min(low.get(parent.at)!, low.get(at)!))
      if (low.get(at) !== index.get(at)) continue
      const component = stack.splice(stack.indexOf(at))
      for (const number of component) onStack.delete(number)
      found.push(component)
    }
  }
  return found
}
