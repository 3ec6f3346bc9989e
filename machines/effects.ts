/** The effects of a chart, as data: actions that do nothing until an interpreter carries them out. */
import type { Decided } from './application/at-most-once.ts'
import type { Message } from './messages.ts'
import type { NodeId } from './node-id.ts'

/** Sends `message` to the node with id `to`: an address, never an actor. */
export interface Send {
  readonly to: NodeId
  readonly message: Message
}

/** Names the reason why an event changed nothing (N3). */
export interface Ignore {
  readonly reason: string
}

/** Commands that are decided, with effects that the primary now carries out (M4). */
export interface DecidedCommands {
  readonly happened: readonly Decided[]
}

/** The effects as XState actions, to spread into `setup({ actions })`; timers are XState's own `after`. */
export const effects = {
  send: (_: unknown, _params: Send): void => {},
  ignore: (_: unknown, _params: Ignore): void => {},
  decided: (_: unknown, _params: DecidedCommands): void => {},
}

/** The action `send`, with its receiver and its message. */
export function sendTo(to: NodeId, message: Message) {
  return { type: 'send', params: { to, message } } as const
}

/** The action `ignore`, with its reason. */
export function ignore<const Reason extends string>(reason: Reason) {
  return { type: 'ignore', params: { reason } } as const
}

/** Whether an event is a timer of its chart that has run out (XState's `after`). */
export function isTimer({ type }: { readonly type: string }): boolean {
  return type.startsWith('xstate.after.')
}

/** Whether an event is a message and not one of XState's own: for wildcard transitions, which would catch its timers too. */
export function isMessage({ event }: { event: { type: string } }): boolean {
  return !event.type.startsWith('xstate.')
}
