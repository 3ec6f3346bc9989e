/** The delayed events of a chart under test: which run, and which of them is meant by a name. */
import type { PureAction } from '../../machines/step.ts'
import { sentBy } from './effects.ts'
import type { AnyEvent, Timer } from './moment.ts'

/** The timers that run after these actions; a timer of an id that runs already starts again. */
export function timersAfter(running: readonly Timer[], actions: readonly PureAction[]): readonly Timer[] {
  let timers = [...running]
  for (const action of actions) {
    if (action.type === 'xstate.cancel') {
      const { sendId } = action.params as { sendId: string }
      timers = timers.filter(({ id }) => id !== sendId)
      continue
    }
    const started = startedBy(action)
    if (started === null) continue
    timers = [...timers.filter(({ id }) => id !== started.id), started]
  }
  return inOrder(timers)
}

/** The timers after some time in which none of them came due. */
export function timersLater(timers: readonly Timer[], ms: number): readonly Timer[] {
  return timers.map((timer) => ({ ...timer, remaining: timer.remaining - ms }))
}

/** @throws TypeError if none or several have that name */
export function timerNamed(timers: readonly Timer[], name: string | number): Timer {
  const found = candidates(timers, name)
  const [timer] = found
  if (timer !== undefined && found.length === 1) return timer
  const running = timers.map(({ id, event, delay }) => `${id} (${event.type} after ${delay} ms)`).join(', ')
  const which = found.length === 0 ? 'none' : `${found.length}: ${found.map(({ id }) => id).join(', ')}`
  throw new TypeError(
    `timer: expected one running timer named ${JSON.stringify(name)}, got ${which}; ` +
      (timers.length === 0 ? 'no timer runs in this state' : `running: ${running}`),
  )
}

/** Those of the closest kind of name: an id, a delay, an event's type, a delay by name, a state. */
function candidates(timers: readonly Timer[], name: string | number): readonly Timer[] {
  const kinds: readonly ((timer: Timer) => boolean)[] = [
    ({ id }) => id === name,
    ({ delay }) => delay === name,
    ({ event }) => event.type === name,
    ({ id }) => id.startsWith(`xstate.after.${name}.`),
    ({ id }) => id.startsWith('xstate.after.') && id.endsWith(`.${name}`),
  ]
  for (const kind of kinds) {
    const found = timers.filter(kind)
    if (found.length > 0) return found
  }
  return []
}

function startedBy(action: PureAction): Timer | null {
  if (action.type === 'xstate.raise') {
    const { event, delay, id } = action.params as { event: AnyEvent; delay?: number; id?: string }
    if (delay === undefined) return null
    return { id: id ?? event.type, event, to: null, delay, remaining: delay }
  }
  const sent = sentBy(action)
  if (sent?.delay === undefined) return null
  const { to, event, delay, id } = sent
  return { id: id ?? event.type, event, to, delay, remaining: delay }
}

/** As XState's scheduler has it: what was started earlier fires earlier at the same moment. */
function inOrder(timers: readonly Timer[]): readonly Timer[] {
  return [...timers].sort((left, right) => left.remaining - right.remaining)
}
