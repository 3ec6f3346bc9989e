/** Traces lifted into a world: recorded runs go on as what-ifs, and a trace that does not fit says where. */
import { describe, expect, test } from 'vitest'
import { check, traceOf } from '../../proof/check/index.ts'
import { standbySystem } from '../../proof/protocol/standby-system.ts'
import { liftTrace } from '../../proof/stage/lift.ts'
import { runSeed } from '../../proof/stage/seeds.ts'
import { createCluster, createTrace, readTrace, type TraceStep } from '../../runtime/index.ts'

const recorded = (seed: number, calls = 15) => readTrace(`${runSeed(seed, calls).lines.join('\n')}\n`)

/** What of a step depends neither on how time passed nor on the order of a command's keys, which a trace sorts. */
const essence = ({ node, kind, message, lamport, vector, after, call }: TraceStep) => ({
  node,
  kind,
  message: message && { id: message.id, type: message.type, from: message.from },
  lamport,
  vector,
  value: after?.value,
  call,
})

describe('a simulated run', () => {
  test.each([2, 3, 6])(
    'seed %i is repeated to its end: losses, duplicates, crashes, cuts, time limits',
    (seed) => {
      const { header, steps } = recorded(seed)
      const { fits, misfit, world } = liftTrace(header, steps, `seed ${seed}`)
      expect(misfit).toBeNull()
      expect(fits).toBe(steps.length)
      const received = (all: readonly TraceStep[]) =>
        all.filter(({ kind }) => kind === 'receive').map(essence)
      expect(received(world.branch.steps)).toEqual(received(steps))
    },
  )

  test.each([2, 3])('seed %i: every step has its counterpart, which is the same event', (seed) => {
    const { header, steps } = recorded(seed)
    const { counterparts, world } = liftTrace(header, steps, `seed ${seed}`)
    const event = ({ kind, node, message }: TraceStep) => `${kind} ${node} ${message?.id}`
    const isReceive = ({ kind }: TraceStep) => kind === 'receive'
    const found = counterparts.map((i) => world.branch.steps[i]!)
    const pairs = counterparts.map((_, i) => [steps[i]!, found[i]!] as const).filter(([a]) => isReceive(a))
    expect(pairs.length).toBeGreaterThan(50)
    expect(pairs.map(([, b]) => event(b))).toEqual(pairs.map(([a]) => event(a)))
    expect([...counterparts].sort((a, b) => a - b)).toEqual(counterparts)
  })

  test('it can be changed from any step on', () => {
    const { header, steps } = recorded(2)
    const { world } = liftTrace(header, steps, 'seed 2')
    world.goTo(100)
    expect(world.choose({ kind: 'crash', node: 's1' })).toBeNull()
    expect(world.branches).toHaveLength(2)
    expect(world.runUntil(null, { ms: 300 })).toBe('ms')
  })
})

test('a run of live nodes on real time is repeated', async () => {
  const lines: string[] = []
  const trace = createTrace({ write: (line) => void lines.push(line) })
  const cluster = createCluster({ observe: trace.observe })
  const client = cluster.client()
  await cluster.redundant()
  await client.put('a', 1)
  cluster.primary()!.crash()
  await client.append('b', 'x')
  cluster.server('s1').restart()
  await cluster.redundant()
  await cluster.stop()
  trace.close()
  const { header, steps } = readTrace(`${lines.join('\n')}\n`)
  const { misfit, world } = liftTrace(header, steps, 'a live run')
  expect(misfit).toBeNull()
  expect(world.branch.steps.filter(({ kind }) => kind === 'return').map(({ call }) => call!.end)).toEqual([
    { value: null },
    { value: 1 },
  ])
})

test("a checker's run to its goal is repeated", () => {
  const system = standbySystem({ viewsMax: 2 })
  const run = check(system).goals[0]!.run!
  const { header, steps } = readTrace(traceOf(system, run))
  const { misfit, world } = liftTrace(header, steps, 'every client has its results')
  expect(misfit).toBeNull()
  expect(world.branch.steps.some(({ kind }) => kind === 'return')).toBe(true)
})

describe('what does not fit', () => {
  test('a message that is not sent here', () => {
    const { header, steps } = recorded(2)
    const index = steps.findIndex(({ kind, i }) => kind === 'receive' && i > 100)
    const forged = steps.map((step, i) =>
      i === index ? { ...step, message: { ...step.message!, id: 's1#1@99999' } } : step,
    )
    const { fits, misfit, world } = liftTrace(header, forged, 'forged')
    expect(fits).toBe(index)
    expect(misfit!.why).toMatch(/^\S+ received \S+ s1#1@99999, which \S+ has not sent here$/)
    expect(world.branch.made.length).toBeGreaterThan(10)
  })

  test('a chart that reaches another state', () => {
    const { header, steps } = recorded(2)
    const index = steps.findIndex(
      ({ kind, i, node }) => kind === 'receive' && i > 50 && node?.startsWith('s1'),
    )
    const forged = steps.map((step, i) =>
      i === index ? { ...step, after: { ...step.after!, value: { role: 'idle', heartbeat: 'x' } } } : step,
    )
    expect(liftTrace(header, forged, 'forged').misfit).toMatchObject({
      step: index,
      why: expect.stringMatching(/here, and was in/),
    })
  })

  test('a trace that begins later, or is of other machines', () => {
    const { header, steps } = recorded(2)
    expect(() => liftTrace({ ...header, nodes: [] }, [], 'empty')).toThrow(
      /expected a trace of a view service/,
    )
    const later = steps.slice(40).map((step, i) => ({ ...step, i }))
    const nodes = [
      { id: 'view-service', machine: 'viewService' },
      { id: 's1#1', machine: 'server' },
    ]
    expect(() => liftTrace({ ...header, nodes, options: {} }, later, 'late')).toThrow(/begins later/)
  })
})
