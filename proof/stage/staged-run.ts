/** One run of a staged system: the choices that it is given, one after another, as a trace with verdicts. */

import { createTrace } from '../../runtime/trace/write.ts'
import type { TraceVerdict } from '../check/saved-run.ts'
import type { Choice } from './choice.ts'
import { createJudge } from './judge.ts'
import { type Act, Stage } from './stage.ts'
import { type GoalVerdict, headerOf, type Judge, type Staged } from './staged.ts'
import { carryOut, nextChoice } from './steps.ts'

export class StagedRun {
  readonly staged: Staged
  readonly stage: Stage
  /** Whether a property has failed so far. */
  isBroken = false

  /**
   * `write` takes the lines of the trace: the header at once, then a line a step. Equal systems and choices write equal
   * lines.
   */
  constructor(staged: Staged, write: (line: string) => void) {
    this.staged = staged
    let verdicts: readonly (TraceVerdict | GoalVerdict)[] = []
    let judge: Judge | null = null
    const early: Act[] = []
    const trace = createTrace({
      write,
      options: staged.origin,
      ...headerOf(staged),
      verdictsOf: () => verdicts,
    })
    const take = (act: Act) => {
      const all = judge!(act)
      for (const [index, observation] of act.observations.entries()) {
        verdicts = all[index] ?? []
        if (verdicts.some(({ holds }) => !holds)) this.isBroken = true
        trace.observe(observation)
      }
    }
    this.stage = new Stage(staged.system, {
      onAct: (act) => void (judge === null ? early.push(act) : take(act)),
      latencyMs: () => staged.latencyMs ?? 1,
    })
    judge = (staged.createJudge ?? createJudge)(this.stage)
    for (const act of early) take(act)
  }

  /** Why a choice cannot be made, or null when it was made. A choice that cannot be made changes nothing. */
  choose(choice: Choice): string | null {
    return carryOut(this, choice)
  }

  /** What would happen by itself; null if nothing ever would. */
  next(): Exclude<Choice, { kind: 'next' }> | null {
    return nextChoice(this)
  }

  /** How many calls have no answer, of all clients that run. */
  pending(): number {
    return this.stage.players.reduce((sum, { calls }) => sum + calls.size, 0)
  }
}
