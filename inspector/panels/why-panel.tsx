/** Why the cursor's step came out as it did, sentence by sentence. */
import { goTo } from '../app/moves.ts'
import { currentRun, step } from '../app/state.ts'
import { titleOf } from '../model/describe.ts'
import { complaintsOf } from '../model/run.ts'
import { type Reason, reasonsFor } from '../model/why.ts'

const headings: Record<Reason['about'], string> = {
  cause: 'What came',
  guard: 'Asked',
  transition: 'Taken',
  refusal: 'Refused',
  action: 'Asked for',
  change: 'Changed',
  clock: 'Clocks',
}

export function WhyPanel() {
  const [current, here] = [currentRun(), step.value]
  if (current === null || here === null) return null
  const reasons = reasonsFor(current, here)
  const complaints = complaintsOf(here)
  return (
    <div class="why-panel">
      <p class="message-line">
        <b>{here.node ?? 'The network'}</b> {titleOf(here)}
      </p>
      {complaints.map((complaint) => (
        <p key={complaint} class="complaint">
          ✗ {complaint}
        </p>
      ))}
      <ol>
        {reasons.map((reason, index) => (
          <li key={`${index} ${reason.text}`} class={`${reason.about} ${reason.said === false ? 'no' : ''}`}>
            <small>{reasons[index - 1]?.about === reason.about ? '' : headings[reason.about]}</small>
            <span>
              {reason.text}
              {reason.i === undefined ? null : (
                <button type="button" class="plain link-to" onClick={() => goTo(reason.i!)}>
                  step {reason.i}
                </button>
              )}
            </span>
          </li>
        ))}
      </ol>
    </div>
  )
}
