/** What is shown and what is hidden: nodes, kinds of steps, types of messages. */
import { computed, signal } from '@preact/signals'
import { type Filters, isEmpty, nameOf, noFilters } from '../model/filters.ts'
import { currentRun, filters, visible } from './state.ts'

export const isFilterMenuOpen = signal(false)

type Hidden = 'hiddenNodes' | 'hiddenKinds' | 'hiddenMessages'

/** What there is to hide, with how often it comes. */
const counted = computed(() => {
  const counts: Record<Hidden, Map<string, number>> = {
    hiddenNodes: new Map(),
    hiddenKinds: new Map(),
    hiddenMessages: new Map(),
  }
  const current = currentRun()
  const add = (which: Hidden, name: string) => counts[which].set(name, (counts[which].get(name) ?? 0) + 1)
  for (let i = current?.first ?? 0; i < (current?.end ?? 0); i++) {
    const step = current!.step(i)!
    if (step.node !== null) add('hiddenNodes', nameOf(step.node))
    add('hiddenKinds', step.kind)
    if (step.message?.type) add('hiddenMessages', step.message.type)
  }
  return counts
})

export function FilterMenu() {
  const isActive = !isEmpty(filters.value)
  const current = currentRun()
  const total = current === null ? 0 : current.end - current.first
  return (
    <div class="filter-menu">
      <button
        type="button"
        aria-expanded={isFilterMenuOpen.value}
        aria-controls="filters"
        class={isActive ? 'active' : ''}
        title="What is shown (h)"
        onClick={() => (isFilterMenuOpen.value = !isFilterMenuOpen.value)}
      >
        {isActive ? `${visible.value?.length ?? 0} of ${total} steps` : 'filter'}
      </button>
      {isFilterMenuOpen.value ? <Choices /> : null}
    </div>
  )
}

function Choices() {
  return (
    <div id="filters" class="popover" role="group" aria-label="What is shown">
      <Group title="Nodes" which="hiddenNodes" />
      <Group title="Kinds" which="hiddenKinds" />
      <Group title="Messages" which="hiddenMessages" />
      <label class="choice">
        <input
          type="checkbox"
          checked={filters.value.changesOnly}
          onChange={(event) =>
            (filters.value = { ...filters.value, changesOnly: event.currentTarget.checked })
          }
        />
        only steps that change something
      </label>
      <button type="button" disabled={isEmpty(filters.value)} onClick={() => (filters.value = noFilters)}>
        Show all
      </button>
    </div>
  )
}

function Group({ title, which }: { readonly title: string; readonly which: Hidden }) {
  const entries = [...counted.value[which]].sort(([a], [b]) => (a < b ? -1 : 1))
  if (entries.length === 0) return null
  return (
    <fieldset>
      <legend>{title}</legend>
      {entries.map(([name, count]) => (
        <label key={name} class="choice">
          <input
            type="checkbox"
            checked={!filters.value[which].includes(name)}
            onChange={() => (filters.value = toggled(filters.value, which, name))}
          />
          <span>{name}</span>
          <small>{count}</small>
        </label>
      ))}
    </fieldset>
  )
}

function toggled(before: Filters, which: Hidden, name: string): Filters {
  const list = before[which]
  return { ...before, [which]: list.includes(name) ? list.filter((one) => one !== name) : [...list, name] }
}
