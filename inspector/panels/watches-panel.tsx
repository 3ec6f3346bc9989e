/** Watches: parts of the contexts, node by node, at the cursor; each leads to where it changed before and changes next. */

import { useSignal } from '@preact/signals'
import { jsonText } from '../../runtime/trace/json-text.ts'
import { goTo } from '../app/moves.ts'
import { announcement, currentRun, cursor, watches } from '../app/state.ts'
import type { Lane } from '../model/lane.ts'
import type { Run } from '../model/run.ts'
import { nextChange, watched } from '../model/watches.ts'

export function WatchesPanel() {
  const current = currentRun()
  const wanted = useSignal('')
  if (current === null) return null
  const i = cursor.value
  const add = (event: Event) => {
    event.preventDefault()
    const path = wanted.value.trim()
    if (path !== '' && !watches.value.includes(path)) watches.value = [...watches.value, path]
    wanted.value = ''
  }
  // Where a path leads nowhere in any node there is no column to show.
  const lanes = current.lanes.filter((lane) =>
    watches.value.some((path) => watched(current, lane, path, i) !== undefined),
  )
  return (
    <div class="watches">
      <form onSubmit={add}>
        <label>
          watch{' '}
          <input
            placeholder="view.number"
            value={wanted.value}
            onInput={(event) => (wanted.value = event.currentTarget.value)}
          />
        </label>
        <button type="submit">add</button>
      </form>
      {watches.value.length === 0 ? (
        <p class="empty">Name a part of the contexts, and see it here for every node, at every step.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">watched</th>
              {lanes.map(({ id }) => (
                <th key={id} scope="col">
                  {id}
                </th>
              ))}
              <th scope="col">changes</th>
            </tr>
          </thead>
          <tbody>
            {watches.value.map((path) => (
              <Row key={path} run={current} lanes={lanes} path={path} i={i} />
            ))}
          </tbody>
        </table>
      )}
    </div>
  )
}

function Row({
  run,
  lanes,
  path,
  i,
}: {
  readonly run: Run
  readonly lanes: readonly Lane[]
  readonly path: string
  readonly i: number
}) {
  const move = (direction: 1 | -1) => {
    const step = nextChange(run, run.lanes, path, i, direction)
    if (step !== null) goTo(step)
    else announcement.value = `${path} does not change ${direction === 1 ? 'after' : 'before'} this step`
  }
  return (
    <tr>
      <th scope="row">
        {path}{' '}
        <button
          type="button"
          class="plain"
          aria-label={`no longer watch ${path}`}
          onClick={() => (watches.value = watches.value.filter((other) => other !== path))}
        >
          ×
        </button>
      </th>
      {lanes.map((lane) => {
        const [before, now] = [watched(run, lane, path, i - 1), watched(run, lane, path, i)]
        const [old, text] = [before, now].map((value) => (value === undefined ? '' : jsonText(value, 80)))
        return (
          <td key={lane.id} class={old === text ? '' : 'changed'}>
            {old === text || old === '' ? null : <del>{old}</del>} {text}
          </td>
        )
      })}
      <td>
        <button type="button" aria-label={`where ${path} changed before`} onClick={() => move(-1)}>
          ‹
        </button>
        <button type="button" aria-label={`where ${path} changes next`} onClick={() => move(1)}>
          ›
        </button>
      </td>
    </tr>
  )
}
