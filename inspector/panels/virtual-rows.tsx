/** A long list of which only the rows in sight are in the document; one row is kept in sight. */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
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
  const target = useSignal(kept)
  target.value = kept
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      height.value = entry!.contentRect.height
    })
    observer.observe(box.current!)
    return () => observer.disconnect()
  }, [height])
  useSignalEffect(() => {
    const index = target.value
    requestAnimationFrame(() => box.current !== null && keepInSight(box.current, index))
  })
  const span = useComputed(() => ({
    from: Math.max(0, Math.floor(top.value / rowHeight) - margin),
    to: Math.ceil((top.value + height.value) / rowHeight) + margin,
  }))
  const { from, to } = span.value
  const indexes = Array.from({ length: Math.max(0, Math.min(count, to) - from) }, (_, at) => from + at)
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

function keepInSight(box: HTMLElement, index: number): void {
  const y = index * rowHeight
  const room = box.clientHeight - rowHeight
  if (y < box.scrollTop) box.scrollTop = Math.max(0, y - room / 4)
  else if (y + rowHeight > box.scrollTop + room) box.scrollTop = y - room * 0.7
}
