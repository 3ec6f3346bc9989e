/** The clocks of all nodes at the cursor; at a receive, how the maximum and the one more make the new clock (L1, L3). */
import { entryOf } from '../../machines/clocks.ts'
import { choose } from '../app/moves.ts'
import { cursor, growth, node, run } from '../app/state.ts'
import { clockAt } from '../model/clock-rules.ts'

export function ClocksPanel() {
  growth.value
  const current = run.value
  if (current === null) return null
  const clocks = current.lanes.map((lane) => ({ id: lane.id, clock: clockAt(current, lane, cursor.value) }))
  const started = clocks.filter(({ clock }) => clock !== null)
  const ids = started.map(({ id }) => id)
  return (
    <div class="clocks-panel">
      <table class="clocks">
        <caption class="sr-only">Lamport and vector clock of each node after step {cursor.value}</caption>
        <thead>
          <tr>
            <th scope="col">node</th>
            <th scope="col">L</th>
            {ids.map((id) => (
              <th scope="col" key={id}>
                {id}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {started.map(({ id, clock }) => (
            <tr key={id} class={id === node.value ? 'chosen' : ''}>
              <th scope="row">
                <button type="button" class="plain" onClick={() => choose(id)}>
                  {id}
                </button>
              </th>
              <td>{clock?.lamport}</td>
              {ids.map((other) => (
                <td key={other} class={other === id ? 'own' : ''}>
                  {entryOf(clock?.vector ?? {}, other) || <span class="zero">·</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
