/** What must hold of the system that is driven, and what must be reachable, as it stands at the cursor. */
import { cursor } from '../../app/state.ts'
import { world, worldVersion } from './session.ts'

interface Judged {
  readonly step: number
  readonly holds: boolean
  readonly reason: string | null
}

export function Properties() {
  worldVersion.value
  const current = world.value
  if (current === null || current.info.properties.length === 0) return null
  const judged = firstVerdicts(current.branch.steps, cursor.value)
  return (
    <ul class="properties" aria-label="Properties">
      {current.info.properties.map(({ name, kind }) => (
        <PropertyItem key={name} name={name} isGoal={kind === 'goal'} judged={judged.get(name)} />
      ))}
    </ul>
  )
}

function PropertyItem({
  name,
  isGoal,
  judged,
}: {
  readonly name: string
  readonly isGoal: boolean
  readonly judged: Judged | undefined
}) {
  const state = judged === undefined ? (isGoal ? 'open' : 'holds') : judged.holds ? 'reached' : 'fails'
  const text = judged === undefined ? texts[state] : `${texts[state]} at step ${judged.step}`
  return (
    <li class={`property ${state}`}>
      <button
        type="button"
        disabled={judged === undefined}
        title={judged?.reason ?? text}
        onClick={() => {
          if (judged !== undefined) cursor.value = judged.step
        }}
      >
        <span aria-hidden="true">{marks[state]}</span> {name} <small>{text}</small>
      </button>
    </li>
  )
}

const marks = { open: '○', reached: '●', holds: '✓', fails: '✗' } as const
const texts = { open: 'not reached yet', reached: 'reached', holds: 'holds so far', fails: 'fails' } as const

type Steps = readonly { readonly verdicts: readonly unknown[] }[]

/** Verdicts of each list of steps so far: a list only grows. */
const known = new WeakMap<Steps, { scanned: number; readonly verdicts: (Judged & { name: string })[] }>()

/** The first verdict on each property up to a step. */
function firstVerdicts(steps: Steps, end: number): ReadonlyMap<string, Judged> {
  const seen = known.get(steps) ?? { scanned: 0, verdicts: [] }
  known.set(steps, seen)
  for (; seen.scanned < steps.length; seen.scanned++) {
    for (const verdict of steps[seen.scanned]!.verdicts) {
      const { name, holds, reason } = verdict as { name?: unknown; holds?: unknown; reason?: unknown }
      if (typeof name !== 'string') continue
      const text = typeof reason === 'string' ? reason : null
      seen.verdicts.push({ name, step: seen.scanned, holds: holds === true, reason: text })
    }
  }
  const first = new Map<string, Judged>()
  for (const one of seen.verdicts) if (one.step <= end && !first.has(one.name)) first.set(one.name, one)
  return first
}
