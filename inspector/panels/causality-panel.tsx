/** How the pinned step and the cursor's step relate, and what proves it; with one step only, how much is before and after it. */
import { computed } from '@preact/signals'
import { goTo, pin } from '../app/moves.ts'
import { currentRun, cursor, lens, pinned, step } from '../app/state.ts'
import { conesOf, prove } from '../model/causality.ts'
import { titleOf } from '../model/describe.ts'

/** Between the pinned step and the cursor's; null while none is pinned. */
export const proof = computed(() => {
  const [current, here] = [currentRun(), step.value]
  const other = pinned.value === null ? undefined : current?.step(pinned.value)
  return current === null || here === null || other === undefined ? null : prove(current, other, here)
})

export function CausalityPanel() {
  const [current, here] = [currentRun(), step.value]
  if (current === null || here === null) return null
  return (
    <div class="causality-panel">
      {proof.value === null ? <Counts /> : <Relation />}
      <p class="actions">
        <button type="button" aria-pressed={lens.value} onClick={() => (lens.value = !lens.value)}>
          shade past and future
        </button>
        <button type="button" onClick={pin}>
          {pinned.value === cursor.value
            ? 'let go of this step'
            : pinned.value === null
              ? 'pin this step'
              : `pin this step instead of ${pinned.value}`}
        </button>
      </p>
    </div>
  )
}

function Counts() {
  const [current, here] = [currentRun()!, step.value!]
  if (here.node === null)
    return <p class="empty">What happens to the network as a whole has no causal place.</p>
  const cones = conesOf(current, here)
  const sum = (count: (cone: (typeof cones)[number]) => number) =>
    cones.reduce((total, cone) => total + count(cone), 0)
  return (
    <>
      <p class="message-line">
        <b>{sum(({ past }) => past)}</b> steps happened before step {here.i},{' '}
        <b>{sum(({ future }) => future)}</b> after it; <b>{sum(({ concurrent }) => concurrent)}</b> are
        concurrent: none of them can have had to do with it.
      </p>
      <p class="hint">
        Pin a step (p, or a click with Shift) and go to another one: the chain of messages between both is
        drawn.
      </p>
    </>
  )
}

function Relation() {
  const { relation, reasons, path } = proof.value!
  const current = currentRun()!
  const [a, b] = [pinned.value, cursor.value]
  const sentence = {
    same: 'This is the pinned step itself.',
    before: `Pinned step ${a} happened before step ${b}.`,
    after: `Pinned step ${a} happened after step ${b}.`,
    concurrent: `Pinned step ${a} and step ${b} are concurrent: neither can have had to do with the other.`,
    unknown: `How pinned step ${a} and step ${b} relate is unknown.`,
  }[relation]
  return (
    <>
      <p class={`message-line relation ${relation}`}>
        <b>{sentence}</b>
      </p>
      <ul class="reasons">
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      {path.length === 0 ? null : (
        <ol class="path" aria-label="The chain that proves it">
          {path.map((i) => (
            <li key={i}>
              <button type="button" class="plain" onClick={() => goTo(i)}>
                {i}
              </button>{' '}
              <b>{current.step(i)?.node}</b> {titleOf(current.step(i)!)}
            </li>
          ))}
        </ol>
      )}
    </>
  )
}
