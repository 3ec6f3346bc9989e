/** The state and the context of the shown node at the cursor, compared with its step before, the pinned step or another replica. */
import { signal } from '@preact/signals'
import type { Json } from '../../machines/application/application.ts'
import { currentRun, cursor, node, pinned } from '../app/state.ts'
import { stateText } from '../model/describe.ts'
import type { Run } from '../model/run.ts'
import { countBelow } from '../model/sorted.ts'
import { JsonTree } from './json-tree.tsx'

/** `previous`, `pinned`, or the id of another node. */
export const comparedWith = signal('previous')

export function StatePanel() {
  const [current, id] = [currentRun(), node.value]
  const lane = current?.lane(id) ?? null
  if (current === null || lane === null) return <p class="empty">No node is chosen.</p>
  const last = current.lastStepOf(lane, cursor.value)
  const peers = current.lanes.filter((one) => one !== lane && one.machine === lane.machine)
  const base = baseOf(current, lane.id, last?.i ?? -1)
  const after = stateAt(current, lane.id, cursor.value)
  return (
    <div class="state-panel">
      <div class="panel-head">
        <b>{id}</b>
        <label>
          against{' '}
          <select
            value={comparedWith.value}
            onChange={(event) => (comparedWith.value = event.currentTarget.value)}
          >
            <option value="previous">its step before</option>
            <option value="pinned" disabled={pinned.value === null}>
              the pinned step{pinned.value === null ? '' : ` ${pinned.value}`}
            </option>
            {peers.map((peer) => (
              <option key={peer.id} value={peer.id}>
                {peer.id}
              </option>
            ))}
          </select>
        </label>
      </div>
      <StateLine before={base.value} after={after.value} />
      {after.context === undefined ? (
        <p class="empty">
          {last === undefined ? 'It has not started yet.' : 'The run does not tell its context.'}
        </p>
      ) : (
        <JsonTree key={lane.id} label={`Context of ${id}`} before={base.context} after={after.context} />
      )}
    </div>
  )
}

function StateLine({
  before,
  after,
}: {
  readonly before: Json | undefined
  readonly after: Json | undefined
}) {
  if (after === undefined) return null
  const [old, now] = [before === undefined ? null : stateText(before), stateText(after)]
  return (
    <p class="state-line">
      {old === null || old === now ? null : (
        <>
          <del>{old}</del> <span aria-hidden="true">→</span>{' '}
        </>
      )}
      <b>{now}</b>
    </p>
  )
}

interface StateAt {
  readonly value: Json | undefined
  readonly context: Json | undefined
}

function baseOf(current: Run, id: string, lastStep: number): StateAt {
  if (comparedWith.value === 'pinned' && pinned.value !== null) return stateAt(current, id, pinned.value)
  if (comparedWith.value !== 'previous' && current.lane(comparedWith.value) !== null) {
    return stateAt(current, comparedWith.value, cursor.value)
  }
  // Between two steps of the node nothing changed: only its own step has something to show.
  const before = lastStep === cursor.value ? stateAt(current, id, lastStep - 1) : null
  // Of a start everything would be new.
  return before === null || before.value === undefined ? stateAt(current, id, cursor.value) : before
}

/** The state value and the context of a node after step `i`. */
export function stateAt(current: Run, id: string, i: number): StateAt {
  const lane = current.lane(id)
  if (lane === null) return { value: undefined, context: undefined }
  let value: Json | undefined
  for (let index = countBelow(lane.steps, i + 1) - 1; index >= 0 && value === undefined; index--) {
    value = current.step(lane.steps[index]!)?.after?.value
  }
  return { value, context: current.contexts.at(lane, i) }
}
