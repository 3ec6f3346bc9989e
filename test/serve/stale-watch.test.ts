/** S9 what a gateway takes for a number that the servers ignore, and what it does not. */
import { expect, test } from 'vitest'
import type { ClientActor } from '../../actors/client.ts'
import { whenStale } from '../../runtime/serve/stale-watch.ts'

/** Answers to the probes, in order: the view in which each was answered; then what the waiting client knows before it. */
async function probesUntilStale(
  answers: readonly { readonly view: number | null; readonly known?: number; readonly refused?: true }[],
) {
  let [known, refusals, probes] = [2, 0, 0]
  const abort = new AbortController()
  const actor = {
    getSnapshot: () => ({
      value: 'awaitingReply',
      matches: (state: string) => state === 'awaitingReply',
      context: { view: { number: known } },
    }),
  } as unknown as ClientActor
  const clock = {
    now: () => 0,
    setTimeout: (run: () => void) => void setImmediate(run),
    clearTimeout: () => {},
    soon: (run: () => void) => void setImmediate(run),
  }
  const probe = async () => {
    const answer = answers[probes]
    if (answer === undefined) {
      abort.abort()
      return null
    }
    probes += 1
    known = answer.known ?? known
    if (answer.refused) refusals += 1
    return answer.view
  }
  const options = { actor, clock, resentMs: 100, probe, refusals: () => refusals }
  const isAborted = new Promise<null>((resolve) =>
    abort.signal.addEventListener('abort', () => resolve(null)),
  )
  return Promise.race([whenStale(options, abort.signal).then(() => probes), isAborted])
}

const answered = { view: 2 }

test.each([
  ['three answers to others in its own view', [answered, answered, answered], 3],
  ['an answer that was lost in between', [answered, { view: null }, answered, answered, answered], 5],
  ['a newer view that it has not heard of', Array(9).fill({ view: 3 }), null],
  [
    'a newer view that it hears of in between',
    [answered, answered, { view: 3, known: 3 }, { view: 3 }, { view: 3 }, { view: 3 }],
    6,
  ],
  [
    'a refusal in between',
    [answered, answered, { view: 2, refused: true as const }, answered, answered, answered],
    6,
  ],
] as const)('%s', async (_, answers, expected) => {
  expect(await probesUntilStale(answers)).toBe(expected)
})
