/** Servers with stores: what was answered survives the crash of all of them, once (D1 to D6). */
import { describe, expect, test } from 'vitest'
import type { ServerStore } from '../../actors/ports.ts'
import { createServer } from '../../actors/server.ts'
import { createViewService } from '../../actors/view-service.ts'
import { defineApplication } from '../../machines/application/application.ts'
import { createMemoryStore } from '../../runtime/store/memory-store.ts'
import { createSimulatedDisk } from '../store/simulated-disk.ts'
import { append, createPorts, createWorld, get, put } from '../support/world.ts'

function stores() {
  const known = new Map<string, ServerStore>()
  return (name: string) => {
    const store = known.get(name) ?? createMemoryStore()
    known.set(name, store)
    return store
  }
}

describe('D1: a server with a store', () => {
  test('keeps its id, its role and its state through a crash', () => {
    const world = createWorld({ store: stores() })
    world.settle()
    const client = world.client()
    world.execute(client, put('a', 1))
    const primary = world.primary()
    const { id } = primary

    primary.restart()
    expect(primary.id).toBe(id)
    expect(primary.role).toBe('primary')
    expect(world.contents(primary.name)).toEqual({ a: 1 })
    world.execute(client, put('b', 2))
    expect(world.cluster.view().number).toBe(2)
    expect(world.contents('backup')).toEqual({ a: 1, b: 2 })
  })

  test('without a store it is a new server, as ever (N2)', () => {
    const world = createWorld()
    world.settle()
    world.primary().restart()
    expect(world.server('s1').id).toBe('s1#2')
  })
})

describe('D6: the crash of all servers at once', () => {
  for (const order of ['s1 s2 s3', 's3 s2 s1', 's2 s3 s1']) {
    test(`restarted in the order ${order}, everything answered is there, once`, () => {
      const world = createWorld({ store: stores() })
      world.settle()
      const client = world.client()
      for (const mark of 'abcdef') world.execute(client, append('log', mark))
      const under = world.call(client, append('log', 'g'))
      world.advance(2)
      for (const { name } of world.cluster.servers) world.server(name).crash()
      world.advance(5000)
      for (const name of order.split(' ')) {
        world.server(name).restart()
        world.advance(70)
      }
      world.until('the call that was under way', () => under.ends.length > 0)
      expect(world.execute(client, get('log'))).toMatchObject({ value: 'abcdefg' })
    })
  }

  test('D6: with the disk of one lost, which comes back as a new server', () => {
    const storeOf = stores()
    let lost = ''
    const emptied = createMemoryStore()
    const world = createWorld({ store: (name) => (name === lost ? emptied : storeOf(name)) })
    world.settle()
    const client = world.client()
    for (const mark of 'abc') world.execute(client, append('log', mark))
    for (const { name } of world.cluster.servers) world.server(name).crash()
    lost = 's1'
    for (const { name } of world.cluster.servers) world.server(name).restart()
    world.settle()
    expect(world.server('s1').id).toBe('s1#2')
    expect(world.execute(client, get('log'))).toMatchObject({ value: 'abc' })
  })
})

describe('D3: recovery', () => {
  test('sends nothing and repeats no observation; then what was outstanding goes out again', () => {
    const store = createMemoryStore()
    const { ports, observations, advance } = createPorts()
    const first = createServer({ ...ports, id: 's1#1', store })
    const deliver = (message: object, from = 'view-service') =>
      ports.transport.send({ from, to: 's1#1', message, stamp: { lamport: 1, vector: {} } } as never)
    deliver({ type: 'viewReply', view: { number: 1, primary: 's1#1', backup: null } })
    advance(5)
    deliver({ type: 'viewReply', view: { number: 2, primary: 's1#1', backup: 's2#1' } })
    advance(5)
    deliver({ type: 'stateTransferAck', viewNumber: 2, index: 0 }, 's2#1')
    advance(5)
    deliver({ type: 'request', viewNumber: 2, session: null, seq: 0, commands: [], bytes: 2 }, 'c1#1')
    advance(5)
    expect(first.state()).toBe('primary.awaitingBackupAck')
    const sent = () =>
      observations.filter(({ kind, envelope }) => kind === 'send' && envelope?.from === 's1#1')
    const forward = sent().find(({ envelope }) => envelope?.message.type === 'forward')!
    first.stop()
    const before = sent().length
    const lamport = Math.max(...sent().map(({ envelope }) => envelope!.stamp.lamport))
    const own = Math.max(...sent().map(({ envelope }) => envelope!.stamp.vector['s1#1']!))

    const second = createServer({ ...ports, id: 's1#1', store })
    expect(second.state()).toBe('primary.awaitingBackupAck')
    const again = sent()
      .slice(before)
      .map(({ envelope }) => envelope!)
    expect(again.map(({ message }) => message)).toEqual([
      { type: 'ping', viewNumber: 2 },
      forward.envelope!.message,
    ])
    expect(Math.min(...again.map(({ stamp }) => stamp.lamport))).toBeGreaterThan(lamport)
    expect(Math.min(...again.map(({ stamp }) => stamp.vector['s1#1']!))).toBeGreaterThan(own)
    second.stop()
  })
})

describe('D2: nothing is sent before it is durable', () => {
  test('a flush that fails ends the server, and what waited for it is never sent', () => {
    const { ports, observations, advance } = createPorts()
    let tries = 0
    const store: ServerStore = {
      ...createMemoryStore(),
      append(_, done) {
        tries += 1
        ports.clock.setTimeout(() => done(new Error('ENOSPC: no space left on device')), 5)
      },
    }
    const server = createServer({ ...ports, id: 's1#1', store })
    advance(300)
    expect(tries).toBe(1)
    expect(observations.filter(({ kind }) => kind === 'send')).toEqual([])
    expect(observations.find(({ kind }) => kind === 'crash')).toMatchObject({
      node: 's1#1',
      detail: 'failed: ENOSPC: no space left on device',
    })
    expect(server.actor.getSnapshot().status).toBe('error')
  })

  test('one flush serves all that waits for it', () => {
    const { ports, advance } = createPorts()
    const disk = createSimulatedDisk({ clock: ports.clock, random: () => 0.99, writeMsMax: 10 })
    const server = createServer({ ...ports, id: 's1#1', store: disk.store })
    advance(60)
    const deliver = (message: object, from: string) =>
      ports.transport.send({ from, to: 's1#1', message, stamp: { lamport: 1, vector: {} } } as never)
    deliver({ type: 'viewReply', view: { number: 1, primary: 's1#1', backup: null } }, 'view-service')
    advance(20)
    const before = disk.flushes()
    for (let number = 0; number < 100; number++)
      deliver(
        { type: 'request', viewNumber: 1, session: null, seq: 0, commands: [], bytes: 2 },
        `c${number}#1`,
      )
    advance(30)
    expect(server.applied()).toBe(100)
    expect(disk.flushes() - before).toBeLessThanOrEqual(3)
    server.stop()
  })
})

describe('D5: snapshots', () => {
  test('bound the log, and what is recovered from one is the same', () => {
    const store = createMemoryStore({ snapshotAfter: 2000 })
    const { ports, advance } = createPorts()
    const options = {
      ...ports,
      id: 's1#1',
      store,
      limits: { transferBytesMax: 256 },
    }
    const server = createServer(options)
    const deliver = (message: object, from: string) =>
      ports.transport.send({ from, to: 's1#1', message, stamp: { lamport: 1, vector: {} } } as never)
    deliver({ type: 'viewReply', view: { number: 1, primary: 's1#1', backup: null } }, 'view-service')
    deliver({ type: 'request', viewNumber: 1, session: null, seq: 0, commands: [], bytes: 2 }, 'c1#1')
    advance(5)
    for (let seq = 1; seq <= 500; seq++) {
      const commands = [put(`k${seq % 40}`, seq)]
      deliver({ type: 'request', viewNumber: 1, session: 1, seq, commands, bytes: 40 }, 'c1#1')
      advance(2)
    }
    const { head, pieces, records } = store.load()
    expect(head).not.toBeNull()
    expect([...pieces].length).toBeGreaterThan(1)
    expect([...records].length).toBeLessThan(100)
    const context = JSON.stringify({ ...server.actor.getSnapshot().context, clock: 0 })
    server.stop()
    const again = createServer(options)
    expect(JSON.stringify({ ...again.actor.getSnapshot().context, clock: 0 })).toBe(context)
    again.stop()
  })
})

describe('a store of another', () => {
  const { ports } = createPorts()
  test('server or application is refused, and stays as it is', () => {
    const store = createMemoryStore()
    createServer({ ...ports, id: 's1#1', store }).stop()
    expect(() => createServer({ ...ports, id: 's1#2', store })).toThrow(
      'expected the state of s1#2 with the application "key-value store", got that of s1#1; give each server a data folder of its own',
    )
    const counter = defineApplication({
      name: 'counter',
      initialState: 0,
      execute: (n: number) => [n + 1, n],
    })
    expect(() => createServer({ ...ports, id: 's1#1', store, application: counter })).toThrow(
      'got that of the application "key-value store"; start the server with that application',
    )
    createServer({ ...ports, id: 's1#1', store }).stop()
  })

  test('a store that is invalid is refused', () => {
    expect(() => createServer({ ...ports, id: 's1#1', store: {} as never })).toThrow(
      'expected a store, such as createMemoryStore()',
    )
  })

  test('a damaged record is refused with what to do', () => {
    const store = createMemoryStore()
    createServer({ ...ports, id: 's1#1', store }).stop()
    store.append(['{"event":{"type'], () => {})
    expect(() => createServer({ ...ports, id: 's1#1', store })).toThrow(
      'expected the state that this server wrote, got record 2 since the snapshot damaged; remove its data folder',
    )
  })
})

describe('D6: a cluster that is created again on its stores', () => {
  test('goes on with all that was answered, its clients as new lives of their names', async () => {
    const store = stores()
    const first = createWorld({ store })
    first.settle()
    for (const mark of 'abc') first.execute(first.client('c1'), append('log', mark))
    const { number } = first.cluster.view()
    await first.cluster.stop()

    const second = createWorld({ store })
    second.settle()
    const client = second.client('c1')
    expect(client.id).toBe('c1#2')
    second.execute(client, append('log', 'd'))
    expect(second.execute(client, get('log'))).toMatchObject({ value: 'abcd' })
    expect(second.cluster.view().number).toBe(number)
    expect(second.server('s1').id).toBe('s1#1')
  })

  test('N2: a server whose store is lost is a new life, never the one that the view names', async () => {
    const store = stores()
    const first = createWorld({ store })
    first.settle()
    first.execute(first.client('c1'), append('log', 'a'))
    await first.cluster.stop()

    const empty = createMemoryStore()
    const second = createWorld({ store: (name) => (name === 's1' ? empty : store(name)) })
    second.settle()
    expect(second.server('s1').id).toBe('s1#2')
    expect(second.execute(second.client(), get('log'))).toMatchObject({ value: 'a' })
  })
})

describe('V11: a view service with a store', () => {
  test('keeps the newest record, however many there were', () => {
    const store = createMemoryStore()
    const { ports, advance } = createPorts()
    const first = createViewService({ ...ports, store })
    for (let life = 1; life <= 1500; life++) {
      const envelope = {
        from: `s${life % 2}#${life}`,
        to: 'view-service',
        message: { type: 'ping', viewNumber: 0 },
      }
      ports.transport.send({ ...envelope, stamp: { lamport: 1, vector: {} } } as never)
      advance(2)
    }
    const { incarnations } = first.actor.getSnapshot().context
    first.stop()
    expect([...store.load().records].length).toBeLessThan(1100)
    const second = createViewService({ ...ports, store })
    expect(second.actor.getSnapshot().context.incarnations).toEqual(incarnations)
    second.stop()
  })
})
