/** The sinks of the one stream of observations, against short runs on virtual time. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Observation, operationsIn } from '../../actors/observation.ts'
import { createHistogram } from '../../runtime/observe/histogram.ts'
import {
  createCorrelation,
  createCounters,
  createLog,
  createStory,
  formatOperations,
  type StoryEvent,
  tee,
} from '../../runtime/observe/index.ts'
import { fit } from '../../runtime/observe/log.ts'
import { append, createWorld, get, put, type World } from '../support/world.ts'

/** A view of three servers, one put, the primary's death during an append, a get, and the dead server's return. */
function failover(): World {
  const world = createWorld()
  world.settle()
  const client = world.client()
  world.execute(client, put('a', 1))
  const call = world.call(client, append('b', 'x'))
  world.advance(1)
  world.primary().crash()
  world.until('an answer', () => call.ends.length > 0)
  world.execute(client, get('a'))
  world.server('s1').restart()
  world.settle()
  world.pings(4)
  return world
}

function storyOf(observations: readonly Observation[], level: 'story' | 'debug' = 'story'): StoryEvent[] {
  const story = createStory({ level })
  return observations.flatMap((observation) => story(observation) ?? [])
}

describe('story', () => {
  test('a failover is reported in sentences, each event once', () => {
    const story = storyOf(failover().observations).map(({ node, text }) => `${node}: ${text}`)
    expect(story).toEqual([
      'view-service: starts: it decides who is primary and who is backup',
      's1#1: starts without state and offers itself to the view service',
      's2#1: starts without state and offers itself to the view service',
      's3#1: starts without state and offers itself to the view service',
      'view-service: view 1: s1#1 is the first to offer itself and becomes primary',
      's1#1: is primary of view 1, alone, and serves',
      's2#1: stands by in view 1',
      's3#1: stands by in view 1',
      'view-service: view 2: s2#1 becomes backup of s1#1',
      's1#1: is primary of view 2: sends its state (0 commands) to s2#1',
      's2#1: is backup of view 2 and awaits the state of s1#1',
      's3#1: stands by in view 2',
      's2#1: is backup of view 2 and holds the whole state: 0 commands',
      's1#1: s2#1 holds the state now: clients are served',
      'view-service: view 2 is acknowledged by its primary: s2#1 is ready to take over',
      'c1#1: starts and asks the view service who is primary',
      'c1#1: has opened session 1 with s1#1',
      'c1#1: asks s1#1: put a 1',
      's1#1: forwards it to s2#1, its backup, before anything else',
      's2#1: applies it, and acknowledges',
      's1#1: its backup has it: executes it too, and answers',
      'c1#1: has its answer: put a 1 = done',
      's1#1: crashes as primary: what it had in flight is never finished',
      'c1#1: has no answer of s1#1 yet: asks for the view and sends again',
      'view-service: view 3: primary s1#1 has fallen silent; backup s2#1 is promoted, s3#1 becomes backup',
      's2#1: is primary of view 3: sends its state (3 commands) to s3#1',
      's3#1: is backup of view 3 and awaits the state of s2#1',
      's3#1: is backup of view 3 and holds the whole state: 3 commands',
      's2#1: s3#1 holds the state now: clients are served',
      'view-service: view 3 is acknowledged by its primary: s3#1 is ready to take over',
      'c1#1: learns of view 3: sends its request again, to s2#1',
      'c1#1: asks s2#1: append b "x"',
      's2#1: has executed it before: repeats the stored answer',
      expect.stringMatching(/^c1#1: append b "x" = 1, after \d+ ms$/),
      's1#2: starts again as s1#2: a new server, without state',
      's1#2: stands by in view 3',
    ])
  })

  test('every event of a node says its state, Lamport time and operations', () => {
    const events = storyOf(failover().observations)
    const applied = events.filter(({ text }) => text.startsWith('applies it'))
    expect(events.filter(({ state, lamport }) => state === null || lamport === null)).toEqual([])
    expect(applied.map(({ node, state, operations }) => ({ node, state, operations }))).toEqual([
      { node: 's2#1', state: 'backup.serving', operations: ['1/1/0'] },
    ])
    const repeated = events.filter(({ text }) => text.includes('repeats the stored answer'))
    expect(repeated.map(({ node, state, operations }) => ({ node, state, operations }))).toEqual([
      { node: 's2#1', state: 'primary.serving', operations: ['1/2/0'] },
    ])
  })

  test('a partition is reported with what each side does, and its healing', () => {
    const world = createWorld()
    world.settle()
    const client = world.client()
    world.execute(client, put('a', 1))
    world.network.partition(['s1', 'c1'], ['view-service', 's2', 's3'])
    world.call(client, get('a'))
    world.pings(8)
    world.network.heal()
    world.until('an answer', () => world.pending() === 0)
    const story = storyOf(world.observations).map(({ node, text }) => `${node}: ${text}`)
    expect(story).toEqual(
      expect.arrayContaining([
        'null: the network splits: s1 c1 | view-service s2 s3',
        's1#1: no acknowledgement from s2#1: forwards again, and answers no client meanwhile',
        'null: the network heals: every link works again',
        's1#1: learns of view 3, in which it has no part',
      ]),
    )
  })

  test('a forward of a deposed primary that keeps coming is reported once', () => {
    const world = createWorld()
    world.settle()
    const client = world.client()
    world.execute(client, put('a', 1))
    world.cut('s1', 'view-service')
    world.cut('view-service', 's1')
    world.cut('s2', 's1')
    world.call(client, get('a'))
    world.pings(20)
    const refused = (text: string) => text.includes('does not take a forward of s1#1')
    const forwards = world.ignored('s2#1').filter((reason) => reason.startsWith('forward:'))
    expect(forwards.length).toBeGreaterThan(1)
    expect(storyOf(world.observations).filter(({ text }) => refused(text))).toHaveLength(1)
  })

  test('at level debug no observation is left out', () => {
    const { observations } = failover()
    expect(storyOf(observations, 'debug')).toHaveLength(observations.length)
  })
})

describe('log', () => {
  const linesOf = (options: { colour: boolean; level?: 'story' | 'debug' }) => {
    const lines: string[] = []
    const { observe } = createLog({ ...options, write: (line) => lines.push(line) })
    for (const observation of failover().observations) observe(observation)
    return lines
  }

  test('a line has time, node, chart state, Lamport time, operations and a sentence', () => {
    const line = linesOf({ colour: false }).find((text) => text.includes('forwards it to s2#1'))
    expect(line).toMatch(
      /^ +\d+\.\d{3}s s1#1 +primary\.awaitingBackupAck L\d+ +1\/1\/0 +forwards it to s2#1, its backup, before anything else$/,
    )
  })

  test('colours are there only where they are wanted', () => {
    const introducer = String.fromCharCode(27)
    expect(linesOf({ colour: false }).join('')).not.toContain(introducer)
    expect(linesOf({ colour: true }).join('')).toContain(introducer)
  })

  test('a line that cannot be written does not disturb the system', () => {
    const { observe } = createLog({
      write: () => {
        throw new Error('disk full')
      },
    })
    const [observation] = failover().observations
    expect(() => observe(observation!)).not.toThrow()
  })

  test('a text is cut to its room, and control characters move no cursor', () => {
    expect(fit('abcdef', 4)).toBe('abc…')
    expect(fit('abcd', 4)).toBe('abcd')
    expect(fit('a\u001b[2Jb\nc', 10)).toBe('a\\u{1b}[2…')
    expect(fit('abc', 0)).toBe('')
  })
})

describe('operations', () => {
  test('an operation is found on every node that serves it, from its call to its return', () => {
    const world = createWorld()
    world.settle()
    const client = world.client()
    world.execute(client, put('a', 1))
    const correlation = createCorrelation()
    const serving = world.observations
      .filter((observation) => correlation(observation).includes('1/1/0'))
      .map(({ kind, node, envelope }) => `${node} ${kind} ${envelope?.message.type ?? ''}`.trim())
    expect(serving).toEqual([
      'c1#1 receive reply',
      'c1#1 send request',
      's1#1 receive request',
      's1#1 send forward',
      's2#1 receive forward',
      's2#1 send forwardAck',
      's1#1 receive forwardAck',
      's1#1 send reply',
      'c1#1 receive reply',
      'c1#1 return',
    ])
  })

  test('a batch serves several, and is written as a range', () => {
    const world = createWorld()
    world.settle()
    const client = world.client()
    world.execute(client, put('a', 1))
    for (let index = 0; index < 3; index++) world.call(client, append('b', 'x'))
    world.until('answers', () => world.pending() === 0)
    const forward = world.seen('send', 'forward').at(-1)!
    expect(operationsIn(forward)).toEqual(['1/2/0', '1/2/1', '1/2/2'])
    expect(formatOperations(operationsIn(forward))).toBe('1/2/0..2')
  })

  test('more requests than fit are counted', () => {
    expect(formatOperations(['1/2/0', '1/2/1', '4/1/0', '7/9/0', '8/1/0'])).toBe('1/2/0..1 4/1/0 +2')
    expect(formatOperations([])).toBe('')
  })

  test('N3 a message that was not taken has no operations with any shape', () => {
    const envelope = { from: 'x', to: 'y', stamp: { lamport: 1, vector: {} } }
    const hostile = [null, 7, { type: 'forward' }, { type: 'request', session: 1, commands: null }]
    for (const message of hostile) {
      for (const kind of ['refuse', 'drop', 'delay', 'duplicate'] as const) {
        const observation = { kind, node: 'y', t: 0, clock: null, envelope: { ...envelope, message } }
        expect(operationsIn(observation as unknown as Observation)).toEqual([])
      }
    }
  })
})

describe('counters', () => {
  test('a failover is counted: views, messages, operations and how long they took', () => {
    const world = failover()
    const counters = createCounters()
    for (const observation of world.observations) counters.observe(observation)
    const counted = counters.read()
    expect(counted.observations).toBe(world.observations.length)
    expect(counted.viewChanges).toBe(3)
    expect(counted.failovers).toBe(1)
    expect(counted.crashes).toBe(1)
    expect(counted.operations).toEqual({ called: 3, answered: 3, failed: {}, pending: 0 })
    expect(counted.sent.forward).toBe(world.seen('send', 'forward').length)
    expect(counted.received.forward).toBe(world.seen('receive', 'forward').length)
    expect(counted.byKind.timer).toBe(world.seen('timer').length)
    const waits = world.seen('return').map(({ t }, index) => t - world.seen('call')[index]!.t)
    expect(counted.latencyMs.max).toBe(Math.max(...waits))
    expect(counted.latencyMs.min).toBe(Math.min(...waits))
  })

  test('refusals, drops and ignored events are counted by their reason', () => {
    const world = createWorld()
    world.settle()
    const client = world.client()
    world.execute(client, put('a', 1))
    world.drop({ from: 'backup', to: 'primary' })
    const call = world.call(client, get('a'), 200)
    world.until('the end of the call', () => call.ends.length > 0)
    world.inject({
      from: 'c9#1',
      to: 's2#1',
      message: { type: 'request', viewNumber: 2, session: null, seq: 0, commands: [], bytes: 0 },
    })
    world.advance(10)
    const counters = createCounters()
    for (const observation of world.observations) counters.observe(observation)
    const counted = counters.read()
    expect(counted.dropped).toEqual({ forwardAck: world.seen('drop').length })
    expect(counted.refusals.wrongServer).toBe(1)
    expect(counted.operations.failed).toEqual({ timedOut: 1 })
    const ignored = world.observations.flatMap((observation) => observation.ignored ?? [])
    expect(Object.values(counted.ignored).reduce((sum, count) => sum + count, 0)).toBe(ignored.length)
  })

  test('names from outside do not grow the tables without bound', () => {
    const counters = createCounters()
    for (let index = 0; index < 1000; index++) {
      counters.observe({ kind: 'refuse', node: 'x', t: 0, clock: null, ignored: [`reason ${index}`] })
    }
    const { ignored } = counters.read()
    expect(Object.keys(ignored).length).toBeLessThan(300)
    expect(ignored['(other)']).toBe(1000 - Object.keys(ignored).length + 1)
  })

  test('a quantile is at most 5% above the true one, and never below', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 }),
        (values) => {
          const histogram = createHistogram()
          for (const value of values) histogram.record(value)
          const sorted = [...values].sort((a, b) => a - b)
          const { p50, p90, p99, min, max, count } = histogram.read()
          expect([count, min, max]).toEqual([values.length, sorted[0], sorted.at(-1)])
          for (const [share, story] of [
            [0.5, p50],
            [0.9, p90],
            [0.99, p99],
          ] as const) {
            const truth = sorted[Math.ceil(values.length * share) - 1]!
            expect(story).toBeGreaterThanOrEqual(truth * (1 - 1e-9))
            expect(story).toBeLessThanOrEqual(truth * 1.05)
          }
        },
      ),
    )
  })

  test('nothing recorded has no quantiles, and odd numbers count as 0', () => {
    const histogram = createHistogram()
    expect(histogram.read()).toEqual({
      count: 0,
      min: null,
      mean: null,
      p50: null,
      p90: null,
      p99: null,
      max: null,
    })
    for (const odd of [Number.NaN, -1, Number.POSITIVE_INFINITY]) histogram.record(odd)
    expect(histogram.read()).toMatchObject({ count: 3, max: 0, p99: 0 })
  })
})

describe('tee', () => {
  test('a sink that throws is counted and disturbs neither the system nor the other sinks', () => {
    const heard: string[] = []
    const both = tee(
      () => {
        throw new Error('first')
      },
      { observe: ({ kind }) => void heard.push(kind) },
    )
    const { observations } = failover()
    for (const observation of observations) both.observe(observation)
    expect(heard).toHaveLength(observations.length)
    expect(both.failures).toBe(observations.length)
    expect(both.firstError).toEqual(new Error('first'))
  })
})
