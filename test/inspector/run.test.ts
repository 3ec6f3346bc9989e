/** A run in the page: contexts at any step, and what is forgotten when it grows beyond its bound. */
import { expect, test } from 'vitest'
import { createRun } from '../../inspector/model/run.ts'
import { find, parseQuery } from '../../inspector/model/search.ts'
import { nextChange, watched } from '../../inspector/model/watches.ts'
import { applyPatch } from '../../runtime/trace/patch.ts'
import { readTrace } from '../../runtime/trace/read.ts'
import { faultyTrace } from './simulated-traces.ts'

const { header, steps } = readTrace(faultyTrace)

test('the context of every node at every step is what its patches make of its start', () => {
  const run = createRun(header)
  run.append(steps)
  const contexts = new Map<string, unknown>()
  const wrong: string[] = []
  for (const { i, node, after } of steps) {
    if (node === null || after === undefined) continue
    contexts.set(node, after.context ?? applyPatch(contexts.get(node) as never, after.patch!))
    // Backwards and forwards, so that what was kept on the way is used, too.
    const found = run.contexts.at(run.lane(node)!, i)
    if (JSON.stringify(found) !== JSON.stringify(contexts.get(node))) wrong.push(`${i} ${node}`)
  }
  expect(wrong).toEqual([])
})

test('of a run beyond its bound the oldest steps are forgotten, and all that is left stays right', () => {
  const whole = createRun(header)
  whole.append(steps)
  const bounded = createRun(header, { stepsMax: 300 })
  for (const step of steps) bounded.append([step])

  expect(bounded.end).toBe(whole.end)
  expect(bounded.end - bounded.first).toBeLessThanOrEqual(300)
  expect(bounded.first).toBeGreaterThan(0)
  const wrong: string[] = []
  for (let i = bounded.first; i < bounded.end; i++) {
    expect(bounded.step(i)).toBe(whole.step(i))
    for (const lane of whole.lanes) {
      const own = bounded.lane(lane.id)!
      const [found, expected] = [bounded.contexts.at(own, i), whole.contexts.at(lane, i)]
      if (i % 17 === 0 && JSON.stringify(found) !== JSON.stringify(expected)) wrong.push(`${i} ${lane.id}`)
    }
  }
  expect(wrong).toEqual([])
  expect(bounded.messages.all.length).toBeLessThanOrEqual(600)
  expect(bounded.marks.every(({ i }) => i >= bounded.first)).toBe(true)
})

test('clocks of the protocol break no rule, bounded or not', () => {
  const bounded = createRun(header, { stepsMax: 300 })
  for (const step of steps) bounded.append([step])
  expect(bounded.brokenRules).toEqual([])
})

test('a search is words, one thing then another, or one thing not followed by another', () => {
  const run = createRun(header)
  run.append(steps)
  const hits = (text: string) => find(run, parseQuery(text)!)
  expect(parseQuery('  ')).toBeNull()
  expect(hits('crash s1').hits.every((i) => steps[i]!.kind === 'crash')).toBe(true)
  const { pairs } = hits('crash then restart')
  expect(pairs.map(([a, b]) => [steps[a]!.kind, steps[b]!.kind])).toContainEqual(['crash', 'restart'])
  expect(hits('partition not followed by heal').hits).toEqual([])
  expect(hits('heal not followed by crash').hits.length).toBeGreaterThan(0)
})

test('a watched path is what the context has there, and changes exactly where its value does', () => {
  const run = createRun(header)
  run.append(steps)
  const path = 'view.number'
  for (const lane of run.lanes) {
    const values = steps.map(({ i }) => JSON.stringify(watched(run, lane, path, i)))
    const changes = steps.map(({ i }) => i).filter((i) => i > 0 && values[i] !== values[i - 1])
    const forwards: number[] = []
    for (let at = nextChange(run, [lane], path, 0, 1); at !== null; at = nextChange(run, [lane], path, at, 1))
      forwards.push(at)
    const backwards: number[] = []
    for (let at = nextChange(run, [lane], path, run.end, -1); at !== null && at > 0; ) {
      backwards.unshift(at)
      at = nextChange(run, [lane], path, at, -1)
    }
    expect(forwards).toEqual(changes)
    expect(backwards).toEqual(changes)
  }
})

test('a watched path of hostile names leads nowhere', () => {
  const run = createRun(header)
  run.append(steps)
  for (const path of ['__proto__', 'constructor.name', 'view.toString', '', '.', 'view..number'])
    expect(watched(run, run.lanes[0]!, path, run.end - 1)).toBeUndefined()
})
