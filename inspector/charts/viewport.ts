/** Which part of a chart is seen, and how large: zoom, pan, and fitting the whole into the available room. */
import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ChartLayout, Rectangle } from './chart-shapes.ts'

/** In the layout's coordinates; zoom 1 shows the whole chart. */
interface View {
  readonly zoom: number
  readonly x: number
  readonly y: number
}

export interface Viewport {
  /** For the SVG's attribute of that name. */
  readonly box: string
  /** Pixels of the screen for each of the layout. */
  readonly scale: number
  /** `+`, `-`, `0` and `f`; false for any other key. */
  takeKey(key: string): boolean
  onPointerDown(event: PointerEvent): void
}

const margin = 12
const zoomMax = 12
/** A small chart is not blown up to fill a large room. */
const scaleMax = 1.25

interface Options {
  /** The box that is kept in sight while the whole would be too small to read; null: none. */
  readonly near: Rectangle | null
  /** It has all the screen. */
  readonly fills: boolean
}

/** A chart shows all of itself, or the part around `near`, until a person zooms or pans. */
export function useViewport(
  frame: RefObject<HTMLElement | null>,
  layout: ChartLayout,
  { near, fills }: Options,
): Viewport {
  const [room, setRoom] = useState({ width: 600, height: 400 })
  const [chosen, setChosen] = useState<{ readonly view: View; readonly of: ChartLayout } | null>(null)
  const whole = { width: layout.width + 2 * margin, height: layout.height + 2 * margin }
  const fitting = Math.min(room.width / whole.width, room.height / whole.height, scaleMax)
  const all: View = { zoom: 1, x: layout.width / 2, y: layout.height / 2 }
  const [small, readable] = fills ? [0.8, 0.8] : [0.4, 0.6]
  const around = (box: Rectangle): View => ({
    zoom: readable / fitting,
    x: between(room.width / readable, box.x + box.width / 2, layout.width),
    y: between(room.height / readable, box.y + box.height / 2, layout.height),
  })
  const usual = near === null || fitting >= small ? all : around(near)
  const view = chosen?.of === layout ? chosen.view : usual
  const { zoom, x, y } = view
  const scale = fitting * zoom
  const width = room.width / scale
  const height = room.height / scale
  const setView = (next: View) => setChosen({ view: next, of: layout })

  /** Keeps the point at (atX, atY), in pixels from the middle, where it is. */
  const zoomBy = (factor: number, atX = 0, atY = 0) => {
    const to = Math.min(zoomMax, Math.max(1, zoom * factor))
    const shift = 1 / scale - 1 / (fitting * to)
    setView(to === 1 ? all : { zoom: to, x: x + atX * shift, y: y + atY * shift })
  }

  useEffect(() => {
    const element = frame.current
    if (element === null) return
    const observer = new ResizeObserver(() => setRoom(sizeOf(element)))
    observer.observe(element)
    return () => observer.disconnect()
  }, [frame])
  useEffect(() => {
    const element = frame.current
    if (element === null) return
    // A plain wheel belongs to the page, unless the chart has all of it; with Ctrl, which is also what pinching sends, it zooms.
    const onWheel = (event: WheelEvent) => {
      if (!fills && !event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      const { left, top, width: across, height: down } = element.getBoundingClientRect()
      zoomBy(2 ** (-event.deltaY / 200), event.clientX - left - across / 2, event.clientY - top - down / 2)
    }
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => element.removeEventListener('wheel', onWheel)
  })

  return {
    box: [x - width / 2, y - height / 2, width, height].map((value) => Math.round(value * 10) / 10).join(' '),
    scale,
    takeKey(key) {
      if (key === '+' || key === '=') zoomBy(1.4)
      else if (key === '-') zoomBy(1 / 1.4)
      else if (key === '0' || key === 'f') setView(all)
      else return false
      return true
    },
    onPointerDown(event) {
      if (event.button !== 0 || zoom === 1 || (event.target as Element).closest('[data-transition]') !== null)
        return
      const start = { x: event.clientX, y: event.clientY }
      const move = ({ clientX, clientY }: PointerEvent) => {
        setView({ zoom, x: x - (clientX - start.x) / scale, y: y - (clientY - start.y) / scale })
      }
      const end = () => {
        removeEventListener('pointermove', move)
        removeEventListener('pointerup', end)
        removeEventListener('pointercancel', end)
      }
      addEventListener('pointermove', move)
      addEventListener('pointerup', end)
      addEventListener('pointercancel', end)
    },
  }
}

function sizeOf(element: HTMLElement | null): { readonly width: number; readonly height: number } {
  return { width: Math.max(1, element?.clientWidth ?? 0), height: Math.max(1, element?.clientHeight ?? 0) }
}

/** The middle of a window of a length, at `value` or as near as the chart's own length allows. */
function between(length: number, value: number, whole: number): number {
  const [least, most] = [length / 2 - margin, whole + margin - length / 2]
  return least > most ? whole / 2 : Math.min(most, Math.max(least, value))
}
