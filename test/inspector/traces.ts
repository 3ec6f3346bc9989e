/** Traces for tests of what is made of traces: a failover, and one with hostile names and values. They assert nothing. */
import type { Observation } from '../../actors/observation.ts'
import { createTrace, type ReadTrace, readTrace, type TraceStep } from '../../runtime/observe/index.ts'
import { append, createWorld, get, put, type World } from '../support/world.ts'

/** A run with duplicates, lost messages, a partition, a crash, a failover and a restart. */
export function failover(seed = 1): World {
  const world = createWorld({ seed })
  world.settle()
  const client = world.client()
  world.execute(client, put('a', 1))
  world.faults({ duplicate: 1 }, { type: 'forward' })
  world.execute(client, append('b', 'x'))
  const [primary, backup] = [world.primary().name, world.backup().name]
  world.network.partition([primary], [backup])
  const call = world.call(client, put('c', [1, null]))
  world.advance(60)
  world.network.heal()
  world.until('an answer', () => call.ends.length > 0)
  world.primary().crash()
  world.execute(client, get('a'))
  world.server('s1').restart()
  world.settle()
  return world
}

export function textOf(observations: readonly Observation[]): string {
  const lines: string[] = []
  const trace = createTrace({ write: (line) => lines.push(line), seed: 1 })
  for (const observation of observations) trace.observe(observation)
  trace.close()
  return `${lines.join('\n')}\n`
}

export const failoverTrace = (seed = 1): ReadTrace => readTrace(textOf(failover(seed).observations))

/** The same run, its nodes and messages named by a caller who means harm. */
export function hostileTrace(): ReadTrace {
  const names = [
    '__proto__',
    'a b',
    'a_b',
    '</title><script>alert(1)</script>',
    'constructor',
    '#;%%\n"\u0000',
    '\ud800',
  ]
  const known = new Map<string, string>()
  const nameOf = (name: string): string => {
    if (!known.has(name)) known.set(name, names[known.size] ?? name)
    return known.get(name)!
  }
  const { header, steps, complete, dropped } = failoverTrace()
  const renamed = steps.map(
    ({ node, vector, message, machine, ...step }): TraceStep => ({
      ...step,
      node: node === null ? null : nameOf(node),
      vector: vector === null ? null : renamedVector(vector, nameOf),
      ...(machine === undefined ? {} : { machine }),
      ...(message === undefined
        ? {}
        : {
            message: {
              ...message,
              from: nameOf(message.from),
              to: nameOf(message.to),
              type: `${message.type}]]><b>; end\n-->`,
              body: JSON.parse('{"__proto__":{"#bigint":"x"},"half":0.5,"null":null}'),
            },
          }),
    }),
  )
  return { header, steps: renamed, complete, dropped }
}

function renamedVector(vector: Readonly<Record<string, number>>, nameOf: (name: string) => string) {
  const renamed: Record<string, number> = Object.create(null)
  for (const [name, count] of Object.entries(vector)) renamed[nameOf(name)] = count
  return renamed
}
