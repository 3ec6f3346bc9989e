/** Adds up the counts of several runs, and sums them up by machine. */
import type { MachineCoverage } from './recorder.ts'

/** Adds up counts of machines with the same id, states and transitions; another chart of the same id stays apart. */
export function mergeCoverage(reports: readonly (readonly MachineCoverage[])[]): readonly MachineCoverage[] {
  const merged = new Map<string, MachineCoverage>()
  for (const coverage of reports.flat()) {
    const key = JSON.stringify([
      coverage.machine,
      coverage.states.map(({ id }) => id),
      coverage.transitions.map(({ id }) => id),
    ])
    const known = merged.get(key)
    merged.set(key, known === undefined ? coverage : sumOf(known, coverage))
  }
  return [...merged.values()]
}

function sumOf(left: MachineCoverage, right: MachineCoverage): MachineCoverage {
  return {
    machine: left.machine,
    states: left.states.map((state, index) => ({
      ...state,
      entered: state.entered + right.states[index]!.entered,
    })),
    transitions: left.transitions.map((transition, index) => {
      const { taken, guard } = right.transitions[index]!
      return {
        ...transition,
        taken: transition.taken + taken,
        guard:
          transition.guard === null || guard === null
            ? null
            : {
                ...transition.guard,
                passed: transition.guard.passed + guard.passed,
                refused: transition.guard.refused + guard.refused,
              },
      }
    }),
  }
}

/** What counts in a threshold. */
export const coverageKinds = ['states', 'transitions', 'guards'] as const
export type CoverageKind = (typeof coverageKinds)[number]

export interface Share {
  readonly covered: number
  readonly all: number
  /** Ids of what is not covered; of a guard, with the answer that it never gave. */
  readonly missed: readonly string[]
}

/** What of a machine was reached. A guard counts twice: for yes and for no. */
export function sharesOf({ states, transitions }: MachineCoverage): Readonly<Record<CoverageKind, Share>> {
  const guarded = transitions.flatMap(({ id, guard }) =>
    guard === null
      ? []
      : [
          { id: `${id} never passed`, isCovered: guard.passed > 0 },
          { id: `${id} never refused`, isCovered: guard.refused > 0 },
        ],
  )
  return {
    states: shareOf(states.map(({ id, entered }) => ({ id, isCovered: entered > 0 }))),
    transitions: shareOf(transitions.map(({ id, taken }) => ({ id, isCovered: taken > 0 }))),
    guards: shareOf(guarded),
  }
}

function shareOf(parts: readonly { readonly id: string; readonly isCovered: boolean }[]): Share {
  const missed = parts.filter(({ isCovered }) => !isCovered).map(({ id }) => id)
  return { covered: parts.length - missed.length, all: parts.length, missed }
}

/** Percent, from 0 to 100; 100 if there is nothing to cover. */
export function percent({ covered, all }: Share): number {
  return all === 0 ? 100 : (100 * covered) / all
}
