/** The situations that implementations of primary-backup replication get wrong, each with the outcome that is right. */
import { describe, expect, test } from 'vitest'
import type { Envelope } from '../../actors/ports.ts'
import { digest } from '../../machines/application/digest.ts'
import { append, createWorld, get, put, type World } from '../support/world.ts'

const value = (result: unknown) => ({ value: result })

/** A settled world in which `c1` has put 1 under `a`. */
function worldWithState(options?: Parameters<typeof createWorld>[0]) {
  const world = createWorld(options)
  world.settle()
  const client = world.client()
  world.execute(client, put('a', 1))
  return { world, client }
}

const lastSent = (world: World, type: 'forward' | 'stateTransfer'): Envelope =>
  world.seen('send', type).at(-1)!.envelope!

describe('situations', () => {
  test('1: a deposed primary that still believes in its view is asked for a read: it gives no answer', () => {
    const { world, client } = worldWithState()
    const deposed = world.primary()
    world.isolate(deposed.name, 'view-service', 'backup')
    world.isolate('c1', 'view-service')
    world.until('a new primary', () => world.primary() !== deposed)
    world.settle()
    world.execute(world.client('c2'), put('a', 2))

    const read = world.call(client, get('a'))
    world.pings(20)

    expect(deposed.node.state()).toBe('primary.awaitingBackupAck')
    expect(read.ends).toEqual([])
    world.network.heal()
    world.until('an answer', () => read.ends.length > 0)
    expect(read.ends).toEqual([value(2)])
  })

  test('1: its forward reaches the former backup all the same: refused, and still no answer', () => {
    const { world, client } = worldWithState()
    const deposed = world.primary()
    const successor = world.backup()
    world.isolate(deposed.name, 'view-service')
    world.isolate('c1', 'view-service')
    world.until('a new primary', () => world.primary() === successor)

    const read = world.call(client, get('a'))
    world.pings(20)

    expect(world.ignored(successor.id)).toContain('forward: I am not backup')
    expect(read.ends).toEqual([])
  })

  test('2: a reply is lost, a new backup joins by transfer, the primary dies, the client retries there: the stored result', () => {
    const { world, client } = worldWithState()
    const [first, second] = [world.primary(), world.backup()]
    world.drop({ from: 'primary', to: 'c1' })
    const call = world.call(client, append('log', 'x'))
    world.until(
      'its execution',
      () => first.node.applied() === second.node.applied() && first.node.applied()! > 2,
    )
    second.crash()
    world.until('a new backup', () => world.cluster.backup()?.name === 's3')
    world.settle()
    expect(call.ends).toEqual([])

    first.crash()
    world.until('an answer', () => call.ends.length > 0)

    expect(world.primary().name).toBe('s3')
    expect(call.ends).toEqual([value(1)])
    expect(world.contents('primary')).toEqual({ a: 1, log: 'x' })
  })

  test('3: a second copy of a transfer arrives after later forwards: it is confirmed and nothing is rolled back', () => {
    const { world, client } = worldWithState()
    const transfer = lastSent(world, 'stateTransfer')
    world.execute(client, put('a', 2))
    const before = world.replica('backup')
    const confirmed = world.seen('send', 'stateTransferAck').length

    world.inject(transfer)
    world.advance(2)

    expect(world.seen('send', 'stateTransferAck')).toHaveLength(confirmed + 1)
    expect(world.replica('backup')).toBe(before)
    expect(world.contents('backup')).toEqual({ a: 2 })
  })

  test('4: a forward overtakes the transfer: refused, nothing is applied', () => {
    const world = createWorld()
    world.drop({ type: 'stateTransfer' })
    world.until(
      'a backup without state',
      () => world.cluster.backup()?.node.state() === 'backup.awaitingState',
    )
    const backup = world.backup()

    world.inject({
      from: world.primary().id,
      to: backup.id,
      message: {
        type: 'forward',
        viewNumber: world.cluster.view().number,
        number: 1,
        requests: [{ client: 'c1#1', session: null, seq: 0, commands: [], bytes: 0 }],
      },
    })
    world.advance(2)

    expect(world.ignored(backup.id)).toContain('forward: precedes the state transfer')
    expect(backup.node.applied()).toBeNull()
    expect(world.seen('send', 'forwardAck')).toEqual([])
  })

  test('4: the forward of an old view arrives after the promotion: refused, nothing is applied', () => {
    const { world } = worldWithState()
    const forward = lastSent(world, 'forward')
    world.primary().crash()
    world.settle()
    const promoted = world.primary()
    const before = world.replica('primary')

    world.inject(forward)
    world.advance(2)

    expect(forward.to).toBe(promoted.id)
    expect(world.ignored(promoted.id)).toContain('forward: I am not backup')
    expect(world.replica('primary')).toBe(before)
  })

  test('4: the forward of an old view reaches the same pair in a newer view: refused, nothing is applied', () => {
    const { world, client } = worldWithState()
    const [primary, backup] = [world.primary(), world.backup()]
    world.drop({ type: 'forwardAck' })
    world.call(client, append('log', 'x'))
    world.until('the forward', () => primary.node.state() === 'primary.awaitingBackupAck')
    const forward = lastSent(world, 'forward')
    world.isolate(backup.name, 'view-service', primary.name)
    world.until('another backup', () => world.cluster.backup()?.name === 's3')
    world.network.clear()
    world.settle()
    world.backup().crash()
    world.until('the old backup again', () => world.cluster.backup() === backup)
    world.settle()
    const before = world.replica('backup')

    for (const number of [1, 2, 3]) world.inject({ ...forward, message: { ...forward.message, number } })
    world.advance(1)

    expect(world.cluster.primary()).toBe(primary)
    expect(world.ignored(backup.id).slice(-3)).toEqual(
      Array(3).fill('forward: not from the primary of my view'),
    )
    expect(world.replica('backup')).toBe(before)
  })

  test('5: the old primary comes back as backup with a divergent state: all of it is replaced', () => {
    const { world, client } = worldWithState({ servers: 2 })
    const [old, successor] = [world.primary(), world.backup()]
    world.isolate(old.name, 'view-service', 'backup')
    world.isolate('c1', 'view-service')
    world.call(client, put('stray', true))
    world.until('its forward', () => old.node.state() === 'primary.awaitingBackupAck')
    const { viewNumber, number } = lastSent(world, 'forward').message as {
      viewNumber: number
      number: number
    }
    const outcomes = [{ kind: 'results', results: [value(null)] }]
    world.drop({ from: old.name, to: 'c1' })
    world.inject({
      from: successor.id,
      to: old.id,
      message: {
        type: 'forwardAck',
        viewNumber,
        number,
        digest: digest([outcomes, [{ key: 'stray', value: true }]]),
      },
    })
    world.until('a new primary', () => world.primary() === successor)
    world.execute(world.client('c2'), put('a', 2))
    expect(world.contents(old.name)).toEqual({ a: 1, stray: true })

    world.network.heal()
    world.isolate('c1', 's1', 's2', 'view-service')
    world.until('the old primary as backup', () => old.node.state() === 'backup.serving')

    expect(world.contents(old.name)).toEqual({ a: 2 })
    expect(JSON.stringify(world.replica('backup'))).toBe(JSON.stringify(world.replica('primary')))
  })

  test('6: the lone primary is gone, then an empty server volunteers: backup at most, and no answer until the primary is back', () => {
    const { world, client } = worldWithState({ servers: 2 })
    const primary = world.primary()
    const other = world.backup()
    other.crash()
    world.settle()
    world.isolate(primary.name, 'view-service', 'c1', other.name)
    world.pings(10)

    other.restart()
    const read = world.call(client, get('a'))
    world.pings(40)

    expect(world.cluster.view()).toMatchObject({ primary: primary.id, backup: other.id })
    expect(other.node.applied()).toBeNull()
    expect(read.ends).toEqual([])
    world.network.heal()
    world.until('an answer', () => read.ends.length > 0)
    expect(read.ends).toEqual([value(1)])
  })

  test('7: a dead idle server is not appointed', () => {
    const { world } = worldWithState()
    const dead = world.idle()
    const successor = world.backup()
    dead.crash()
    world.pings(6)

    world.primary().crash()
    world.until('a promotion', () => world.cluster.primary() === successor)

    expect(world.cluster.view()).toMatchObject({ primary: successor.id, backup: null })
  })

  test("8: two requests' forwards are acknowledged in the wrong order: each result goes to its own caller", () => {
    const { world, client } = worldWithState()
    const other = world.client('c2')
    world.execute(other, put('b', 'two'))
    const [primary, backup] = [world.primary(), world.backup()]
    world.cut(backup.name, primary.name)
    const first = world.call(client, get('a'))
    world.until('its forward', () => primary.node.state() === 'primary.awaitingBackupAck')
    const second = world.call(other, get('b'))
    world.advance(5)
    const { number, viewNumber } = lastSent(world, 'forward').message as {
      number: number
      viewNumber: number
    }

    const ack = {
      type: 'forwardAck',
      viewNumber,
      digest: digest([{ kind: 'results', results: [value('two')] }]),
    }
    world.inject({ from: backup.id, to: primary.id, message: { ...ack, number: number + 1 } })
    world.advance(2)
    expect(world.ignored(primary.id)).toContain('forwardAck: not of my outstanding forward')
    expect([first.ends, second.ends]).toEqual([[], []])
    world.network.heal()
    world.until('both answers', () => first.ends.length > 0 && second.ends.length > 0)

    expect([first.ends, second.ends]).toEqual([[value(1)], [value('two')]])
  })

  test('9: the link between primary and backup is cut while both reach the view service: unavailable until it heals, never wrong', () => {
    const { world, client } = worldWithState()
    const view = world.cluster.view()
    world.isolate('primary', 'backup')

    const write = world.call(client, append('log', 'x'))
    world.pings(40)
    expect(write.ends).toEqual([])
    expect(world.cluster.view()).toEqual(view)
    world.network.heal()
    world.until('an answer', () => write.ends.length > 0)

    expect(write.ends).toEqual([value(1)])
    expect(world.contents('primary')).toEqual({ a: 1, log: 'x' })
    expect(world.contents('backup')).toEqual({ a: 1, log: 'x' })
  })

  test('10: the view service is down: the current view keeps serving', () => {
    const { world, client } = worldWithState()
    world.cluster.viewService.stop()
    world.pings(20)

    expect(world.execute(client, append('log', 'x'))).toEqual(value(1))
    expect(world.execute(client, get('a'))).toEqual(value(1))
  })

  test('11: everyone crashes and an empty server starts: no answer, and no invented one', () => {
    const { world, client } = worldWithState()
    for (const server of world.cluster.servers) server.crash()
    world.pings(10)

    world.server('s3').restart()
    const read = world.call(client, get('a'))
    world.pings(100)

    expect(read.ends).toEqual([])
    expect(world.server('s3').node.applied()).toBeNull()
    expect(world.server('s3').role).toBe('idle')
  })

  test('12: the backup dies during its transfer: replaced, and the primary serves on', () => {
    const world = createWorld({ limits: { transferBytesMax: 40 } })
    world.drop({ type: 'stateTransferAck' })
    world.until(
      'a backup without state',
      () => world.cluster.backup()?.node.state() === 'backup.awaitingState',
    )
    world.network.clear()
    world.settle()
    const client = world.client()
    for (const key of ['a', 'b', 'c', 'd']) world.execute(client, put(key, 'x'.repeat(30)))
    world.backup().crash()
    const second = world.idle()
    world.until('a half transferred state', () => {
      const { arriving } = second.node.actor.getSnapshot().context
      return arriving !== null && arriving.pieces > 1
    })

    second.crash()
    world.settle()

    expect(world.cluster.view().backup).toBeNull()
    expect(world.execute(client, get('d'))).toEqual(value('x'.repeat(30)))
  })

  test('12: the first backup dies before the founding view is confirmed with it: dropped, and the primary serves on', () => {
    const world = createWorld({ servers: 2 })
    world.drop({ type: 'stateTransfer' })
    world.until(
      'a backup without state',
      () => world.cluster.backup()?.node.state() === 'backup.awaitingState',
    )

    world.backup().crash()
    world.settle()

    expect(world.cluster.view().backup).toBeNull()
    expect(world.execute(world.client(), append('log', 'x'))).toEqual(value(1))
  })
})
