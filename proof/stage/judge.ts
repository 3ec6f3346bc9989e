/** Judges every act on a stage by the system's own invariants, step invariants and goals. */
import { noMachineThrows } from '../check/engine/tolerant-stepper.ts'
import { judged } from '../check/properties/judged.ts'
import type { Goal, Invariant, NodeView, SystemView } from '../check/system.ts'
import type { Act, Stage } from './stage.ts'
import { type GoalVerdict, isReached, type Judge, mainObservation } from './staged.ts'

/** A property that is asked again only after a change of something that it asked for. */
interface Watched<Property> {
  readonly property: Property
  asked: ReadonlySet<string>
  hasAskedObserver: boolean
  /** A goal was reached, or an invariant fails: reported once, until an invariant holds again. */
  isReported: boolean
}

/** Reports an invariant when it begins to fail, and a goal when it is reached for the first time. */
export function createJudge(stage: Stage): Judge {
  const { invariants = [], steps = [], goals = [] } = stage.system
  const watchedInvariants = invariants.map(watched<Invariant>)
  const watchedGoals = goals.map(watched<Goal>)
  const stepInvariants = steps.includes(noMachineThrows) ? steps : [noMachineThrows, ...steps]
  let observed: unknown = stage.view().observed()
  let hasStarted = false

  /** The answer, or null if nothing that the property asked for has changed. */
  const ask = <Answer>(
    one: Watched<unknown>,
    changed: string | null,
    holds: (view: SystemView) => Answer,
  ): Answer | null => {
    const isObserverNew = one.hasAskedObserver && stage.view().observed() !== observed
    if (hasStarted && !isObserverNew && (changed === null || !one.asked.has(changed))) return null
    const asked = new Set<string>()
    one.asked = asked
    const view = stage.view()
    return holds({
      ids: view.ids,
      node(id): NodeView {
        asked.add(id)
        return view.node(id)
      },
      observed() {
        one.hasAskedObserver = true
        return view.observed()
      },
    })
  }

  const verdictsOn = ({ player, before, after }: Act) => {
    const verdicts: ReturnType<Judge>[number][number][] = []
    const fail = (name: string, reason: string) => verdicts.push({ name, holds: false, reason })
    const changed = player?.node.id ?? null
    for (const one of watchedInvariants) {
      const verdict = ask(one, changed, (view) => judged(() => one.property.holds(view)))
      if (verdict === null) continue
      if (verdict !== true && !one.isReported) fail(one.property.name, verdict)
      one.isReported = verdict !== true
    }
    for (const { name, holds } of before === null || after === null ? [] : stepInvariants) {
      const verdict = judged(() => holds(before!, after!))
      if (verdict !== true) fail(name, verdict)
    }
    for (const one of watchedGoals.filter(({ isReported }) => !isReported)) {
      if (ask(one, changed, (view) => isReached(one.property.reached, view)) !== true) continue
      one.isReported = true
      verdicts.push({ name: one.property.name, holds: true } satisfies GoalVerdict)
    }
    observed = stage.view().observed()
    hasStarted = true
    return verdicts
  }

  return (act) => {
    const isOfNetwork = act.player === null && hasStarted
    const verdicts = isOfNetwork ? [] : verdictsOn(act)
    const main = act.player === null ? act.observations.at(-1) : mainObservation(act)
    return act.observations.map((observation) => (observation === main ? verdicts : []))
  }
}

function watched<Property>(property: Property): Watched<Property> {
  return { property, asked: new Set(), hasAskedObserver: false, isReported: false }
}
