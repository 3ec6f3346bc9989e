/** Two steps of an app that are alike but for what a test says. */
import { differencesOf } from '../../../inspector/model/compare.ts'
import type { Json } from '../../../machines/application/application.ts'
import { plainStep } from '../../../runtime/trace/imports/foreign-run.ts'

interface Given {
  readonly value?: Json
  readonly context?: Json
  readonly event?: Json
  readonly guard?: boolean
  readonly t?: number
}

/** The fields in which the two steps differ. */
export function compare(one: Given, other: Given): string[] {
  return differencesOf(stepOf(one), stepOf(other))
}

function stepOf({ value = 'a', context = {}, event = { type: 'go' }, guard = true, t = 0 }: Given) {
  const considered = { event: 'go', source: 'm', target: [], guard: 'isOpen', result: guard }
  return plainStep(0, 'm', { t, event, after: { value, context }, microsteps: [considered] })
}
