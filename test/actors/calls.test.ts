/** Calls of clients: how they end, when, and what is known of them then. */
import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { createClient } from '../../actors/client.ts'
import { operationsIn } from '../../actors/observation.ts'
import { type Json, jsonValues } from '../../machines/application/json.ts'
import { createCluster, type KeyValueClient } from '../../runtime/index.ts'
import { append, createPorts, createWorld, get, put, type World } from '../support/world.ts'

const value = (result: unknown) => ({ value: result })
const failure = (code: string, mayHaveExecuted: boolean) => ({ failure: { code, mayHaveExecuted } })

function settledWorld(options?: Parameters<typeof createWorld>[0]) {
  const world = createWorld(options)
  world.settle()
  const client = world.client()
  world.execute(client, get('warm'))
  return { world, client, promises: client as unknown as KeyValueClient }
}

/** How a promise ended, once the world has gone on for a while. */
async function endOf(world: World, promise: Promise<unknown>, ms = 1000): Promise<unknown> {
  const end = promise.then(value, (error: unknown) => error)
  world.advance(ms)
  return end
}

describe('correlation', () => {
  test('one operation has the same id on every node that serves it', () => {
    const { world, client } = settledWorld()
    const since = world.observations.length

    world.execute(client, append('log', 'x'))

    const serves = world.observations.slice(since).filter((seen) => operationsIn(seen).includes('1/2/0'))
    expect(new Set(serves.map(({ node }) => node))).toEqual(new Set(['c1#1', 's1#1', 's2#1']))
    expect(
      serves.filter(({ kind }) => kind === 'send').map(({ envelope }) => envelope?.message.type),
    ).toEqual(['request', 'forward', 'reply'])
  })

  test('calls made in one go are one request of several operations', () => {
    const { world, client } = settledWorld()
    const since = world.observations.length

    const calls = [world.call(client, append('log', 'x')), world.call(client, append('log', 'y'))]
    world.until('both answers', () => calls.every(({ ends }) => ends.length > 0))

    const requests = world.observations.slice(since).filter(({ envelope, kind }) => {
      return kind === 'send' && envelope?.message.type === 'request'
    })
    expect(requests.map(operationsIn)).toEqual([['1/2/0', '1/2/1']])
    expect(calls.map(({ ends }) => ends)).toEqual([[value(1)], [value(2)]])
  })

  test('call and return carry the command and its end', () => {
    const { world, client } = settledWorld()
    const since = world.observations.length

    world.execute(client, put('a', 1))

    const seen = world.observations.slice(since).filter(({ call }) => call !== undefined)
    expect(seen.map(({ kind, node, call }) => ({ kind, node, ...call }))).toEqual([
      { kind: 'call', node: 'c1#1', id: 2, command: put('a', 1) },
      { kind: 'return', node: 'c1#1', id: 2, command: put('a', 1), end: value(null) },
    ])
  })
})

describe('retries', () => {
  test('N4: a request that is lost is sent again, identical, on the retry timer', () => {
    const { world, client } = settledWorld()
    world.drop({ type: 'request' })
    const since = world.observations.length

    const call = world.call(client, append('log', 'x'))
    world.advance(3 * world.timing.retryIntervalMs)
    world.network.clear()
    world.until('an answer', () => call.ends.length > 0)

    const texts = world.observations
      .slice(since)
      .filter(({ kind, envelope }) => kind === 'send' && envelope?.message.type === 'request')
      .map(({ envelope }) => JSON.stringify(envelope?.message))
    expect(texts.length).toBeGreaterThan(2)
    expect(new Set(texts).size).toBe(1)
    expect(call.ends).toEqual([value(1)])
  })

  test('C2: with duplicates, losses and reordering, each call ends exactly once with its own result', () => {
    const { world } = settledWorld({ seed: 3 })
    world.faults({ duplicate: 0.3, drop: 0.2, delay: 0.4, delayMaxMs: 40 })
    const clients = ['c1', 'c2', 'c3'].map((name) => world.client(name))

    const calls = Array.from({ length: 60 }, (_, index) => {
      const call = world.call(clients[index % 3]!, append(`log${index % 3}`, 'x'))
      world.advance(7)
      return call
    })
    world.until('all answers', () => calls.every(({ ends }) => ends.length > 0))
    world.advance(500)

    for (const first of [0, 1, 2]) {
      const results = calls.filter((_, index) => index % 3 === first).map(({ ends }) => ends)
      expect(results).toEqual(Array.from({ length: 20 }, (_, index) => [value(index + 1)]))
    }
  })

  test('C1: in steady state clients ask the view service nothing', () => {
    const { world, client } = settledWorld()
    const asked = world.seen('send', 'getView').length

    for (let round = 0; round < 50; round++) world.execute(client, append('log', 'x'))
    world.pings(20)

    expect(world.seen('send', 'getView')).toHaveLength(asked)
  })

  test('C2: calls never transmitted move silently to a new session when theirs has expired', () => {
    const { world, client } = settledWorld({ limits: { sessionsMax: 1, batchMax: 1 } })
    world.execute(world.client('c2'), get('a'))

    const calls = ['x', 'y'].map((text) => world.call(client, append('log', text)))
    world.until('both ends', () => calls.every(({ ends }) => ends.length > 0))

    expect(calls.map(({ ends }) => ends)).toEqual([[failure('sessionExpired', true)], [value(1)]])
  })
})

describe('update', () => {
  test('of several clients at once loses none of them, and says what each has set', async () => {
    await using cluster = createCluster({ servers: 2 })
    const clients = [cluster.client(), cluster.client(), cluster.client()]
    const next = (count: number | null) => (count ?? 0) + 1

    const set = await Promise.all(
      clients.flatMap((client) => Array.from({ length: 5 }, () => client.update('count', next))),
    )

    expect(set.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1))
    expect(await clients[0]!.get('count')).toBe(15)
  })

  test('what change throws, or makes that is not JSON, rejects and sets nothing', async () => {
    await using cluster = createCluster({ servers: 1 })
    const client = cluster.client()

    const thrown = client.update('a', () => {
      throw new RangeError('mine')
    })
    await expect(thrown).rejects.toThrow(new RangeError('mine'))
    const pending = client.update('a', (async () => 1) as never)
    await expect(pending).rejects.toMatchObject({ code: 'invalidCommand', mayHaveExecuted: false })
    expect(await client.get('a')).toBe(null)
  })
})

describe('time limits', () => {
  test('a call ends with timedOut at its own limit, to the millisecond', () => {
    const { world, client } = settledWorld()
    world.drop({ type: 'reply' })

    const call = world.call(client, append('log', 'x'), 77)
    const ms = world.until('its end', () => call.ends.length > 0)

    expect(ms).toBe(77)
    expect(call.ends).toEqual([failure('timedOut', true)])
    expect(world.contents('primary')).toEqual({ log: 'x' })
  })

  test('limits of different length end in their own order, and calls that are answered never do', () => {
    const { world, client } = settledWorld()
    world.execute(client, get('a'))
    world.drop({ type: 'request' })
    const order: string[] = []
    for (const ms of [300, 100, 200]) client.submit(get('a'), () => void order.push(String(ms)), ms)
    const answered = world.call(client, get('a'), 600)

    world.advance(350)
    world.network.clear()
    world.advance(200)

    expect(order).toEqual(['100', '200', '300'])
    expect(answered.ends).toEqual([value(null)])
  })

  test('a client that finds no view service says that its call was never transmitted', () => {
    const { ports, advance } = createPorts()
    const client = createClient({ ...ports, id: 'c1#1' })
    const ends: unknown[] = []
    client.submit(get('a'), (end) => void ends.push(end), 500)

    advance(499)
    expect(ends).toEqual([])
    advance(1)

    expect(ends).toEqual([failure('timedOut', false)])
  })

  test('a client that finds a view without a primary waits as well', () => {
    const world = createWorld()
    for (const server of world.cluster.servers) server.crash()

    const call = world.call(world.client(), get('a'), 500)
    world.advance(500)

    expect(call.ends).toEqual([failure('timedOut', false)])
  })

  test('the error is a StandbyError that says what to do', async () => {
    const { world, promises } = settledWorld()
    world.drop({ type: 'request' })

    const end = await endOf(world, promises.get('a', { timeoutMs: 20 }))

    expect(end).toMatchObject({ name: 'StandbyError', code: 'timedOut', mayHaveExecuted: true })
    expect((end as Error).message).toMatch(/timeoutMs.*may have been executed/)
  })

  test('a call that is timed out does not hold up the next one', () => {
    const { world, client } = settledWorld()
    world.drop({ type: 'request' })
    const first = world.call(client, append('log', 'x'), 20)
    const second = world.call(client, append('log', 'y'))
    world.advance(30)
    world.network.clear()

    world.until('an answer', () => second.ends.length > 0)

    expect(first.ends).toEqual([failure('timedOut', true)])
    expect(second.ends).toHaveLength(1)
  })
})

describe('aborts', () => {
  test('of a signal that is aborted already: never transmitted', async () => {
    const { world, promises } = settledWorld()
    const reason = new Error('changed my mind')
    const since = world.observations.length

    const end = await endOf(world, promises.put('a', 1, { signal: AbortSignal.abort(reason) }))

    expect(end).toMatchObject({ code: 'aborted', mayHaveExecuted: false, cause: reason })
    expect(world.observations.slice(since).filter(({ kind }) => kind === 'call')).toEqual([])
  })

  test('in the same turn as the call: never transmitted', async () => {
    const { world, promises } = settledWorld()
    const control = new AbortController()
    const call = promises.put('a', 1, { signal: control.signal })

    control.abort()
    const end = await endOf(world, call)

    expect(end).toMatchObject({ code: 'aborted', mayHaveExecuted: false })
    expect(world.contents('primary')).toEqual({})
  })

  test('C2: of a call under way unsends nothing: it may have been executed', async () => {
    const { world, promises } = settledWorld()
    const control = new AbortController()
    const call = promises.put('a', 1, { signal: control.signal })
    world.advance(1)

    control.abort()
    const end = await endOf(world, call)

    expect(end).toMatchObject({ code: 'aborted', mayHaveExecuted: true })
    expect(world.contents('primary')).toEqual({ a: 1 })
  })

  test('after the answer changes nothing', async () => {
    const { world, promises } = settledWorld()
    const control = new AbortController()
    const end = await endOf(world, promises.append('a', 'x', { signal: control.signal }))
    const listeners = getEventListeners(control.signal, 'abort')

    control.abort()
    world.advance(100)

    expect(end).toEqual(value(1))
    expect(listeners).toEqual([])
  })
})

describe('bounds', () => {
  test("C2: past the client's own queue calls are rejected `overloaded` at once, never transmitted", () => {
    const { world, client } = settledWorld({ limits: { clientQueueMax: 2, batchMax: 1 } })
    world.drop({ type: 'reply' })

    const calls = [1, 2, 3, 4].map((number) => world.call(client, put('a', number)))
    world.advance(1)

    expect(calls.map(({ ends }) => ends)).toEqual([
      [],
      [],
      [failure('overloaded', false)],
      [failure('overloaded', false)],
    ])
  })

  test("S7: a primary's `overloaded` is retried until the call's own limit", () => {
    const { world } = settledWorld({ limits: { queueMax: 1 } })
    const clients = ['c1', 'c2', 'c3', 'c4'].map((name) => world.client(name))
    for (const client of clients) world.execute(client, get('a'))
    world.isolate('primary', 'backup')

    const calls = clients.map((client) => world.call(client, append('log', 'x'), 500))
    world.advance(200)
    const refused = world.seen('receive', 'refusal').length
    world.network.heal()
    world.until('all answers', () => calls.every(({ ends }) => ends.length > 0))

    expect(refused).toBeGreaterThan(0)
    expect(calls.map(({ ends }) => 'value' in ends[0]!)).toEqual([true, true, true, true])
    expect(world.contents('primary')).toEqual({ log: 'xxxx' })
  })

  test('a command past commandBytesMax is refused before it is sent', async () => {
    const { world, promises } = settledWorld({ limits: { commandBytesMax: 100 } })

    const end = await endOf(world, promises.put('a', 'x'.repeat(200)))

    expect(end).toMatchObject({ code: 'tooLarge', mayHaveExecuted: false })
    expect((end as Error).message).toMatch(/at most 100 bytes.*limits\.commandBytesMax/)
  })

  test('a command of more values than commandValuesMax is refused before it is sent', async () => {
    const { world, promises } = settledWorld({ limits: { commandValuesMax: 100 } })
    const list = (length: number) =>
      promises.put(
        'a',
        Array.from({ length }, () => 1),
      )

    expect(await endOf(world, list(90))).toEqual({ value: undefined })
    const end = await endOf(world, list(100))

    expect(end).toMatchObject({ code: 'tooLarge', mayHaveExecuted: false })
    expect((end as Error).message).toMatch(/at most 100 JSON values.*limits\.commandValuesMax/)
  })
})

describe('large values', () => {
  test('S7: many calls of many small values go in several requests, each within the bound of one', () => {
    const { world, client } = settledWorld()
    const since = world.observations.length
    const list = Array.from({ length: 1000 }, () => [])

    const calls = Array.from({ length: 40 }, (_, index) => world.call(client, put(`${index}`, list)))
    world.until('all answers', () => calls.every(({ ends }) => ends.length > 0))

    const largest = Math.max(
      ...world.observations
        .slice(since)
        .map(({ envelope }) => jsonValues((envelope?.message ?? null) as Json)),
    )
    expect(calls.map(({ ends }) => ends)).toEqual(calls.map(() => [value(null)]))
    expect(largest).toBeGreaterThan(1000)
    expect(largest).toBeLessThan(1.1 * 8192)
  })

  test('S7: many calls for large values are all answered, in several replies', () => {
    const { world, client } = settledWorld()
    const large = 'x'.repeat(200 * 1024)
    world.execute(client, put('a', large))
    const since = world.observations.length

    const calls = Array.from({ length: 40 }, () => world.call(client, get('a')))
    world.until('all answers', () => calls.every(({ ends }) => ends.length > 0))

    const replies = world.observations
      .slice(since)
      .filter(({ kind, envelope }) => kind === 'send' && envelope?.message.type === 'reply')
    expect(
      calls.every(({ ends }) => ends.length === 1 && 'value' in ends[0]! && ends[0].value === large),
    ).toBe(true)
    expect(replies.map(({ envelope }) => JSON.stringify(envelope).length < 600 * 1024)).toEqual(
      Array.from({ length: 20 }, () => true),
    )
  })

  test('append makes no string that no message carries', () => {
    const { world, client } = settledWorld()
    const mebibyte = 'x'.repeat(1024 * 1024)
    const ends = Array.from({ length: 5 }, () => world.execute(client, append('log', mebibyte)))

    expect(ends.map((end) => Object.keys(end as object))).toEqual([
      ['value'],
      ['value'],
      ['value'],
      ['value'],
      ['error'],
    ])
    expect(ends.at(-1)).toMatchObject({ error: { message: /at most 4194304 characters in all/ } })
  })
})

describe('names', () => {
  test('clients get free names, and a name in use is refused', () => {
    const world = createWorld()
    const names = [world.cluster.client(), world.cluster.client({ name: 'app' }), world.cluster.client()]

    expect(names.map(({ id }) => id)).toEqual(['c1#1', 'app#1', 'c3#1'])
    for (const name of ['app', 's1', 'view-service']) {
      const duplicate = expect.objectContaining({ name: 'StandbyError', code: 'duplicateNode' })
      expect(() => world.cluster.client({ name })).toThrow(duplicate)
    }
  })

  test('an unknown server is refused, with the names that there are', () => {
    const world = createWorld({ servers: ['north', 'south'] })

    expect(world.server('north').id).toBe('north#1')
    expect(() => world.server('west')).toThrow(/expected one of the servers north, south, got "west"/)
  })
})
