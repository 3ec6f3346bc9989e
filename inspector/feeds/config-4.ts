/** A description of a chart as a config that XState 4 reads: the same states, with its names for guards and for events of its own. */
import type { Json } from '../../machines/application/application.ts'
import type {
  MachineDescription,
  StateDescription,
  TransitionDescription,
} from '../../runtime/trace/definition.ts'

/** The config, with this context. */
export function configOf({ id, root }: MachineDescription, context: Json): object {
  return { ...nodeOf(root), id, predictableActionArguments: true, context }
}

function nodeOf(state: StateDescription): object {
  const { id, key, type, initial, description, tags, entry, exit, transitions, states } = state
  const always = transitions.filter(({ event }) => event === null).map(transitionOf)
  const on: Record<string, object[]> = {}
  for (const transition of transitions) {
    if (transition.event === null) continue
    const name = eventName4(transition.event)
    on[name] = [...(Object.hasOwn(on, name) ? on[name]! : []), transitionOf(transition)]
  }
  return {
    id,
    key,
    // XState 4 tells a compound state by its states.
    ...(type === 'compound' ? {} : { type }),
    ...(initial === null ? {} : { initial }),
    ...(description === undefined ? {} : { description }),
    tags,
    entry,
    exit,
    on,
    ...(always.length === 0 ? {} : { always }),
    ...(states.length === 0
      ? {}
      : { states: Object.fromEntries(states.map((one) => [one.key, nodeOf(one)])) }),
  }
}

function transitionOf({ guard, target, actions, reenter, description }: TransitionDescription): object {
  return {
    ...(target.length === 0 ? {} : { target: target.map((id) => `#${id}`) }),
    ...(guard === null ? {} : { cond: guard }),
    ...(description === undefined ? {} : { description }),
    actions,
    internal: !reenter,
  }
}

/** The names that XState 4 has for events of delays, of invoked actors and of final states. */
export function eventName4(event: string): string {
  return event
    .replace(/^xstate\.after\.([^.]+)\.(.*)$/, 'xstate.after($1)#$2')
    .replace(/^xstate\.done\.actor\./, 'done.invoke.')
    .replace(/^xstate\.error\.actor\./, 'error.platform.')
    .replace(/^xstate\.done\.state\./, 'done.state.')
}
