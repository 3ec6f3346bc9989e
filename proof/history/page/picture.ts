// The picture of a history as inline SVG: bars by client over the event counter, and the order as a thread of points.

import type { RecordedCall, SequentialModel } from '../model.ts'
import { shorten } from '../text.ts'
import { escapeText, labelOf, outputOf, spell } from './text.ts'
import { type Bar, gapWidth, type View } from './view.ts'

const laneHeight = 38
const barHeight = 24
const headHeight = 74
const footHeight = 30

/** Draws a view; the clients stand in a picture of their own, so that they stay when the other is scrolled. */
export function drawHistory<State, Input extends object, Output>(
  view: View<RecordedCall<Input, Output>>,
  model: SequentialModel<State, Input, Output>,
): string {
  const height = headHeight + view.lanes.length * laneHeight + footHeight
  const width = Math.ceil(view.width)
  const title = `${view.bars.length} operations of ${view.lanes.length} clients over the event counter`
  return `<div class="picture">
<svg class="names" width="96" height="${height}" viewBox="0 0 96 ${height}" aria-hidden="true">
<text class="strip-name" x="88" y="47">value</text>
${view.lanes.map((name, lane) => `<text x="88" y="${middleOf(lane) + 4}">${escapeText(shorten(name, 12))}</text>`).join('\n')}
</svg>
<div class="scroll" tabindex="0" role="region" aria-label="History, scrolls sideways">
<svg class="plot" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
${definitions}
${drawAxis(view, height)}
${drawStates(view, model)}
${drawThread(view)}
${view.bars.map((bar) => drawBar(bar, view.width)).join('\n')}
${drawPoints(view)}
</svg>
</div>
</div>`
}

const definitions = `<defs>
<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="6"/></pattern>
<linearGradient id="fade"><stop offset="0" stop-color="white"/><stop offset="1" stop-color="white" stop-opacity="0"/></linearGradient>
<mask id="open" maskContentUnits="objectBoundingBox"><rect width="1" height="1" fill="url(#fade)"/></mask>
</defs>`

function drawAxis<Op>({ ticks, lanes, width }: View<Op>, height: number): string {
  const bottom = height - footHeight + 4
  const rows = lanes.map(
    (_, lane) => `<line class="row" x1="0" y1="${middleOf(lane)}" x2="${width}" y2="${middleOf(lane)}"/>`,
  )
  let lastLabel = Number.NEGATIVE_INFINITY
  const marks = ticks.flatMap(({ event, x, skipped }) => {
    const gap =
      skipped > 0
        ? [
            `<rect class="gap" x="${x - gapWidth + 10}" y="24" width="${gapWidth - 20}" height="${bottom - 24}"/>`,
            `<text class="skipped" x="${x - gapWidth / 2}" y="${bottom + 10}">⋯ ${spell(skipped)} ⋯</text>`,
            `<text class="skipped" x="${x - gapWidth / 2}" y="${bottom + 21}">events</text>`,
          ]
        : []
    const line = `<line class="tick" x1="${round(x)}" y1="${headHeight - 10}" x2="${round(x)}" y2="${bottom}"/>`
    if (x - lastLabel < 34) return [...gap, line]
    lastLabel = x
    return [...gap, line, `<text class="event" x="${round(x)}" y="${bottom + 14}">${event}</text>`]
  })
  return [...rows, ...marks].join('\n')
}

/** The value (or state) in the course of the order, as far as it is shown. */
function drawStates<State, Input extends object, Output>(
  view: View<RecordedCall<Input, Output>>,
  model: SequentialModel<State, Input, Output>,
): string {
  const shown = new Map(
    view.bars.flatMap(({ point }) => (point === null ? [] : [[point.place, point.x] as const])),
  )
  const spans: { x: number; key: string; text: string }[] = []
  let state = model.initial
  for (const [index, operation] of view.part.longestPrefix.entries()) {
    state = model.step(state, operation, outputOf(operation))?.[0] ?? state
    const x = shown.get(index + 1)
    const key = x === undefined ? '' : model.key(state)
    if (x === undefined || spans[spans.length - 1]?.key === key) continue
    spans.push({ x, key, text: describeState(model, state) })
  }
  return spans
    .map((span, index) => {
      const width = (spans[index + 1]?.x ?? view.width) - span.x
      return `<svg x="${round(span.x)}" y="30" width="${round(Math.max(0, width - 2))}" height="26"><title>${escapeText(shorten(span.text, 400))}</title><rect class="state" width="100%" height="26" rx="4"/><text class="value" x="7" y="17">${escapeText(shorten(span.text, 36))}</text></svg>`
    })
    .join('\n')
}

function describeState<State, Input extends object, Output>(
  model: SequentialModel<State, Input, Output>,
  state: State,
): string {
  return model.describeState?.(state) ?? model.key(state)
}

function drawBar<Op extends RecordedCall<object, unknown>>(bar: Bar<Op>, pictureWidth: number): string {
  const { operation, from, to, letter, isLast } = bar
  const isOpen = operation.return === null
  const y = middleOf(bar.lane) - barHeight / 2
  const width = round(Math.max(6, (isOpen ? pictureWidth : to) - from))
  const kind = `op-${'op' in operation ? String(operation.op).replace(/[^a-zA-Z]/g, '') : 'other'}`
  const classes = ['bar', kind, isOpen ? 'open' : '', letter === '' ? '' : 'breaking', isLast ? 'last' : '']
  const hatch = letter === '' ? '' : `<rect class="hatched" width="${width}" height="${barHeight}" rx="5"/>`
  const mask = isOpen ? ' mask="url(#open)"' : ''
  const badge =
    letter === ''
      ? ''
      : `<circle class="badge" cx="${round(from)}" cy="${y + 1}" r="9"/><text class="letter" x="${round(from)}" y="${y + 5}">${letter}</text>`
  const times = `client ${operation.client}, events ${operation.call} to ${operation.return ?? 'never answered'}`
  const order = bar.point === null ? 'not in the order' : `number ${bar.point.place} in the order`
  const cross = isLast ? '✗ ' : ''
  return `<g class="${classes.filter(Boolean).join(' ')}"><title>${escapeText(`${labelOf(operation)} · ${times} · ${order}`)}</title>
<svg x="${round(from)}" y="${y}" width="${width}" height="${barHeight}"><g${mask}><rect class="body" x="0.5" y="0.5" width="${Math.max(1, width - 1)}" height="${barHeight - 1}" rx="5"/>${hatch}</g><text class="label" x="${letter === '' ? 8 : 13}" y="16">${escapeText(cross + labelOf(operation))}</text></svg>${badge}</g>`
}

interface Point {
  readonly x: number
  readonly y: number
  readonly place: number
}

function pointsOf<Op>({ bars }: View<Op>): Point[] {
  return bars
    .flatMap(({ point, lane }) => (point === null ? [] : [{ ...point, y: middleOf(lane) + barHeight / 2 }]))
    .sort((left, right) => left.place - right.place)
}

/** The order, as a thread from point to point; it breaks where the order goes on outside the picture. */
function drawThread<Op>(view: View<Op>): string {
  let path = ''
  let before: Point | undefined
  for (const point of pointsOf(view)) {
    const { x, y, place } = point
    if (before?.place === place - 1) {
      const middle = round((before.y + y) / 2)
      path += ` C${round(before.x)} ${middle} ${round(x)} ${middle} ${round(x)} ${y}`
    } else path += ` M${round(x)} ${y}`
    before = point
  }
  return `<path class="thread" d="${path.trim()}"/>`
}

function drawPoints<Op>(view: View<Op>): string {
  return pointsOf(view)
    .map(
      ({ x, y, place }) =>
        `<g class="point"><title>number ${place} in the order</title><path d="M${round(x)} ${y - 6}l6 6l-6 6l-6 -6z"/><text x="${round(x)}" y="${y + 16}">${place}</text></g>`,
    )
    .join('\n')
}

function middleOf(lane: number): number {
  return headHeight + lane * laneHeight + laneHeight / 2
}

function round(number: number): number {
  return Math.round(number * 10) / 10
}
