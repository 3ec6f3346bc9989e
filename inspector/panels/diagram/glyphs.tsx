/** The shape of each kind of step, drawn around a point: distinguishable without colour. */
import type { TraceStep } from '../../../runtime/trace/format.ts'

/** A shape as the data of an SVG path around 0,0, and whether it is filled. */
export interface Glyph {
  readonly path: string
  readonly filled: boolean
  readonly name: string
}

const circle = (r: number) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`
const cross = (r: number) => `M${-r} ${-r}L${r} ${r}M${-r} ${r}L${r} ${-r}`

const glyphs: Record<TraceStep['kind'], Glyph> = {
  start: { path: 'M-4 -5.5L6 0L-4 5.5Z', filled: true, name: 'start' },
  send: { path: circle(4), filled: false, name: 'send' },
  receive: { path: circle(4.5), filled: true, name: 'receive' },
  timer: { path: 'M0 -5.5L5.5 0L0 5.5L-5.5 0Z', filled: false, name: 'timer' },
  local: { path: 'M-4 -4H4V4H-4Z', filled: false, name: 'event' },
  drop: { path: cross(4), filled: false, name: 'lost' },
  duplicate: { path: `${circle(5)}${circle(2)}`, filled: false, name: 'duplicated' },
  delay: { path: 'M-5 0Q-2.5 -5 0 0T5 0', filled: false, name: 'delayed' },
  crash: { path: `${cross(6)}M-8 0H8`, filled: false, name: 'crash' },
  restart: { path: 'M-5.5 4.5L0 -5.5L5.5 4.5Z', filled: true, name: 'restart' },
  stop: { path: 'M-4.5 -4.5H4.5V4.5H-4.5Z', filled: true, name: 'stop' },
  partition: { path: 'M0 -6V6M-4 -6V6', filled: false, name: 'cut' },
  heal: { path: 'M0 -6V6M-5 0H5', filled: false, name: 'heal' },
  call: { path: 'M-4 -5H3M-4 -5V5H3', filled: false, name: 'call' },
  return: { path: 'M4 -5H-3M4 -5V5H-3', filled: false, name: 'return' },
  refuse: { path: `${circle(4.5)}M-3 3L3 -3`, filled: false, name: 'not taken' },
}

export function glyphOf(kind: TraceStep['kind']): Glyph {
  return glyphs[kind] ?? glyphs.local
}
