/** Runs at points of a tree: the few that were needed last are kept, and any other is run again from the start. */
import type { TraceHeader, TraceStep } from '../../runtime/trace/format.ts'
import type { Choice } from './choice.ts'
import type { Made } from './made.ts'
import type { Staged } from './staged.ts'
import { StagedRun } from './staged-run.ts'
import { whyNot } from './steps.ts'

export interface Systems {
  /** The header and the steps of every run's beginning. */
  begin(): { readonly header: TraceHeader; readonly steps: TraceStep[] }
  /** The run after the first `position` of these choices. */
  at(made: readonly Made[], position: number): StagedRun
  /** The steps after the first `known` ones of the run of these choices. */
  extend(made: readonly Made[], known: number): TraceStep[]
  whyNot(run: StagedRun, choice: Choice): string | null
}

interface Kept {
  readonly run: StagedRun
  readonly made: Made[]
  /** The branch whose choices these are; its list only grows. */
  branch: readonly Made[]
  /** The lines of the trace that were not asked for yet; `written` counts all of them. */
  fresh: string[]
  written: number
}

/** The end of the branch that is shown, a point in its past, and one to spare. */
const keptMax = 3

export function createSystems(staged: Staged): Systems {
  /** The one that was used last stands last. */
  let kept: Kept[] = []

  const create = (): Kept => {
    const trace = { fresh: [] as string[], written: 0 }
    const run = new StagedRun(staged, (line) => {
      trace.fresh.push(line)
      trace.written += 1
    })
    return Object.assign(trace, { run, made: [], branch: [] })
  }

  /** Its lines from that one on, the header being line 0. */
  const linesFrom = (one: Kept, first: number): unknown[] => {
    const lines = one.fresh.slice(Math.max(0, first - (one.written - one.fresh.length)))
    one.fresh = []
    return lines.map((line) => JSON.parse(line) as unknown)
  }

  const find = (made: readonly Made[], position: number): Kept => {
    const leads = (one: Kept) =>
      one.made.length <= position &&
      (one.branch === made || one.made.every((choice, index) => choice === made[index]))
    const best = kept
      .filter(leads)
      .reduce<Kept | null>((a, b) => (a === null || b.made.length >= a.made.length ? b : a), null)
    const used = best ?? create()
    used.branch = made
    for (const next of made.slice(used.made.length, position)) {
      const why = used.run.choose(next.choice)
      if (why !== null)
        throw new Error(`expected the same run again, but ${why}; are the charts deterministic?`)
      used.made.push(next)
    }
    kept = [...kept.filter((one) => one !== used), used].slice(-keptMax)
    return used
  }

  return {
    begin() {
      const [header, ...steps] = linesFrom(find([], 0), 0)
      return { header: header as TraceHeader, steps: steps as TraceStep[] }
    },
    at: (made, position) => find(made, position).run,
    extend: (made, known) => linesFrom(find(made, made.length), 1 + known) as TraceStep[],
    whyNot,
  }
}
