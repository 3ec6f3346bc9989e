/** Which part of a chart is seen, and how large: zoom, pan, and fitting the whole into whatever room there is. */
import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ChartLayout } from './chart-layout.ts'

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

export function useViewport(frame: RefObject<HTMLElement | null>, layout: ChartLayout): Viewport {
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

  useEffect(() => setView(null), [layout])
  useEffect(() => {
    const element = frame.current
    if (element === null) return
    const observer = new ResizeObserver(() => {
      setRoom({ width: Math.max(1, element.clientWidth), height: Math.max(1, element.clientHeight) })
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [frame])
  useEffect(() => {
    const element = frame.current
    if (element === null) return
    // A plain wheel belongs to the page; with Ctrl, which is also what pinching sends, it zooms.
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return
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
