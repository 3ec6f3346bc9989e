/** The view as the hash of the URL, both ways: the address opens the same view. */
import { batch, effect } from '@preact/signals'
import { type Filters, noFilters } from '../model/filters.ts'
import { type Axis, axes } from '../model/places.ts'
import { searchText } from './search.ts'
import {
  axis,
  chosenNode,
  cursor,
  filters,
  following,
  lens,
  offset,
  openPanels,
  pinned,
  run,
  scale,
  source,
  type Theme,
  theme,
  watches,
} from './state.ts'

let wanted = new URLSearchParams(location.hash.slice(1))

/** The run that the address names; empty if it names none. */
export function wantedRun(): string {
  return wanted.get('run') ?? ''
}

/** Takes over what holds for any run: theme and panels. */
export function restorePage(): void {
  batch(() => {
    const given = wanted.get('theme')
    if (given === 'light' || given === 'dark') theme.value = given satisfies Theme
    const panels = wanted.get('panels')
    if (panels !== null) {
      openPanels.value = Object.fromEntries(
        panels.split(',').map((pair) => pair.split(':') as [string, string]),
      )
    }
  })
}

/** Takes over step, selection, filters and axis, if the address speaks of this run. */
export function restoreView(name: string): void {
  if (wanted.has('run') && wanted.get('run') !== name) return
  const current = run.value
  if (current === null) return
  const number = (key: string) => (wanted.has(key) ? Number(wanted.get(key)) : Number.NaN)
  const list = (key: string) => wanted.get(key)?.split(',').filter(Boolean).map(decodeURIComponent) ?? []
  batch(() => {
    cursor.value = Number.isInteger(number('step')) ? Math.max(number('step'), current.first) : current.first
    if (Number.isInteger(number('pin'))) pinned.value = number('pin')
    chosenNode.value = wanted.get('node')
    const given = wanted.get('axis') as Axis | null
    if (given !== null && axes.includes(given)) axis.value = given
    if (number('scale') > 0) scale.value = number('scale')
    if (number('at') >= 0) offset.value = number('at')
    lens.value = wanted.get('lens') === '1'
    searchText.value = wanted.get('find') ?? ''
    watches.value = list('watch')
    filters.value = {
      ...noFilters,
      hiddenNodes: list('hideNodes'),
      hiddenKinds: list('hideKinds'),
      hiddenMessages: list('hideMessages'),
      changesOnly: wanted.get('changes') === '1',
    }
  })
}

/** The hash for what is shown. */
export function hashOfView(): string {
  const parameters = new URLSearchParams()
  const set = (key: string, value: string | number | null, usual: string | number | null = null) => {
    if (value !== usual && value !== '' && value !== null) parameters.set(key, String(value))
  }
  if (run.value !== null) {
    set('run', source.value)
    if (!following.value) set('step', cursor.value)
    set('pin', pinned.value)
    set('node', chosenNode.value)
    set('axis', axis.value, 'order')
    set('scale', Math.round(scale.value * 100) / 100, 24)
    if (!following.value) set('at', Math.round(offset.value * 100) / 100, 0)
    set('lens', lens.value ? 1 : null)
    set('find', searchText.value)
    set('watch', watches.value.map(encodeURIComponent).join(','))
    setFilters(filters.value, set)
  }
  set('theme', theme.value, 'auto')
  set(
    'panels',
    Object.entries(openPanels.value)
      .map((pair) => pair.join(':'))
      .join(','),
  )
  return parameters.toString().replaceAll('%3A', ':').replaceAll('%2C', ',')
}

function setFilters(
  { hiddenNodes, hiddenKinds, hiddenMessages, changesOnly }: Filters,
  set: (key: string, value: string | number | null) => void,
): void {
  const list = (values: readonly string[]) => values.map(encodeURIComponent).join(',')
  set('hideNodes', list(hiddenNodes))
  set('hideKinds', list(hiddenKinds))
  set('hideMessages', list(hiddenMessages))
  set('changes', changesOnly ? 1 : null)
}

/** Keeps the address up to date; browsers limit how often it may change. */
export function startUrl(): void {
  let _timer: ReturnType<typeof setTimeout> | null = null
  effect(() => {
    hashOfView()
    _timer ??= setTimeout(() => {
      _timer = null
      write(hashOfView())
    }, 250)
  })
  addEventListener('hashchange', () => {
    const hash = location.hash.slice(1)
    if (hash === hashOfView()) return
    wanted = new URLSearchParams(hash)
    restorePage()
    restoreView(source.value)
  })
}

function write(hash: string): void {
  // Until the run that the address names is there, the address stays as it was given.
  if (run.value === null && wanted.has('run')) return
  try {
    history.replaceState(null, '', `#${hash}`)
  } catch {
    location.hash = hash
  }
}
