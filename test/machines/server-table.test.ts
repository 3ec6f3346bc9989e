/** What a server does with every kind of message in every situation (N3, S3, S5, S6): the whole table, and what holds of all of it. */
import { isDeepStrictEqual } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { type Received, refusalReasons } from '../../machines/messages.ts'
import type { ServerEvent } from '../../machines/server/context.ts'
import { createServerMachine } from '../../machines/server/index.ts'
import { coverageLine, coverageOf, ignoreReasonsOf } from '../support/coverage-of.ts'
import { eventsFor, outcomeOf, setsOf, situationsOf, tableOptions } from './server-table.ts'
import { journal, type ServerSeen, type ServerSnapshot, servers } from './servers.ts'

interface Row {
  readonly situation: string
  readonly event: string
  readonly message: ServerEvent
  readonly before: ServerSnapshot
  readonly seen: ServerSeen
}

const machine = createServerMachine(journal as never, tableOptions)
const coverage = coverageOf(machine)
afterAll(() => console.log(coverageLine('server', coverage)))
const chart = servers(tableOptions, journal as never, machine)
const situations = situationsOf(chart)
const rows: readonly Row[] = Object.entries(situations).flatMap(([situation, before]) =>
  Object.entries(eventsFor(before)).map(([event, message]) => ({
    situation,
    event,
    message,
    before,
    seen: chart.step(before, message),
  })),
)
for (const snapshot of Object.values(situations)) {
  chart.fire(snapshot, 'pingInterval')
  if (hasResendTimer(snapshot)) chart.fire(snapshot, 'resendInterval')
}

const isRefusal = ({ sent }: ServerSeen) => sent[0]?.message.type === 'refusal'
/** Who asks and is refused; a diverged pair also refuses those who wait, and that is a change. */
const isRefused = ({ message, seen }: Row) =>
  seen.ignored.length > 0 || (message.type === 'request' && isRefusal(seen))
const textOf = ({ situation, event }: Row) => `${situation}: ${event}`

describe('every message in every situation', () => {
  it('N3 has the outcome that the table says', async () => {
    await expect(tableText(rows)).toMatchFileSnapshot('server-table.txt')
  })

  it('N3 refused or ignored means the very same snapshot', () => {
    const changed = rows.filter((row) => isRefused(row) && row.seen.snapshot !== row.before)

    expect(changed.map(textOf)).toEqual([])
  })

  it('N3 nothing is dropped without a name: what changes nothing and sends nothing is ignored with a reason', () => {
    const silent = rows.filter(
      ({ before, seen }) => seen.snapshot === before && seen.sent.length === 0 && seen.ignored.length === 0,
    )

    expect(silent.map(textOf)).toEqual([])
  })

  it('N3 an ignored message is answered by no one, and has one reason', () => {
    const odd = rows.filter(
      ({ seen }) => seen.ignored.length > 0 && (seen.sent.length > 0 || seen.ignored.length > 1),
    )

    expect(odd.map(textOf)).toEqual([])
  })

  it('N3 every reason to ignore that stands in the chart is given', () => {
    const given = new Set(rows.flatMap(({ seen }) => seen.ignored))

    expect([...given].sort()).toEqual(ignoreReasonsOf(machine))
  })

  it('S3 a refusal goes to the sender of the request, and names it', () => {
    const refused = rows.filter(({ message, seen }) => message.type === 'request' && isRefusal(seen))
    const misdirected = refused.filter(({ message, seen: { sent } }) => {
      const { from, session, seq } = message as Received<'request'>
      const named = { ...sent[0]!.message, session, seq }
      return sent.length !== 1 || sent[0]!.to !== from || !isDeepStrictEqual(named, sent[0]!.message)
    })

    expect(misdirected.map(textOf)).toEqual([])
  })

  it('S3 every reason to refuse that there is, is given', () => {
    const given = rows.flatMap(({ seen }) =>
      seen.sent.flatMap(({ message }) => (message.type === 'refusal' ? [message.reason] : [])),
    )

    // The process of a primary says that one, and not its chart (S9).
    const ofTheChart = refusalReasons.filter((reason) => reason !== 'staleSequence')
    expect([...new Set(given)].sort()).toEqual(ofTheChart.sort())
  })

  it('S2 a view is adopted with a higher number only', () => {
    const backwards = rows.filter(
      ({ before, seen }) =>
        seen.snapshot.context.view !== before.context.view &&
        seen.snapshot.context.view.number <= before.context.view.number,
    )

    expect(backwards.map(textOf)).toEqual([])
  })

  it('reaches every state of the chart', () => {
    expect(coverage.missedStates()).toEqual([])
  })

  it('takes every transition of the chart', () => {
    expect(coverage.missedTransitions()).toEqual([])
  })
})

function hasResendTimer(snapshot: ServerSnapshot): boolean {
  return snapshot._nodes.some((node) =>
    node.after.some(({ eventType }) => eventType.includes('resendInterval')),
  )
}

/** The table, with what has the same outcome in a situation put together. */
function tableText(all: readonly Row[]): string {
  const lines = [
    'What a server (s1#1, in view 5, its partner s2#1) does with every kind of message in every situation.',
    'Written by `npx vitest run test/machines/server-table.test.ts -u`; every change of it is to be read against the rules.',
  ]
  for (const [situation, inSituation] of groupBy(all, (row) => row.situation)) {
    lines.push('', `## ${situation}`)
    const sets = setsOf(inSituation.map(({ event }) => event))
    for (const [outcome, same] of groupBy(inSituation, ({ before, seen }) => outcomeOf(before, seen))) {
      lines.push(
        outcome,
        ...folded(new Set(same.map(({ event }) => event)), sets).map((line) => `    ${line}`),
      )
    }
  }
  return `${lines.join('\n')}\n`
}

/** Names a whole set of events where all of it is there. */
function folded(
  events: ReadonlySet<string>,
  sets: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const left = new Set(events)
  const lines: string[] = []
  for (const [set, members] of sets) {
    const isWhole = members.length > 1 && members.every((name) => events.has(name))
    if (!isWhole || !members.some((name) => left.has(name))) continue
    lines.push(set)
    for (const name of members) left.delete(name)
  }
  return [...lines, ...left]
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    groups.set(key, [...(groups.get(key) ?? []), item])
  }
  return groups
}
