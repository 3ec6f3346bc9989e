/** The bar at the top: what is shown, and how. */
import { type Axis, axes } from '../model/places.ts'
import { runCommand } from './commands.ts'
import { ExportMenu } from './export-menu.tsx'
import { FilterMenu } from './filter-menu.tsx'
import { SearchField } from './search-field.tsx'
import { axis, lens, runTitle, source, theme } from './state.ts'

const axisNames: Record<Axis, string> = {
  order: 'order',
  time: 'time',
  lamport: 'Lamport time',
  rank: 'causal rank',
}

export function Bar() {
  return (
    <header class="bar">
      <button
        type="button"
        class="brand"
        onClick={() => runCommand('run.close')}
        title="Back to the first screen"
      >
        standby
      </button>
      <h1 class="source">{runTitle.value === '' ? source.value.replace(/^file:/, '') : runTitle.value}</h1>
      <span class="spacer" />
      <SearchField />
      <FilterMenu />
      <label class="field">
        axis
        <select value={axis.value} onChange={(event) => (axis.value = event.currentTarget.value as Axis)}>
          {axes.map((one) => (
            <option key={one} value={one}>
              {axisNames[one]}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        aria-pressed={lens.value}
        onClick={() => runCommand('lens')}
        title="Past, future and concurrent (l)"
      >
        causal lens
      </button>
      <button type="button" onClick={() => runCommand('diagram.fit')} title="The whole run in sight (f)">
        fit
      </button>
      <ExportMenu />
      <button type="button" onClick={() => runCommand('theme')} title="Light or dark (t)">
        {theme.value}
      </button>
      <button type="button" onClick={() => runCommand('palette')} title="All commands (Ctrl+K)">
        <kbd>Ctrl K</kbd>
      </button>
      <button
        type="button"
        onClick={() => runCommand('keys')}
        title="Sheet of keys (?)"
        aria-label="Sheet of keys"
      >
        ?
      </button>
    </header>
  )
}
