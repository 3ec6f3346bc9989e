/** The steps as a table: the twin of the diagram in words. Only the rows in sight are in the document. */
import { effect, signal, useComputed, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { TraceStep } from '../../runtime/observe/trace.ts'
import { goTo, stepBy } from '../app/moves.ts'
import { foundSet } from '../app/search.ts'
import { currentRun, cursor, pinned, visible } from '../app/state.ts'
import { shortState, titleOf } from '../model/describe.ts'
import { complaintsOf, countBelow } from '../model/run.ts'
import { glyphOf } from './diagram/glyphs.tsx'

const rowHeight = 26
const top = signal(0)

export function StepList() {
  const box = useRef<HTMLDivElement>(null)
  const height = useSignal(200)
  const count = useComputed(() => {
    const current = currentRun()
    return visible.value?.length ?? (current === null ? 0 : current.end - current.first)
  })
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      height.value = entry!.contentRect.height
    })
    observer.observe(box.current!)
    return () => observer.disconnect()
  }, [height])
  useEffect(
    () =>
      effect(() => {
        cursor.value
        count.value
        requestAnimationFrame(() => box.current !== null && keepInSight(box.current))
      }),
    [count],
  )

  const current = currentRun()
  const from = Math.max(0, Math.floor(top.value / rowHeight) - 6)
  const to = Math.min(count.value, Math.ceil((top.value + height.value) / rowHeight) + 6)
  const numbers = Array.from({ length: Math.max(0, to - from) }, (_, at) => numberAt(from + at))
  return (
    <div class="step-list">
      <div
        ref={box}
        class="rows"
        role="grid"
        tabIndex={0}
        aria-label="Steps"
        aria-rowcount={count.value + 1}
        aria-activedescendant={`step-${cursor.value}`}
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
        <div role="row" aria-rowindex={1} class="head" tabIndex={-1}>
          {['#', 'time', 'L', 'node', 'what happens', 'state after it'].map((title) => (
            <span role="columnheader" key={title} tabIndex={-1}>
              {title}
            </span>
          ))}
        </div>
        <div role="rowgroup" style={{ height: `${count.value * rowHeight}px` }} class="space">
          {numbers.map((i, at) => {
            const step = i === undefined ? undefined : current?.step(i)
            return step === undefined ? null : <StepRow key={i} step={step} index={from + at} />
          })}
        </div>
      </div>
    </div>
  )
}

function StepRow({ step, index }: { readonly step: TraceStep; readonly index: number }) {
  const { i, node, kind, t, lamport, after, refused } = step
  const isCurrent = cursor.value === i
  const { path, filled, name } = glyphOf(kind)
  const current = currentRun()
  const start = current?.step(current.first)?.t ?? 0
  const complaint = complaintsOf(step)[0]
  return (
    <div
      role="row"
      id={`step-${i}`}
      tabIndex={-1}
      aria-rowindex={index + 2}
      aria-selected={isCurrent}
      class={`row ${isCurrent ? 'current' : ''} ${pinned.value === i ? 'is-pinned' : ''} ${foundSet.value.has(i) ? 'found' : ''} ${complaint === undefined ? '' : 'violation'}`}
      style={{ top: `${index * rowHeight}px` }}
      onClick={(event) => {
        if (event.shiftKey) pinned.value = i
        else goTo(i)
      }}
    >
      <span role="gridcell" class="number" tabIndex={-1}>
        {i}
      </span>
      <span role="gridcell" class="number" tabIndex={-1}>
        {(t - start).toLocaleString('en', { maximumFractionDigits: 3 })}
      </span>
      <span role="gridcell" class="number" tabIndex={-1}>
        {lamport ?? ''}
      </span>
      <span role="gridcell" class="node-id" tabIndex={-1}>
        {node ?? 'network'}
      </span>
      <span role="gridcell" tabIndex={-1} class="what">
        <svg class={`glyph ${filled ? 'filled' : 'hollow'} ${kind}`} viewBox="-8 -8 16 16" aria-hidden="true">
          <path d={path} />
        </svg>
        <span class="sr-only">{name}: </span>
        {titleOf(step)}
        {refused === undefined ? null : <em class="refused">refused: {refused.reason}</em>}
        {complaint === undefined ? null : <em class="bad">✗ {complaint}</em>}
      </span>
      <span role="gridcell" class="state" tabIndex={-1}>
        {stateChange(step) ?? (after === undefined ? '' : shortState(after.value))}
      </span>
    </div>
  )
}

function stateChange({ before, after }: TraceStep) {
  if (before === undefined || after === undefined) return null
  const [old, now] = [shortState(before.value), shortState(after.value)]
  if (old === now) return null
  return (
    <>
      <span class="old">{old}</span> → <b>{now}</b>
    </>
  )
}

function numberAt(index: number): number | undefined {
  const current = currentRun()
  if (current === null) return undefined
  return visible.value === null ? current.first + index : visible.value[index]
}

/** The index in the list of the cursor's step, or of where it would be. */
function indexOfCursor(): number {
  const current = currentRun()
  if (current === null) return 0
  return visible.value === null ? cursor.value - current.first : countBelow(visible.value, cursor.value)
}

function keepInSight(box: HTMLElement): void {
  const y = indexOfCursor() * rowHeight
  const room = box.clientHeight - 26
  if (y < box.scrollTop) box.scrollTop = Math.max(0, y - room / 4)
  else if (y + rowHeight > box.scrollTop + room) box.scrollTop = y - room * 0.7
}
