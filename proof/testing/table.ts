/** Every event in every reachable state of a chart as a text that people review, for a file that tests compare. */
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate'
import { choicesOf, type ExploreOptions, explore, text } from './explore.ts'
import type { Moment } from './moment.ts'

/**
 * A section for each state value that can be reached, in breadth-first order, with a line for each event, timer and outcome of
 * a child: where it leads and what it does, or why it is refused. Contexts that differ in one state value share its section;
 * outcomes that depend on the context have a line each.
 * @example
 * await expect(chartTable(doorMachine)).toMatchFileSnapshot('door.table.txt')
 */
export function chartTable(machine: AnyStateMachine, options: ExploreOptions = {}): string {
  const sections = new Map<string, Map<string, Set<string>>>()
  const { visited, exhausted } = explore(machine, options, ({ to, isNew }) => {
    if (!isNew) return true
    const moment = to.moment as Moment
    const name = leavesOf(moment)
    if (!sections.has(name)) sections.set(name, new Map())
    const section = sections.get(name)!
    for (const { label, take } of choicesOf(moment, options)) {
      if (!section.has(label)) section.set(label, new Set())
      section.get(label)!.add(outcomeOf(() => take(moment)))
    }
    return true
  })
  const head = `${machine.id}: ${sections.size} states${exhausted ? '' : `, search ended at ${visited} moments`}`
  const bodies = [...sections].map(([name, rows]) => {
    const width = Math.max(0, ...[...rows.keys()].map((label) => label.length))
    const lines = [...rows].flatMap(([label, outcomes]) =>
      [...outcomes]
        .sort()
        .map((outcome, index) => `  ${(index === 0 ? label : '').padEnd(width)}  ${outcome}`),
    )
    return [name, ...(lines.length === 0 ? ['  (final)'] : lines)].join('\n')
  })
  return `${[head, ...bodies].join('\n\n')}\n`
}

function outcomeOf(take: () => Moment): string {
  let moment: Moment
  try {
    moment = take()
  } catch (error) {
    return `throws ${(error as Error)?.message ?? String(error)}`
  }
  const { refused, sent, emitted, actions, taken } = moment
  if (refused !== null) {
    const guards = refused.guards.filter(({ result }) => !result).map(({ guard }) => guard)
    return guards.length > 0 ? `refused: ${guards.join(', ')}` : `refused: ${refused.reason}`
  }
  const stays = taken.every(({ target }) => target.length === 0)
  const own = actions
    .filter(({ type }) => !type.startsWith('xstate.') && type !== 'send')
    .map(({ type }) => type)
  const parts = [
    ...own,
    ...sent.map(({ to, event }) => `sends ${to} ${text(event)}`),
    ...emitted.map((event) => `emits ${text(event)}`),
  ]
  return [stays ? 'stays' : `-> ${leavesOf(moment)}`, ...parts].join('; ')
}

function leavesOf({ snapshot }: Moment): string {
  const { machine, _nodes } = snapshot as AnyMachineSnapshot
  const leaves = (_nodes as readonly AnyStateNode[]).filter(
    ({ type }) => type === 'atomic' || type === 'final',
  )
  const root = `${machine.id}.`
  return leaves.map(({ id }) => (id.startsWith(root) ? id.slice(root.length) : id)).join(' & ') || machine.id
}
