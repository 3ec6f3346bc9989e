/** What the rules say of a client, sentence by sentence, on the bare chart. */
import { describe, expect, it } from 'vitest'
import { refusalReasons } from '../../machines/messages.ts'
import {
  abandon,
  call,
  clientChart,
  type Event,
  ends,
  failed,
  getView,
  input,
  opened,
  type options,
  refusal,
  reply,
  request,
  resultOf,
  results,
  type Snapshot,
  viewReply,
} from './client-parts.ts'

const client = clientChart()
const after = (...events: Event[]): Snapshot => client.run(client.start(input).snapshot, ...events).snapshot

const states = {
  locating: client.start(input).snapshot,
  withoutSession: after(viewReply(1)),
  /** Call 1 waits for a session. */
  openingSession: after(viewReply(1), call([1])),
  /** Call 1 was transmitted as 5/1. */
  awaitingReply: after(viewReply(1), call([1]), opened(5)),
  /** In session 5, of which 5/1 was answered. */
  ready: after(viewReply(1), call([1]), opened(5), results(5, 1, [1])),
}

describe('C1: when a client asks the view service', () => {
  it('C1: a client asks the view service when it starts', () => {
    const seen = client.start(input)

    expect(seen.sent).toEqual([getView])
  })

  it('C1: a client that knows no primary asks again on its retry timer', () => {
    const seen = client.fire(states.locating, 'retryInterval')

    expect(seen.sent).toEqual([getView])
  })

  it.each(['wrongServer', 'wrongView'] as const)('C1: a client asks after %s for its request', (reason) => {
    const seen = client.step(states.awaitingReply, refusal(reason, 5, 1))

    expect(seen.sent).toEqual([getView])
  })

  it.each(['wrongServer', 'wrongView'] as const)('C1: a client asks after %s for its opening', (reason) => {
    const seen = client.step(states.openingSession, refusal(reason, null, 0))

    expect(seen.sent).toEqual([getView])
  })

  it('C1: a client that awaits a reply asks and sends again on its retry timer', () => {
    const seen = client.fire(states.awaitingReply, 'retryInterval')

    expect(seen.sent).toEqual([getView, request('s1#1', 1, 5, 1, [1])])
  })

  it('C1: a client that opens a session asks and sends again on its retry timer', () => {
    const seen = client.fire(states.openingSession, 'retryInterval')

    expect(seen.sent).toEqual([getView, request('s1#1', 1, null, 0, [])])
  })

  it.each(['openingSession', 'awaitingReply'] as const)(
    'C1: the retry timer of %s is set again when it fires',
    (state) => {
      const seen = client.fire(states[state], 'retryInterval')

      expect(seen.timers).toEqual([`xstate.after.retryInterval.client.${state}`])
    },
  )

  it('C1: a call asks no node, it is sent at once', () => {
    const seen = client.step(states.ready, call([2]))

    expect(seen.sent).toEqual([request('s1#1', 1, 5, 2, [2])])
  })

  it('C1: a client resends its request when it learns a newer view', () => {
    const seen = client.step(states.awaitingReply, viewReply(2))

    expect(seen.sent).toEqual([request('s2#1', 2, 5, 1, [1])])
  })

  it('C1: a client resends its opening when it learns a newer view', () => {
    const seen = client.step(states.openingSession, viewReply(2))

    expect(seen.sent).toEqual([request('s2#1', 2, null, 0, [])])
  })

  it('C1: a client resends when a newer view has the same primary', () => {
    const seen = client.step(states.awaitingReply, viewReply(2, 's1#1'))

    expect(seen.sent).toEqual([request('s1#1', 2, 5, 1, [1])])
  })

  it.each([
    ['overloaded', 'openingSession', null, 0],
    ['overloaded', 'awaitingReply', 5, 1],
    ['stateTransfer', 'openingSession', null, 0],
    ['stateTransfer', 'awaitingReply', 5, 1],
  ] as const)('C1: after %s a client in %s only waits for its timer', (reason, state, session, seq) => {
    const seen = client.step(states[state], refusal(reason, session, seq))

    expect(seen.actions).toEqual([{ type: 'ignore', params: { reason: 'refusal: try again later' } }])
  })

  it('C1: in steady state a client sends the view service nothing', () => {
    let snapshot = states.ready
    const sentTo: string[] = []
    for (let seq = 2; seq < 50; seq++) {
      for (const event of [call([seq]), results(5, seq, [seq])]) {
        const seen = client.step(snapshot, event)
        snapshot = seen.snapshot
        sentTo.push(...seen.sent.map(({ to }) => to))
      }
    }

    expect(new Set(sentTo)).toEqual(new Set(['s1#1']))
  })

  it('C1: a ready client has no timer: the last one is cancelled and none is set', () => {
    const seen = client.step(states.awaitingReply, results(5, 1, [1]))

    expect(seen.actions.filter(({ type }) => /raise|cancel/.test(type))).toEqual([
      { type: 'xstate.cancel', params: { sendId: 'xstate.after.retryInterval.client.awaitingReply' } },
    ])
  })

  it('C1: a client that has found its first view without a call has no timer either', () => {
    const seen = client.step(states.locating, viewReply(1))

    expect(seen.actions).toEqual([
      { type: 'xstate.cancel', params: { sendId: 'xstate.after.retryInterval.client.locating' } },
    ])
  })
})

describe('C2: calls', () => {
  it('C2: one request is outstanding: a call made meanwhile is not sent', () => {
    const seen = client.step(states.awaitingReply, call([2]))

    expect(seen.sent).toEqual([])
  })

  it('C2: calls made while a request is outstanding go out together in the next one', () => {
    const waiting = client.run(states.awaitingReply, call([2]), call([3])).snapshot

    const seen = client.step(waiting, results(5, 1, [1]))

    expect(seen.sent).toEqual([request('s1#1', 1, 5, 2, [2, 3])])
  })

  it('C2: calls made while the session is opened go out together once it is open', () => {
    const waiting = client.run(states.openingSession, call([2]), call([3])).snapshot

    const seen = client.step(waiting, opened(5))

    expect(seen.sent).toEqual([request('s1#1', 1, 5, 1, [1, 2, 3])])
  })

  it('C2: calls made before a primary is known wait for it', () => {
    const waiting = client.run(states.locating, call([1, 2])).snapshot

    const seen = client.run(waiting, viewReply(1), opened(5))

    expect(seen.sent).toEqual([request('s1#1', 1, 5, 1, [1, 2])])
  })

  it("C2: each call of a request ends with its own command's result", () => {
    const both = client.run(states.ready, call([7, 8])).snapshot

    const seen = client.step(both, results(5, 2, [7, 8]))

    expect(ends(seen)).toEqual([
      { id: 7, end: resultOf(7) },
      { id: 8, end: resultOf(8) },
    ])
  })

  const cut = (seq: number, commands: readonly number[]) =>
    reply(5, seq, { kind: 'results', results: commands.map(resultOf), isCut: true })

  it('S7: calls behind the last result were not executed, and go first in the next request', () => {
    const three = client.run(states.ready, call([7]), call([8, 9])).snapshot
    const sent = client.run(three, results(5, 2, [7]), call([10])).snapshot

    const seen = client.step(sent, cut(3, [8]))

    expect(ends(seen)).toEqual([{ id: 8, end: resultOf(8) }])
    expect(seen.sent).toEqual([request('s1#1', 1, 5, 4, [9, 10])])
  })

  it('S7: of calls behind the last result those that were given up are not sent again', () => {
    const sent = client.run(states.ready, call([7, 8]), abandon([8])).snapshot

    const seen = client.step(sent, cut(2, [7]))

    expect(ends(seen)).toEqual([{ id: 7, end: resultOf(7) }])
    expect(seen.sent).toEqual([])
    expect(seen.snapshot.matches('ready')).toBe(true)
  })

  it('C2: an answer without results to calls that wait is not taken for one', () => {
    const sent = client.run(states.ready, call([7])).snapshot

    for (const answer of [results(5, 2, []), cut(2, []), cut(2, [7])])
      expect(ends(client.step(sent, answer))).toEqual([failed(7, 'sequenceReused', true)])
  })

  it("C2: a call whose command failed in the application ends with the application's error", () => {
    const error = { code: 'applicationError' as const, message: 'no such account' }

    const seen = client.step(states.awaitingReply, reply(5, 1, { kind: 'results', results: [{ error }] }))

    expect(ends(seen)).toEqual([{ id: 1, end: { error } }])
  })

  it('C2: a call ends once: a second copy of its reply ends nothing', () => {
    const answered = client.run(states.awaitingReply, results(5, 1, [1])).snapshot

    const seen = client.step(answered, results(5, 1, [1]))

    expect(ends(seen)).toEqual([])
  })

  it('C2: an abandoned call has ended: its reply ends nothing more', () => {
    const both = client.run(states.ready, call([7, 8]), abandon([7])).snapshot

    const seen = client.step(both, results(5, 2, [7, 8]))

    expect(ends(seen)).toEqual([{ id: 8, end: resultOf(8) }])
  })

  for (const code of ['timedOut', 'aborted', 'stopped'] as const) {
    it.each([
      ['that waits for a primary', after(call([1])), false],
      ['that waits for a session', states.openingSession, false],
      [
        'that waits behind an outstanding request',
        after(viewReply(1), call([9]), opened(5), call([1])),
        false,
      ],
      ['that was transmitted', states.awaitingReply, true],
      ['that was transmitted together with others', after(viewReply(1), call([1, 2]), opened(5)), true],
    ])(
      `C2: a call %s and is ${code} fails so, mayHaveExecuted reported by whether it was transmitted`,
      (_, state, mayHaveExecuted) => {
        const seen = client.step(state, abandon([1], code))

        expect(ends(seen)).toEqual([failed(1, code, mayHaveExecuted)])
      },
    )
  }

  it('C2: calls that were transmitted and calls that were not are abandoned together, each with its own word', () => {
    const state = client.run(states.awaitingReply, call([2])).snapshot

    const seen = client.step(state, abandon([1, 2], 'stopped'))

    expect(ends(seen)).toEqual([failed(2, 'stopped', false), failed(1, 'stopped', true)])
  })

  it("C2: the client's own full queue rejects at once, and only what does not fit", () => {
    const full = client.run(states.awaitingReply, call([2, 3, 4])).snapshot

    const seen = client.step(full, call([5, 6, 7]))

    expect(ends(seen)).toEqual([failed(6, 'overloaded', false), failed(7, 'overloaded', false)])
  })

  it('C2: what fitted into the queue is sent, in the order of the calls', () => {
    const full = client.run(states.awaitingReply, call([2, 3, 4]), call([5, 6])).snapshot

    const seen = client.run(full, results(5, 1, [1]), results(5, 2, [2, 3, 4]))

    expect(seen.sent).toEqual([request('s1#1', 1, 5, 3, [5])])
  })

  it('C2: a ready client with more calls at once than its queue holds rejects the rest', () => {
    const seen = client.step(states.ready, call([2, 3, 4, 5, 6]))

    expect(ends(seen)).toEqual([failed(6, 'overloaded', false)])
  })

  it("C2: a server's overloaded ends no call", () => {
    const seen = client.step(states.awaitingReply, refusal('overloaded', 5, 1))

    expect(ends(seen)).toEqual([])
  })

  it("C2: after a server's overloaded the same request is tried again on the timer", () => {
    const refused = client.run(states.awaitingReply, refusal('overloaded', 5, 1)).snapshot

    const seen = client.fire(refused, 'retryInterval')

    expect(seen.sent).toContainEqual(request('s1#1', 1, 5, 1, [1]))
  })

  it('C2: an abort unsends nothing: the request is sent again with the aborted command in it', () => {
    const state = client.run(states.ready, call([7, 8]), abandon([7])).snapshot

    const seen = client.fire(state, 'retryInterval')

    expect(seen.sent).toContainEqual(request('s1#1', 1, 5, 2, [7, 8]))
  })

  it('C2: a call that is abandoned before it is transmitted is not transmitted', () => {
    const state = client.run(states.awaitingReply, call([2, 3]), abandon([2])).snapshot

    const seen = client.step(state, results(5, 1, [1]))

    expect(seen.sent).toEqual([request('s1#1', 1, 5, 2, [3])])
  })

  it('C2: when no one waits for the outstanding request, the calls behind it go at once', () => {
    const state = client.run(states.awaitingReply, call([2])).snapshot

    const seen = client.step(state, abandon([1]))

    expect(seen.sent).toEqual([request('s1#1', 1, 5, 2, [2])])
  })

  it('C2: when no one waits for anything, the client is ready and sends nothing more', () => {
    const seen = client.step(states.awaitingReply, abandon([1]))

    expect([seen.snapshot.value, seen.sent, seen.timers]).toEqual(['ready', [], []])
  })

  it('C2: a session that opens when no one waits any more is kept for the next call', () => {
    const open = client.run(states.openingSession, abandon([1]), opened(5)).snapshot

    const seen = client.step(open, call([2]))

    expect(seen.sent).toEqual([request('s1#1', 1, 5, 1, [2])])
  })
})

describe('C2, S10: an expired session', () => {
  const expired = reply(5, 1, { kind: 'sessionExpired' })

  it('C2: the transmitted calls of an expired session fail, and may have been executed', () => {
    const seen = client.step(states.awaitingReply, expired)

    expect(ends(seen)).toEqual([failed(1, 'sessionExpired', true)])
  })

  it('C2: the calls of an expired session that were never transmitted do not fail', () => {
    const state = client.run(states.awaitingReply, call([2, 3])).snapshot

    const seen = client.step(state, expired)

    expect(ends(seen)).toEqual([failed(1, 'sessionExpired', true)])
  })

  it('C2: with calls waiting a new session is opened at once', () => {
    const state = client.run(states.awaitingReply, call([2])).snapshot

    const seen = client.step(state, expired)

    expect(seen.sent).toEqual([request('s1#1', 1, null, 0, [])])
  })

  it('C2: calls never transmitted move to the new session, which numbers from 1', () => {
    const state = client.run(states.awaitingReply, call([2, 3]), expired).snapshot

    const seen = client.step(state, opened(9))

    expect(seen.sent).toEqual([request('s1#1', 1, 9, 1, [2, 3])])
  })

  it('C2: without calls waiting the client is ready and opens no session', () => {
    const seen = client.step(states.awaitingReply, expired)

    expect([seen.snapshot.value, seen.sent]).toEqual(['ready', []])
  })

  it('S10: the next call after an expired session opens another one', () => {
    const state = client.run(states.awaitingReply, expired).snapshot

    const seen = client.step(state, call([2]))

    expect(seen.sent).toEqual([request('s1#1', 1, null, 0, [])])
  })

  it('C2: an abandoned call of an expired session does not fail a second time', () => {
    const state = client.run(states.ready, call([7, 8]), abandon([7])).snapshot

    const seen = client.step(state, reply(5, 2, { kind: 'sessionExpired' }))

    expect(ends(seen)).toEqual([failed(8, 'sessionExpired', true)])
  })

  it.each([
    ['the expired session', 5],
    ['a session older than that', 4],
  ])('S10: a late reply that opens %s opens nothing', (_, session) => {
    const state = client.run(states.awaitingReply, call([2]), expired).snapshot

    const seen = client.step(state, opened(session))

    expect(seen.ignored).toEqual(['reply: does not open my session'])
  })

  it('S10: a late reply for a request of the expired session ends nothing in the new one', () => {
    const state = client.run(states.awaitingReply, call([2]), expired, opened(9)).snapshot

    const seen = client.step(state, results(5, 1, [1]))

    expect(seen.ignored).toEqual(['reply: not of my outstanding request'])
  })
})

describe('C3: what is late, doubled or old', () => {
  it('C3: a reply to an earlier request is ignored', () => {
    const state = client.run(states.ready, call([2])).snapshot

    const seen = client.step(state, results(5, 1, [1]))

    expect(seen.ignored).toEqual(['reply: not of my outstanding request'])
  })

  it('C3: a late reply to a request that no one waited for is ignored', () => {
    const state = client.run(states.awaitingReply, call([2]), abandon([1])).snapshot

    const seen = client.step(state, results(5, 1, [1]))

    expect(seen.ignored).toEqual(['reply: not of my outstanding request'])
  })

  it('C3: a second copy of the reply that opened the session is ignored', () => {
    const seen = client.step(states.awaitingReply, opened(5))

    expect(seen.ignored).toEqual(['reply: not of my outstanding request'])
  })

  it.each([
    ['an older view', viewReply(1, 's9#1')],
    ['a view of the same number', viewReply(2, 's9#1')],
    ['a newer view without a primary', viewReply(3, null)],
  ])('C3: %s moves nothing', (_, event) => {
    const state = client.run(states.awaitingReply, viewReply(2)).snapshot

    const seen = client.step(state, event)

    expect(seen.snapshot).toBe(state)
  })

  it('C3: a view without a primary leaves a client that seeks one asking', () => {
    const state = client.run(states.locating, viewReply(0, null)).snapshot

    const seen = client.fire(state, 'retryInterval')

    expect(seen.sent).toEqual([getView])
  })

  it('C3: a restarted client opens a new session', () => {
    const restarted = client.start({ ...input, id: 'c1#2' }).snapshot

    const seen = client.run(restarted, viewReply(1), call([1]))

    expect(seen.sent).toEqual([request('s1#1', 1, null, 0, [])])
  })

  it('C3: a client that learns a newer view while it is ready sends the next call there', () => {
    const state = client.run(states.ready, viewReply(2)).snapshot

    const seen = client.step(state, call([2]))

    expect(seen.sent).toEqual([request('s2#1', 2, 5, 2, [2])])
  })
})

describe('S3: refusals', () => {
  const whileAwaiting = refusalReasons.filter((reason) => reason !== 'replicaDiverged')

  it.each(whileAwaiting)('S3: a %s speaks of its copy only: no call ends', (reason) => {
    const seen = client.step(states.awaitingReply, refusal(reason, 5, 1))

    expect(ends(seen)).toEqual([])
  })

  it.each(whileAwaiting)(
    'S3: a call whose copy met %s still ends with the reply to an earlier copy',
    (reason) => {
      const refused = client.run(states.awaitingReply, refusal(reason, 5, 1)).snapshot

      const seen = client.step(refused, results(5, 1, [1]))

      expect(ends(seen)).toEqual([{ id: 1, end: resultOf(1) }])
    },
  )

  it.each(whileAwaiting)(
    'S3: a call that was transmitted and met %s is never reported as not executed',
    (reason) => {
      const refused = client.run(states.awaitingReply, refusal(reason, 5, 1)).snapshot

      const seen = client.step(refused, abandon([1], 'timedOut'))

      expect(ends(seen)).toEqual([failed(1, 'timedOut', true)])
    },
  )

  it.each([
    ['an earlier request', 'wrongView', 5, 0],
    ['another session', 'wrongServer', 4, 1],
    ['the opening', 'wrongServer', null, 0],
  ] as const)(
    'S3: while a request is outstanding a refusal of %s is not its own',
    (_, reason, session, seq) => {
      const seen = client.step(states.awaitingReply, refusal(reason, session, seq))

      expect(seen.ignored).toEqual(['refusal: not of my outstanding request'])
    },
  )

  it('S3: while a session is opened a refusal of a request is not its own', () => {
    const seen = client.step(states.openingSession, refusal('wrongServer', 5, 1))

    expect(seen.ignored).toEqual(['refusal: not of my outstanding request'])
  })
})

describe('S6: replicas that diverged', () => {
  it('S6: every call fails, and may have been executed if it was transmitted', () => {
    const state = client.run(states.awaitingReply, call([2])).snapshot

    const seen = client.step(state, refusal('replicaDiverged', 5, 1))

    expect(ends(seen)).toEqual([failed(1, 'replicaDiverged', true), failed(2, 'replicaDiverged', false)])
  })

  it('S6: calls that wait for a session fail, never transmitted', () => {
    const seen = client.step(states.openingSession, refusal('replicaDiverged', null, 0))

    expect(ends(seen)).toEqual([failed(1, 'replicaDiverged', false)])
  })

  it('S6: a client that was reported sends nothing more by itself', () => {
    const seen = client.step(states.awaitingReply, refusal('replicaDiverged', 5, 1))

    expect([seen.snapshot.value, seen.sent, seen.timers]).toEqual(['ready', [], []])
  })

  it('S6: where no one waits any more there is no one to tell', () => {
    const state = client.run(states.openingSession, abandon([1])).snapshot

    const seen = client.step(state, refusal('replicaDiverged', null, 0))

    expect(seen.actions.filter(({ type }) => type === 'settle')).toEqual([])
  })
})

describe('S7: batches and their bounds', () => {
  const ready = (partial: Partial<typeof options>, ...waiting: Event[]) => {
    const bounded = clientChart(partial)
    const snapshot = bounded.run(
      bounded.start(input).snapshot,
      viewReply(1),
      call([1]),
      opened(5),
      ...waiting,
    ).snapshot
    return bounded.step(snapshot, results(5, 1, [1]))
  }
  const commandsSent = (seen: ReturnType<typeof ready>) =>
    seen.sent.map(({ message }) => (message as { commands: unknown }).commands)

  it('S7: a request carries at most batchMax commands', () => {
    const seen = ready({ batchMax: 2 }, call([2, 3, 4]))

    expect(commandsSent(seen)).toEqual([[2, 3]])
  })

  it('S7: a request carries at most batchBytesMax bytes of commands', () => {
    const seen = ready({ batchBytesMax: 20 }, call([2, 3, 4]))

    expect(commandsSent(seen)).toEqual([[2, 3]])
  })

  it('S7: one byte more than batchBytesMax waits for the next request', () => {
    const seen = ready({ batchBytesMax: 20 }, call([2]), call([3], 11))

    expect(commandsSent(seen)).toEqual([[2]])
  })

  it('S7: a command larger than batchBytesMax still goes, alone', () => {
    const seen = ready({ batchBytesMax: 20 }, call([2], 1000), call([3]))

    expect(commandsSent(seen)).toEqual([[2]])
  })

  it('S7: what did not fit stays in the queue, in its order', () => {
    const seen = ready({ batchMax: 1 }, call([2, 3, 4]))

    expect(seen.snapshot.context.queue.map(({ id }) => id)).toEqual([3, 4])
  })

  it('S7: a request says how many bytes its commands are', () => {
    const seen = ready({}, call([2], 30), call([3], 12))

    expect(seen.sent[0]?.message).toMatchObject({ bytes: 42 })
  })

  it('S7: the queue holds exactly queueMax calls', () => {
    const full = client.run(states.awaitingReply, call([2, 3, 4, 5])).snapshot

    const seen = client.step(full, call([6]))

    expect([full.context.queue.length, ends(seen)]).toEqual([4, [failed(6, 'overloaded', false)]])
  })

  it('S7: a full queue that rejects everything stays as it was', () => {
    const full = client.run(states.awaitingReply, call([2, 3, 4, 5])).snapshot

    const seen = client.step(full, call([6]))

    expect(seen.snapshot.context.queue).toEqual(full.context.queue)
  })
})

describe('S9, S10: sessions and numbers', () => {
  it('S10: a session is opened by a command of its own, that carries no call', () => {
    const seen = client.step(states.withoutSession, call([1]))

    expect(seen.sent).toEqual([request('s1#1', 1, null, 0, [])])
  })

  it('S10: a client without calls opens no session', () => {
    const seen = client.step(states.locating, viewReply(1))

    expect(seen.sent).toEqual([])
  })

  it('S9: the first request of a session has number 1', () => {
    const seen = client.step(states.openingSession, opened(5))

    expect(seen.sent).toEqual([request('s1#1', 1, 5, 1, [1])])
  })

  it('S9: each request has the number after the one before', () => {
    const seen = client.run(states.ready, call([2]), results(5, 2, [2]), call([3]))

    expect(seen.sent).toEqual([request('s1#1', 1, 5, 3, [3])])
  })

  it('S9: the number of a request that no one waits for is not used again', () => {
    const state = client.run(states.awaitingReply, abandon([1])).snapshot

    const seen = client.step(state, call([2]))

    expect(seen.sent).toEqual([request('s1#1', 1, 5, 2, [2])])
  })

  it('S9: sequenceReused fails the calls, which may have been executed', () => {
    const seen = client.step(states.awaitingReply, reply(5, 1, { kind: 'sequenceReused' }))

    expect(ends(seen)).toEqual([failed(1, 'sequenceReused', true)])
  })

  it.each([
    ['too few', []],
    ['too many', [1, 2]],
  ])('S9: %s results are of other commands: the calls fail as sequenceReused', (_, commands) => {
    const seen = client.step(states.awaitingReply, results(5, 1, commands))

    expect(ends(seen)).toEqual([failed(1, 'sequenceReused', true)])
  })

  it('S9: after sequenceReused the session goes on with the next number', () => {
    const state = client.run(states.awaitingReply, reply(5, 1, { kind: 'sequenceReused' })).snapshot

    const seen = client.step(state, call([2]))

    expect(seen.sent).toEqual([request('s1#1', 1, 5, 2, [2])])
  })
})

describe('N4: retransmissions', () => {
  it('N4: a request that is sent again is identical to the first', () => {
    const first = client.run(states.openingSession, call([2, 3]), opened(5))

    const again = client.fire(client.fire(first.snapshot, 'retryInterval').snapshot, 'retryInterval')

    expect(again.sent).toEqual([getView, ...first.sent])
  })

  it.each(['locating', 'openingSession', 'awaitingReply'] as const)(
    'N4: retries leave no trace in the state of a client in %s',
    (state) => {
      const seen = client.fire(client.fire(states[state], 'retryInterval').snapshot, 'retryInterval')

      expect(seen.snapshot.toJSON()).toEqual(states[state].toJSON())
    },
  )

  it('N4: a request that was answered leaves nothing but its number', () => {
    const seen = client.run(states.ready, call([2]), results(5, 2, [2]))

    expect(seen.snapshot.context).toEqual({ ...states.ready.context, seq: 2 })
  })
})
