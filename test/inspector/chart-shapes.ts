/** What lies over what in a laid-out chart: for tests of layouts with any chart. */
import type { Box, ChartLayout, Edge, Point, Rectangle } from '../../inspector/charts/chart-shapes.ts'

/** `what over what`, for each label, state, mark of an initial state, and arrow that lies where it must not. */
export function collisionsIn({ boxes, edges, level }: ChartLayout): readonly string[] {
  const leaves = boxes.filter(
    (box) => !boxes.some(({ parent, kind }) => parent === box.id && kind !== 'anywhere'),
  )
  const labels = level === 'map' ? [] : edges.flatMap(({ label }) => (label === null ? [] : [label]))
  const initials = boxes.filter(({ isInitial }) => isInitial).map(initialMark)
  const solid = [
    ...leaves.map((box) => ({ name: box.id, shape: box })),
    ...labels.map((label) => ({ name: textOf(label), shape: label })),
    ...initials.map((shape) => ({ name: 'the mark of an initial state', shape })),
  ]
  const overlaps = solid.flatMap(({ name, shape }, index) =>
    solid
      .slice(index + 1)
      .filter((other) => overlap(shape, other.shape))
      .map((other) => `${name} over ${other.name}`),
  )
  const crossings = edges.flatMap((edge) => [
    ...leaves
      .filter((box) => box.id !== edge.from && box.id !== edge.to && passes(edge, box))
      .map((box) => `${nameOf(edge)} through ${box.id}`),
    ...boxes
      .filter((box) => box.kind !== 'anywhere' && !leaves.includes(box) && isForeign(edge, box, boxes))
      .filter((box) => passes(edge, box))
      .map((box) => `${nameOf(edge)} through ${box.id}`),
    ...labels
      .filter((label) => label !== edge.label && passes(edge, label))
      .map((label) => `${nameOf(edge)} through the label ${textOf(label)}`),
  ])
  return [...overlaps, ...crossings]
}

/** States that stick out of the one that they are in. */
export function strayIn({ boxes }: ChartLayout): readonly string[] {
  return boxes
    .filter((box) => {
      const around = boxes.find(({ id, kind }) => id === box.parent && kind !== 'anywhere')
      if (around === undefined) return box.parent !== null
      const isInside =
        box.x >= around.x &&
        box.y >= around.y &&
        box.x + box.width <= around.x + around.width &&
        box.y + box.height <= around.y + around.height
      return !isInside
    })
    .map(({ id }) => id)
}

function isForeign({ from, to }: Edge, box: Box, boxes: readonly Box[]): boolean {
  return !isWithin(from, box.id, boxes) && !isWithin(to, box.id, boxes)
}

function isWithin(id: string, ancestor: string, boxes: readonly Box[]): boolean {
  for (let one: string | null = id; one !== null; ) {
    if (one === ancestor) return true
    const above: string | null =
      boxes.find((box) => box.id === one && box.kind !== 'anywhere')?.parent ?? null
    one = above
  }
  return false
}

function initialMark({ x, y, height }: Box): Rectangle {
  return { x: x - 24, y: y + Math.min(20, height / 2) - 5, width: 23, height: 10 }
}

function passes({ points }: Edge, shape: Rectangle): boolean {
  return points.slice(1).some((point, index) => overlap(segment(points[index]!, point), inner(shape)))
}

function segment(from: Point, to: Point): Rectangle {
  return {
    x: Math.min(from.x, to.x),
    y: Math.min(from.y, to.y),
    width: Math.abs(from.x - to.x),
    height: Math.abs(from.y - to.y),
  }
}

/** An arrow may touch a side. */
function inner({ x, y, width, height }: Rectangle): Rectangle {
  return { x: x + 1, y: y + 1, width: width - 2, height: height - 2 }
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

function nameOf({ from, to }: Edge): string {
  return `${from} to ${to}`
}

function textOf(label: NonNullable<Edge['label']>): string {
  return label.lines.flatMap(({ pieces }) => pieces.map(({ text }) => text)).join(' ')
}
