/** The clocks of a run as it grows: which step's clock breaks a rule, and which (L1, L3). */

import { type ClockFault, createClockAudit } from '../../runtime/observe/clock-audit.ts'
import type { TraceStep } from '../../runtime/trace/format.ts'

/** A step whose clock is not what the rules make of the clocks before it. */
export interface BrokenRule {
  readonly i: number
  /** `L1` for Lamport clocks, `L3` for vectors. */
  readonly rule: 'L1' | 'L3'
  readonly text: string
}

/** Looks at every step once, in order. */
export interface StepAudit {
  take(step: TraceStep): BrokenRule | null
}

/** Sends that are remembered. */
const sentMax = 50_000

export function createStepAudit(): StepAudit {
  const audit = createClockAudit({ sentMax })
  return {
    take(step) {
      const { i, node, kind, lamport, vector, truncated, message, parent, detail } = step
      // The importer of a log has judged its clocks with the whole log before it.
      if (step.clockFault !== undefined) return { i, rule: 'L3', text: step.clockFault }
      if (node === null || lamport === null || vector === null || step.text !== undefined) return null
      const begin = parent === undefined ? 'zero' : { from: parent }
      const fault = audit.take({
        node,
        clock: { lamport, vector, truncated: truncated === true },
        ticks: mustTick(step) ? 'must' : 'may',
        // A detail says that the node ran before the recording.
        ...(kind === 'start' && { start: detail === undefined ? begin : 'unknown' }),
        ...(kind === 'send' && message !== undefined && { sent: message.id }),
        ...(kind === 'receive' && message !== undefined && { received: message.id }),
      })
      return fault === null ? null : { i, rule: fault.rule, text: sentence(step, fault) }
    },
  }
}

function sentence({ node, kind }: TraceStep, { entry, expected, found, pasts }: ClockFault): string {
  const most = pasts.length === 1 ? `${pasts[0]}` : `max(${pasts.join(', ')})`
  const says = `but the clock says ${found}`
  if (entry !== null && entry !== node) return `the entry of ${entry} is ${most} = ${expected}, ${says}`
  if (entry !== null) return `the own entry ${entry} becomes ${expected}, ${says}`
  const what = kind === 'receive' ? 'receiving sets' : kind === 'send' ? 'sending sets' : 'an event sets'
  return `${what} ${most} + 1 = ${expected}, ${says}`
}

/** Sends, receives, starts and changes are events (L1). */
export function mustTick({ kind, before, after }: TraceStep): boolean {
  if (kind === 'send' || kind === 'receive' || kind === 'start') return true
  if (before === undefined || after === undefined) return false
  return (after.patch?.length ?? 0) > 0 || JSON.stringify(before.value) !== JSON.stringify(after.value)
}
