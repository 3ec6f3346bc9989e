/** What can be observed of a running system: one stream, the same live, in simulation and in a trace. */
import type { AnyMachineSnapshot } from 'xstate'
import type { Clock } from '../machines/clocks.ts'
import type { Send } from '../machines/effects.ts'
import { invalidMessage, type Message, operationsOf } from '../machines/messages.ts'
import type { NodeId } from '../machines/node-id.ts'
import type { PureAction } from '../machines/step.ts'
import type { Envelope } from './envelope.ts'

/** What happened. `local` is an event from within the node's own process, such as a call of a client. */
export type ObservationKind = (typeof observationKinds)[number]
/** All of them. */
export const observationKinds = [
  'start',
  'send',
  'receive',
  'timer',
  'local',
  'drop',
  'duplicate',
  'delay',
  'crash',
  'restart',
  'stop',
  'partition',
  'heal',
  'call',
  'return',
  'refuse',
] as const

/** One thing that happened. Snapshots are the live ones: a sink that keeps them must not change them. */
export interface Observation {
  readonly kind: ObservationKind
  /** Where; null for what happens to the network as a whole. */
  readonly node: NodeId | null
  /** Milliseconds of the system's clock. */
  readonly t: number
  /** The node's clocks after it; null if it concerns no node's clock. */
  readonly clock: Clock | null
  /** For everything that concerns one message. */
  readonly envelope?: Envelope
  /** `send`: the same id as at its `receive`; a duplicate has the id of its original and another copy number. */
  readonly messageId?: string
  readonly copy?: number
  /** `receive`, `timer`, `local`: the event that the chart took. */
  readonly event?: { readonly type: string }
  readonly before?: AnyMachineSnapshot
  readonly after?: AnyMachineSnapshot
  /** What the chart asked for, in order, XState's own actions included. */
  readonly actions?: readonly PureAction[]
  /** Each step of XState within this one event, in order. */
  readonly microsteps?: readonly Microstep[]
  /** The reasons why the chart changed nothing, or why a message was not taken at all. */
  readonly ignored?: readonly string[]
  /** `drop`, `crash`, `partition` ...: what it was. */
  readonly detail?: string
  /** `call` and `return`: the call, its command, and how it ended. */
  readonly call?: { readonly id: number; readonly command: unknown; readonly end?: unknown }
}

/** A transition that XState took: from which state to which, and under which guard. */
export interface Microstep {
  readonly event: string
  readonly source: string
  readonly target: readonly string[]
  readonly guard: string | null
}

/** The message's id: the sender and its Lamport time, which no two messages share. Derived, never random. */
export function messageIdOf({ from, stamp }: Envelope): string {
  return `${from}@${stamp.lamport}`
}

/**
 * The ids `session/sequence number/index` of the operations that an observation serves (a batch serves several), worked
 * out only when asked for: those that its message names, else those that the step's own messages serve.
 *
 * An acknowledgement of a forward and the return of a call name none; `createCorrelation` follows those from what it has seen.
 */
export function operationsIn({ kind, envelope, actions = [] }: Observation): readonly string[] {
  const isKnown = kind === 'send' || kind === 'receive'
  // Elsewhere a message may have any shape: it is not validated yet.
  if (envelope !== undefined && !isKnown && invalidMessage(envelope.message) !== null) return []
  const named = envelope === undefined ? [] : operationsOfAny(envelope.message)
  if (named.length > 0) return named
  const served = new Set<string>()
  for (const { type, params } of actions) {
    if (type !== 'send') continue
    for (const operation of operationsOfAny((params as Send).message)) served.add(operation)
  }
  return [...served]
}

/** A foreign message may share its name with one of ours, and nothing else: it serves none of our operations. */
function operationsOfAny(message: Message): readonly string[] {
  try {
    return operationsOf(message)
  } catch {
    return []
  }
}
