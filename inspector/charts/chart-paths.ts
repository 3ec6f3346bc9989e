/** Lines and arrowheads as SVG path data, and other small texts of a drawing. */
import type { Point } from './chart-shapes.ts'

/** An orthogonal path with rounded corners that ends where the arrow's head begins. */
export function pathOf(points: readonly Point[]): string {
  return points
    .map((point, index) => {
      const [before, next] = [points[index - 1], points[index + 1]]
      if (before === undefined) return `M${point.x} ${point.y}`
      if (next === undefined) return `L${toText(towards(point, before, 3))}`
      return `L${toText(towards(point, before, 6))}Q${point.x} ${point.y} ${toText(towards(point, next, 6))}`
    })
    .join('')
}

export function headOf(end: Point, before: Point): string {
  const length = Math.hypot(end.x - before.x, end.y - before.y) || 1
  const [dx, dy] = [(end.x - before.x) / length, (end.y - before.y) / length]
  const [backX, backY] = [end.x - 8 * dx, end.y - 8 * dy]
  const left = { x: round(backX - 3.6 * dy), y: round(backY + 3.6 * dx) }
  const right = { x: round(backX + 3.6 * dy), y: round(backY - 3.6 * dx) }
  return `M${toText(end)}L${toText(left)}L${toText(right)}Z`
}

function towards(from: Point, to: Point, most: number): Point {
  const distance = Math.hypot(to.x - from.x, to.y - from.y)
  const step = Math.min(most, distance / 2) / (distance || 1)
  return { x: round(from.x + (to.x - from.x) * step), y: round(from.y + (to.y - from.y) * step) }
}

function toText({ x, y }: Point): string {
  return `${x} ${y}`
}

export function classes(...names: readonly (string | false | undefined)[]): string {
  return names.filter(Boolean).join(' ')
}

export function round(value: number): number {
  return Math.round(value * 10) / 10
}
