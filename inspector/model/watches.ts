/** Watched parts of contexts: what a path is at a step, and where it changes next. A path is keys with dots between, such as `view.number`. */
import type { Json } from '../../machines/application/application.ts'
import type { Lane } from './lane.ts'
import type { Run } from './run.ts'
import { countBelow } from './sorted.ts'

/** The path that is the state itself. */
export const statePath = 'state'

/** What a path leads to in the lane's node after step `i`; undefined where it leads nowhere. */
export function watched(run: Run, lane: Lane, path: string, i: number): Json | undefined {
  if (path === statePath) return lane.changes.findLast((change) => change.i <= i)?.label ?? undefined
  let value: Json | undefined = run.contexts.at(lane, i)
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, Json>)[key]
  }
  return value
}

/** The nearest step, after or before `i`, at which the path changes in one of the lanes; null if none. */
export function nextChange(
  run: Run,
  lanes: readonly Lane[],
  path: string,
  i: number,
  direction: 1 | -1,
): number | null {
  const found = lanes
    .map((lane) => changeIn(run, lane, path, i, direction))
    .filter((step): step is number => step !== null)
  if (found.length === 0) return null
  return direction === 1 ? Math.min(...found) : Math.max(...found)
}

/** Only steps whose patch touches the path's first key can change it, so that only their contexts are rebuilt. */
function changeIn(run: Run, lane: Lane, path: string, i: number, direction: 1 | -1): number | null {
  if (path === statePath) {
    const steps = lane.changes.map((change) => change.i)
    return (direction === 1 ? steps.find((step) => step > i) : steps.findLast((step) => step < i)) ?? null
  }
  const start = direction === 1 ? countBelow(lane.steps, i + 1) : countBelow(lane.steps, i) - 1
  for (let index = start; index >= 0 && index < lane.steps.length; index += direction) {
    const step = lane.steps[index]!
    if (!touches(run, step, path)) continue
    const before = index === 0 ? undefined : watched(run, lane, path, step - 1)
    if (JSON.stringify(before) !== JSON.stringify(watched(run, lane, path, step))) return step
  }
  return null
}

function touches(run: Run, step: number, path: string): boolean {
  const after = run.step(step)?.after
  if (after === undefined) return false
  if (after.context !== undefined || after.patch === undefined) return true
  const first = pointerKey(path.split('.')[0]!)
  return after.patch.some((operation) => {
    const [, key = ''] = operation.path.split('/')
    return operation.path === '' || key === first
  })
}

/** A key as JSON pointers write it (RFC 6901). */
function pointerKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
