/** The commands of replicated actors and their results, and what is wrong with one. */
import type { Json } from '../application.ts'
import type { PersistedActor } from './sandbox.ts'

/** An event, as JSON. */
export type JsonEvent = { readonly type: string } & { readonly [key: string]: Json }

/** What a client can ask of replicated actors. */
export type ActorsCommand =
  | { readonly op: 'start'; readonly machine: string; readonly id: string; readonly input?: Json }
  | { readonly op: 'send'; readonly machine: string; readonly id: string; readonly event: JsonEvent }
  | { readonly op: 'read'; readonly machine: string; readonly id: string }
  | { readonly op: 'stop'; readonly machine: string; readonly id: string }
  | {
      readonly op: 'list'
      readonly machine?: string
      /** What the ids begin with; only together with a machine. */
      readonly prefix?: string
      /** `next` of the page before. */
      readonly after?: string | null
      readonly limit?: number
    }

/** What only the primary proposes: timers that are due, and what effects report (M2, M4). */
export type OwnCommand =
  | { readonly op: 'due' }
  | {
      readonly op: 'report'
      readonly machine: string
      readonly id: string
      readonly born: number
      readonly path: readonly string[]
      readonly invocation: number
      readonly report: { readonly [key: string]: Json }
    }
  | {
      readonly op: 'outside'
      readonly machine: string
      readonly id: string
      readonly born: number
      readonly path: readonly string[]
      readonly event: Json
    }

/** An instance after a command. */
export interface InstanceResult {
  /** Null where there is no such instance. */
  readonly snapshot: PersistedActor | null
  /** The position of the command in the replicated order (W1). */
  readonly revision: number
  /** `start`: whether it was this command that started it. */
  readonly created?: boolean
  /** `send`: what the instance emitted, in order. */
  readonly emitted?: readonly Json[]
  /** `stop`: whether there was something to stop. */
  readonly stopped?: boolean
}

/** One page of instances, in the order of machine and id. */
export interface ListResult {
  readonly entries: readonly { readonly machine: string; readonly id: string; readonly status: string }[]
  /** To be given as `after` for the next page; null if this is the last. */
  readonly next: string | null
}

/** The most entries of a page. */
export const pageMax = 1000

/** What is wrong with a command of a client, or null. */
export function invalidActorsCommand(command: unknown, machines: readonly string[]): string | null {
  if (typeof command !== 'object' || command === null) return `expected a command, got ${typeName(command)}`
  const { op, machine, id, event, prefix, after, limit } = command as Record<string, unknown>
  if (typeof op !== 'string' || !['start', 'send', 'read', 'stop', 'list'].includes(op)) {
    return `expected op to be one of start, send, read, stop, list, got ${typeof op === 'string' ? JSON.stringify(op) : typeName(op)}`
  }
  if (op !== 'list' || machine !== undefined) {
    if (typeof machine !== 'string' || !machines.includes(machine)) {
      const got = typeof machine === 'string' ? JSON.stringify(machine) : typeName(machine)
      return `${op}: expected one of the machines ${machines.join(', ')}, got ${got}`
    }
  }
  if (op === 'list') {
    if (prefix !== undefined && (typeof prefix !== 'string' || machine === undefined))
      return 'list: expected the prefix of an id, as text, together with its machine'
    if (after !== undefined && after !== null && typeof after !== 'string')
      return `list: expected after to be the next of the page before, got ${typeName(after)}`
    if (limit !== undefined && !(Number.isSafeInteger(limit) && (limit as number) >= 1))
      return `list: expected limit to be a whole number from 1 on, got ${String(limit)}`
    return null
  }
  if (typeof id !== 'string' || id === '')
    return `${op}: expected an id that is not empty, got ${typeName(id)}`
  return op === 'send' ? invalidEvent(event) : null
}

/** What is wrong with an event of a client, or null. */
export function invalidEvent(event: unknown): string | null {
  const type: unknown = (event as { type?: unknown } | null | undefined)?.type
  if (typeof type !== 'string') {
    const got = typeof event === 'object' && event !== null ? 'an object without one' : typeof event
    return `expected an event object with a type, got ${event === null ? 'null' : got}`
  }
  if (type === '*') return 'expected an event of your own, got *; it stands for all events'
  if (type.startsWith('xstate.') || type.startsWith('standby.')) {
    const [owner] = type.split('.')
    return `expected an event of your own, got ${type}; names that start with ${owner}. are ${owner === 'xstate' ? "XState's" : 'reserved'}`
  }
  return null
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : typeof value === 'string' && value === '' ? 'none' : typeof value
}
