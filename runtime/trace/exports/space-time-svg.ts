/** A window of a run as a space-time diagram: one standalone SVG picture, light or dark as its reader has it. */

import { chartState } from '../../observe/story.ts'
import type { TraceStep } from '../format.ts'
import type { ReadTrace } from '../read.ts'
import { type StepsWindow, windowOf } from './steps-window.ts'
import { eventText, oneLine } from './text.ts'

/** A picture of more is not looked at; it would also not open. */
const stepsMax = 2000

const [columnWidth, rowHeight, top, left, bottom] = [180, 20, 64, 84, 28]

const style = `
:root{--ink:#1c2126;--soft:#6a737d;--line:#d5dae0;--paper:#fdfdfc;--accent:#2563a8;--bad:#b3362b;--ok:#2f7d4f}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#98a2ad;--line:#3a424b;--paper:#15181c;--accent:#7db4ee;--bad:#ef8a7f;--ok:#79c796}}
svg{background:var(--paper)}
text{font:12px system-ui,sans-serif;fill:var(--ink);paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}
.name{font-weight:600;font-size:13px}.soft{fill:var(--soft);font-size:11px}.state{font-size:11px;fill:var(--accent)}
.life{stroke:var(--line);stroke-width:2}.dead{stroke-dasharray:2 5}
.message{stroke:var(--accent);stroke-width:1.25;fill:none}.duplicate{stroke-dasharray:5 3}.lost{stroke:var(--bad)}.flying{stroke-dasharray:1 4}
.event{fill:var(--paper);stroke:var(--ink);stroke-width:1.5}.event.changed{fill:var(--ink)}
.fault{stroke:var(--bad);stroke-width:2;fill:none}.band{fill:var(--bad);opacity:.1}.faulttext{fill:var(--bad);font-size:11px}`

interface Place {
  readonly x: number
  readonly y: number
}

/**
 * The picture of at most the last 2,000 steps of the window: a column for each node, a row for each step. A message is a line
 * from its send to its receive; a duplicate is dashed, a lost one ends in a cross, one still under way is dotted. A dot
 * is filled where the state changed, with the new state beside it; every mark has its words as a tooltip.
 */
export function toSpaceTimeSvg(trace: ReadTrace, window: StepsWindow = {}): string {
  const { steps, before, inAll } = windowOf(trace, window, stepsMax)
  const columns = columnsOf(before, steps)
  const row = new Map(steps.map(({ i }, index) => [i, top + (index + 0.5) * rowHeight]))
  const placeOf = (step: TraceStep, node = step.node): Place => ({
    x: left + (columns.get(node ?? '') ?? 0) * columnWidth + columnWidth / 2,
    y: row.get(step.i)!,
  })
  const width = left + Math.max(1, columns.size) * columnWidth
  const height = top + steps.length * rowHeight + bottom
  const first = steps[0]?.i ?? 0
  const title = `Steps ${first} to ${first + steps.length - 1} of ${inAll}`
  const ends = new Map(
    steps.flatMap(({ node, kind, i }) =>
      node !== null && (kind === 'crash' || kind === 'stop') ? [[node, row.get(i)!] as const] : [],
    ),
  )
  const states = new Map<string, string>()
  for (const { node, after } of before) {
    if (node !== null && after !== undefined) states.set(node, chartState(after.value))
  }
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
<title id="title">${title}</title>
<style>${style}</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="context-stroke"/></marker></defs>
${[...columns].map(([node, column]) => lifeline(node, column, height, ends.get(node))).join('\n')}
${steps.flatMap((step) => bands(step, placeOf(step), width)).join('\n')}
${messageLines(steps, placeOf).join('\n')}
${steps.map((step) => mark(step, placeOf(step), states)).join('\n')}
</svg>
`
}

/** Nodes that the window shows, in the order in which the run made them known. */
function columnsOf(before: readonly TraceStep[], steps: readonly TraceStep[]): Map<string, number> {
  const namesIn = ({ node, message }: TraceStep) =>
    [node, message?.from, message?.to].filter((name) => typeof name === 'string')
  const shown = new Set(steps.flatMap(namesIn))
  const known = [...new Set([...before, ...steps].flatMap(namesIn))].filter((name) => shown.has(name))
  return new Map(known.map((name, column) => [name, column]))
}

function lifeline(node: string, column: number, height: number, diedAt: number | undefined): string {
  const x = left + column * columnWidth + columnWidth / 2
  const end = height - bottom / 2
  const dead = diedAt === undefined ? '' : `<path class="life dead" d="M${x} ${diedAt}V${end}"/>`
  return `<text class="name" x="${x}" y="28" text-anchor="middle">${escaped(node, 24)}</text><path class="life" d="M${x} ${top - 16}V${diedAt ?? end}"/>${dead}`
}

function bands({ node, kind, detail }: TraceStep, { y }: Place, width: number): string[] {
  if (node !== null) return []
  return [
    `<rect class="band" x="${left}" y="${y - rowHeight / 2}" width="${width - left}" height="${rowHeight}"/><text class="faulttext" x="${left + 6}" y="${y + 4}">${escaped(`${kind}: ${detail ?? ''}`, 120)}</text>`,
  ]
}

function messageLines(
  steps: readonly TraceStep[],
  placeOf: (step: TraceStep, node?: string) => Place,
): string[] {
  const sends = new Map<string, TraceStep>()
  const isSettled = new Set<string>()
  const lines: string[] = []
  for (const step of steps) {
    const { kind, message } = step
    if (message === undefined) continue
    if (kind === 'send') sends.set(message.id, step)
    const send = sends.get(message.id)
    if (send === undefined || !['receive', 'drop', 'refuse'].includes(kind)) continue
    const start = placeOf(send, message.from)
    const end = placeOf(step, message.to)
    const isCopy = isSettled.has(message.id)
    isSettled.add(message.id)
    const title = `<title>${escaped(`${message.type} from ${message.from} to ${message.to}`, 200)}</title>`
    if (kind === 'receive') {
      const look = isCopy ? 'message duplicate' : 'message'
      lines.push(
        `<path class="${look}" marker-end="url(#tip)" d="${straight(start, short(start, end))}">${title}</path>`,
      )
      if (!isCopy) lines.push(label(message.type, start, end))
    } else {
      const lost = { x: start.x + (end.x - start.x) * 0.6, y: start.y + (end.y - start.y) * 0.6 }
      lines.push(`<path class="message lost" d="${straight(start, lost)}${cross(lost)}">${title}</path>`)
    }
  }
  for (const [id, send] of sends) {
    if (isSettled.has(id)) continue
    const start = placeOf(send, send.message!.from)
    const way = placeOf(send, send.message!.to).x > start.x ? 1 : -1
    const end = { x: start.x + way * 46, y: start.y + 8 }
    lines.push(
      `<path class="message flying" marker-end="url(#tip)" d="${straight(start, end)}"><title>${escaped(`${send.message!.type}, still under way`, 200)}</title></path>`,
    )
  }
  return lines
}

function label(type: string, start: Place, end: Place): string {
  const along = Math.min(0.5, (columnWidth * 0.5) / Math.max(1, Math.abs(end.x - start.x)))
  const x = start.x + (end.x - start.x) * along
  const y = start.y + (end.y - start.y) * along - 4
  return `<text class="soft" x="${x}" y="${y}" text-anchor="middle">${escaped(type, 22)}</text>`
}

function mark(step: TraceStep, { x, y }: Place, states: Map<string, string>): string {
  const { node, kind, after, i } = step
  if (node === null) return ''
  const title = `<title>${escaped(`${i}: ${eventText(step)}`, 240)}</title>`
  const number = `<text class="soft" x="${left - 16}" y="${y + 4}" text-anchor="end">${i}</text>`
  if (kind === 'crash' || kind === 'stop') {
    return `${number}<path class="fault" d="${cross({ x, y }, 6)}">${title}</path><text class="faulttext" x="${x + 12}" y="${y + 4}">${kind}</text>`
  }
  if (kind === 'drop' || kind === 'delay' || kind === 'duplicate') return number
  const state = after === undefined ? undefined : chartState(after.value)
  const isChanged = state !== undefined && states.get(node) !== state
  if (state !== undefined) states.set(node, state)
  const dot = `<circle class="event${isChanged ? ' changed' : ''}" cx="${x}" cy="${y}" r="4">${title}</circle>`
  return isChanged
    ? `${number}${dot}<text class="state" x="${x + 10}" y="${y + 4}">${escaped(state, 26)}</text>`
    : number + dot
}

const straight = (from: Place, to: Place) => `M${from.x} ${from.y}L${to.x} ${to.y}`

/** Where an arrow ends: at the rim of the dot. */
function short(from: Place, to: Place): Place {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1
  const part = Math.max(0, length - 5) / length
  return { x: round(from.x + (to.x - from.x) * part), y: round(from.y + (to.y - from.y) * part) }
}

const round = (value: number) => Math.round(value * 10) / 10

const cross = ({ x, y }: Place, size = 4) =>
  `M${x - size} ${y - size}L${x + size} ${y + size}M${x - size} ${y + size}L${x + size} ${y - size}`

/** Text for XML 1.0, which has no way to write most control characters and no lone surrogates. */
function escaped(text: string, lengthMax: number): string {
  return oneLine(text, lengthMax)
    .replaceAll(
      /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[\ufffe\uffff]/g,
      '\ufffd',
    )
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
