/** A laid-out chart as SVG that follows the reader's light or dark colours. */
import { type Box, fontSizes, type Layout, lineHeight, type Route } from './chart-layout.ts'
import { textWidth } from './text.ts'

const margin = 20

const style = `
  svg { --paper: #ffffff; --frame: #d4d9e1; --region: #f7f8fa; --group: #eef1f6; --state: #ffffff; --edge: #5b6778;
        --ink: #1c2430; --soft: #5b6778; --mark: #2f5fd0; --chip: #e3ebfc; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #0f141b; --frame: #3a4657; --region: #141b24; --group: #1a232f; --state: #212c3a; --edge: #8b99ad;
          --ink: #e6ebf2; --soft: #9aa8bb; --mark: #8fb1ff; --chip: #26375c; }
  }
  text { font-family: Helvetica, Arial, 'Liberation Sans', sans-serif; font-size: ${fontSizes.text}px; fill: var(--ink); }
  .title { font-size: ${fontSizes.title}px; font-weight: 700; }
  .soft { fill: var(--soft); }
  .event { font-weight: 700; fill: var(--mark); }
  .guard { fill: var(--soft); font-style: italic; }
  .halo { paint-order: stroke; stroke-width: 5px; stroke-linejoin: round; }
  .region { fill: var(--region); stroke: var(--frame); }
  .compound { fill: var(--group); stroke: var(--frame); }
  .atomic { fill: var(--state); stroke: var(--edge); }
  .anywhere { fill: var(--state); stroke: var(--edge); stroke-dasharray: 4 3; }
  .edge { fill: none; stroke: var(--edge); stroke-width: 1.3; }
  .head, .dot { fill: var(--edge); }
  .chip { fill: var(--chip); }
  .rule { stroke: var(--frame); }
`.trim()

/** @param title for readers that see no picture */
export function svgOf(layout: Layout, title: string): string {
  const width = Math.ceil(layout.width + 2 * margin)
  const height = Math.ceil(layout.height + 2 * margin)
  const labels = layout.routes.flatMap((route) => route.labels.map(labelSvg))
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title>
<style>
  ${style}
</style>
<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path class="head" d="M0 0 10 5 0 10Z"/></marker></defs>
<rect width="${width}" height="${height}" rx="10" fill="var(--paper)"/>
<g transform="translate(${margin} ${margin})">
${[...layout.boxes.map(boxSvg), ...layout.routes.map(routeSvg), ...labels].join('\n')}
</g>
</svg>
`
}

function boxSvg({ kind, isEntry, x, y, width, height, title, description, tags, lines }: Box): string {
  const radius = kind === 'anywhere' ? height / 2 : 8
  const frame = `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}"/>`
  if (kind === 'anywhere') {
    return `${frame}<text x="${x + width / 2}" y="${y + 17.5}" text-anchor="middle" font-weight="700">${escaped(title)}</text>`
  }
  const left = x + 14
  let baseline = y + 25
  const parts = [frame, `<text class="title" x="${left}" y="${baseline}">${escaped(title)}</text>`]
  baseline += 3
  for (const text of description) {
    baseline += lineHeight
    parts.push(`<text class="soft" x="${left}" y="${baseline}">${escaped(text)}</text>`)
  }
  if (isEntry) parts.push(entryMark(x, y + 20))
  if (tags.length > 0) parts.push(chips(tags, left, baseline + 8))
  if (tags.length > 0) baseline += 22
  if (lines.length > 0) {
    baseline += 10
    parts.push(`<line class="rule" x1="${x}" x2="${x + width}" y1="${baseline - 1}" y2="${baseline - 1}"/>`)
    baseline += 1
  }
  for (const line of lines) {
    baseline += lineHeight
    const pieces = line.pieces.map(
      ({ style: piece, text }) => `<tspan class="${piece}">${escaped(text.trim())}</tspan>`,
    )
    parts.push(`<text x="${left + line.indent}" y="${baseline}">${pieces.join(' ')}</text>`)
  }
  return parts.join('')
}

/** A dot and a short arrow that point at a state from its left. */
function entryMark(x: number, y: number): string {
  return `<circle class="dot" cx="${x - 19}" cy="${y}" r="4.5"/><path class="edge" d="M${x - 15} ${y}H${x}" marker-end="url(#head)"/>`
}

function chips(tags: readonly string[], left: number, top: number): string {
  let x = left
  return tags
    .map((tag) => {
      const width = Math.ceil(textWidth(tag, 10.5)) + 14
      const chip = `<rect class="chip" x="${x}" y="${top}" width="${width}" height="16" rx="8"/><text x="${x + 7}" y="${top + 11.8}" style="font-size:10.5px">${escaped(tag)}</text>`
      x += width + 6
      return chip
    })
    .join('')
}

/** An orthogonal path with rounded corners. */
function routeSvg({ points }: Route): string {
  const path = points.map((point, index) => {
    const before = points[index - 1]
    const next = points[index + 1]
    if (before === undefined) return `M${point.x} ${point.y}`
    if (next === undefined) return `L${point.x} ${point.y}`
    const enter = towards(point, before)
    const leave = towards(point, next)
    return `L${enter.x} ${enter.y}Q${point.x} ${point.y} ${leave.x} ${leave.y}`
  })
  return `<path class="edge" d="${path.join('')}" marker-end="url(#head)"/>`
}

type Point = Route['points'][number]

function towards(from: Point, to: Point): Point {
  const distance = Math.hypot(to.x - from.x, to.y - from.y)
  const step = Math.min(6, distance / 2) / (distance || 1)
  return { x: round(from.x + (to.x - from.x) * step), y: round(from.y + (to.y - from.y) * step) }
}

function labelSvg({ x, y, lines }: Route['labels'][number]): string {
  return lines
    .map(
      ({ style: piece, text }, index) =>
        `<text class="${piece}" x="${x + 4}" y="${round(y + 12 + index * lineHeight)}">${escaped(text)}</text>`,
    )
    .join('')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
