/** Messages as lines between rows; the fate of each by the shape of its line and its end. */
import { computed } from '@preact/signals'
import { currentRun, step } from '../../app/state.ts'
import { dotY, lostY, scene } from './picture.ts'
import type { Link } from './scene.ts'

/** The id of the message of the cursor's step. */
const currentMessage = computed(() => step.value?.message?.id ?? null)

export function Links() {
  const current = scene.value
  if (current === null) return null
  const groups = new Map<Link['shape'], string>()
  for (const link of current.links) groups.set(link.shape, (groups.get(link.shape) ?? '') + lineOf(link))
  return (
    <g class={`links ${current.isOverview ? 'faint' : ''}`}>
      {[...groups].map(([shape, path]) => (
        <path key={shape} class={`link ${shape.replace(' ', '-')}`} d={path} />
      ))}
      {current.isOverview ? null : <path class="arrows" d={current.links.map(arrowOf).join('')} />}
      <CurrentLink />
    </g>
  )
}

function CurrentLink() {
  const id = currentMessage.value
  const links = scene.value?.links.filter((link) => link.track.id === id) ?? []
  if (id === null || links.length === 0) return null
  return (
    <g class="current-link">
      <path d={links.map(lineOf).join('')} />
      <path class="arrows" d={links.map(arrowOf).join('')} />
    </g>
  )
}

/** The point where a line ends: at the receiver, or on the way there. */
function endOf({ x1, x2, row1, row2, shape }: Link): { x: number; y: number } {
  if (shape === 'dropped') return { x: x2, y: lostY(row1, row2) }
  if (shape === 'in flight') return { x: x1 + 26, y: lostY(row1, row2) }
  return { x: x2, y: dotY(row2) }
}

function lineOf(link: Link): string {
  const { x, y } = endOf(link)
  return `M${round(link.x1)} ${dotY(link.row1)}L${round(x)} ${round(y)}`
}

function arrowOf(link: Link): string {
  if (link.shape === 'dropped' || link.shape === 'in flight') return ''
  const { x, y } = endOf(link)
  const angle = Math.atan2(y - dotY(link.row1), x - link.x1)
  const [c, s] = [Math.cos(angle), Math.sin(angle)]
  const at = (back: number, side: number) =>
    `${round(x - c * back + s * side)} ${round(y - s * back - c * side)}`
  return `M${at(5, 0)}L${at(11, 3)}L${at(11, -3)}Z`
}

/** Messages still under way end in a ring; the cross of a lost one is the step in which it was lost. */
export function FlyingEnds() {
  const current = scene.value
  if (current === null || current.isOverview) return null
  const rings: string[] = []
  for (const link of current.links) {
    const { x, y } = endOf(link)
    if (link.shape === 'in flight') rings.push(`M${x - 3} ${y}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0Z`)
  }
  return (
    <g class="link-ends">
      <path class="flying" d={rings.join('')} />
    </g>
  )
}

/** Names of messages beside their lines, as many as there is room for; the current one first. */
export function LinkLabels() {
  const current = scene.value
  if (current === null || current.isOverview || currentRun() === null) return null
  const taken: { x: number; y: number; width: number }[] = []
  const labels = []
  for (const link of current.links) {
    const text = link.track.type
    if (link.shape === 'copy' || text === '') continue
    const { x, y } = endOf(link)
    const y1 = dotY(link.row1)
    const length = text.length * 5.6
    // Near the sender, where lines have not yet crossed, and below the name of its state.
    const part = Math.min(0.5, (y < y1 ? 13 : 24) / Math.max(1, Math.abs(y - y1)))
    const at = { x: link.x1 + (x - link.x1) * part + 5, y: y1 + (y - y1) * part + 3, width: length }
    const isTaken = taken.some(
      (one) => Math.abs(one.y - at.y) < 11 && one.x < at.x + at.width && at.x < one.x + one.width,
    )
    if (isTaken || x - link.x1 + 40 < length * 0.5) continue
    taken.push(at)
    labels.push(
      <text key={`${link.track.id} ${link.i}`} x={at.x} y={at.y}>
        {text}
      </text>,
    )
  }
  return <g class="link-labels">{labels}</g>
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
