/** The clock workshop: how the cursor's clock came about, the clocks of all nodes, and which steps break a rule (L1, L3). */
import { entryOf } from '../../machines/clocks.ts'
import { choose, goTo } from '../app/moves.ts'
import { currentRun, cursor, node, step } from '../app/state.ts'
import { clockAt, type Making, makingOf } from '../model/clock-making.ts'

export function ClocksPanel() {
  const current = currentRun()
  if (current === null) return null
  const clocks = current.lanes.map((lane) => ({ id: lane.id, clock: clockAt(current, lane, cursor.value) }))
  const all = clocks.filter(({ clock }) => clock !== null)
  const known = all.find(({ id }) => id === node.value)?.clock?.vector ?? {}
  // A table of all with all would stop the page.
  const started =
    all.length <= nodesMax ? all : all.filter(({ id }) => entryOf(known, id) > 0).slice(0, nodesMax)
  const ids = started.map(({ id }) => id)
  return (
    <div class="clocks-panel">
      <BrokenRules />
      <Workshop />
      <h3>
        {started === all ? 'All nodes' : `${started.length} of ${all.length} nodes, known to ${node.value},`}{' '}
        after step {cursor.value}
      </h3>
      <table class="clocks">
        <caption class="sr-only">Lamport and vector clock of each node after step {cursor.value}</caption>
        <ClockHead columns={['node', 'L', ...ids]} />
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

/** Rows and columns of a table of clocks. */
const nodesMax = 60

function ClockHead({ columns }: { readonly columns: readonly string[] }) {
  return (
    <thead>
      <tr>
        {columns.map((title, index) => (
          <th scope="col" key={index}>
            {title}
          </th>
        ))}
      </tr>
    </thead>
  )
}

/** The sum that makes the clock of the cursor's step: own, received, the greater of both, one more. */
function Workshop() {
  const [current, here] = [currentRun(), step.value]
  if (here?.text !== undefined && here.vector !== null) return null
  const making = current === null || here === null ? null : makingOf(current, here)
  if (current === null || here === null || making === null) {
    return <p class="empty">This step has no clock.</p>
  }
  const { own, received, merged, ticks, result } = making
  const columns = [...new Set([...Object.keys(merged.vector), ...Object.keys(result.vector)])].sort()
  const rows: { name: string; sign: string; clock: Making['merged'] | null }[] = [
    { name: `${here.node} before`, sign: '', clock: own },
    ...(here.kind === 'receive'
      ? [{ name: `with the message of ${here.message?.from}`, sign: 'max', clock: received }]
      : []),
    ...(here.kind === 'receive' ? [{ name: 'the greater of each', sign: '=', clock: merged }] : []),
  ]
  const broken = current.brokenRules.find(({ i }) => i === here.i)
  const grown = (before: number, after: number, expected: boolean) =>
    after === before + (expected ? 1 : 0) ? '' : 'wrong'
  return (
    <>
      <h3>
        {here.kind === 'receive'
          ? 'A receive: the greater of both, then + 1'
          : ticks
            ? 'An event: + 1'
            : 'Nothing changed: no tick'}
      </h3>
      <table class="clocks workshop">
        <caption class="sr-only">How the clock of step {here.i} came about</caption>
        <ClockHead columns={['', 'L', ...columns]} />
        <tbody>
          {rows.map(({ name, sign, clock }) => (
            <tr key={name}>
              <th scope="row">
                <span class="sign">{sign}</span> {name}
              </th>
              <td class={decides(clock, merged, 'lamport')}>
                {clock?.lamport ?? (clock === null ? '?' : 0)}
              </td>
              {columns.map((id) => (
                <td
                  key={id}
                  class={entryOf(clock?.vector ?? {}, id) === entryOf(merged.vector, id) ? 'max' : ''}
                >
                  {clock === null ? '' : entryOf(clock.vector, id) || <span class="zero">·</span>}
                </td>
              ))}
            </tr>
          ))}
          <tr class="result">
            <th scope="row">
              <span class="sign">{ticks ? '+ 1' : '='}</span> {here.node} after
            </th>
            <td class={`own ${grown(merged.lamport, result.lamport, ticks)}`}>{result.lamport}</td>
            {columns.map((id) => (
              <td
                key={id}
                class={`${id === here.node ? 'own' : ''} ${grown(entryOf(merged.vector, id), entryOf(result.vector, id), ticks && id === here.node)}`}
              >
                {entryOf(result.vector, id) || <span class="zero">·</span>}
              </td>
            ))}
          </tr>
        </tbody>
      </table>
      {broken === undefined ? null : (
        <p class="complaint">
          ✗ {broken.rule}: {broken.text}
        </p>
      )}
    </>
  )
}

function decides(clock: Making['merged'] | null, merged: Making['merged'], field: 'lamport'): string {
  return clock !== null && clock[field] === merged[field] ? 'max' : ''
}

const listMax = 20

function BrokenRules() {
  const broken = currentRun()?.brokenRules ?? []
  if (step.value?.text !== undefined)
    return <p class="hint">Clocks as the file has them: no rule was applied.</p>
  if (broken.length === 0) return <p class="ok-line">✓ Every clock is as L1 and L3 say.</p>
  return (
    <div class="broken-rules">
      <p class="complaint">
        ✗ {broken.length} {broken.length === 1 ? 'clock breaks' : 'clocks break'} a rule.
      </p>
      <ul>
        {broken.slice(0, listMax).map(({ i, rule, text }) => (
          <li key={i}>
            <button type="button" class="plain" onClick={() => goTo(i)}>
              step {i}
            </button>{' '}
            <b>{rule}</b> {text}
          </li>
        ))}
      </ul>
    </div>
  )
}
