/** The causal lens against the graph of the recorded run (L4): clocks and graph must say the same of any two steps. */
import { expect, test } from 'vitest'
import { prove, relate } from '../../inspector/model/causality.ts'
import { createRun, type Run } from '../../inspector/model/run.ts'
import type { TraceStep } from '../../runtime/trace/format.ts'
import { readTrace } from '../../runtime/trace/read.ts'
import { traceOf } from './simulated-traces.ts'

const seeds = [7, 11]

function runOf(seed: number): Run {
  const { header, steps } = readTrace(traceOf(seed))
  const run = createRun(header)
  run.append(steps)
  return run
}

/** For each step the numbers of those that happened before it, along nodes and messages only. */
function pastOf(run: Run, last: number): Set<number>[] {
  const past: Set<number>[] = []
  const lastOn = new Map<string, number>()
  for (let i = 0; i < last; i++) {
    const step = run.step(i)!
    const known = new Set<number>()
    const causes = [lastOn.get(step.node ?? '')]
    if (step.kind === 'receive') causes.push(run.messages.of(step)?.sentIn ?? undefined)
    for (const cause of causes) {
      if (cause === undefined) continue
      known.add(cause)
      for (const one of past[cause]!) known.add(one)
    }
    past.push(known)
    if (step.node !== null) lastOn.set(step.node, i)
  }
  return past
}

test.each(seeds)('L4 what clocks say of two steps is what the graph says (seed %i)', (seed) => {
  const run = runOf(seed)
  const last = Math.min(run.end, 450)
  const past = pastOf(run, last)
  const wrong: string[] = []
  const hasNode = (step: TraceStep) => step.node !== null
  for (let a = 0; a < last; a += 3) {
    for (let b = a + 1; b < last; b += 7) {
      const [one, other] = [run.step(a)!, run.step(b)!]
      if (!hasNode(one) || !hasNode(other)) continue
      const expected = past[b]!.has(a) ? 'before' : past[a]!.has(b) ? 'after' : 'concurrent'
      const found = relate(run, one, other)
      if (found !== expected) wrong.push(`${a} ${b}: ${found}, the graph says ${expected}`)
    }
  }
  expect(wrong).toEqual([])
})

test.each(seeds)('a proof is a chain of steps of one node and of messages (seed %i)', (seed) => {
  const run = runOf(seed)
  const broken: string[] = []
  for (let a = 0; a < run.end; a += 97) {
    for (let b = a + 1; b < run.end; b += 131) {
      const { relation, path } = prove(run, run.step(a)!, run.step(b)!)
      if (relation !== 'before') continue
      const isChain = path.every((i, index) => {
        const next = path[index + 1]
        if (next === undefined) return true
        const [here, there] = [run.step(i)!, run.step(next)!]
        return here.node === there.node ? i < next : run.messages.of(there)?.sentIn === i
      })
      if (!isChain || path[0] !== a || path.at(-1) !== b) broken.push(`${a} ${b}: ${path.join(' ')}`)
    }
  }
  expect(broken).toEqual([])
})
