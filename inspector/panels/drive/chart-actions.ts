/** Presses on a chart's transitions as choices: the first message of that type in flight, the timer, or the script. */
import { effect } from '@preact/signals'
import type { Choice } from '../../../proof/stage/choice.ts'
import { chartActions } from '../../app/panels.ts'
import { choices, choose } from './session.ts'

interface Firing {
  /** The event's type; of a timer, without the state that set it. */
  readonly event: string
  readonly choice: Choice
}

/** Keeps what charts can do together with what can be chosen. Call once. */
export function startChartActions(): void {
  effect(() => {
    const firings = firingsByNode()
    if (firings === null) {
      chartActions.value = null
      return
    }
    chartActions.value = {
      eventsOf: (node) => (firings.get(node) ?? []).map(({ event }) => event),
      fire(node, event) {
        const firing = firings
          .get(node)
          ?.find((one) => event === one.event || event.startsWith(`${one.event}.`))
        if (firing !== undefined) choose(firing.choice)
      },
    }
  })
}

function firingsByNode(): ReadonlyMap<string, readonly Firing[]> | null {
  const current = choices.value
  if (current === null) return null
  return new Map(
    current.inboxes.map(({ id, messages, timers, script }) => [
      id,
      [
        ...messages.map(({ type, deliver }) => ({ event: type, ...deliver })),
        ...timers.map(({ name, fire }) => ({ event: `xstate.after.${name}`, ...fire })),
        ...(script === null ? [] : [{ event: script.type, ...script.play }]),
      ].filter(({ why }) => why === null),
    ]),
  )
}
