/** How a log is to be read: a parser and a delimiter, by hand or from presets, with what they find in the pasted text. */
import { signal, useSignal, useSignalEffect } from '@preact/signals'
import type { LogMatches } from '../../runtime/trace/imports/log-matches.ts'
import { logParsers } from '../../runtime/trace/imports/shiviz.ts'
import type { ReadingOptions } from '../feeds/file.ts'
import { matchInWorker } from '../feeds/log-worker.ts'

/** Empty: the parser stands in the log, or its form is known. */
const parser = signal('')
const delimiter = signal('')

/** What the user has chosen, for the next file or text. */
export function readingOptions(): ReadingOptions {
  if (parser.value.trim() === '') return {}
  return { parser: parser.value, ...(delimiter.value.trim() !== '' && { delimiter: delimiter.value }) }
}

/** Characters of the text that are tried. */
const previewLength = 20_000
const previewRows = 4

export function LogOptions({ text }: { readonly text: string }) {
  return (
    <details class="log-options">
      <summary>A log with a parser of its own</summary>
      <label>
        preset{' '}
        <select
          value={logParsers.find((preset) => preset.parser === parser.value)?.title ?? ''}
          onChange={({ currentTarget }) => {
            parser.value = logParsers.find(({ title }) => title === currentTarget.value)?.parser ?? ''
          }}
        >
          <option value="">as the log says itself</option>
          {logParsers.map(({ title }) => (
            <option key={title}>{title}</option>
          ))}
        </select>
      </label>
      <Expression label="parser with host, clock, event" value={parser} />
      <Expression label="delimiter between runs" value={delimiter} />
      {parser.value === '' ? null : text.trim() === '' ? (
        <p class="empty">Paste some lines to try it.</p>
      ) : (
        <Preview text={text.slice(0, previewLength)} />
      )}
    </details>
  )
}

function Expression({ label, value }: { readonly label: string; readonly value: typeof parser }) {
  return (
    <label>
      {label}
      <input
        type="text"
        spellcheck={false}
        value={value.value}
        onInput={({ currentTarget }) => (value.value = currentTarget.value)}
      />
    </label>
  )
}

function Preview({ text }: { readonly text: string }) {
  const found = useSignal<LogMatches | string | null>(null)
  useSignalEffect(() => {
    let isLate = false
    const show = (result: LogMatches | string) => {
      if (!isLate) found.value = result
    }
    Promise.resolve(matchInWorker(parser.value, delimiter.value, text)).then(show, (error: Error) =>
      show(error.message),
    )
    return () => {
      isLate = true
    }
  })
  if (found.value === null) return <p class="empty">…</p>
  if (typeof found.value === 'string') return <p class="complaint">✗ {found.value}</p>
  const { runs, skipped } = found.value
  const events = runs.flatMap((run) => run.events)
  return (
    <>
      <p aria-live="polite">
        {events.length} events, {skipped} lines left out
      </p>
      <table class="preview">
        <thead>
          <tr>
            {['host', 'clock', 'event'].map((name) => (
              <th scope="col" key={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {events.slice(0, previewRows).map(({ host, clock, event }, index) => (
            <tr key={index}>
              <td>{host}</td>
              <td>{clock}</td>
              <td>{event}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}
