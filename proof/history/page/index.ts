// A page that shows a judged history: the verdict, the picture, and the same in words. It runs no script.
import { knownOptions } from '../../../actors/known-options.ts'
import type { Judgement } from '../judgement.ts'
import { keyValueModel } from '../key-value/model.ts'
import type { RecordedCall, SequentialModel } from '../model.ts'
import { shorten } from '../text.ts'
import { drawHistory } from './picture.ts'
import { pageStyle } from './style.ts'
import { escapeText, labelOf, spell } from './text.ts'
import { type Bar, type View, viewOf } from './view.ts'

/** What a page is made with. */
export interface PageOptions {
  /** The heading. Default: `History`. */
  readonly title?: string
  // biome-ignore lint/suspicious/noExplicitAny: a page describes the states of a model of any type.
  readonly model?: SequentialModel<any, any, any>
}

const verdictWords = {
  ok: '✓ Linearizable',
  illegal: '✗ Not linearizable',
  unknown: '? Not decided',
}

/**
 * Renders a judged history as one self-contained HTML page with an inline SVG picture, light or dark as the reader has it.
 *
 * The picture has a bar for each operation by client over the event counter (open-ended when unanswered), the order of
 * the longest prefix as a numbered thread, the value in the course of it, and the contradiction lettered and hatched.
 * Of a long history it shows the part that decided the verdict, around what breaks it. All that the history contains is
 * escaped; the page loads and runs nothing. `options.model` is the model judged by; default: `keyValueModel`.
 */
export function renderHistory<Op extends RecordedCall<object, unknown>>(
  history: readonly Op[],
  judgement: Judgement<Op>,
  options: PageOptions = {},
): string {
  knownOptions('renderHistory', options, { title: true, model: true })
  const { title = 'History', model = keyValueModel } = options
  const view = viewOf(judgement)
  const body = view === null ? '<p class="note">The history is empty.</p>' : renderView(view, model)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeText(title)}: ${verdictWords[judgement.verdict]}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>${escapeText(title)}</h1>
<section class="verdict ${judgement.verdict}"><strong>${verdictWords[judgement.verdict]}</strong>
<p>${escapeText(judgement.reason.charAt(0).toUpperCase() + judgement.reason.slice(1))}.</p></section>
${renderFacts(history, judgement)}
${body}
</main>
</body>
</html>
`
}

function renderFacts<Op extends RecordedCall<object, unknown>>(
  history: readonly Op[],
  judgement: Judgement<Op>,
): string {
  const clients = new Set(history.map(({ client }) => client)).size
  const unanswered = history.filter((operation) => operation.return === null).length
  const facts: [number, string][] = [
    [history.length, 'operations'],
    [clients, 'clients'],
    [unanswered, 'unanswered'],
    [judgement.partitions.length, judgement.partitions.length === 1 ? 'part' : 'parts'],
    [judgement.steps, 'steps'],
  ]
  return `<ul class="facts">${facts.map(([number, noun]) => `<li><b>${spell(number)}</b> ${noun}</li>`).join('')}</ul>`
}

function renderView<Op extends RecordedCall<object, unknown>>(
  view: View<Op>,
  model: SequentialModel<unknown, object, unknown>,
): string {
  const { part } = view
  const name =
    part.name === '' ? '' : ` of <code>${escapeText(shorten(JSON.stringify(part.name), 60))}</code>`
  const left = view.eventsInAll - view.ticks.length
  const note =
    left === 0 ? '' : `<p class="note">${spell(left)} of ${spell(view.eventsInAll)} events are left out.</p>`
  return `${renderBreaking(view)}
<h2>The operations${name} in time</h2>
${drawHistory(view, model)}
${legend}
${note}
<details><summary>The same in words</summary>
${renderTable([...view.bars].sort((left, right) => left.operation.call - right.operation.call))}
</details>`
}

function renderBreaking<Op extends RecordedCall<object, unknown>>({ bars, part }: View<Op>): string {
  if (part.breaking.length === 0) return ''
  const breaking = bars.filter(({ letter }) => letter !== '')
  const heading =
    breaking.length === 1 ? 'An answer that nothing explains' : 'Answers that contradict each other'
  return `<h2>${heading}</h2>\n${renderTable(breaking)}`
}

function renderTable<Op extends RecordedCall<object, unknown>>(bars: readonly Bar<Op>[]): string {
  const rows = bars.map(({ operation, letter, point, isLast }) => {
    const { client, call, return: returned } = operation
    const order = isLast ? 'no place' : (point?.place ?? (returned === null ? 'not needed' : 'later'))
    const mark = letter === '' ? '' : `<b>${letter}</b>`
    return `<tr><td>${mark}</td><td>${escapeText(shorten(String(client), 40))}</td><td><code>${escapeText(labelOf(operation))}</code></td><td class="number">${call}</td><td class="number">${returned ?? 'never'}</td><td class="number">${order}</td></tr>`
  })
  return `<table><thead><tr><th></th><th>Client</th><th>Operation</th><th>Call</th><th>Return</th><th>Place in the order</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table>`
}

const legend = `<ul class="legend plot">
<li class="bar op-put"><svg width="34" height="18" aria-hidden="true"><rect class="body" x="1" y="1" width="32" height="16" rx="4"/></svg>called and returned</li>
<li class="bar op-put open"><svg width="34" height="18" aria-hidden="true"><g mask="url(#open)"><rect class="body" x="1" y="1" width="40" height="16" rx="4"/></g></svg>never answered</li>
<li class="point"><svg width="16" height="18" aria-hidden="true"><path d="M8 3l6 6l-6 6l-6 -6z"/></svg>takes effect, numbered in the order found</li>
<li class="bar op-get breaking"><svg width="34" height="18" aria-hidden="true"><rect class="body" x="1" y="1" width="32" height="16" rx="4"/><rect class="hatched" x="1" y="1" width="32" height="16" rx="4"/></svg>part of the contradiction; ✗ has no place in any order</li>
</ul>`
