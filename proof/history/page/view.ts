// What part of a history the page shows: the events around what breaks it, and the operations there, laid out.
import type { Judgement, PartJudgement } from '../judgement.ts'
import type { RecordedCall } from '../model.ts'
import { pointsOf } from '../order.ts'

type Recorded = RecordedCall<object, unknown>

/** Events shown at most, and shown around each event that matters. */
const eventsMax = 160
const eventsAround = 6
/** Pixels left where events are left out. */
export const gapWidth = 84
/** Room for the picture on a page, which is worth narrower steps. */
const pageWidth = 1085

/** One operation on the picture; positions in pixels. */
export interface Bar<Op> {
  readonly operation: Op
  readonly lane: number
  readonly from: number
  readonly to: number
  /** Where it takes effect in the order shown, and as which of all; null when it is not in it. */
  readonly point: { readonly x: number; readonly place: number } | null
  /** A letter for an operation that the verdict is about, else empty. */
  readonly letter: string
  /** Whether it is the one that no order allows. */
  readonly isLast: boolean
}

/** The picture before it is drawn. */
export interface View<Op> {
  readonly part: PartJudgement<Op>
  readonly bars: readonly Bar<Op>[]
  /** Clients by lane. */
  readonly lanes: readonly string[]
  /** Events on the axis; `skipped` counts those left out before it. */
  readonly ticks: readonly { readonly event: number; readonly x: number; readonly skipped: number }[]
  readonly width: number
  readonly eventsInAll: number
}

/** Chooses the part that decided the verdict, and of a long one the events around what breaks it. */
export function viewOf<Op extends Recorded>(judgement: Judgement<Op>): View<Op> | null {
  const part = decisivePart(judgement)
  if (part === undefined) return null
  const points = pointsOf(part.longestPrefix) ?? []
  const pointOf = new Map(
    part.longestPrefix.map((operation, place) => [operation, { at: points[place] ?? 0, place }]),
  )
  const events = part.operations.flatMap(eventsOf).sort((left, right) => left - right)
  const shown = chooseEvents(part, events)
  const isShown = new Set(shown)
  const isWhole = shown.length === events.length
  const operations = part.operations.filter((operation) => {
    if (isWhole || part.breaking.includes(operation)) return true
    const point = pointOf.get(operation)
    if (operation.return === null) return point !== undefined && isShown.has(point.at)
    return eventsOf(operation).some((event) => isShown.has(event))
  })
  const axis = new Axis(shown, events, stepFor(operations, shown))
  const { lanes, laneOf } = packLanes(operations, axis)
  const pointX = spreadPoints(operations, pointOf, axis)
  const bars = operations.map((operation): Bar<Op> => {
    const x = pointX.get(operation)
    return {
      operation,
      lane: laneOf.get(operation)!,
      from: axis.xOf(operation.call),
      to: operation.return === null ? axis.width : axis.xOf(operation.return),
      point: x === undefined ? null : { x, place: pointOf.get(operation)!.place + 1 },
      letter: letterOf(part.breaking.indexOf(operation)),
      isLast: part.brokenAt !== null && operation.return === part.brokenAt,
    }
  })
  return { part, bars, lanes, ticks: axis.ticks, width: axis.width, eventsInAll: events.length }
}

function decisivePart<Op>({ verdict, partitions, breaking }: Judgement<Op>): PartJudgement<Op> | undefined {
  if (verdict === 'illegal') return partitions.find((part) => part.breaking === breaking)
  const alike = partitions.filter((part) => part.verdict === verdict)
  return alike.sort((left, right) => right.operations.length - left.operations.length)[0]
}

function eventsOf({ call, return: returned }: Recorded): number[] {
  return returned === null ? [call] : [call, returned]
}

/** All events of a short part; of a long one those around what breaks it, or the first, or the last that were judged. */
function chooseEvents<Op extends Recorded>(part: PartJudgement<Op>, events: readonly number[]): number[] {
  if (events.length <= eventsMax) return [...events]
  if (part.verdict === 'ok') return events.slice(0, eventsMax)
  if (part.verdict === 'unknown') {
    const last = part.longestPrefix[part.longestPrefix.length - 1]
    const at = last === undefined ? 0 : events.indexOf(last.call)
    return events.slice(Math.max(0, at - eventsMax / 2), Math.max(0, at - eventsMax / 2) + eventsMax)
  }
  const chosen = new Set<number>()
  for (const event of part.breaking.flatMap(eventsOf).reverse()) {
    const at = events.indexOf(event)
    for (let place = at - eventsAround; place <= at + eventsAround; place++) {
      const near = events[place]
      if (near !== undefined && (chosen.size < eventsMax || place === at)) chosen.add(near)
    }
  }
  return [...chosen].sort((left, right) => left - right)
}

/** Places events on the picture: those shown at even steps, a gap where events are left out. */
class Axis {
  readonly ticks: { event: number; x: number; skipped: number }[] = []
  readonly width: number
  readonly #step: number

  constructor(shown: readonly number[], events: readonly number[], step: number) {
    this.#step = step
    let x = step / 2
    let before = -1
    for (const event of shown) {
      const place = events.indexOf(event)
      const skipped = place - before - 1
      if (skipped > 0) x += gapWidth
      this.ticks.push({ event, x, skipped })
      x += step
      before = place
    }
    const after = events.length - 1 - before
    this.width = x + (after > 0 ? gapWidth : 0)
  }

  /** Where an event is, or the gap that it is in. */
  xOf(event: number): number {
    const next = this.ticks.find((tick) => tick.event >= event)
    if (next === undefined) return this.width
    return next.event === event ? next.x : next.x - gapWidth / 2
  }

  /** The room between an event and the next one. */
  spanAfter(event: number): [from: number, to: number] {
    const x = this.xOf(event)
    if (!this.ticks.some((tick) => tick.event === event)) return [x - gapWidth / 3, x]
    const next = this.ticks.find((tick) => tick.event > event)
    return [x, Math.min(next?.x ?? this.width, x + this.#step)]
  }
}

/** A step that leaves room for the label of a middling operation. */
function stepFor(operations: readonly Recorded[], shown: readonly number[]): number {
  const spans = operations
    .map(({ call, return: returned }) => {
      const end = returned === null ? shown.length : shown.findIndex((event) => event >= returned)
      return Math.abs((end < 0 ? shown.length : end) - shown.findIndex((event) => event >= call))
    })
    .sort((left, right) => left - right)
  const middling = spans[spans.length >> 1] ?? 1
  const step = Math.min(96, Math.max(20, 132 / Math.max(1, middling)))
  const fitting = pageWidth / (shown.length + 0.5)
  return fitting > 0.7 * step ? Math.min(112, fitting) : step
}

/** A lane for each client, and further ones for what it has open at once. */
function packLanes<Op extends Recorded>(
  operations: readonly Op[],
  axis: Axis,
): { lanes: string[]; laneOf: Map<Op, number> } {
  const lanes: string[] = []
  const freeFrom: number[] = []
  const laneOf = new Map<Op, number>()
  const clients = [...new Set(operations.map(({ client }) => client))]
  for (const client of clients) {
    const first = lanes.length
    for (const operation of operations.filter((one) => one.client === client)) {
      const from = axis.xOf(operation.call)
      let lane = first
      while (lane < lanes.length && freeFrom[lane]! > from) lane++
      if (lane === lanes.length) lanes.push(String(client))
      freeFrom[lane] = operation.return === null ? Number.POSITIVE_INFINITY : axis.xOf(operation.return)
      laneOf.set(operation, lane)
    }
  }
  return { lanes, laneOf }
}

/** Points between two events, spread in their order. */
function spreadPoints<Op extends Recorded>(
  operations: readonly Op[],
  pointOf: ReadonlyMap<Op, { at: number; place: number }>,
  axis: Axis,
): Map<Op, number> {
  const byEvent = new Map<number, { operation: Op; place: number }[]>()
  for (const operation of operations) {
    const point = pointOf.get(operation)
    if (point === undefined) continue
    const together = byEvent.get(point.at) ?? []
    byEvent.set(point.at, together)
    together.push({ operation, place: point.place })
  }
  const xs = new Map<Op, number>()
  for (const [event, together] of byEvent) {
    together.sort((left, right) => left.place - right.place)
    const [from, to] = axis.spanAfter(event)
    for (const [index, { operation }] of together.entries()) {
      xs.set(operation, from + ((to - from) * (index + 1)) / (together.length + 1))
    }
  }
  return xs
}

function letterOf(index: number): string {
  if (index < 0) return ''
  return index < 26 ? String.fromCharCode(65 + index) : `${index + 1}`
}
