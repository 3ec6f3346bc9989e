/** The frame of the page: bar, diagram, side, scrubber; and the first screen while there is no run. */
import { useEffect } from 'preact/hooks'
import { ChartStrip } from '../panels/chart-strip.tsx'
import { Diagram } from '../panels/diagram/diagram.tsx'
import { Gallery } from '../panels/gallery.tsx'
import { Scrubber } from '../panels/scrubber.tsx'
import { Bar } from './bar.tsx'
import { Palette } from './palette.tsx'
import { type Place, panelsIn } from './panels.ts'
import { announcement, loading, openPanels, problems, run, theme } from './state.ts'

export function Shell() {
  useEffect(
    () =>
      theme.subscribe((value) => {
        document.documentElement.dataset.theme = value
      }),
    [],
  )
  return (
    <>
      {run.value === null ? <Gallery /> : <Workbench />}
      <Problems />
      <Palette />
      <div class="sr-only" aria-live="polite" role="status">
        {announcement}
      </div>
    </>
  )
}

function Workbench() {
  return (
    <div class="workbench" aria-busy={loading.value}>
      <Bar />
      <main class="centre">
        <Diagram />
        <Tabs place="below" label="Steps and operations" />
      </main>
      <aside class="side" aria-label="The shown node">
        <ChartStrip />
        <Tabs place="details" label="Details" />
      </aside>
      <div class="foot">
        <Tabs place="drive" label="Drive" />
        <Scrubber />
      </div>
    </div>
  )
}

/** The panels of a place as tabs; the open one is part of the address. */
function Tabs({ place, label }: { readonly place: Place; readonly label: string }) {
  const here = panelsIn(place)
  const open = here.find(({ id }) => id === openPanels.value[place]) ?? here[0]
  if (open === undefined) return null
  if (place === 'drive' && here.length === 1) {
    return (
      <section class="tabs drive" aria-label={open.title}>
        <div class="panel">
          <open.Panel />
        </div>
      </section>
    )
  }
  const choose = (id: string) => {
    openPanels.value = { ...openPanels.value, [place]: id }
  }
  const move = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (by === 0) return
    event.preventDefault()
    event.stopPropagation()
    const next = here[(here.indexOf(open) + by + here.length) % here.length]!
    choose(next.id)
    document.getElementById(`tab-${next.id}`)?.focus()
  }
  return (
    <section class={`tabs ${place}`}>
      <div role="tablist" aria-label={label} onKeyDown={move}>
        {here.map(({ id, title }) => (
          <button
            type="button"
            role="tab"
            key={id}
            id={`tab-${id}`}
            aria-selected={id === open.id}
            aria-controls={`panel-${id}`}
            tabIndex={id === open.id ? 0 : -1}
            onClick={() => choose(id)}
          >
            {title}
          </button>
        ))}
      </div>
      <div
        role="tabpanel"
        id={`panel-${open.id}`}
        aria-labelledby={`tab-${open.id}`}
        class="panel"
        tabIndex={0}
      >
        <open.Panel />
      </div>
    </section>
  )
}

function Problems() {
  if (problems.value.length === 0) return null
  return (
    <div class="problems" role="alert">
      {problems.value.map((problem) => (
        <p key={problem}>{problem}</p>
      ))}
      <button type="button" onClick={() => (problems.value = [])}>
        Close
      </button>
    </div>
  )
}
