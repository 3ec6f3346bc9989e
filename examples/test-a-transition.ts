/**
 * Unit tests of the server's chart, as a pure function: a snapshot and an event in, a snapshot and effects out.
 *
 * Nothing is started, mocked or awaited. What a chart wants from the world is data: `send` with an address and a message,
 * `ignore` with a reason, and XState's own delayed `raise` for a timer.
 *
 *     npx tsx examples/test-a-transition.ts
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServerMachine, keyValueStore, type Message, type ServerEvent } from 'standby/machines'
import { initialTransition, transition } from 'xstate'

const machine = createServerMachine(keyValueStore)
type Snapshot = ReturnType<typeof machine.resolveState>

/** A server `s1#1` that has taken these events. */
function serverAfter(...events: ServerEvent[]): Snapshot {
  const [initial] = initialTransition(machine, { id: 's1#1', viewService: 'view-service' })
  return events.reduce<Snapshot>((snapshot, event) => transition(machine, snapshot, event)[0], initial)
}

/** What it sends when it takes one more. */
function sentBy(snapshot: Snapshot, event: ServerEvent) {
  const [, actions] = transition(machine, snapshot, event)
  return actions.flatMap(({ type, params }) =>
    type === 'send' ? [params as { to: string; message: Message }] : [],
  )
}

const alone: ServerEvent = {
  type: 'viewReply',
  from: 'view-service',
  view: { number: 1, primary: 's1#1', backup: null },
}
const withBackup: ServerEvent = {
  ...alone,
  view: { number: 2, primary: 's1#1', backup: 's2#1' },
}
const stateInstalled: ServerEvent = { type: 'stateTransferAck', from: 's2#1', viewNumber: 2, index: 0 }
const openSession = (viewNumber: number): ServerEvent => ({
  type: 'request',
  from: 'c1#1',
  viewNumber,
  session: null,
  seq: 0,
  commands: [],
  bytes: 0,
})

test('a new backup is given the state before anything else happens', () => {
  const snapshot = serverAfter(alone, withBackup)

  assert.ok(snapshot.matches({ role: { primary: 'transferringState' } }))
  assert.equal(sentBy(snapshot, openSession(2))[0]?.message.type, 'refusal')
})

test('S4 with a backup, a request is forwarded and no client is answered yet', () => {
  const serving = serverAfter(alone, withBackup, stateInstalled)

  const [first, ...others] = sentBy(serving, openSession(2))

  assert.equal(first?.to, 's2#1')
  assert.equal(first?.message.type, 'forward')
  assert.deepEqual(others, [])
})

test('S3 a request that names another view is refused', () => {
  const serving = serverAfter(alone)

  const [{ to, message } = assert.fail('nothing was sent')] = sentBy(serving, openSession(7))

  assert.equal(to, 'c1#1')
  assert.deepEqual(message, { type: 'refusal', viewNumber: 1, session: null, seq: 0, reason: 'wrongView' })
})
