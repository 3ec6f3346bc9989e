/** The rows of the diagram: one for each name, with all its incarnations, in the order of the machines and then of names. */
import { nameOf } from './filters.ts'
import type { Lane } from './lane.ts'
import type { Run } from './run.ts'

export interface Row {
  readonly name: string
  readonly index: number
  readonly lanes: readonly Lane[]
  /** The id of the machine of its newest incarnation. */
  readonly machine: string | null
}

export interface Rows {
  readonly rows: readonly Row[]
  /** The row of each lane, by the lane's index; -1 for hidden ones. */
  readonly ofLane: readonly number[]
}

/** The rows of the run without those of hidden names. */
export function rowsOf(run: Run, hidden: readonly string[] = []): Rows {
  const machines = run.machines.map(({ definition }) => definition.id)
  const rank = (lane: Lane) => {
    const index = machines.indexOf(lane.machine ?? '')
    return index < 0 ? machines.length : index
  }
  const byName = new Map<string, Lane[]>()
  for (const lane of run.lanes) {
    const name = nameOf(lane.id)
    const lanes = byName.get(name)
    if (lanes === undefined) byName.set(name, [lane])
    else lanes.push(lane)
  }
  const collator = new Intl.Collator('en', { numeric: true })
  const rows = [...byName]
    .filter(([name]) => !hidden.includes(name))
    .sort(([a, [x]], [b, [y]]) => rank(x!) - rank(y!) || collator.compare(a, b))
    .map(([name, lanes], index) => ({ name, index, lanes, machine: lanes.at(-1)!.machine }))
  const ofLane = run.lanes.map(() => -1)
  for (const row of rows) for (const lane of row.lanes) ofLane[lane.index] = row.index
  return { rows, ofLane }
}
