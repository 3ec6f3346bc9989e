/** A long list of which only the rows in sight are in the document; one row is kept in sight. */
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { stepBy } from '../app/moves.ts'

export const rowHeight = 26
/** Rows beyond the edges, so that a little scrolling shows no gap. */
const margin = 6

interface Props {
  readonly label: string
  readonly count: number
  /** The row that stays in sight when it changes. */
  readonly kept: number
  readonly activeId: string
  readonly head: ComponentChildren
  readonly row: (index: number) => ComponentChildren
}

export function VirtualRows({ label, count, kept, activeId, head, row }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const top = useSignal(0)
  const height = useSignal(200)
  /** The row that was last brought in sight: from there on a person may scroll away. */
  const seen = useRef(-1)
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      height.value = entry!.contentRect.height
    })
    observer.observe(box.current!)
    return () => observer.disconnect()
  }, [height])
  // Where it will be is known beforehand: a step draws the list once, and asks the document for no size.
  const from = kept === seen.current ? top.value : topFor(kept, top.value, height.value, count)
  useLayoutEffect(() => {
    seen.current = kept
    if (from === top.peek()) return
    top.value = from
    // When all of the page has been drawn: it is laid out once.
    requestAnimationFrame(() => box.current?.scrollTo(0, from))
  })
  const first = Math.max(0, Math.floor(from / rowHeight) - margin)
  const end = Math.min(count, Math.ceil((from + height.value) / rowHeight) + margin)
  const indexes = Array.from({ length: Math.max(0, end - first) }, (_, at) => first + at)
  return (
    <div
      ref={box}
      class="rows"
      role="grid"
      tabIndex={0}
      aria-label={label}
      aria-rowcount={count + 1}
      aria-activedescendant={activeId}
      onKeyDown={(event) => {
        const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
        if (by === 0) return
        event.preventDefault()
        stepBy(by)
      }}
      onScroll={(event) => {
        top.value = event.currentTarget.scrollTop
      }}
    >
      <div role="row" aria-rowindex={1} class="head">
        {head}
      </div>
      <div role="rowgroup" style={{ height: `${count * rowHeight}px` }} class="space">
        {indexes.map(row)}
      </div>
    </div>
  )
}

/** Pixels to scroll to, so that a row is in sight: as they are, or most of a page on, so that few steps scroll. */
function topFor(index: number, top: number, height: number, count: number): number {
  const y = index * rowHeight
  const room = height - rowHeight
  if (y >= top && y + rowHeight <= top + room) return top
  const wanted = y - Math.round(room * (y < top ? 0.75 : 0.25))
  return Math.max(0, Math.min(wanted, count * rowHeight - room))
}
