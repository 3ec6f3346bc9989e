/** The section `fuzz`: malformed frames, by the million, at every transport. */
import { fuzz, fuzzed, problemsOf } from '../transport/fuzzing.ts'
import { skipsNats } from '../transport/nats-server.ts'
import { count, type Row } from './row.ts'

/** One row for each transport, with so many frames. */
export async function fuzzRows(frames: number, progress: (text: string) => void): Promise<Row[]> {
  const rows: Row[] = []
  for (const kind of fuzzed) {
    if (kind === 'NATS' && skipsNats) continue
    const begun = performance.now()
    const report = await fuzz(kind, frames, progress)
    const { seed, sent, received, refused, grown } = report
    const refusals = Object.entries(refused).filter(([, number]) => number > 0)
    const problems = problemsOf(report)
    const reasons = refusals.map(([reason, number]) => `${count(number)} ${reason}`).join(', ')
    const result = `${count(sent)} frames: ${count(received)} envelopes, refused ${reasons}; heap ${(grown / 2 ** 20).toFixed(1)} MiB larger`
    rows.push({
      what: `${kind}, seed ${seed}`,
      result: problems.length === 0 ? result : `${result}; ${problems.join('; ')}`,
      seconds: (performance.now() - begun) / 1000,
      ok: problems.length === 0,
    })
  }
  return rows
}
