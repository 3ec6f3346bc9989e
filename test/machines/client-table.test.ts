/** Every event in every state of a client, as a table; and that the table leaves out no transition and no reason. */
import { afterAll, describe, expect, it } from 'vitest'
import { createClientMachine } from '../../machines/client/index.ts'
import { type RefusalReason, refusalReasons } from '../../machines/messages.ts'
import { chart, type Seen } from '../support/chart.ts'
import { coverageLine, coverageOf } from '../support/coverage-of.ts'
import {
  abandon,
  call,
  type Event,
  ends,
  input,
  opened,
  options,
  refusal,
  reply,
  results,
  type Snapshot,
  viewReply,
} from './client-parts.ts'

const machine = createClientMachine(options)
const coverage = coverageOf(machine)
afterAll(() => console.log(coverageLine('client', coverage)))
const client = chart(machine)
const after = (...events: Event[]): Snapshot => client.run(client.start(input).snapshot, ...events).snapshot

const states: Record<string, Snapshot> = {
  locating: client.start(input).snapshot,
  'locating, call 1 waits': after(call([1])),
  'ready, without a session': after(viewReply(1)),
  'ready, in session 5': after(viewReply(1), call([1]), opened(5), results(5, 1, [1])),
  'openingSession, call 1 waits': after(viewReply(1), call([1])),
  'openingSession, no one waits': after(viewReply(1), call([1]), abandon([1])),
  'awaitingReply, call 1 sent': after(viewReply(1), call([1]), opened(5)),
  'awaitingReply, call 1 sent, call 2 waits': after(viewReply(1), call([1]), opened(5), call([2])),
}

const refusals = (name: string, session: number | null, seq: number) =>
  Object.fromEntries(
    refusalReasons.map((reason: RefusalReason) => [`${reason} for ${name}`, refusal(reason, session, seq)]),
  )

const events: Record<string, Event> = {
  'view 2': viewReply(2),
  'view 1 again': viewReply(1, 's9#1'),
  'view 3 without a primary': viewReply(3, null),
  'opened 5': opened(5),
  'opened 9': opened(9),
  'an opening expired': reply(null, 0, { kind: 'sessionExpired' }),
  'result of 5/1': results(5, 1, [1]),
  'two results of 5/1': results(5, 1, [1, 2]),
  'expired 5/1': reply(5, 1, { kind: 'sessionExpired' }),
  'reused 5/1': reply(5, 1, { kind: 'sequenceReused' }),
  'opened for 5/1': reply(5, 1, { kind: 'opened', session: 9 }),
  'result of 5/9': results(5, 9, [1]),
  'result of 4/1': results(4, 1, [1]),
  ...refusals('the opening', null, 0),
  ...refusals('5/1', 5, 1),
  'wrongServer for 5/9': refusal('wrongServer', 5, 9),
  'call 7': call([7]),
  'no calls': call([]),
  'abandon 1': abandon([1]),
  'abandon 2': abandon([2]),
  'abandon 1 and 2': abandon([1, 2]),
  'abandon 99': abandon([99]),
  'a ping': { type: 'ping', from: 's1#1', viewNumber: 1 } as never,
  'a request': {
    type: 'request',
    from: 'c2#1',
    viewNumber: 1,
    session: 5,
    seq: 1,
    commands: [],
    bytes: 0,
  } as never,
  'an unknown message': { type: 'gossip', from: 's1#1' } as never,
  'retry timer': { type: 'retry' } as never,
}

/** What an event does in a state, where it is not ignored. A call's end with a question mark: it may have been executed. */
const table: Record<string, Record<string, string>> = {
  locating: {
    'view 2': 'ready',
    'view 1 again': 'ready',
    'call 7': 'locating; waiting 7',
    'retry timer': 'stays; sends getView',
  },
  'locating, call 1 waits': {
    'view 2': 'openingSession; waiting 1; sends open/0 [] to s2#1 in view 2',
    'view 1 again': 'openingSession; waiting 1; sends open/0 [] to s9#1 in view 1',
    'call 7': 'locating; waiting 1,7',
    'abandon 1': 'locating; ends 1 aborted',
    'abandon 1 and 2': 'locating; ends 1 aborted',
    'retry timer': 'stays; waiting 1; sends getView',
  },
  'ready, without a session': {
    'view 2': 'ready',
    'call 7': 'openingSession; waiting 7; sends open/0 [] to s1#1 in view 1',
  },
  'ready, in session 5': {
    'view 2': 'ready',
    'call 7': 'awaitingReply; sends 5/2 [7] to s1#1 in view 1',
  },
  'openingSession, call 1 waits': {
    'view 2': 'openingSession; waiting 1; sends open/0 [] to s2#1 in view 2',
    'opened 5': 'awaitingReply; sends 5/1 [1] to s1#1 in view 1',
    'opened 9': 'awaitingReply; sends 9/1 [1] to s1#1 in view 1',
    'wrongServer for the opening': 'stays; waiting 1; sends getView',
    'wrongView for the opening': 'stays; waiting 1; sends getView',
    'stateTransfer for the opening': 'ignored: refusal: try again later',
    'overloaded for the opening': 'ignored: refusal: try again later',
    'staleSequence for the opening': 'ignored: refusal: try again later',
    'replicaDiverged for the opening': 'ready; ends 1 replicaDiverged',
    'call 7': 'openingSession; waiting 1,7',
    'abandon 1': 'openingSession; ends 1 aborted',
    'abandon 1 and 2': 'openingSession; ends 1 aborted',
    'retry timer': 'stays; waiting 1; sends getView; sends open/0 [] to s1#1 in view 1',
  },
  'openingSession, no one waits': {
    'view 2': 'openingSession; sends open/0 [] to s2#1 in view 2',
    'opened 5': 'ready',
    'opened 9': 'ready',
    'wrongServer for the opening': 'stays; sends getView',
    'wrongView for the opening': 'stays; sends getView',
    'stateTransfer for the opening': 'ignored: refusal: try again later',
    'overloaded for the opening': 'ignored: refusal: try again later',
    'staleSequence for the opening': 'ignored: refusal: try again later',
    'replicaDiverged for the opening': 'ready',
    'call 7': 'openingSession; waiting 7',
    'retry timer': 'stays; sends getView; sends open/0 [] to s1#1 in view 1',
  },
  'awaitingReply, call 1 sent': {
    'view 2': 'awaitingReply; sends 5/1 [1] to s2#1 in view 2',
    'result of 5/1': 'ready; ends 1 ok',
    'two results of 5/1': 'ready; ends 1 sequenceReused?',
    'expired 5/1': 'ready; ends 1 sessionExpired?',
    'reused 5/1': 'ready; ends 1 sequenceReused?',
    'opened for 5/1': 'ready; ends 1 sequenceReused?',
    'wrongServer for 5/1': 'stays; sends getView',
    'wrongView for 5/1': 'stays; sends getView',
    'stateTransfer for 5/1': 'ignored: refusal: try again later',
    'overloaded for 5/1': 'ignored: refusal: try again later',
    'staleSequence for 5/1': 'ignored: refusal: try again later',
    'replicaDiverged for 5/1': 'ready; ends 1 replicaDiverged?',
    'call 7': 'awaitingReply; waiting 7',
    'abandon 1': 'ready; ends 1 aborted?',
    'abandon 1 and 2': 'ready; ends 1 aborted?',
    'retry timer': 'stays; sends getView; sends 5/1 [1] to s1#1 in view 1',
  },
  'awaitingReply, call 1 sent, call 2 waits': {
    'view 2': 'awaitingReply; waiting 2; sends 5/1 [1] to s2#1 in view 2',
    'result of 5/1': 'awaitingReply; sends 5/2 [2] to s1#1 in view 1; ends 1 ok',
    'two results of 5/1': 'awaitingReply; sends 5/2 [2] to s1#1 in view 1; ends 1 sequenceReused?',
    'expired 5/1': 'openingSession; waiting 2; sends open/0 [] to s1#1 in view 1; ends 1 sessionExpired?',
    'reused 5/1': 'awaitingReply; sends 5/2 [2] to s1#1 in view 1; ends 1 sequenceReused?',
    'opened for 5/1': 'awaitingReply; sends 5/2 [2] to s1#1 in view 1; ends 1 sequenceReused?',
    'wrongServer for 5/1': 'stays; waiting 2; sends getView',
    'wrongView for 5/1': 'stays; waiting 2; sends getView',
    'stateTransfer for 5/1': 'ignored: refusal: try again later',
    'overloaded for 5/1': 'ignored: refusal: try again later',
    'staleSequence for 5/1': 'ignored: refusal: try again later',
    'replicaDiverged for 5/1': 'ready; ends 1 replicaDiverged?; ends 2 replicaDiverged',
    'call 7': 'awaitingReply; waiting 2,7',
    'abandon 1': 'awaitingReply; sends 5/2 [2] to s1#1 in view 1; ends 1 aborted?',
    'abandon 2': 'awaitingReply; ends 2 aborted',
    'abandon 1 and 2': 'ready; ends 2 aborted; ends 1 aborted?',
    'retry timer': 'stays; waiting 2; sends getView; sends 5/1 [1] to s1#1 in view 1',
  },
}

/** Why all others are ignored: by the event's type, and `reply` by the state too. */
function reasonFor(state: Snapshot, { type }: Event): string {
  switch (type) {
    case 'viewReply':
      return 'viewReply: not newer than my view, or without a primary'
    case 'reply':
      return state.value === 'openingSession'
        ? 'reply: does not open my session'
        : 'reply: not of my outstanding request'
    case 'refusal':
      return 'refusal: not of my outstanding request'
    case 'call':
      return 'call: no commands'
    case 'abandon':
      return 'abandon: these calls have ended already'
    default:
      return 'not a message for a client'
  }
}

/** Where it went, what it sent, which calls it ended; or why it did nothing. */
function outcome(before: Snapshot, seen: Seen<Snapshot>): string {
  if (seen.ignored.length > 0) return `ignored: ${seen.ignored.join()}`
  const sent = seen.sent.map(({ to, message }) =>
    message.type === 'request'
      ? `${message.session ?? 'open'}/${message.seq} [${message.commands}] to ${to} in view ${message.viewNumber}`
      : message.type,
  )
  const endings = ends(seen).map(({ id, end }) =>
    'failure' in end ? `${id} ${end.failure.code}${end.failure.mayHaveExecuted ? '?' : ''}` : `${id} ok`,
  )
  const { value, context } = seen.snapshot
  return [
    value === before.value && seen.snapshot === before ? 'stays' : String(value),
    ...(context.queue.length > 0 ? [`waiting ${context.queue.map(({ id }) => id)}`] : []),
    ...sent.map((text) => `sends ${text}`),
    ...endings.map((text) => `ends ${text}`),
  ].join('; ')
}

const step = (state: Snapshot, event: Event): Seen<Snapshot> =>
  (event.type as string) === 'retry' ? client.fire(state, 'retryInterval') : client.step(state, event)

const cells = Object.entries(states).flatMap(([state, before]) =>
  Object.entries(events)
    .filter(([name]) => name !== 'retry timer' || before.value !== 'ready')
    .map(([name, event]) => ({ state, name, before, event, seen: step(before, event) })),
)
const ignoredCells = cells.filter(({ seen }) => seen.ignored.length > 0)

/** Every transition of the chart, with the words to find it again. */
const transitions = [machine.root, ...Object.values(machine.root.states)].flatMap((node) =>
  [...node.transitions].flatMap(([descriptor, candidates]) =>
    candidates.map((transition, index) => ({
      transition,
      name: `${node.id} on ${descriptor}, candidate ${index}`,
    })),
  ),
)

for (const state of Object.keys(states)) {
  describe(`N3: a client that is ${state}`, () => {
    it.each(
      cells
        .filter((cell) => cell.state === state)
        .map((cell) => ({
          ...cell,
          expected: table[state]?.[cell.name] ?? `ignored: ${reasonFor(cell.before, cell.event)}`,
        })),
    )('N3: on $name: $expected', ({ before, seen, expected }) => {
      expect(outcome(before, seen)).toBe(expected)
    })
  })
}

describe('the table', () => {
  it.each(ignoredCells)(
    'N3: $name is ignored while $state and leaves the very same snapshot',
    ({ before, seen }) => {
      expect(seen.snapshot).toBe(before)
    },
  )

  it('N3: what is ignored does nothing but say so, once', () => {
    expect(new Set(ignoredCells.map(({ seen }) => seen.actions.length))).toEqual(new Set([1]))
  })

  it('N3: what is not ignored changes something or sends something', () => {
    const silent = cells.filter(
      ({ before, seen }) => seen.snapshot === before && seen.sent.length === 0 && seen.ignored.length === 0,
    )

    expect(silent.map(({ state, name }) => `${state}: ${name}`)).toEqual([])
  })

  it('every transition of the chart is taken', () => {
    const taken = new Set(
      cells.flatMap(({ before, event }) => machine.getTransitionData(before, typed(before, event)) ?? []),
    )

    expect(transitions.filter(({ transition }) => !taken.has(transition)).map(({ name }) => name)).toEqual([])
  })

  it('every reason to ignore something is given', () => {
    const given = new Set(cells.flatMap(({ seen }) => seen.ignored))

    expect(new Set(transitions.flatMap(({ transition }) => reasonsIn(transition.actions)))).toEqual(given)
  })

  it('every state of the chart is reached', () => {
    const reached = new Set(cells.map(({ seen }) => seen.snapshot.value))

    expect(reached).toEqual(new Set(Object.keys(machine.root.states)))
  })

  it('every cell of the table stands for an event in a state', () => {
    const known = new Set(cells.map(({ state, name }) => `${state}: ${name}`))
    const written = Object.entries(table).flatMap(([state, row]) =>
      Object.keys(row).map((name) => `${state}: ${name}`),
    )

    expect(written.filter((cell) => !known.has(cell))).toEqual([])
  })
})

/** The retry timer's event, by the name that it has in this state. */
function typed(state: Snapshot, event: Event): Event {
  if ((event.type as string) !== 'retry') return event
  return { type: `xstate.after.retryInterval.client.${state.value}` } as never
}

function reasonsIn(actions: readonly unknown[]): string[] {
  return (actions as { type?: string; params?: { reason: string } }[]).flatMap(({ type, params }) =>
    type === 'ignore' ? [params!.reason] : [],
  )
}
