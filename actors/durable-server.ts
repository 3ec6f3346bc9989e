/** A server that survives the death of its process: nothing is sent before it is durable, and a new life goes on (D1 to D5). */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import type { Application } from '../machines/application/application.ts'
import { type Clock, zeroClock } from '../machines/clocks.ts'
import type { NodeId } from '../machines/node-id.ts'
import { StandbyError } from './errors.ts'
import { createGroupCommit, type GroupCommit } from './group-commit.ts'
import type { NodeOptions } from './node.ts'
import type { ServerStore, TimeClock } from './ports.ts'
import {
  ownerOf,
  ownerRecord,
  recover,
  type StoreOwner,
  snapshotHead,
  snapshotPieces,
  stepRecord,
} from './server-record.ts'

/** What a durable server needs. */
export interface DurableServerOptions {
  readonly id: NodeId
  readonly store: ServerStore
  readonly clock: TimeClock
  readonly application: Application
  /** Whether the server has stopped, so that no snapshot goes on. */
  readonly isHalted: () => boolean
  /** Bytes of a piece of a snapshot. */
  readonly pieceBytesMax: number
}

/**
 * The id under which this store's server lives on; null if the store is new.
 * @throws StandbyError `invalidStore`
 */
export function storedId(store: ServerStore): NodeId | null {
  return ownerOf(store.load())?.id ?? null
}

/**
 * Recovers what the store holds, and keeps what happens from then on.
 * @param machine the chart that replays, which must have no delays of its own
 * @param live the chart that goes on
 * @throws StandbyError `invalidStore` if the store is another server's or application's, or cannot be trusted
 */
export function durableServer(
  machine: AnyStateMachine,
  live: AnyStateMachine,
  initial: AnyMachineSnapshot,
  options: DurableServerOptions,
): Pick<NodeOptions, 'durably' | 'recovered'> {
  const { id, store, application } = options
  const owner: StoreOwner = { format: 'standby-server', version: 1, id, application: application.name }
  const found = ownerOf(store.load())
  if (found !== null) refuseOthers(found, owner)
  const life = store.load()
  const recovered = found === null ? null : recover(machine, application, id, life, initial)
  let broken: ((error: unknown) => void) | null = null
  const commit = createGroupCommit(store, life.last, (error) => broken?.(error))
  if (found === null) commit.add(ownerRecord(owner), null)
  const snapshots = snapshotting(owner, commit, options, (error) => broken?.(error))
  let written: Clock = recovered?.clock ?? zeroClock
  const going =
    recovered === null
      ? {}
      : {
          recovered: live.resolveState({
            value: recovered.snapshot.value,
            context: { ...recovered.snapshot.context, clock: recovered.clock },
          } as never),
        }
  let isFirst = recovered !== null
  return {
    ...going,
    durably({ before, event, after, tells }, proceed, fail) {
      broken = fail
      const record = stepRecord(id, before, event, after, written)
      // The first clock of a life is ahead of all that was written.
      const text = isFirst ? JSON.stringify({ clock: after.context.clock }) : (record?.text ?? null)
      if (record?.clock) written = record.clock
      isFirst = false
      commit.add(text, tells ? proceed : null)
      if (text !== null) snapshots.logged(text.length, after)
    },
  }
}

function refuseOthers(found: StoreOwner, owner: StoreOwner): void {
  const refusal = (got: string, remedy: string) =>
    new StandbyError(
      'invalidStore',
      `expected the state of ${owner.id} with the application ${JSON.stringify(owner.application)}, got ${got}; ${remedy}`,
    )
  if (found.format !== owner.format || found.version !== owner.version)
    throw refusal(
      `state in the format ${found.format} ${found.version}`,
      'start the build of standby that wrote it',
    )
  if (found.application !== owner.application)
    throw refusal(
      `that of the application ${JSON.stringify(found.application)}`,
      'start the server with that application, or give this one a data folder of its own',
    )
  if (found.id !== owner.id) throw refusal(`that of ${found.id}`, 'give each server a data folder of its own')
}

/** Takes snapshots, a piece at a time while the server goes on, so that the log stays bounded (D5). */
function snapshotting(
  owner: StoreOwner,
  commit: GroupCommit,
  { store, application, clock, isHalted, pieceBytesMax }: DurableServerOptions,
  fail: (error: Error) => void,
) {
  let logged = 0
  let size = 0
  let isTaking = false

  const take = (head: string, snapshot: AnyMachineSnapshot, covers: number) => {
    const pieces = snapshotPieces(application, snapshot.context.replica, pieceBytesMax)
    const before = logged
    let bytes = 0
    const done = (next: () => void) => (error: Error | null) => {
      if (error !== null) fail(error)
      else clock.setTimeout(() => !isHalted() && next(), 0)
    }
    const goOn = () => {
      const { value, done: isWhole } = pieces.next()
      if (!isWhole) {
        bytes += value.length
        return store.savePiece(value, done(goOn))
      }
      store.finishSnapshot(
        head,
        covers,
        done(() => {
          isTaking = false
          logged -= before
          size = bytes
        }),
      )
    }
    goOn()
  }

  return {
    /** After a step whose record is `bytes` long. */
    logged(bytes: number, after: AnyMachineSnapshot) {
      logged += bytes
      if (isTaking || logged < Math.max(store.snapshotAfter, size)) return
      const head = snapshotHead(owner, after)
      if (head === null) return
      isTaking = true
      const covers = commit.last
      commit.add(null, () => !isHalted() && take(head, after, covers))
    },
  }
}
