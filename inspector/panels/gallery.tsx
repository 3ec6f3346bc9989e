/** The first screen: scenarios to run, and the ways to open a trace. */
import { useSignal } from '@preact/signals'
import { openFiles, openText } from '../app/open.ts'
import { scenarios } from '../app/panels.ts'
import { wantedRun } from '../app/url.ts'
import { SeedForm } from './drive/seed-form.tsx'
import { LogOptions, readingOptions } from './log-options.tsx'

export function Gallery() {
  const pasted = useSignal('')
  const cards = scenarios.value
  const wanted = wantedRun()
  return (
    <main class="gallery">
      <header>
        <h1>standby inspector</h1>
        <p>See statecharts, messages and causality, step by step. Nothing leaves this page.</p>
      </header>
      {wanted.startsWith('file:') ? (
        <p class="notice">
          This address shows a step of <b>{wanted.slice(5)}</b>. Open that file to see it.
        </p>
      ) : null}
      {cards.length === 0 ? null : (
        <section aria-labelledby="scenarios-title">
          <h2 id="scenarios-title">Scenarios</h2>
          <ul class="cards">
            {cards.map((card) => (
              <li key={card.id}>
                <button type="button" class={`card ${card.isBroken ? 'broken' : ''}`} onClick={card.open}>
                  <b>
                    {card.title}
                    {card.key === undefined ? null : <kbd>{card.key}</kbd>}
                  </b>
                  <span>{card.text}</span>
                </button>
              </li>
            ))}
          </ul>
          <SeedForm />
        </section>
      )}
      <section aria-labelledby="open-title" class="open">
        <h2 id="open-title">A trace or a system of yours</h2>
        <label class="drop-zone">
          <input
            type="file"
            multiple
            onChange={(event) => {
              void openFiles([...(event.currentTarget.files ?? [])], readingOptions())
            }}
          />
          <b>Open a file</b> or drop one anywhere on this page
          <small>
            a trace, as <code>standby simulate --seed 7 --trace t.jsonl</code> writes it; logs with vector
            clocks, one file for each process; a machine as JSON, SCXML or source; events of
            @statelyai/inspect; a trace of Apalache or Quint; or a JavaScript module, bundled as one file,
            that exports a system as <code>check</code> takes it: it runs here, and you drive it by hand
          </small>
        </label>
        <form
          class="paste"
          onSubmit={(event) => {
            event.preventDefault()
            openText(pasted.value, 'pasted', readingOptions())
          }}
        >
          <label for="pasted">or paste it</label>
          <textarea
            id="pasted"
            rows={3}
            spellcheck={false}
            value={pasted.value}
            placeholder='{"format":"standby-trace", …'
            onInput={(event) => (pasted.value = event.currentTarget.value)}
          />
          <button type="submit" disabled={pasted.value.trim() === ''}>
            Show it
          </button>
        </form>
        <LogOptions text={pasted.value} />
      </section>
    </main>
  )
}
