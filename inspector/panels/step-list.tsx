/** The steps as a table: the twin of the diagram in words. Only the rows in sight are in the document. */
import { useComputed } from '@preact/signals'
import type { TraceStep } from '../../runtime/trace/format.ts'
import { goTo } from '../app/moves.ts'
import { foundSet } from '../app/search.ts'
import { currentRun, cursor, pinned, visible } from '../app/state.ts'
import { shortState, titleOf } from '../model/describe.ts'
import { complaintsOf } from '../model/run.ts'
import { countBelow } from '../model/sorted.ts'
import { glyphOf } from './diagram/glyphs.tsx'
import { rowHeight, VirtualRows } from './virtual-rows.tsx'

const titles = ['#', 'time', 'L', 'node', 'what happens', 'state after it']

export function StepList() {
  const current = currentRun()
  if (current === null) return null
  const shown = visible.value
  const numberAt = (index: number) => (shown === null ? current.first + index : shown[index]!)
  return (
    <div class="step-list">
      <VirtualRows
        label="Steps"
        count={shown?.length ?? current.end - current.first}
        kept={shown === null ? cursor.value - current.first : countBelow(shown, cursor.value)}
        activeId={`step-${cursor.value}`}
        head={titles.map((title) => (
          <span role="columnheader" key={title}>
            {title}
          </span>
        ))}
        row={(index) => {
          const step = current.step(numberAt(index))
          return step === undefined ? null : <StepRow key={step.i} step={step} index={index} />
        }}
      />
    </div>
  )
}

function StepRow({ step, index }: { readonly step: TraceStep; readonly index: number }) {
  const { i, node, kind, t, lamport, after, refused } = step
  // Computed, so that a step of the cursor redraws two rows and not all of them.
  const isCurrent = useComputed(() => cursor.value === i).value
  const isPinned = useComputed(() => pinned.value === i).value
  const isFound = useComputed(() => foundSet.value.has(i)).value
  const { path, filled, name } = glyphOf(kind)
  const current = currentRun()
  const start = current?.step(current.first)?.t ?? 0
  const complaint = complaintsOf(step)[0] ?? step.clockFault
  return (
    <div
      role="row"
      id={`step-${i}`}
      aria-rowindex={index + 2}
      aria-selected={isCurrent}
      class={`row ${isCurrent ? 'current' : ''} ${isPinned ? 'is-pinned' : ''} ${isFound ? 'found' : ''} ${complaint === undefined ? '' : 'violation'}`}
      style={{ top: `${index * rowHeight}px` }}
      onClick={(event) => {
        if (event.shiftKey) pinned.value = i
        else goTo(i)
      }}
    >
      <span role="gridcell" class="number">
        {i}
      </span>
      <span role="gridcell" class="number">
        {(t - start).toLocaleString('en', { maximumFractionDigits: 3 })}
      </span>
      <span role="gridcell" class="number">
        {lamport ?? ''}
      </span>
      <span role="gridcell" class="node-id">
        {node ?? 'network'}
      </span>
      <span role="gridcell" class="what">
        <svg class={`glyph ${filled ? 'filled' : 'hollow'} ${kind}`} viewBox="-8 -8 16 16" aria-hidden="true">
          <path d={path} />
        </svg>
        <span class="sr-only">{name}: </span>
        {titleOf(step)}
        {refused === undefined ? null : <em class="refused">refused: {refused.reason}</em>}
        {complaint === undefined ? null : <em class="bad">✗ {complaint}</em>}
      </span>
      <span role="gridcell" class="state">
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
