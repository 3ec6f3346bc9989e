/** Gets the layout engine ready as soon as a run has a chart that the page cannot draw without it. */
import { effect } from '@preact/signals'
import { currentRun } from '../app/state.ts'
import { prepareLayouts } from '../charts/chart-frame.tsx'

export function startPreparingLayouts(): void {
  const stop = effect(() => {
    const machines = currentRun()?.machines.map(({ definition }) => definition) ?? []
    if (prepareLayouts(machines)) queueMicrotask(() => stop())
  })
}
