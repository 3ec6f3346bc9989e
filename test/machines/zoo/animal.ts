/** What a machine of the zoo is, and the words in which all of them are written. */
import { type AnyStateMachine, assign, createMachine, type EventObject } from 'xstate'

/** A foreign machine, with events that it names and some that it does not. */
export interface Animal {
  readonly name: string
  readonly machine: AnyStateMachine
  readonly events: readonly EventObject[]
  readonly input?: unknown
}

/** The context of all of them. */
export interface Context {
  readonly count: number
  readonly log: readonly string[]
  readonly [more: string]: unknown
}

/** What a guard, an assignment or an expression is given. */
export interface Given {
  readonly context: Context
  readonly event: EventObject & { readonly by?: number; readonly output?: unknown; readonly error?: unknown }
}

/** Small numbers, so that chance comes back to the same ones. */
export const count = assign(({ context }: Given) => ({ count: (context.count + 1) % 7 })) as never
export const reset = assign({ count: 0 }) as never
export const log = (text: string) => ({ type: 'log', params: { text } }) as const
export const say = (text: string) => ({ type: 'say', params: { text } }) as const

const implementations = {
  actions: {
    count,
    reset,
    log: assign(({ context }: Given, { text }: { text: string }) => ({
      log: [...context.log, text].slice(-6),
    })) as never,
    note: assign(({ context, event }: Given) => ({ log: [...context.log, event.type].slice(-6) })) as never,
    say: () => {},
  },
  guards: {
    isOdd: ({ context }: Given) => context.count % 2 === 1,
    isBig: ({ context }: Given, params?: { than: number }) => context.count > (params?.than ?? 3),
    never: () => false,
    isBy: ({ event }: Given) => (event.by ?? 0) > 1,
  },
  delays: { soon: 10, later: ({ context }: Given) => 20 + context.count },
}

type Implementations = Partial<Record<'actions' | 'guards' | 'actors' | 'delays', object>>

/** @param types the events, by their types or as they are; timers and outcomes of children are added by the tests */
export function animal(
  name: string,
  types: readonly (string | (EventObject & { readonly [field: string]: unknown }))[],
  config: object,
  more: Implementations = {},
  input?: unknown,
): Animal {
  const machine = createMachine(
    { id: name.replaceAll(' ', '-'), context: { count: 0, log: [] }, ...config } as never,
    {
      actions: { ...implementations.actions, ...more.actions },
      guards: { ...implementations.guards, ...more.guards },
      delays: { ...implementations.delays, ...more.delays },
      actors: { ...more.actors },
    } as never,
  ) as AnyStateMachine
  const events = [...types, 'unheard'].map((type) => (typeof type === 'string' ? { type } : type))
  return { name, machine, events, input }
}
