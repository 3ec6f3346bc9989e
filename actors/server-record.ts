/** What a durable server writes: the events that changed its chart, and the snapshot that they are replayed on (D3). */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate'
import type { Application } from '../machines/application/application.ts'
import {
  emptyReplica,
  type PartialReplica,
  type Replica,
  restoreReplica,
  snapshotReplica,
} from '../machines/application/at-most-once.ts'
import { RequestQueue } from '../machines/application/request-queue.ts'
import { type Clock, entryOf } from '../machines/clocks.ts'
import type { Request } from '../machines/messages.ts'
import type { NodeId } from '../machines/node-id.ts'
import type { ServerContext } from '../machines/server/context.ts'
import { createStepper } from '../machines/step.ts'
import { StandbyError } from './errors.ts'
import type { StoredLife } from './ports.ts'

/** Whose store it is; the first thing that is written to it. */
export interface StoreOwner {
  readonly format: 'standby-server'
  readonly version: 1
  readonly id: NodeId
  /** The name of the application. */
  readonly application: string
}

/** A step that changed the chart, or a clock, or at the very beginning the owner. */
interface Entry {
  readonly owner?: StoreOwner
  /** Without its stamp. */
  readonly event?: EventObject
  readonly clock?: Clock
}

/** All of a server but its replica, which is in pieces. */
interface Head {
  readonly owner: StoreOwner
  readonly value: unknown
  readonly context: Omit<ServerContext, 'replica' | 'queue' | 'arriving'> & {
    readonly queue: readonly Request[]
  }
  readonly hasReplica: boolean
}

/** A clock is written at the latest when the server's own entry has grown by this: what was sent is less far ahead (L1). */
export const clockGap = 256

/** Who wrote this store; null if it is new. @throws StandbyError `invalidStore` */
export function ownerOf({ head, records }: StoredLife): StoreOwner | null {
  if (head !== null) return parsed<Head>(head, 'the snapshot').owner
  for (const record of records) return parsed<Entry>(record, 'record 1').owner ?? null
  return null
}

/** The first record of a store. */
export function ownerRecord(owner: StoreOwner): string {
  return JSON.stringify({ owner } satisfies Entry)
}

/** The record of a step; null if there is nothing to write. @param written the clock that was written last */
export function stepRecord(
  id: NodeId,
  before: AnyMachineSnapshot | null,
  event: EventObject,
  after: AnyMachineSnapshot,
  written: Clock,
): { readonly text: string; readonly clock: Clock | null } | null {
  const clock = after.context.clock as Clock
  const isDue = entryOf(clock.vector, id) - entryOf(written.vector, id) >= clockGap
  const isChanged = before !== null && hasChanged(before, after)
  if (!isDue && !isChanged) return null
  const { stamp: _, ...kept } = event as EventObject & { stamp?: Clock }
  const entry: Entry = { ...(isChanged && { event: kept }), ...(isDue && { clock }) }
  return { text: JSON.stringify(entry), clock: isDue ? clock : null }
}

/** Whether a step changed anything but the clock. */
function hasChanged(before: AnyMachineSnapshot, after: AnyMachineSnapshot): boolean {
  if (before === after) return false
  const { context } = before
  for (const key in context) if (key !== 'clock' && context[key] !== after.context[key]) return true
  return before.value !== after.value && JSON.stringify(before.value) !== JSON.stringify(after.value)
}

/** The beginning of a snapshot; null while a state arrives, of which only the events are known. */
export function snapshotHead(owner: StoreOwner, { value, context }: AnyMachineSnapshot): string | null {
  const { replica, arriving, ...rest } = context as ServerContext
  if (arriving !== null) return null
  return JSON.stringify({ owner, value, context: rest, hasReplica: replica !== null })
}

/** The pieces of a replica, made one at a time. */
export function* snapshotPieces(application: Application, replica: Replica | null, bytesMax: number) {
  if (replica === null) return
  let cursor: Parameters<typeof snapshotReplica>[2] = null
  do {
    const { data, next } = snapshotReplica(application, replica, cursor, bytesMax)
    yield JSON.stringify(data)
    cursor = next
  } while (cursor !== null)
}

/**
 * The server as it was when the last record was written: the snapshot, and the events since, replayed by the same chart.
 * No effect is carried out.
 * @throws StandbyError `invalidStore` if the store cannot be read as that
 */
export function recover(
  machine: AnyStateMachine,
  application: Application,
  id: NodeId,
  { head, pieces, records }: StoredLife,
  initial: AnyMachineSnapshot,
): { readonly snapshot: AnyMachineSnapshot; readonly clock: Clock } {
  let snapshot = initial
  let clock = initial.context.clock as Clock
  if (head !== null) {
    const { value, context, hasReplica } = parsed<Head>(head, 'the snapshot')
    const replica = hasReplica ? replicaOf(application, pieces) : null
    const queue = RequestQueue.from(context.queue)
    clock = context.clock
    snapshot = machine.resolveState({
      value,
      context: { ...initial.context, ...context, replica, queue, arriving: null },
    } as never)
  }
  const stepper = createStepper(machine)
  let number = 0
  for (const record of records) {
    number += 1
    const entry = parsed<Entry>(record, `record ${number} since the snapshot`)
    if (entry.event !== undefined)
      snapshot = stepper.step(snapshot as never, entry.event as never).snapshot as never
    clock = entry.clock ?? clock
  }
  const vector = { ...clock.vector, [id]: entryOf(clock.vector, id) + clockGap }
  return { snapshot, clock: { ...clock, lamport: clock.lamport + clockGap, vector } }
}

function replicaOf(application: Application, pieces: Iterable<string>): Replica {
  let partial: PartialReplica | null = null
  let held: unknown
  let isFirst = true
  const add = (data: unknown, last: boolean) => {
    try {
      partial = restoreReplica(application, partial, data as never, last)
    } catch (cause) {
      throw unreadable(
        `a snapshot that the application ${JSON.stringify(application.name)} cannot read`,
        cause,
      )
    }
  }
  // The last piece says nothing of its being the last.
  for (const piece of pieces) {
    if (!isFirst) add(held, false)
    held = parsed(piece, 'a piece of the snapshot')
    isFirst = false
  }
  if (isFirst) throw unreadable('a snapshot without its pieces')
  add(held, true)
  return (partial as PartialReplica | null)?.replica ?? emptyReplica(application)
}

function parsed<Type>(text: string, what: string): Type {
  try {
    return JSON.parse(text) as Type
  } catch (cause) {
    throw unreadable(`${what} damaged`, cause)
  }
}

function unreadable(got: string, cause?: unknown): StandbyError {
  return new StandbyError(
    'invalidStore',
    `expected the state that this server wrote, got ${got}; remove its data folder to start as a new server, which gets the state from the others`,
    cause === undefined ? {} : { cause },
  )
}
