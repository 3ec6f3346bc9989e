/** What comes in wrong: options, commands, applications, messages. Each is refused by name, and nothing else suffers. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { createClient } from '../../actors/client.ts'
import { createServer } from '../../actors/server.ts'
import { createViewService } from '../../actors/view-service.ts'
import { type Application, defineApplication } from '../../machines/application/application.ts'
import { replicated } from '../../machines/application/replicated/index.ts'
import { check } from '../../proof/check/index.ts'
import { checkHistory, keyValueModel, parseHistory } from '../../proof/history/index.ts'
import { simulate } from '../../proof/simulate/index.ts'
import { createCluster, type KeyValueClient } from '../../runtime/index.ts'
import { createLog, createTrace, readTrace, tee } from '../../runtime/observe/index.ts'
import { serveInspector } from '../../runtime/serve/inspector/serve.ts'
import { createBroadcastChannelTransport } from '../../runtime/transport/broadcast-channel.ts'
import { createMemoryTransport } from '../../runtime/transport/memory.ts'
import { createMessagePortTransport } from '../../runtime/transport/message-port.ts'
import { openNatsTransport } from '../../runtime/transport/nats.ts'
import { openTcpTransport } from '../../runtime/transport/tcp.ts'
import { openWebSocketTransport } from '../../runtime/transport/websocket.ts'
import { append, createPorts, createWorld, get, put, strangerStamp } from '../support/world.ts'

const value = (result: unknown) => ({ value: result })

/** Errors that no one handled while a test ran: XState and RxJS report theirs in a task of their own. */
const unhandled: unknown[] = []
const note = (error: unknown) => void unhandled.push(error)
beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
  process.on('uncaughtException', note)
})
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  process.off('uncaughtException', note)
  expect(unhandled).toEqual([])
})

describe('an option out of range is refused by name, with what was expected', () => {
  const invalid = (name: string) =>
    expect.objectContaining({
      name: 'StandbyError',
      code: 'invalidOption',
      message: expect.stringMatching(
        new RegExp(`^${name.replace('.', '\\.')}\\b.*: expected .*, got .*; `, 's'),
      ),
    })

  const times = [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 3_600_001, '50', null]
  const counts = [0, -1, 1.5, Number.NaN, '5', null]
  const cases: [name: string, options: object][] = [
    ...['pingIntervalMs', 'pingCheckIntervalMs', 'resendIntervalMs', 'retryIntervalMs'].flatMap((name) =>
      times.map((wrong): [string, object] => [`timing.${name}`, { timing: { [name]: wrong } }]),
    ),
    ...[0, 1, 1.5, 1001, '2'].map((wrong): [string, object] => [
      'timing.pingTimeout',
      { timing: { pingTimeout: wrong } },
    ]),
    ['timing', { timing: { pingIntervalMs: 60 } }],
    ['timing', { timing: 5 }],
    ['timing.pingInterval', { timing: { pingInterval: 50 } }],
    ...[
      'queueMax',
      'queueBytesMax',
      'batchMax',
      'batchBytesMax',
      'transferBytesMax',
      'sessionsMax',
      'clientQueueMax',
      'commandBytesMax',
      'commandValuesMax',
    ].flatMap((name) =>
      counts.map((wrong): [string, object] => [`limits.${name}`, { limits: { [name]: wrong } }]),
    ),
    ...[0, Number.NaN, '5'].map((wrong): [string, object] => [
      'limits.vectorEntriesMax',
      { limits: { vectorEntriesMax: wrong } },
    ]),
    ['limits.queue', { limits: { queue: 5 } }],
    ...[0, -1, 1.5, 1001, [], ['a', 'a'], ['a#1'], [''], ['view-service'], 'three', {}].map(
      (wrong): [string, object] => ['servers', { servers: wrong }],
    ),
    ...[1.5, Number.NaN, '1'].map((wrong): [string, object] => ['seed', { seed: wrong }]),
    ...[{}, 5, { execute: () => [] }].map((wrong): [string, object] => [
      'application',
      { application: wrong },
    ]),
  ]

  test.each(cases)('createCluster: %s in %j', (name, options) => {
    expect(() => createCluster(options as never)).toThrow(invalid(name))
  })

  test.each([0, -1, Number.NaN, '5', 3_600_001])('client: timeoutMs %j', async (wrong) => {
    await using cluster = createCluster({ servers: 1 })

    expect(() => cluster.client({ timeoutMs: wrong as number })).toThrow(invalid('timeoutMs'))
    const call = cluster.client().get('a', { timeoutMs: wrong as number })
    await expect(call).rejects.toEqual(invalid('timeoutMs'))
  })

  test('client: an option that there is not, or no options', async () => {
    await using cluster = createCluster({ servers: 1 })

    expect(() => cluster.client({ nam: 'web' } as never)).toThrow(invalid('client.nam'))
    expect(() => cluster.client(null as never)).toThrow(invalid('client'))
  })

  test.each([
    ['createServer', (options: object) => createServer(options as never)],
    ['createClient', (options: object) => createClient(options as never)],
    ['createViewService', (options: object) => createViewService(options as never)],
  ] as const)('%s: without a transport or a clock', (name, create) => {
    const { transport, clock } = createPorts().ports

    expect(() => create(undefined as never)).toThrow(invalid(name))
    expect(() => create({ id: 'n#1', transport })).toThrow(invalid(`${name}.clock`))
    expect(() => create({ id: 'n#1', clock })).toThrow(invalid(`${name}.transport`))
  })

  test.each<[string, unknown, string]>([
    ['an async function', async () => [1, 1], 'a promise'],
    ['a function that gives the state alone', () => 1, 'number'],
    ['a function that gives nothing', () => undefined, 'undefined'],
    ['an empty list', () => [], '[]'],
  ])('defineApplication: execute is %s', async (_, execute, got) => {
    const application = defineApplication({ name: 'x', initialState: 0, execute: execute as never })
    await using cluster = createCluster({ application })

    await expect(cluster.client().execute(1 as never)).rejects.toMatchObject({
      code: 'applicationError',
      message: `execute: expected [next state, result], got ${got}; it is a plain function that changes nothing and waits for nothing`,
    })
  })

  test.each([undefined, {}, { name: 'x' }, { name: 5, execute: () => [0, 0] }])(
    'defineApplication: %j is no definition',
    (definition) => {
      expect(() => defineApplication(definition as never)).toThrow(/^defineApplication: expected .*, got /)
    },
  )

  test('replicated: what is no machine, and what is no option', () => {
    const machine = createMachine({ id: 'm' })
    const untyped = replicated as (...args: readonly unknown[]) => unknown

    expect(() => untyped(undefined)).toThrow('replicated: expected an XState machine, got undefined')
    expect(() => untyped({ on: {} })).toThrow('replicated: expected an XState machine, got object')
    expect(() => untyped(machine, { inputs: 1 })).toThrow(/input and select only, got inputs/)
    expect(() => createCluster({ application: machine as never })).toThrow(/or replicated of a machine/)
  })

  test.each<[string, () => unknown]>([
    ['plan.seed', () => simulate({ seed: '7' } as never)],
    ['plan.sed', () => simulate({ seed: 7, sed: 7 } as never)],
    ['plan', () => simulate(undefined as never)],
    ['createTrace', () => createTrace({} as never)],
    ['level', () => createLog({ level: 'loud' as never })],
    ['listen', () => openTcpTransport({ listen: 7400 as never })],
    ['listen.port', () => openTcpTransport({ listen: { port: '7400' as never } })],
    ['listen.port', () => openWebSocketTransport({ listen: { port: 70_000 } })],
    ['options', () => openTcpTransport({ lisen: {} } as never)],
    ['options', () => openTcpTransport(null as never)],
    ['options', () => openTcpTransport(5 as never)],
    ['options', () => openWebSocketTransport(null as never)],
    ['options', () => openNatsTransport(null as never)],
    ['options', () => createMessagePortTransport(null as never)],
    ['options', () => createBroadcastChannelTransport(5 as never)],
    ['directory', () => openTcpTransport({ directory: null } as never)],
    ['directory', () => openWebSocketTransport({ directory: '127.0.0.1:1' } as never)],
    ['tls', () => openTcpTransport({ tls: true } as never)],
    ['createLog', () => createLog(null as never)],
    ['createLog.write', () => createLog({ write: 5 as never })],
    ['createLog.slowMs', () => createLog({ slowMs: -1 })],
    ['createLog.levle', () => createLog({ levle: 'debug' } as never)],
    ['tee', () => tee(5 as never)],
    ['tee', () => tee(createLog(), undefined as never)],
    ['serveInspector.port', () => serveInspector({ port: '80' as never })],
    ['serveInspector.prt', () => serveInspector({ prt: 80 } as never)],
  ])('other doors: %s', async (name, open) => {
    const wrong = expect.objectContaining({
      code: 'invalidOption',
      message: expect.stringMatching(new RegExp(`^${name.replace('.', '\\.')}\\b.*: expected .*got `)),
    })

    await expect((async () => open())()).rejects.toEqual(wrong)
  })

  test.each<[string, () => unknown, string]>([
    [
      'check',
      () => check(undefined as never),
      'expected a system such as { nodes: [{ id, machine }] }, got undefined',
    ],
    ['check', () => check({ nodes: [] }, null as never), 'expected options such as { seed: 7 }, got null'],
    ['checkHistory', () => checkHistory(undefined as never, []), 'expected a model with step and key'],
    ['checkHistory', () => checkHistory(keyValueModel, undefined as never), 'expected a list of operations'],
    [
      'checkHistory',
      () => checkHistory(keyValueModel, [null] as never),
      'operation 1: expected { client, output',
    ],
    ['checkHistory', () => checkHistory(keyValueModel, [], null as never), 'expected options such as'],
    ['parseHistory', () => parseHistory(undefined as never), 'expected the text of a history'],
    ['readTrace', () => readTrace(undefined as never), 'line 1: expected the text of a trace, got undefined'],
  ])('judges: %s says what it takes', (_, judge, what) => {
    expect(judge).toThrow(what)
  })

  test.each(['', 'a#1', 'x'.repeat(201), 5])('client: name %j', async (wrong) => {
    await using cluster = createCluster({ servers: 1 })

    expect(() => cluster.client({ name: wrong as string })).toThrow(invalid('client name'))
  })

  test('createServer and createClient: id', () => {
    const { ports } = createPorts()

    for (const id of ['', undefined, 5] as string[]) {
      expect(() => createServer({ ...ports, id })).toThrow(invalid('id'))
      expect(() => createClient({ ...ports, id })).toThrow(invalid('id'))
    }
  })

  test('createViewService: timing', () => {
    const { ports } = createPorts()

    const timing = { pingTimeout: 1 }
    expect(() => createViewService({ ...ports, timing })).toThrow(invalid('timing.pingTimeout'))
  })

  test.each([-1, Number.NaN, 3_600_001])('createMemoryTransport: delayMs %j', (delayMs) => {
    expect(() => createMemoryTransport({ delayMs })).toThrow(invalid('delayMs'))
  })

  test('nothing of a refused cluster runs', () => {
    const { ports, scheduler } = createPorts()

    expect(() => createCluster({ ...ports, application: {} } as never)).toThrow(invalid('application'))

    expect(scheduler.actions).toEqual([])
  })
})

describe('commands', () => {
  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic

  test.each([
    ['undefined', undefined],
    ['a function', () => {}],
    ['a bigint', 1n],
    ['NaN', Number.NaN],
    ['a Date', new Date(0)],
    ['a Map', new Map()],
    ['a cycle', cyclic],
    ['a symbol', Symbol('s')],
  ])('%s as a value is no JSON: invalidCommand, never transmitted', async (_, wrong) => {
    const world = createWorld()
    world.settle()
    const client = world.client() as unknown as KeyValueClient

    const end = await client.put('a', wrong as never).catch((error: unknown) => error)

    expect(end).toMatchObject({ name: 'StandbyError', code: 'invalidCommand', mayHaveExecuted: false })
    expect(world.seen('call')).toEqual([])
  })

  test.each([
    [null],
    ['get a'],
    [{}],
    [{ op: 'take', key: 'a' }],
    [{ op: 'get' }],
    [{ op: 'append', key: 'a', value: 5 }],
  ])('%j is no command of the key-value store: invalidCommand, with what was expected', async (command) => {
    const world = createWorld()
    const client = world.client() as unknown as KeyValueClient

    const end = await client.execute(command as never).catch((error: unknown) => error)

    expect(end).toMatchObject({ code: 'invalidCommand' })
    expect((end as Error).message).toContain('expected')
  })

  test('a command that is changed after the call is executed as it was', () => {
    const world = createWorld()
    world.settle()
    const command = { op: 'put', key: 'a', value: { n: 1 } }
    const call = world.call(world.client(), command)

    command.value.n = 2
    world.until('an answer', () => call.ends.length > 0)

    expect(world.contents('backup')).toEqual({ a: { n: 1 } })
  })

  test.each([
    '__proto__',
    'constructor',
    '',
    ' ',
    'toString',
    '\u0000',
    '\ud800',
    '😀',
    '#',
    'x'.repeat(400_000),
  ])('the key %.12j is a key like any other, on every replica and through a transfer', (key) => {
    const world = createWorld({ limits: { transferBytesMax: 1000 } })
    world.settle()
    const client = world.client()

    expect(world.execute(client, get(key))).toEqual(value(null))
    expect(world.execute(client, put(key, { [key]: [key] }))).toEqual(value(null))
    world.primary().crash()
    world.settle()
    world.primary().crash()
    world.settle()

    expect(world.primary().name).toBe('s3')
    const { value: found } = world.execute(client, get(key)) as { value: Record<string, unknown> }
    expect(Object.entries(found)).toEqual([[key, [key]]])
    expect(({} as Record<string, unknown>)[key] === undefined || Object.hasOwn(Object.prototype, key)).toBe(
      true,
    )
  })

  test.each([
    ['an empty string', ''],
    ['null', null],
    ['nothing but nesting', [[[[[]]]]]],
    ['a megabyte', 'v'.repeat(1_000_000)],
    ['an object with __proto__', JSON.parse('{"__proto__":{"polluted":true}}')],
  ])('%s is a value like any other', (_, wanted) => {
    const world = createWorld({ limits: { transferBytesMax: 10_000 } })
    world.settle()
    const client = world.client()

    world.execute(client, put('a', wanted))
    world.primary().crash()
    world.settle()
    world.primary().crash()

    const { value: found } = world.execute(client, get('a')) as { value: unknown }
    expect(JSON.stringify(found)).toBe(JSON.stringify(wanted))
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('applications', () => {
  const counter = (execute: Application<number, unknown, unknown>['execute']) =>
    defineApplication({ name: 'counter', initialState: 0, execute: execute as never })

  test('execute that throws is a typed error to that caller, the same on both replicas, and the cluster lives on', async () => {
    const application = counter((count, by) => {
      if (typeof by !== 'number') throw new Error('numbers only')
      return [count + by, count + by]
    })
    const world = createWorld({ application })
    world.settle()
    const client = world.client() as unknown as { execute(command: unknown): Promise<unknown> }

    const calls = Promise.allSettled([client.execute(1), client.execute('x'), client.execute(2)])
    world.pings(10)

    const [first, second, third] = await calls
    expect([first, third]).toMatchObject([{ value: 1 }, { value: 3 }])
    const failed = {
      name: 'StandbyError',
      code: 'applicationError',
      message: 'numbers only',
      mayHaveExecuted: true,
    }
    expect(second).toMatchObject({ reason: failed })
    expect([world.replica('primary')?.state, world.replica('backup')?.state]).toEqual([3, 3])
  })

  test.each([
    ['undefined', undefined],
    ['a string', 'boom'],
    ['an object without prototype', Object.create(null)],
  ])('execute that throws %s is an application error too', (_, thrown) => {
    const world = createWorld({
      application: counter(() => {
        throw thrown
      }),
    })
    world.settle()

    const end = world.execute(world.client(), 1)

    expect(end).toMatchObject({ error: { code: 'applicationError' } })
    expect(world.cluster.servers.map(({ alive }) => alive)).toEqual([true, true, true])
  })

  test.each([
    ['a bigint', 1n],
    ['a function', () => {}],
    ['NaN', Number.NaN],
    ['a Date', new Date(0)],
  ])(
    'a result that is %s is an application error on both replicas, and the command has no effect',
    (_, wrong) => {
      const world = createWorld({
        application: counter((count, by) => [count + 1, by === 'odd' ? wrong : count]),
      })
      world.settle()
      const client = world.client()

      const end = world.execute(client, 'odd')

      expect(end).toMatchObject({ error: { code: 'applicationError' } })
      expect(world.execute(client, 'even')).toEqual(value(0))
    },
  )

  test('execute that returns no pair is an application error', () => {
    const world = createWorld({ application: counter((() => 5) as never) })
    world.settle()

    expect(world.execute(world.client(), 1)).toMatchObject({ error: { code: 'applicationError' } })
    expect(world.cluster.servers.map(({ alive }) => alive)).toEqual([true, true, true])
  })

  test('S6: replicas that disagree stop, and every caller gets replicaDiverged', () => {
    let executions = 0
    const world = createWorld({ application: counter((count) => [count + 1, ++executions]) })
    world.settle()
    const clients = ['c1', 'c2'].map((name) => world.client(name))
    const calls = clients.map((client) => world.call(client, 1))

    world.until('both ends', () => calls.every(({ ends }) => ends.length > 0))
    world.pings(20)
    const later = world.execute(clients[0]!, 1)

    const diverged = { failure: { code: 'replicaDiverged' } }
    expect(calls.map(({ ends }) => ends)).toMatchObject([[diverged], [diverged]])
    expect(later).toMatchObject(diverged)
    expect([world.primary().role, world.backup().role]).toEqual(['replicaDiverged', 'replicaDiverged'])
  })

  test('initial states are not shared: one cluster does not see what another did', () => {
    const application = defineApplication({
      name: 'list',
      initialState: [] as string[],
      execute: (list: readonly string[], item: string) => [[...list, item], list.length + 1] as const,
    } as never)
    const first = createWorld({ application })
    first.settle()
    first.execute(first.client(), 'a')

    const second = createWorld({ application })
    second.settle()

    expect(second.execute(second.client(), 'a')).toEqual(value(1))
  })
})

describe('messages from strangers', () => {
  const request = { type: 'request', viewNumber: 2, session: null, seq: 0, commands: [], bytes: 0 }
  const malformed: [string, unknown][] = [
    ['null', null],
    ['undefined', undefined],
    ['a string', 'ping'],
    ['a number', 5],
    ['an empty object', {}],
    ['an array', []],
    ['an unknown type', { type: 'explode' }],
    ['a type of another kind', { type: 5 }],
    ['an inherited type', { type: 'constructor' }],
    ["an event of XState's own", { type: 'xstate.stop' }],
    ["a timer of XState's own", { type: 'xstate.after.pingInterval.server.heartbeat.pinging' }],
    ['a local event of a client', { type: 'call', calls: [] }],
    ['a ping without number', { type: 'ping' }],
    ['a ping with NaN', { type: 'ping', viewNumber: Number.NaN }],
    ['a ping with a negative number', { type: 'ping', viewNumber: -1 }],
    ['a view that is invalid', { type: 'viewReply', view: 5 }],
    ['a view with numbers as servers', { type: 'viewReply', view: { number: 9, primary: 1, backup: 2 } }],
    ['a request without commands', { ...request, commands: undefined }],
    ['commands that are no list', { ...request, commands: { length: 1 } }],
    ['a forward without requests', { type: 'forward', viewNumber: 2, number: 1 }],
    ['a function', { ...request, commands: [() => {}] }],
    ['a reply with an unknown outcome', { type: 'reply', session: 1, seq: 1, outcome: { kind: 'maybe' } }],
    ['a refusal without reason', { type: 'refusal', viewNumber: 2, session: 1, seq: 1, reason: 'mood' }],
  ]

  function settledWorld() {
    const world = createWorld()
    world.settle()
    world.execute(world.client(), put('a', 1))
    const nodes = {
      'view-service': world.cluster.viewService.actor,
      's1#1': world.server('s1').node.actor,
      's2#1': world.server('s2').node.actor,
      's3#1': world.server('s3').node.actor,
      'c1#1': world.client().actor,
    }
    return { world, nodes }
  }

  test.each(malformed)(
    '%s as a message is refused: observed, without effect, by every node',
    (_, message) => {
      const { world, nodes } = settledWorld()
      const before = Object.values(nodes).map((node) => node.getSnapshot())

      for (const to of Object.keys(nodes)) world.inject({ from: 's2#1', to, message })
      world.advance(1)

      const refused = world.seen('refuse')
      const isCarried = refused.length > 0
      // What is not JSON never arrives: no transport could carry it.
      expect(refused.map(({ node }) => node)).toEqual(isCarried ? Object.keys(nodes) : [])
      expect(refused.every(({ detail }) => (detail ?? '').length > 0)).toBe(true)
      expect(Object.values(nodes).map((node) => node.getSnapshot())).toEqual(before)
      expect(Object.values(nodes).every((node, index) => node.getSnapshot() === before[index])).toBe(true)
    },
  )

  test.each([
    ['none', undefined],
    ['null', null],
    ['a number', 5],
    ['without vector', { lamport: 1 }],
    ['without Lamport time', { vector: {} }],
    ['a negative count', { lamport: 1, vector: { a: -1 } }],
    ['a fraction', { lamport: 1.5, vector: {} }],
    ['past the safe integers', { lamport: 2 ** 53, vector: {} }],
    ['a vector of texts', { lamport: 1, vector: { a: '1' } }],
    ['a list as vector', { lamport: 1, vector: [1] }],
    ['an odd mark', { lamport: 1, vector: {}, truncated: 'yes' }],
  ])('the stamp %s is refused: observed, without effect', (_, stamp) => {
    const { world, nodes } = settledWorld()
    const before = nodes['s3#1'].getSnapshot()

    const message = { type: 'ping', viewNumber: 1 }
    world.inject({
      from: 's2#1',
      to: 's3#1',
      message,
      ...(stamp === undefined ? { stamp: 'none' } : { stamp }),
    })
    world.advance(1)

    expect(world.seen('refuse')).toMatchObject([{ node: 's3#1', detail: expect.stringContaining('stamp') }])
    expect(nodes['s3#1'].getSnapshot()).toBe(before)
  })

  test.each([undefined, null, 5, '', {}])('the sender %j is refused: observed, without effect', (from) => {
    const { world, nodes } = settledWorld()
    const before = nodes['view-service'].getSnapshot()

    world.inject({ from: from as string, to: 'view-service', message: { type: 'ping', viewNumber: 1 } })
    world.advance(1)

    expect(world.seen('refuse')).toMatchObject([
      { node: 'view-service', detail: expect.stringContaining('sender') },
    ])
    expect(nodes['view-service'].getSnapshot()).toBe(before)
  })

  test('N6: a well-formed message of the wrong role is refused by name, and changes nothing at all', () => {
    const { world, nodes } = settledWorld()
    const messages = [
      { type: 'ping', viewNumber: 1 },
      { type: 'reply', session: 7, seq: 1, outcome: { kind: 'sessionExpired' } },
      { type: 'refusal', viewNumber: 2, session: 7, seq: 1, reason: 'wrongView' },
      { type: 'forward', viewNumber: 1, number: 9, requests: [] },
      { type: 'forwardAck', viewNumber: 1, number: 9, digest: '' },
      { type: 'stateTransferAck', viewNumber: 1, index: 9 },
      { type: 'replicaDiverged', viewNumber: 1 },
    ]
    const before = Object.values(nodes).map((node) => node.getSnapshot())

    for (const message of messages)
      for (const to of Object.keys(nodes)) world.inject({ from: 'stranger#1', to, message })
    world.advance(1)

    expect(world.seen('refuse')).toHaveLength(messages.length * Object.keys(nodes).length)
    expect(Object.values(nodes).every((node, index) => node.getSnapshot() === before[index])).toBe(true)
  })

  test('N3: what a stranger may send is handled or refused by the chart', () => {
    const { world, nodes } = settledWorld()
    const before = nodes['s3#1'].getSnapshot()

    world.inject({ from: 'stranger#1', to: 's3#1', message: { ...request, viewNumber: 1 } })
    world.inject({ from: 'stranger#1', to: 'view-service', message: { type: 'getView' } })
    world.advance(1)

    const { clock: _, ...context } = nodes['s3#1'].getSnapshot().context
    expect(before.context).toMatchObject(context)
    expect(world.seen('refuse')).toEqual([])
  })

  test('an envelope that reaches the wrong node is refused', () => {
    const { ports, advance, observations } = createPorts()
    let deliver: (envelope: never) => void = () => {}
    const transport = {
      ...ports.transport,
      attach(_: string, receive: (envelope: never) => void) {
        deliver = receive
        return () => {}
      },
    }
    createViewService({ ...ports, transport } as never)

    deliver({
      from: 's1#1',
      to: 's9#1',
      message: { type: 'ping', viewNumber: 0 },
      stamp: strangerStamp,
    } as never)
    advance(1)

    expect(observations.filter(({ kind }) => kind === 'refuse')).toMatchObject([
      { node: 'view-service', detail: 'expected an envelope to view-service, got one to s9#1' },
    ])
  })

  test('after all of it the system serves', () => {
    const { world, nodes } = settledWorld()
    for (const [, message] of malformed) {
      for (const to of Object.keys(nodes)) world.inject({ from: 'c1#1', to, message })
    }
    world.pings(4)

    expect(world.execute(world.client(), append('log', 'x'))).toEqual(value(1))
    expect(world.contents('backup')).toEqual({ a: 1, log: 'x' })
  })
})

describe('a closed transport', () => {
  test('loses what is sent, refuses who attaches, and closing it twice is harmless', () => {
    const world = createWorld()
    const { ports, advance } = createPorts()
    createServer({ ...ports, id: 's1#1' })
    advance(10)

    ports.transport.close()
    ports.transport.close()
    advance(500)

    const closed = expect.objectContaining({ name: 'StandbyError', code: 'stopped' })
    expect(() => createServer({ ...ports, id: 's2#1' })).toThrow(closed)
    expect(() => world.pings(1)).not.toThrow()
  })
})
