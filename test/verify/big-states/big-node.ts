/** One node of a system whose state is big: it says how it stands, how long its loop was blocked, and what memory it takes. It judges nothing. */
import { createHash, randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { createServer } from '../../../actors/server.ts'
import { createViewService } from '../../../actors/view-service.ts'
import { type KeyValueState, keyValueStore } from '../../../machines/application/key-value-store.ts'
import { OrderedMap } from '../../../machines/application/ordered-map.ts'
import type { View } from '../../../machines/view.ts'
import { schedulerClock } from '../../../runtime/schedulers.ts'
import { watchLoop } from './loop-watch.ts'
import type { Opened } from './media.ts'

/** What a node is reported. */
export interface BigNodeOptions {
  readonly id: string
  /** Bytes of the state that it begins with as primary of view 1 (N5); 0: none. */
  readonly bytes: number
}

/** What it says a few times a second. */
export interface BigNodeReport {
  readonly id: string
  readonly view: View
  /** The state of its chart; of a view service whether its view is acknowledged. */
  readonly state: string
  /** Of a transfer that is under way: how many pieces are through; null if there is none. */
  readonly pieces: number | null
  readonly keys: number
  /** The longest that its loop was blocked since the last report, in milliseconds. */
  readonly blockedMs: number
  /** The largest resident set of its process so far, in bytes. */
  readonly residentBytes: number
}

/** A node that runs. */
export interface BigNode {
  /** What stands for its state of this moment: equal for equal states. */
  digest(): Promise<string>
}

/** Letters of one value; no two values are alike. */
const valueLength = 1000
const reportMs = 100

/** Keys and values of about so many bytes. */
function bigState(bytes: number): KeyValueState {
  const count = Math.ceil(bytes / (valueLength + 12))
  const entry = (_: unknown, n: number): [string, string] => [
    `key-${String(n).padStart(8, '0')}`,
    randomBytes(valueLength / 2).toString('hex'),
  ]
  return OrderedMap.from(Array.from({ length: count }, entry))
}

/** Starts the node on `transport`; it reports until its process or thread ends. */
export function startBigNode(
  { id, bytes }: BigNodeOptions,
  transport: Opened,
  say: (report: BigNodeReport) => void,
): BigNode {
  // A machine that is busy with other work lets a process wait for longer than the default permits.
  const timing = { pingIntervalMs: 100, pingCheckIntervalMs: 400 }
  const common = { transport, clock: schedulerClock(), timing }
  const stateOf = startRole({ id, bytes }, common)
  const loop = watchLoop()
  setInterval(() => {
    const { replica, ...standing } = stateOf()
    const residentBytes = process.resourceUsage().maxRSS * 1024
    say({ id, ...standing, keys: replica?.size ?? 0, blockedMs: loop.read(), residentBytes })
  }, reportMs)
  return {
    async digest() {
      const hash = createHash('sha256')
      let entries = 0
      for (const [key, value] of stateOf().replica?.entriesAfter() ?? []) {
        hash.update(`${key}=${value};`)
        entries += 1
        if (entries % 1000 === 0) await setImmediate()
      }
      return hash.digest('hex')
    },
  }
}

type Standing = Pick<BigNodeReport, 'view' | 'state' | 'pieces'> & { readonly replica: KeyValueState | null }

function startRole(
  { id, bytes }: BigNodeOptions,
  common: Parameters<typeof createViewService>[0],
): () => Standing {
  if (id === 'view-service') {
    const node = createViewService(common)
    const state = () => (node.acknowledged() ? 'acknowledged' : 'awaitingAcknowledgement')
    return () => ({ view: node.view(), state: state(), pieces: null, replica: null })
  }
  const application = bytes === 0 ? keyValueStore : { ...keyValueStore, initialState: bigState(bytes) }
  const node = createServer({ ...common, id, application })
  return () => {
    const { view, sending, arriving, replica } = node.actor.getSnapshot().context
    const pieces = sending?.index ?? arriving?.pieces ?? null
    return { view, pieces, state: node.state(), replica: (replica?.state as KeyValueState) ?? null }
  }
}
