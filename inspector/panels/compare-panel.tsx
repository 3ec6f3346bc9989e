/** Two runs beside each other, or one in the other by time; the first step that differs is a click away. */
import { computed, signal } from '@preact/signals'
import type { TraceStep } from '../../runtime/trace/format.ts'
import { goTo } from '../app/moves.ts'
import { openOther } from '../app/open.ts'
import { closeOther, swapRuns } from '../app/other-run.ts'
import { currentRun, cursor, other, otherSource, source } from '../app/state.ts'
import { firstDifference, interleaved, isSameStep } from '../model/compare.ts'
import { shortState, titleOf } from '../model/describe.ts'
import { rowHeight, VirtualRows } from './virtual-rows.tsx'

const mode = signal<'side by side' | 'interleaved'>('side by side')

const difference = computed(() => {
  const [a, b] = [currentRun(), other.value]
  return a === null || b === null ? null : firstDifference(a, b)
})

const merged = computed(() => {
  const [a, b] = [currentRun(), other.value]
  return a === null || b === null || mode.value !== 'interleaved' ? [] : interleaved(a, b)
})

const cursorInMerged = computed(() =>
  merged.value.findIndex(({ of, step }) => of === 'a' && step.i === cursor.value),
)

export function ComparePanel() {
  if (other.value === null) return <Invitation />
  return (
    <div class="compare step-list">
      <Head />
      {mode.value === 'side by side' ? <SideBySide /> : <Interleaved />}
    </div>
  )
}

function Invitation() {
  return (
    <label class="drop-zone second">
      <input
        type="file"
        aria-label="Open a second trace"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0]
          if (file !== undefined) openOther(file)
        }}
      />
      <b>Open a second trace</b> to see where it first differs from this one.
    </label>
  )
}

function Head() {
  const at = difference.value
  return (
    <div class="panel-head">
      <span>
        {at === null ? '✓ Both runs are the same, step by step.' : 'They first differ in '}
        {at === null ? null : (
          <button type="button" class="plain link-to" onClick={() => goTo(at)}>
            step {at}
          </button>
        )}
      </span>
      <span class="buttons">
        <select
          aria-label="How both are shown"
          value={mode.value}
          onChange={(event) => (mode.value = event.currentTarget.value as typeof mode.value)}
        >
          <option>side by side</option>
          <option>interleaved</option>
        </select>
        <button type="button" title="Look at the other run (o)" onClick={swapRuns}>
          swap
        </button>
        <button type="button" onClick={closeOther}>
          close
        </button>
      </span>
    </div>
  )
}

function ListHead() {
  return ['#', nameOf(source.value), nameOf(otherSource.value)].map((title, index) => (
    <span role="columnheader" key={index}>
      {title}
    </span>
  ))
}

function SideBySide() {
  const [a, b] = [currentRun()!, other.value!]
  const first = Math.max(a.first, b.first)
  return (
    <VirtualRows
      label="Both runs side by side"
      count={Math.max(a.end, b.end) - first}
      kept={cursor.value - first}
      activeId={`pair-${cursor.value}`}
      head={<ListHead />}
      row={(index) => {
        const i = first + index
        const [one, two] = [a.step(i), b.step(i)]
        const same = isSameStep(one, two)
        return (
          <div
            role="row"
            key={i}
            id={`pair-${i}`}
            aria-rowindex={index + 2}
            aria-selected={cursor.value === i}
            class={`row ${cursor.value === i ? 'current' : ''} ${same ? '' : 'differs'}`}
            style={{ top: `${index * rowHeight}px` }}
            onClick={() => goTo(i)}
          >
            <span role="gridcell" class="number">
              {same ? '' : '≠ '}
              {i}
            </span>
            <Cell step={one} />
            <Cell step={two} />
          </div>
        )
      }}
    />
  )
}

function Interleaved() {
  const steps = merged.value
  return (
    <VirtualRows
      label="Both runs, interleaved by time"
      count={steps.length}
      kept={Math.max(0, cursorInMerged.value)}
      activeId={`merged-${cursorInMerged.value}`}
      head={<ListHead />}
      row={(index) => {
        const { of, step } = steps[index]!
        const isCurrent = index === cursorInMerged.value
        return (
          <div
            role="row"
            key={index}
            id={`merged-${index}`}
            aria-rowindex={index + 2}
            aria-selected={isCurrent}
            class={`row ${isCurrent ? 'current' : ''}`}
            title={of === 'a' ? undefined : 'Look at this run'}
            style={{ top: `${index * rowHeight}px` }}
            onClick={() => lookAt(of, step.i)}
          >
            <span role="gridcell" class="number">
              {step.i}
            </span>
            <Cell step={of === 'a' ? step : undefined} />
            <Cell step={of === 'b' ? step : undefined} />
          </div>
        )
      }}
    />
  )
}

/** A step of the other run is shown by changing places with it. */
function lookAt(of: 'a' | 'b', i: number): void {
  if (of === 'b') swapRuns()
  goTo(i)
}

function Cell({ step }: { readonly step: TraceStep | undefined }) {
  if (step === undefined) return <span role="gridcell" />
  const state = step.after === undefined ? '' : shortState(step.after.value)
  return (
    <span role="gridcell">
      <b>{step.node ?? 'network'}</b> {titleOf(step)} <span class="old">{state}</span>
    </span>
  )
}

function nameOf(name: string): string {
  return name.replace(/^file:/, '')
}
