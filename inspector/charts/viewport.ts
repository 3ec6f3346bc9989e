/** Which part of a chart is seen, and how large: zoom, pan, and fitting the whole into whatever room there is. */
import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ChartLayout, Rectangle } from './chart-layout.ts'

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

/** A chart that has all the screen starts where it can be read. */
const readable = 0.8

/** @param near the box to begin with, for a chart that has all the screen; null begins with the whole. */
export function useViewport(
  frame: RefObject<HTMLElement | null>,
  layout: ChartLayout,
  near: Rectangle | null,
): Viewport {
  const [room, setRoom] = useState({ width: 600, height: 400 })
  const [view, setView] = useState<View | null>(null)
  const whole = { width: layout.width + 2 * margin, height: layout.height + 2 * margin }
  const fitting = Math.min(room.width / whole.width, room.height / whole.height, scaleMax)
  const { zoom, x, y } = view ?? { zoom: 1, x: layout.width / 2, y: layout.height / 2 }
  const scale = fitting * zoom
  const width = room.width / scale
  const height = room.height / scale

  /** Keeps the point at (atX, atY), in pixels from the middle, where it is. */
  const zoomBy = (factor: number, atX = 0, atY = 0) => {
    setView((before) => {
      const from = before ?? { zoom: 1, x: layout.width / 2, y: layout.height / 2 }
      const to = Math.min(zoomMax, Math.max(1, from.zoom * factor))
      if (to === 1) return null
      const shift = 1 / (fitting * from.zoom) - 1 / (fitting * to)
      return { zoom: to, x: from.x + atX * shift, y: from.y + atY * shift }
    })
  }

  const startIn = (there: { readonly width: number; readonly height: number }) => {
    const fit = Math.min(there.width / whole.width, there.height / whole.height)
    if (near === null || fit >= readable) return setView(null)
    const half = { width: there.width / readable / 2, height: there.height / readable / 2 }
    setView({
      zoom: readable / fit,
      x: between(half.width - margin, near.x + near.width / 2, layout.width + margin - half.width),
      y: between(half.height - margin, near.y + near.height / 2, layout.height + margin - half.height),
    })
  }

  const begun = useRef<ChartLayout | null>(null)
  const measure = (element: HTMLElement) => {
    const size = sizeOf(element)
    setRoom(size)
    // In a dialog that is not open yet there is no room at all.
    if (begun.current === layout || size.width === 1) return
    begun.current = layout
    startIn(size)
  }

  useEffect(() => {
    const element = frame.current
    if (element === null) return
    const observer = new ResizeObserver(() => measure(element))
    observer.observe(element)
    return () => observer.disconnect()
  }, [frame, layout])
  useEffect(() => {
    const element = frame.current
    if (element === null) return
    // A plain wheel belongs to the page, unless the chart has all of it; with Ctrl, which is also what pinching sends, it zooms.
    const onWheel = (event: WheelEvent) => {
      if (near === null && !event.ctrlKey && !event.metaKey) return
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
      else if (key === '0' || key === 'f') setView(null)
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

function between(least: number, value: number, most: number): number {
  return least > most ? (least + most) / 2 : Math.min(most, Math.max(least, value))
}
