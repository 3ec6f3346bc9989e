/** A dump of a replicated application: the state of one moment, as lines of JSON, whole or noticed to be cut. It reads no network. */
import { setImmediate } from 'node:timers/promises'
import * as v from 'valibot'
import { StandbyError } from '../../actors/errors.ts'
import type { Json } from '../../machines/application/application.ts'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import type { AnyApplication } from './config/application.ts'

/** What a dump is of. */
export interface DumpOrigin {
  readonly node: string
  /** Of the view whose primary gave it, and was confirmed to be the current one. */
  readonly viewNumber: number
  /** Commands that had been executed. */
  readonly position: number
}

/** The state of one moment. */
export interface StateDump {
  readonly lines: AsyncGenerator<string>
  /** Whether a restore is under way in it, or was cut short. */
  readonly isHalfRestored: boolean
}

const format = 'standby-dump'
const pieceBytes = 256 * 1024

const head = v.object({
  format: v.literal(format),
  version: v.literal(1),
  application: v.literal(keyValueStore.name),
  node: v.string(),
  viewNumber: v.number(),
  position: v.number(),
})
const piece = v.array(v.tuple([v.string(), v.custom<Json>((value) => value !== undefined)]))
const tail = v.object({ end: v.literal(true), keys: v.number() })

/**
 * The lines of a dump: what it is of, the chunks of the application's own snapshot, and an end. Commands go on meanwhile
 * and change nothing of the state; between two chunks the event loop has its turn.
 */
export async function* dumpLines(
  application: AnyApplication,
  state: unknown,
  origin: DumpOrigin,
): AsyncGenerator<string> {
  yield `${JSON.stringify({ format, version: 1, application: application.name, ...origin })}\n`
  let [pieces, keys] = [0, 0]
  let cursor: Json = null
  do {
    const { data, next } = application.snapshot(state, cursor, pieceBytes)
    pieces += 1
    if (application === keyValueStore) keys += (data as readonly Json[]).length
    yield `${JSON.stringify(data)}\n`
    cursor = next
    await setImmediate()
  } while (cursor !== null)
  yield `${JSON.stringify({ end: true, pieces, ...(application === keyValueStore && { keys }) })}\n`
}

/**
 * The entries of a dump of a key-value store, all of them or none.
 * @throws StandbyError `invalidStore` for a file that is no such dump, or is cut
 */
export function readDump(text: string): readonly (readonly [string, Json])[] {
  const lines = text.split('\n').filter((line) => line !== '')
  const values = lines.map((line, index) => parsed(line, index + 1))
  if (!v.is(head, values[0])) throw invalid(`a dump of a ${keyValueStore.name}, version 1`, 'something else')
  const last = v.safeParse(tail, values.at(-1))
  if (!last.success) throw invalid('a last line that ends the dump', 'none: it is cut')
  const pieces = v.safeParse(v.array(piece), values.slice(1, -1))
  if (!pieces.success) throw invalid('lines of keys and values', pieces.issues[0].message)
  const entries = pieces.output.flat()
  if (entries.length !== last.output.keys)
    throw invalid(`${last.output.keys} keys`, `${entries.length}: it is cut`)
  return entries
}

function parsed(line: string, number: number): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw invalid('lines of JSON', `something else in line ${number}`)
  }
}

function invalid(expected: string, got: string): StandbyError {
  return new StandbyError('invalidStore', `expected ${expected}, got ${got}; make the dump again`)
}
