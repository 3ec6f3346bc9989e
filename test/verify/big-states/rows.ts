/** The section `big-states`: a big state over every transport, and what must hold meanwhile. */
import { skipsNats } from '../../transport/nats-server.ts'
import { count, type Row } from '../row.ts'
import { type BigTransfer, transferBigState } from './big-states.ts'
import { type MediumKind, mediaKinds } from './media.ts'

/** The longest that a loop may be blocked, in milliseconds. */
const blockedMsMax = 50
/** The most memory by the bytes of the state, and what a runtime takes as well, however small the state is. */
const [memoryMax, runtimeBytes] = [2, 64e6]

/** One row for each transport, with a state of `bytes`. */
export async function bigStateRows(bytes: number, progress: (text: string) => void): Promise<Row[]> {
  const rows: Row[] = []
  for (const kind of mediaKinds) {
    if (kind === 'nats' && skipsNats) continue
    rows.push(await rowOf(kind, bytes, progress))
  }
  return rows
}

async function rowOf(kind: MediumKind, bytes: number, progress: (text: string) => void): Promise<Row> {
  const what = `${kind}, ${count(Math.round(bytes / 1e6))} MB`
  const begun = performance.now()
  const elapsed = () => (performance.now() - begun) / 1000
  try {
    const transfer = await transferBigState(kind, bytes, progress)
    const { keys, pieces, seconds, blockedMs, memory } = transfer
    const result = `${count(keys)} keys in ${count(pieces)} pieces: ${seconds.toFixed(1)} s, ${Math.round(bytes / 1e6 / seconds)} MB/s, blocked for ${blockedMs.toFixed(0)} ms at most, memory ${memory.toFixed(2)} times the state`
    const problems = problemsOf(transfer, bytes)
    return { what, result: [result, ...problems].join('; '), seconds: elapsed(), ok: problems.length === 0 }
  } catch (error) {
    return { what, result: (error as Error).message, seconds: elapsed(), ok: false }
  }
}

/** What went wrong, in words. */
function problemsOf(transfer: BigTransfer, bytes: number): string[] {
  const { isSame, reports, pieces, blockedMs, memory, viewNumber } = transfer
  const problems: string[] = []
  if (!isSame) problems.push('the backup has another state')
  if (viewNumber !== 2) problems.push(`expected no view after 2, got ${viewNumber}: pings did not continue`)
  if (reports < 2 || pieces < 2) problems.push(`expected progress to be reported, got ${reports} reports`)
  if (blockedMs > blockedMsMax) problems.push(`expected at most ${blockedMsMax} ms`)
  if (memory > memoryMax + runtimeBytes / bytes)
    problems.push(`expected at most ${memoryMax} times the state`)
  return problems
}
