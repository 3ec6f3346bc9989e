/**
 * Finds out that the servers ignore a sequence number because its session has executed a later one (S9). They say nothing
 * of it, so it is told by what they do answer: others, again and again, while this request is repeated and never refused.
 */
import type { ClientActor } from '../../actors/client.ts'
import type { TimeClock } from '../../actors/ports.ts'

/** What it watches, and with what. */
export interface StaleWatchOptions {
  readonly actor: ClientActor
  readonly clock: TimeClock
  /** After how long a copy of the request has gone out once more. */
  readonly resentMs: number
  /** Has something else decided by the servers; resolves with the number of the view in which they answered, or null. */
  readonly probe: () => Promise<number | null>
  /** How many refusals the client has got so far. */
  readonly refusals: () => number
}

/** Before that, nobody is asked anything: an answer may take as long as a failover. */
const patienceMs = 500
/** One answer may be lost; not one after another, of so many copies. */
const probesMin = 3

/** Resolves when the number is stale beyond doubt that matters; never, after `signal` is aborted. */
export async function whenStale(options: StaleWatchOptions, signal: AbortSignal): Promise<void> {
  const { actor, clock, resentMs, probe, refusals } = options
  const pause = (ms: number) => new Promise<void>((resolve) => void clock.setTimeout(resolve, ms))
  const sight = () => `${actor.getSnapshot().value} ${actor.getSnapshot().context.view.number} ${refusals()}`
  await pause(patienceMs)
  let answered = 0
  let before = sight()
  while (!signal.aborted) {
    const view = await probe()
    // A view that changes meanwhile, one that this client has not heard of, or a refusal explains the silence.
    const isSame = before === sight() && view === actor.getSnapshot().context.view.number
    before = sight()
    answered = isSame && actor.getSnapshot().matches('awaitingReply') ? answered + 1 : 0
    if (answered >= probesMin) return
    await pause(resentMs)
  }
  await new Promise<never>(() => {})
}
