/** Lives of nodes: crash, restart, stop, failure; and what XState users expect of an actor. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { type AnyActorRef, createActor, type InspectionEvent, setup, waitFor } from 'xstate'
import { createClient } from '../../actors/client.ts'
import { nodeLogic } from '../../actors/node.ts'
import { createServer } from '../../actors/server.ts'
import { createViewService } from '../../actors/view-service.ts'
import { type Application, defineApplication } from '../../machines/application/application.ts'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import { createServerMachine } from '../../machines/server/index.ts'
import { createCluster } from '../../runtime/index.ts'
import { append, createPorts, createWorld, get, put } from '../support/world.ts'

describe('a crash', () => {
  test('finishes nothing that is in flight: the outstanding forward is acknowledged to no node, the caller waits', () => {
    const world = createWorld({ servers: 2 })
    world.settle()
    const client = world.client()
    world.execute(client, put('a', 1))
    world.drop({ to: 'c1' })
    const primary = world.primary()
    const call = world.call(client, put('a', 2))
    world.until('the forward', () => primary.node.state() === 'primary.awaitingBackupAck')

    primary.crash()
    world.pings(20)

    expect(primary.node.applied()).toBe(2)
    expect(call.ends).toEqual([])
  })

  test('sends nothing any more and takes nothing any more', () => {
    const world = createWorld()
    world.settle()
    world.call(world.client(), put('a', 1))
    const primary = world.primary()
    world.until('a request', () => primary.node.state() === 'primary.awaitingBackupAck')

    primary.crash()
    const at = world.observations.findIndex(({ kind }) => kind === 'crash')
    world.pings(40)

    const later = world.observations.slice(at + 1).filter(({ node }) => node === primary.id)
    expect(later).toEqual([])
  })

  test('within a step of its own, by an observer, keeps what the step would have sent', () => {
    const { ports, advance, observations } = createPorts()
    createViewService(ports)
    const servers = ['s1#1', 's2#1'].map((id) =>
      createServer({
        ...ports,
        id,
        observe(observation) {
          ports.observe(observation)
          const { kind, event } = observation
          if (kind === 'receive' && event?.type === 'stateTransfer') servers[1]!.stop()
        },
      }),
    )

    advance(300)

    const at = observations.findIndex(({ event }) => event?.type === 'stateTransfer')
    expect(at).toBeGreaterThan(0)
    expect(observations.slice(at + 1).filter(({ node }) => node === 's2#1')).toEqual([])
  })

  test('leaves no timer behind', () => {
    const { ports, scheduler, advance } = createPorts()
    const server = createServer({ ...ports, id: 's1#1' })
    advance(200)

    server.stop()
    advance(1)

    expect(scheduler.actions).toEqual([])
  })

  test('is reported with the state that it ended, and crashing twice is harmless', () => {
    const world = createWorld()
    world.settle()
    const primary = world.primary()

    primary.crash()
    primary.crash()

    expect(world.seen('crash').map(({ node, detail }) => [node, detail])).toEqual([
      ['s1#1', 'primary.serving'],
    ])
    expect(primary.alive).toBe(false)
  })
})

describe('a restart', () => {
  test('N2: is a new life under the next incarnation, without state', () => {
    const world = createWorld()
    world.settle()
    const server = world.primary()
    world.execute(world.client(), put('a', 1))
    server.crash()

    server.restart()

    expect([server.id, server.alive, server.role, server.node.applied()]).toEqual([
      's1#2',
      true,
      'idle',
      null,
    ])
  })

  test('of a server that lives crashes it first', () => {
    const world = createWorld()
    world.settle()

    world.server('s3').restart()

    expect(world.seen('crash').map(({ node }) => node)).toEqual(['s3#1'])
    expect(world.server('s3').id).toBe('s3#2')
  })

  test('C3: of a client opens a new session under a new id', () => {
    const world = createWorld()
    world.settle()
    const first = world.cluster.client({ name: 'app' })
    world.execute(first, append('log', 'a'))
    first.stop()

    const second = world.cluster.client({ name: 'app' })
    const end = world.execute(second, append('log', 'b'))

    expect([first.id, second.id]).toEqual(['app#1', 'app#2'])
    expect(end).toEqual({ value: 2 })
  })
})

describe('stop', () => {
  test('leaves nothing in the queue of a virtual scheduler, no matter what was under way', async () => {
    const world = createWorld()
    world.faults({ delay: 1, delayMaxMs: 500 }, { type: 'request' })
    world.settle()
    const calls = [1, 2, 3].map((number) => world.call(world.client(`c${number}`), put('a', number), 5000))
    world.advance(20)

    await world.cluster.stop()
    world.scheduler.maxFrames = world.scheduler.frame
    world.scheduler.flush()

    expect(world.scheduler.actions).toEqual([])
    expect(calls.flatMap(({ ends }) => ends)).toHaveLength(3)
  })

  test('rejects what is pending with `stopped`, and says whether it may have been executed', async () => {
    const world = createWorld()
    world.settle()
    const client = world.client()
    world.execute(client, put('a', 1))
    const transmitted = world.call(client, put('a', 2))
    world.advance(1)
    const waiting = world.call(client, put('a', 3))

    await world.cluster.stop()

    const failure = (mayHaveExecuted: boolean) => [{ failure: { code: 'stopped', mayHaveExecuted } }]
    expect(transmitted.ends).toEqual(failure(true))
    expect(waiting.ends).toEqual(failure(false))
  })

  test('twice is harmless, and each node is asked to have stopped once', async () => {
    const world = createWorld()
    world.client()
    world.server('s3').crash()

    await world.cluster.stop()
    await world.cluster.stop()

    const stopped = world.seen('stop').map(({ node }) => node)
    expect(stopped.sort()).toEqual(['c1#1', 's1#1', 's2#1', 'view-service'])
  })

  test('of a client from within the end of one of its calls ends the others too', () => {
    const world = createWorld()
    world.settle()
    const client = world.cluster.client({ name: 'c9' })
    const ends: unknown[] = []
    client.submit(put('a', 1), () => client.stop(), 1000)
    client.submit(put('a', 2), (end) => void ends.push(end), 1000)

    world.pings(10)

    expect(ends).toHaveLength(1)
    expect(client.pending()).toBe(0)
  })

  test('after it a client and a restart are refused by name', async () => {
    const cluster = createCluster()
    const client = cluster.client()
    await cluster.stop()

    const stopped = expect.objectContaining({ name: 'StandbyError', code: 'stopped' })
    expect(() => cluster.client()).toThrow(stopped)
    expect(() => cluster.server('s1').restart()).toThrow(stopped)
    await expect(client.put('a', 1)).rejects.toEqual(stopped)
  })

  test('`await using` stops the cluster, `using` the client', async () => {
    let escaped: { client: { pending(): number; get(key: string): Promise<unknown> } } | undefined
    {
      await using cluster = createCluster()
      using client = cluster.client()
      await client.put('a', 1)
      expect(await client.get('a')).toBe(1)
      escaped = { client }
    }

    await expect(escaped.client.get('a')).rejects.toMatchObject({ code: 'stopped' })
  })

  test('lets the process end by itself, at once', async () => {
    const script = `
      const { createCluster } = await import('./runtime/index.ts')
      const cluster = createCluster()
      const client = cluster.client()
      await client.put('a', 1)
      await cluster.redundant()
      cluster.primary().crash()
      console.log(await client.get('a'))
      await cluster.stop()
      const stopped = performance.now()
      process.on('exit', () => console.log(performance.now() - stopped < 900 ? 'at once' : 'late'))
    `
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', script],
      { cwd: new URL('../..', import.meta.url), timeout: 20_000 },
    )

    expect(stdout.split('\n')).toEqual(['1', 'at once', ''])
  })
})

describe('a node that fails', () => {
  /** An application whose state cannot be handed over. */
  const stuck: Application<unknown, unknown, unknown> = {
    ...defineApplication({ name: 'stuck', initialState: 0, execute: (state: number) => [state, state] }),
    snapshot() {
      throw new Error('the disk is gone')
    },
  }

  test('crashes alone: it is observed, the others and the process live on', () => {
    const world = createWorld({ application: stuck, servers: 2 })

    world.pings(10)

    expect(world.seen('crash')).toMatchObject([{ node: 's1#1', detail: 'failed: the disk is gone' }])
    expect(world.cluster.servers.map(({ alive }) => alive)).toEqual([false, true])
    expect(world.server('s2').role).toBe('backup')
  })

  test('is detached: its id is free again, and messages to it are lost', () => {
    const { ports, advance, observations } = createPorts()
    createViewService(ports)
    createServer({ ...ports, id: 's1#1', application: stuck })
    createServer({ ...ports, id: 's2#1', application: stuck })
    advance(200)
    const failed = observations.findIndex(({ kind }) => kind === 'crash')
    ports.transport.send({
      from: 'c1#1',
      to: 's1#1',
      message: { type: 'request', viewNumber: 1, session: null, seq: 0, commands: [], bytes: 0 },
      stamp: { lamport: 1, vector: {} },
    })
    advance(200)

    expect(failed).toBeGreaterThan(0)
    expect(observations.slice(failed + 1).filter(({ node }) => node === 's1#1')).toEqual([])
    expect(() => ports.transport.attach('s1#1', () => {})).not.toThrow()
  })

  test('a failing client ends its calls', () => {
    const { ports, advance } = createPorts()
    const client = createClient({ ...ports, id: 'c1#1' })
    const ends: unknown[] = []
    client.submit(get('a'), (end) => void ends.push(end), 1000)
    client.submit(
      get('b'),
      () => {
        throw new Error('a caller that throws')
      },
      10,
    )

    advance(50)

    expect(ends).toEqual([{ failure: { code: 'stopped', mayHaveExecuted: true } }])
    expect(() => client.submit(get('a'), () => {}, 10)).toThrow(expect.objectContaining({ code: 'stopped' }))
  })

  test('an id that is taken is refused at once, and nothing of the second node runs', () => {
    const { ports, scheduler, advance } = createPorts()
    createServer({ ...ports, id: 's1#1' })
    advance(5)
    const timers = scheduler.actions.length

    const duplicate = expect.objectContaining({ name: 'StandbyError', code: 'duplicateNode' })
    expect(() => createServer({ ...ports, id: 's1#1' })).toThrow(duplicate)
    expect(() => createClient({ ...ports, id: 's1#1' })).toThrow(duplicate)
    expect(scheduler.actions).toHaveLength(timers)
  })

  test('a cluster that cannot start all its servers leaves none of them running', () => {
    const { ports, scheduler, advance } = createPorts()
    const other = createServer({ ...ports, id: 's2#1' })
    other.stop()
    advance(5)
    ports.transport.attach('s2#1', () => {})

    expect(() => createCluster({ ...ports })).toThrow(expect.objectContaining({ code: 'duplicateNode' }))
    advance(5)

    expect(scheduler.actions).toEqual([])
  })
})

describe('redundant', () => {
  test('resolves when the next crash is survived', async () => {
    await using cluster = createCluster()
    const client = cluster.client()
    await client.put('a', 1)

    await cluster.redundant()
    cluster.primary()!.crash()

    expect(await client.get('a')).toBe(1)
  })

  test('rejects when the cluster stops first, or has stopped', async () => {
    const cluster = createCluster({ servers: 1 })
    const waiting = cluster.redundant()

    await cluster.stop()

    await expect(waiting).rejects.toMatchObject({ code: 'stopped' })
    await expect(cluster.redundant()).rejects.toMatchObject({ code: 'stopped' })
  })
})

describe('for XState users', () => {
  test('subscribe and getSnapshot show the chart, its tags and its clock', () => {
    const { ports, advance } = createPorts()
    createViewService(ports)
    const server = createServer({ ...ports, id: 's1#1' })
    const roles: string[] = []
    server.actor.subscribe(({ value }) => void roles.push(JSON.stringify(value)))

    advance(60)

    const snapshot = server.actor.getSnapshot()
    expect(snapshot.matches({ role: { primary: 'serving' } })).toBe(true)
    expect(snapshot.hasTag('answersClients')).toBe(true)
    expect(snapshot.context.clock.lamport).toBeGreaterThan(0)
    expect(new Set(roles)).toContain('{"heartbeat":"pinging","role":{"primary":"serving"}}')
  })

  test('waitFor of xstate waits for a view', async () => {
    await using cluster = createCluster()

    const snapshot = await waitFor(cluster.viewService.actor, ({ context }) => context.view.backup !== null)

    expect(snapshot.context.view.number).toBeGreaterThan(1)
  })

  test('inspect sees the events and transitions of every actor', () => {
    const { ports, advance } = createPorts()
    const seen = new Set<string>()
    const inspect = (event: InspectionEvent) =>
      void seen.add(`${(event.actorRef as AnyActorRef).id} ${event.type}`)
    const cluster = createCluster({ ...ports, servers: 1, inspect } as never)
    cluster.client()

    advance(100)

    for (const id of ['view-service', 's1#1', 'c1#1']) expect(seen).toContain(`${id} @xstate.microstep`)
  })

  test('the steps of XState within one event are part of the observation', () => {
    const world = createWorld({ servers: 1 })

    world.advance(5)

    const adopts = world.seen('receive', 'viewReply').find(({ node }) => node === 's1#1')
    expect(adopts?.microsteps).toEqual([
      {
        event: 'viewReply',
        source: 'server.role',
        target: ['server.role.primary.serving'],
        guard: 'namesMePrimary',
      },
    ])
  })

  describe('a node as child of a parent chart', () => {
    const parentOf = (ports: ReturnType<typeof createPorts>['ports'], id = 's1#1') => {
      const machine = createServerMachine(keyValueStore)
      return setup({ actors: { server: nodeLogic(machine, { ...ports, id }) } }).createMachine({
        initial: 'up',
        states: {
          up: {
            invoke: {
              id: 'server',
              src: 'server',
              input: { id, viewService: 'view-service' },
              onError: 'failed',
            },
            on: { turnOff: 'down' },
          },
          down: { on: { turnOn: 'up' } },
          failed: {},
        },
      })
    }

    test('plays its role, stops with the state that invokes it, and starts again', () => {
      const { ports, advance, observations } = createPorts()
      const viewService = createViewService(ports)
      const parent = createActor(parentOf(ports), { clock: ports.clock }).start()
      advance(60)
      const child = parent.getSnapshot().children.server!.getSnapshot()
      expect(child.value).toEqual({ heartbeat: 'pinging', role: { primary: 'serving' } })

      parent.send({ type: 'turnOff' })
      const at = observations.length
      advance(100)
      expect(observations.slice(at).filter(({ node }) => node === 's1#1')).toEqual([])
      parent.send({ type: 'turnOn' })
      advance(60)

      expect(viewService.view().primary).toBe('s1#1')
      expect(observations.slice(at).some(({ node, kind }) => node === 's1#1' && kind === 'receive')).toBe(
        true,
      )
    })

    test('that is refused by the transport is an error that the parent handles', () => {
      const { ports } = createPorts()
      createServer({ ...ports, id: 's1#1' })

      const parent = createActor(parentOf(ports), { clock: ports.clock }).start()

      expect(parent.getSnapshot().value).toBe('failed')
    })
  })
})
