/** The part of the axis that the diagram shows, and how it moves: panning, zooming, fitting, keeping the cursor in sight. */
import { batch, computed, effect, signal, untracked } from '@preact/signals'
import { axis, currentRun, cursor, following, offset, scale } from '../../app/state.ts'

/** Pixels of the drawing, without the names of the rows. */
export const width = signal(800)
/** Pixels between the left edge and the place `offset`. */
export const padding = 28

const scaleMin = 0.002
const scaleMax = 160

export interface Geometry {
  /** Pixels for one unit of the axis. */
  readonly unit: number
  /** The place of a step on the axis. */
  place(i: number): number
  /** Pixels from the left edge of the drawing. */
  x(i: number): number
  xOf(place: number): number
  /** The places at both edges. */
  readonly from: number
  readonly to: number
  readonly start: number
  readonly end: number
}

export const geometry = computed<Geometry | null>(() => {
  const current = currentRun()
  if (current === null || current.end === current.first) return null
  const places = current.places.on[axis.value]
  const start = places[0]!
  const end = current.places.end[axis.value]
  const unit = unitFor(scale.value, current.end - current.first, end - start)
  const left = offset.value
  const first = current.first
  const xOf = (place: number) => (place - start - left) * unit + padding
  return {
    unit,
    place: (i) => places[i - first] ?? 0,
    x: (i) => xOf(places[i - first] ?? 0),
    xOf,
    from: start + left - padding / unit,
    to: start + left + (width.value - padding) / unit,
    start,
    end,
  }
})

function unitFor(pixelsAStep: number, steps: number, length: number): number {
  return length <= 0 ? pixelsAStep : (pixelsAStep * Math.max(1, steps - 1)) / length
}

export function panBy(pixels: number): void {
  const shape = geometry.value
  if (shape !== null) setOffset(offset.value + pixels / shape.unit)
}

/** Zooms; what is at `x` stays there. */
export function zoomBy(factor: number, x = width.value / 2): void {
  const shape = geometry.value
  if (shape === null) return
  const place = (x - padding) / shape.unit + offset.value
  const next = Math.min(scaleMax, Math.max(scaleMin, scale.value * factor))
  const unit = (shape.unit * next) / scale.value
  batch(() => {
    scale.value = next
    setOffset(place - (x - padding) / unit)
  })
}

/** The whole run in sight. */
export function fit(): void {
  const current = currentRun()
  if (current === null) return
  const steps = Math.max(1, current.end - current.first - 1)
  batch(() => {
    scale.value = Math.min(60, Math.max(scaleMin, (width.value - 2 * padding) / steps))
    offset.value = 0
  })
}

function setOffset(value: number): void {
  const shape = geometry.value
  if (shape === null) return
  const most = shape.end - shape.start - (width.value - 2 * padding) / shape.unit
  offset.value = Math.max(0, Math.min(value, most))
}

/** Moves the view when the cursor leaves it: by most of a page, so that a step is seldom a redrawing. */
export function startKeepingInSight(): void {
  effect(() => {
    const i = cursor.value
    const isFollowing = following.value
    axis.value
    untracked(() => {
      const shape = geometry.value
      const current = currentRun()
      if (shape === null || current === null || i < current.first || i >= current.end) return
      const x = shape.x(i)
      const margin = Math.min(80, width.value / 6)
      if (x >= margin && x <= width.value - margin) return
      const target = isFollowing ? width.value - margin : x < margin ? width.value * 0.75 : width.value * 0.25
      // The first steps need no room before them.
      if (x < margin && offset.value === 0) return
      panBy(x - target)
    })
  })
}
