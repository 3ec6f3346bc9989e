/** What is in sight of the diagram: bands, events and messages with their pixels. Computed for each view, never for the whole run. */

import type { Filters } from '../../model/filters.ts'
import { passes } from '../../model/filters.ts'
import type { Lane } from '../../model/lane.ts'
import { fateOf, type Track } from '../../model/messages.ts'
import type { Axis } from '../../model/places.ts'
import type { Rows } from '../../model/rows.ts'
import type { Run } from '../../model/run.ts'
import type { Geometry } from './viewport.ts'

export const headHeight = 26

export interface Band {
  readonly row: number
  readonly x: number
  readonly width: number
  /** Null while the node is down. */
  readonly label: string | null
  readonly lane: Lane
}

export interface Dot {
  readonly i: number
  readonly x: number
  readonly row: number
}

export interface Link {
  readonly track: Track
  readonly x1: number
  readonly row1: number
  readonly x2: number
  readonly row2: number
  readonly shape: 'delivered' | 'copy' | 'dropped' | 'in flight' | 'refused'
  /** The step at its end; that of the send where it has none. */
  readonly i: number
}

export interface Scene {
  readonly bands: readonly Band[]
  readonly dots: readonly Dot[]
  readonly links: readonly Link[]
  /** More is in sight than can be distinguished: dots and messages are only counted. */
  readonly isOverview: boolean
  /** How many steps are in sight. */
  readonly steps: number
  /** Steps in each few pixels of each row, for an overview. */
  readonly density: readonly (readonly number[])[]
}

/** More events than this in sight are an overview. */
export const detailMax = 700
const linksInOverviewMax = 1500
const bucket = 4

export function sceneOf(
  run: Run,
  { rows, ofLane }: Rows,
  shape: Geometry,
  filters: Filters,
  width: number,
): Scene {
  const from = shape.from - 12 / shape.unit
  const to = shape.to + 12 / shape.unit
  const bands: Band[] = []
  const spans: { lane: Lane; row: number; start: number; end: number }[] = []
  let steps = 0
  for (const row of rows) {
    for (const [index, lane] of row.lanes.entries()) {
      const next = row.lanes[index + 1]?.steps[0]
      const until = next === undefined ? shape.xOf(shape.end) + 24 : shape.x(next)
      bands.push(...bandsOf(lane, row.index, shape, { width, until }))
      const [start, end] = [firstAt(lane.steps, shape.place, from), firstAt(lane.steps, shape.place, to)]
      steps += end - start
      spans.push({ lane, row: row.index, start, end })
    }
  }
  const isOverview = steps > detailMax
  const isHidden = (i: number) => !passes(run.step(i)!, filters)
  const dots: Dot[] = []
  const density: number[][] = isOverview ? rows.map(() => Array(Math.ceil(width / bucket) + 1).fill(0)) : []
  for (const { lane, row, start, end } of spans) {
    for (let index = start; index < end; index++) {
      const i = lane.steps[index]!
      if (isHidden(i)) continue
      const x = shape.x(i)
      if (!isOverview) dots.push({ i, x, row })
      else {
        const at = Math.max(0, Math.floor(x / bucket))
        const line = density[row]!
        if (at < line.length) line[at] = line[at]! + 1
      }
    }
  }
  const links = linksIn(run, ofLane, shape, from, to).filter(({ i }) => !isHidden(i))
  const every = isOverview ? Math.ceil(links.length / linksInOverviewMax) : 1
  return {
    bands,
    dots,
    links: every <= 1 ? links : links.filter((_, index) => index % every === 0),
    isOverview,
    steps,
    density,
  }
}

function bandsOf(
  lane: Lane,
  row: number,
  shape: Geometry,
  { width, until }: { readonly width: number; readonly until: number },
): Band[] {
  const bands: Band[] = []
  const { changes } = lane
  // From the one that lasts into the view.
  const begin = firstAt(changes, ({ i }) => shape.place(i), shape.from)
  for (let index = Math.max(0, begin - 1); index < changes.length; index++) {
    const { i, label } = changes[index]!
    const x = Math.max(-4, shape.x(i))
    const next = changes[index + 1]
    const end = next === undefined ? until : shape.x(next.i)
    if (end < 0) continue
    if (x > width) break
    const last = bands.at(-1)
    // Bands too thin to be seen would only be many.
    if (last !== undefined && end - x < 0.75) continue
    bands.push({ row, x, width: Math.max(1, Math.min(end, width + 4) - x), label, lane })
  }
  return bands
}

function linksIn(run: Run, ofLane: readonly number[], shape: Geometry, from: number, to: number): Link[] {
  const links: Link[] = []
  const rowOf = (node: string) => ofLane[run.lane(node)?.index ?? -1] ?? -1
  for (const track of run.messages.all) {
    const { sentIn } = track
    if (sentIn === null || sentIn < run.first) continue
    const start = shape.place(sentIn)
    if (start > to) continue
    // Without a list in between: in a long run this is asked for every message at each move of the view.
    let last = start
    for (const i of track.receivedIn) last = Math.max(last, shape.place(i))
    for (const i of track.refusedIn) last = Math.max(last, shape.place(i))
    for (const i of track.droppedIn) last = Math.max(last, shape.place(i))
    if (last < from) continue
    const [row1, row2] = [rowOf(track.from), rowOf(track.to)]
    if (row1 < 0 || row2 < 0) continue
    const line = { track, row1, row2, x1: shape.x(sentIn) }
    track.receivedIn.forEach((i, copy) => {
      links.push({ ...line, x2: shape.x(i), shape: copy === 0 ? 'delivered' : 'copy', i })
    })
    for (const i of track.refusedIn) links.push({ ...line, x2: shape.x(i), shape: 'refused', i })
    for (const i of track.droppedIn) links.push({ ...line, x2: shape.x(i), shape: 'dropped', i })
    if (fateOf(track) === 'in flight') links.push({ ...line, x2: line.x1, shape: 'in flight', i: sentIn })
  }
  return links
}

/** The index of the first at or after a place; places ascend within a lane. */
function firstAt<T>(all: readonly T[], placeOf: (one: T) => number, place: number): number {
  let [low, high] = [0, all.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (placeOf(all[middle]!) < place) low = middle + 1
    else high = middle
  }
  return low
}

/** Round numbers for the marks of the axis, about 110 pixels apart. */
export function marksOf(
  axis: Axis,
  shape: Geometry,
): readonly { readonly place: number; readonly text: string }[] {
  const raw = 110 / shape.unit
  const power = 10 ** Math.floor(Math.log10(raw))
  const whole = axis === 'time' ? 0 : 1
  const step = Math.max(whole, ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power)
  const marks: { place: number; text: string }[] = []
  const first = Math.max(0, Math.ceil(Math.max(shape.from, shape.start) / step) * step)
  for (let place = first; place <= Math.min(shape.to, shape.end) && marks.length < 200; place += step) {
    marks.push({ place, text: axis === 'time' ? timeText(place) : String(Math.round(place)) })
  }
  return marks
}

function timeText(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(3).replace(/\.?0+$/, '')} s`
  return `${Number(ms.toPrecision(6))} ms`
}
