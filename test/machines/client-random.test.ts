/** Random lives of a client: with any answers, no call is lost and none ends twice. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../machines/application/at-most-once.ts'
import type { Message } from '../../machines/messages.ts'
import { refusalReasons } from '../../machines/messages.ts'
import type { Seen } from '../support/chart.ts'
import {
  abandon,
  call,
  clientChart,
  type Event,
  ends,
  input,
  opened,
  refusal,
  reply,
  resultOf,
  type Snapshot,
  viewReply,
} from './client-parts.ts'

type Request = Message & { type: 'request' }

/** What may happen to a client, in terms that make sense in any state. */
type Happening =
  | { readonly kind: 'call'; readonly count: number }
  /** The request sent so many requests ago is answered. */
  | { readonly kind: 'answer'; readonly ago: number; readonly as: 'results' | 'expired' | 'reused' | 'short' }
  | { readonly kind: 'refuse'; readonly ago: number; readonly reason: (typeof refusalReasons)[number] }
  | { readonly kind: 'open'; readonly session: number }
  | { readonly kind: 'view'; readonly number: number; readonly primary: string | null }
  | { readonly kind: 'timer' }
  | {
      readonly kind: 'abandon'
      readonly picks: readonly number[]
      readonly code: 'timedOut' | 'aborted' | 'stopped'
    }
  /** No one waits for the outstanding request any more. */
  | { readonly kind: 'abandonSent' }
  | { readonly kind: 'stray' }

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('call' as const), count: fc.integer({ min: 0, max: 4 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      ago: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 4 })),
      as: fc.constantFrom('results', 'results', 'results', 'expired', 'reused', 'short'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('refuse' as const),
      ago: fc.integer({ min: 0, max: 2 }),
      reason: fc.constantFrom(...refusalReasons),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('open' as const), session: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('view' as const),
      number: fc.integer({ min: 0, max: 9 }),
      primary: fc.constantFrom('s1#1', 's2#1', null),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('timer' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('abandon' as const),
      picks: fc.array(fc.nat(12), { maxLength: 4 }),
      code: fc.constantFrom('timedOut', 'aborted', 'stopped'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abandonSent' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stray' as const) }) },
)

/** Long ones: by default most arrays are short. */
const life = fc.array(happening, { maxLength: 80, size: 'max' })

type End = ReturnType<typeof ends>[number]['end']

/** One step of a life, and what was known when it was taken. */
interface Moment {
  readonly before: Snapshot
  readonly event: Event
  readonly seen: Seen<Snapshot>
  /** Calls made so far, this event's included. */
  readonly made: readonly number[]
  /** How calls have ended so far, this step's included: each time. */
  readonly ended: readonly { readonly id: number; readonly end: End }[]
  /** Requests sent so far, this step's included, retransmissions too. */
  readonly requests: readonly Request[]
}

const client = clientChart()

function live(happenings: readonly Happening[]): Moment[] {
  let snapshot = client.start(input).snapshot
  let made: readonly number[] = []
  let ended: Moment['ended'] = []
  let requests: readonly Request[] = []
  return happenings.map((happening) => {
    const before = snapshot
    const event = eventOf(happening, made, requests, before)
    const seen = client.step(before, event)
    snapshot = seen.snapshot
    if (event.type === 'call') made = [...made, ...event.calls.map(({ id }) => id!)]
    ended = [...ended, ...ends(seen)]
    requests = [...requests, ...requestsIn(seen)]
    return { before, event, seen, made, ended, requests }
  })
}

function eventOf(
  happening: Happening,
  made: readonly number[],
  requests: readonly Request[],
  snapshot: Snapshot,
): Event {
  const requestAgo = (ago: number) => requests[requests.length - 1 - ago]
  switch (happening.kind) {
    case 'call':
      return call(
        Array.from({ length: happening.count }, (_, index) => made.length + 1 + index),
        30,
      )
    case 'answer': {
      const request = requestAgo(happening.ago)
      if (request === undefined || request.session === null) return stray
      return reply(request.session, request.seq, outcomeFor(request, happening.as))
    }
    case 'refuse': {
      const { session = null, seq = 0 } = requestAgo(happening.ago) ?? {}
      return refusal(happening.reason, session, seq)
    }
    case 'open':
      return opened(happening.session)
    case 'view':
      return viewReply(happening.number, happening.primary)
    case 'timer':
      return snapshot.value === 'ready'
        ? stray
        : ({ type: `xstate.after.retryInterval.client.${snapshot.value}` } as never)
    case 'abandon':
      return abandon(
        happening.picks.map((pick) => made[made.length - 1 - pick] ?? 1000 + pick),
        happening.code,
      )
    case 'abandonSent':
      return abandon(snapshot.context.outstanding?.flatMap(({ id }) => id ?? []) ?? [])
    case 'stray':
      return stray
  }
}

const stray: Event = { type: 'forward', from: 's1#1' } as never

function outcomeFor({ commands }: Request, as: 'results' | 'expired' | 'reused' | 'short'): Outcome {
  switch (as) {
    case 'expired':
      return { kind: 'sessionExpired' }
    case 'reused':
      return { kind: 'sequenceReused' }
    case 'short':
      return { kind: 'results', results: commands.slice(1).map((command) => resultOf(command as number)) }
    case 'results':
      return { kind: 'results', results: commands.map((command) => resultOf(command as number)) }
  }
}

function requestsIn(seen: Seen<Snapshot>): Request[] {
  return seen.sent.flatMap(({ message }) => (message.type === 'request' ? [message] : []))
}

const transmitted = (requests: readonly Request[]) => new Set(requests.flatMap(({ commands }) => commands))

const isRequestOf =
  ({ session, seq }: { session: number | null; seq: number }) =>
  (request: Request) =>
    request.session === session && request.seq === seq

/** Checks every moment of 300 random lives. */
function inEveryMoment(check: (moment: Moment) => void): void {
  fc.assert(
    fc.property(life, (happenings) => {
      live(happenings).forEach(check)
    }),
    { numRuns: 300 },
  )
}

const waitingIn = ({ context }: Snapshot) =>
  [...context.queue, ...(context.outstanding ?? [])].flatMap(({ id }) => (id === null ? [] : [id]))

describe('random lives of a client', () => {
  it('C2: every call is in the queue, outstanding or ended, and in one of them only', () => {
    inEveryMoment(({ seen, made, ended }) => {
      const places = [...waitingIn(seen.snapshot), ...ended.map(({ id }) => id)]
      expect(places.sort((a, b) => a - b)).toEqual(made)
    })
  })

  it('C2: a call whose request is answered ends in that step', () => {
    inEveryMoment(({ before, event, seen }) => {
      const { outstanding, session, seq } = before.context
      if (event.type !== 'reply' || outstanding === null || !isRequestOf({ session, seq })(event as never))
        return
      const waiting = outstanding.flatMap(({ id }) => (id === null ? [] : [id]))
      expect(ends(seen).map(({ id }) => id)).toEqual(waiting)
    })
  })

  it('C2: a waiting call that is abandoned ends in that step, and no other does', () => {
    inEveryMoment(({ before, event, seen }) => {
      if (event.type !== 'abandon') return
      const abandoned = waitingIn(before).filter((id) => event.ids.includes(id))
      expect(
        ends(seen)
          .map(({ id }) => id)
          .sort(),
      ).toEqual(abandoned.sort())
    })
  })

  it("C2: a call that ends with a result has its own command's", () => {
    inEveryMoment(({ seen }) => {
      for (const { id, end } of ends(seen)) if ('value' in end) expect(end).toEqual(resultOf(id))
    })
  })

  it('C2: a call ends with a result only at a reply to a request that carried it', () => {
    inEveryMoment(({ event, seen, requests }) => {
      for (const { id, end } of ends(seen)) {
        if (!('value' in end)) continue
        const carried = requests.filter(isRequestOf(event as never)).flatMap(({ commands }) => commands)
        expect(carried).toContain(id)
      }
    })
  })

  it('C2, S3: a failed call may have been executed exactly if it was ever transmitted', () => {
    inEveryMoment(({ seen, requests }) => {
      for (const { id, end } of ends(seen)) {
        if ('failure' in end) expect(end.failure.mayHaveExecuted).toBe(transmitted(requests).has(id))
      }
    })
  })

  it('C2: a command is transmitted under one number of one session only', () => {
    inEveryMoment(({ requests }) => {
      const numbers = new Map<unknown, Set<string>>()
      for (const { session, seq, commands } of requests) {
        for (const command of commands)
          numbers.set(command, (numbers.get(command) ?? new Set()).add(`${session}/${seq}`))
      }
      expect([...numbers.values()].filter((set) => set.size > 1)).toEqual([])
    })
  })

  it('N4, S9: requests with the same number carry the same commands', () => {
    inEveryMoment(({ requests }) => {
      const first = new Map<string, string>()
      for (const { session, seq, commands, bytes } of requests) {
        const body = JSON.stringify([commands, bytes])
        const key = `${session}/${seq}`
        expect(body).toBe(first.get(key) ?? body)
        first.set(key, body)
      }
    })
  })

  it('S9: the numbers of a session are 1, 2, 3 and so on', () => {
    inEveryMoment(({ requests }) => {
      const last = new Map<number | null, number>()
      for (const { session, seq } of requests) {
        if (session === null) continue
        const before = last.get(session) ?? 0
        expect([before, before + 1]).toContain(seq)
        last.set(session, seq)
      }
    })
  })

  it('S10: sessions are taken in the order in which they were opened', () => {
    inEveryMoment(({ requests }) => {
      const sessions = requests.flatMap(({ session }) => session ?? [])
      expect(sessions).toEqual([...sessions].sort((a, b) => a - b))
    })
  })

  it('S7: no request carries more commands or bytes than its bounds, but a single command', () => {
    inEveryMoment(({ seen }) => {
      for (const { commands, bytes } of requestsIn(seen)) {
        expect(commands.length <= 1 || (commands.length <= 3 && bytes <= 100)).toBe(true)
      }
    })
  })

  it('S7: no more calls wait than the queue holds', () => {
    inEveryMoment(({ seen }) => expect(seen.snapshot.context.queue.length).toBeLessThanOrEqual(4))
  })

  it('C3: the view of a client never grows older, and has a primary', () => {
    inEveryMoment(({ before, seen }) => {
      const { view } = seen.snapshot.context
      expect(view.number).toBeGreaterThanOrEqual(before.context.view.number)
      expect(view.primary === null).toBe(view.number === 0)
    })
  })

  it('C2: a request is outstanding exactly while a reply is awaited', () => {
    inEveryMoment(({ seen }) => {
      expect(seen.snapshot.context.outstanding !== null).toBe(seen.snapshot.value === 'awaitingReply')
    })
  })

  it('C2: a caller waits for the request that is outstanding', () => {
    inEveryMoment(({ seen }) => {
      expect(seen.snapshot.context.outstanding?.every(({ id }) => id === null) ?? false).toBe(false)
    })
  })

  it('S10: a client that opens a session has none, and one that awaits a reply has one', () => {
    inEveryMoment(({ seen }) => {
      const { value, context } = seen.snapshot
      if (value === 'openingSession') expect(context.session).toBe(null)
      if (value === 'awaitingReply') expect(context.session).not.toBe(null)
    })
  })

  it('C1: a ready client has no work', () => {
    inEveryMoment(({ seen }) => {
      if (seen.snapshot.value === 'ready') expect(waitingIn(seen.snapshot)).toEqual([])
    })
  })

  it('C1: the view service is asked only on a timer or after wrongServer and wrongView', () => {
    inEveryMoment(({ event, seen }) => {
      if (!seen.sent.some(({ message }) => message.type === 'getView')) return
      const cause = event.type === 'refusal' ? event.reason : event.type.split('.')[1]
      expect(['after', 'wrongServer', 'wrongView']).toContain(cause)
    })
  })

  it('N3: an event is ignored by name exactly if it leaves the very same snapshot and sends nothing', () => {
    inEveryMoment(({ before, seen }) => {
      const nothing = seen.snapshot === before && seen.sent.length === 0 && ends(seen).length === 0
      expect(seen.ignored.length).toBe(nothing ? 1 : 0)
    })
  })

  it('the lives are rich: calls end in every way, in every state something happens, and sessions change', () => {
    const moments = fc.sample(life, { numRuns: 300, seed: 1 }).flatMap(live)
    const waysToEnd = moments.flatMap(({ seen }) =>
      ends(seen).map(({ end }) =>
        'failure' in end ? `${end.failure.code}${end.failure.mayHaveExecuted ? '?' : ''}` : 'result',
      ),
    )
    const changes = moments.filter(
      ({ before, seen }) =>
        before.context.session !== null &&
        seen.snapshot.context.session !== before.context.session &&
        seen.snapshot.context.queue.length > 0,
    )

    expect(new Set(moments.map(({ before }) => before.value)).size).toBe(4)
    expect(changes.length).toBeGreaterThan(10)
    expect([...new Set(waysToEnd)].sort()).toEqual([
      'aborted',
      'aborted?',
      'overloaded',
      'replicaDiverged',
      'replicaDiverged?',
      'result',
      'sequenceReused?',
      'sessionExpired?',
      'stopped',
      'stopped?',
      'timedOut',
      'timedOut?',
    ])
  })

  it('no call is lost: servers that answer at last end all of them', () => {
    fc.assert(
      fc.property(life, (happenings) => {
        const last = live(happenings).at(-1)
        if (last === undefined) return
        const { snapshot, endedNow } = answerEverything(last.seen.snapshot)
        const places = [...last.ended.map(({ id }) => id), ...endedNow]
        expect([snapshot.value, places.sort((a, b) => a - b)]).toEqual(['ready', last.made])
      }),
      { numRuns: 300 },
    )
  })
})

/** A world that has healed: a newer view, an open session, and a result for anything that is sent. */
function answerEverything(start: Snapshot): { snapshot: Snapshot; endedNow: number[] } {
  let seen = client.step(start, viewReply(100, 's1#1'))
  const endedNow: number[] = []
  for (let rounds = 0; rounds < 20 && seen.snapshot.value !== 'ready'; rounds++) {
    const [request] = requestsIn(seen)
    if (request === undefined) break
    const answer =
      request.session === null
        ? opened(100 + rounds)
        : reply(request.session, request.seq, outcomeFor(request, 'results'))
    seen = client.step(seen.snapshot, answer)
    endedNow.push(...ends(seen).map(({ id }) => id))
  }
  return { snapshot: seen.snapshot, endedNow }
}
