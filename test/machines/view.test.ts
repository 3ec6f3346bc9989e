/** The one place where a view follows another: every situation by hand, then random ones against the sentences. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextView, noView, type Standing, type View } from '../../machines/view.ts'

describe('every situation', () => {
  // View 5 has primary p and, where there is one, backup b; i is idle. A dash in the fourth column: nothing changes.
  const rows = [
    ['acknowledged', 'p b', 'p b i', '-', 'V6 both live'],
    ['acknowledged', 'p b', 'p b', '-', 'V6 both live'],
    ['acknowledged', 'p b', 'p i', '6: p i', 'V6b a dead backup is replaced'],
    ['acknowledged', 'p b', 'p', '6: p -', 'V6b a dead backup is dropped'],
    ['acknowledged', 'p b', 'b i', '6: b i', 'V6a promotion and appointment are one change (V5)'],
    ['acknowledged', 'p b', 'b', '6: b -', 'V6a promotion without an idle server'],
    ['acknowledged', 'p b', 'i', '-', 'V6 both dead: an empty server gets no role'],
    ['acknowledged', 'p b', '', '-', 'V6 both dead'],
    ['acknowledged', 'p -', 'p i', '6: p i', 'V6c a missing backup is appointed'],
    ['acknowledged', 'p -', 'p', '-', 'V6c no one to appoint'],
    ['acknowledged', 'p -', 'i', '6: p i', 'V6c even if the lone primary looks dead'],
    ['acknowledged', 'p -', '', '-', 'V6c no one to appoint'],
    ['unacknowledged', 'p b', 'p b i', '-', 'V6 both live'],
    ['unacknowledged', 'p b', 'p b', '-', 'V6 both live'],
    ['unacknowledged', 'p b', 'p i', '6: p i', "V4 a live primary's dead backup may be replaced"],
    ['unacknowledged', 'p b', 'p', '6: p -', "V4 a live primary's dead backup may be dropped"],
    ['unacknowledged', 'p b', 'b i', '-', 'V4 a dead primary stays until it has acknowledged'],
    ['unacknowledged', 'p b', 'b', '-', 'V4 a dead primary stays until it has acknowledged'],
    ['unacknowledged', 'p b', 'i', '-', 'V4 with a dead primary nothing changes'],
    ['unacknowledged', 'p b', '', '-', 'V4 with a dead primary nothing changes'],
    ['unacknowledged', 'p -', 'p i', '-', 'V4 a missing backup is added only after the acknowledgement'],
    ['unacknowledged', 'p -', 'p', '-', 'V6c no one to appoint'],
    ['unacknowledged', 'p -', 'i', '-', 'V4 with a dead primary nothing is appointed'],
    ['unacknowledged', 'p -', '', '-', 'V4 with a dead primary nothing changes'],
  ] as const
  for (const [acknowledged, pair, alive, next, because] of rows) {
    test(`${because} (${acknowledged} ${pair}, alive: ${alive || 'no one'})`, () => {
      const [primary, backup] = pair.split(' ').map(idOf)
      const standing = {
        view: { number: 5, primary: primary!, backup: backup! },
        acknowledged: acknowledged === 'acknowledged',
        alive: alive.split(' ').filter(Boolean).map(idOf) as string[],
      }
      expect(text(nextView(standing))).toBe(next)
    })
  }

  test('the table has every situation once', () => {
    const situations = rows.map(([acknowledged, pair, alive]) => `${acknowledged} ${pair} ${alive}`)
    expect(new Set(situations).size).toBe(2 * (2 * 2 * 2 + 2 * 2))
  })
})

describe('the first view', () => {
  test('V1 before any ping there is view 0, with no primary and no backup', () => {
    expect(noView).toEqual({ number: 0, primary: null, backup: null })
  })

  test('V1 view 0 stays while no one is alive', () => {
    expect(nextView({ view: noView, acknowledged: false, alive: [] })).toBeNull()
  })

  test('V1 the first server becomes primary of view 1, without a backup', () => {
    expect(nextView({ view: noView, acknowledged: false, alive: ['s1#1'] })).toEqual({
      number: 1,
      primary: 's1#1',
      backup: null,
    })
  })

  test('V1 a server whose id is empty is a server', () => {
    const view = nextView({ view: noView, acknowledged: false, alive: [''] })!
    expect(view).toEqual({ number: 1, primary: '', backup: null })
    expect(nextView({ view, acknowledged: true, alive: ['', 's1#1'] })).toEqual({
      number: 2,
      primary: '',
      backup: 's1#1',
    })
  })

  test('V2 no one can change the view 0 that all share', () => {
    expect(Object.isFrozen(noView)).toBe(true)
  })
})

describe('the choice among idle servers', () => {
  const choices = [
    { idle: ['s3#1', 's2#1'], chosen: 's2#1', because: 'the first by name is appointed' },
    { idle: ['s2#1', 's10#1'], chosen: 's10#1', because: 'names go by code units' },
    { idle: ['s2#2', 's3#1'], chosen: 's2#2', because: 'the name counts before the incarnation' },
    {
      idle: ['p#10', 'p#2'],
      chosen: 'p#2',
      because: 'of one name the lower incarnation is appointed, as a number',
    },
    { idle: ['a#1', 'B#1'], chosen: 'B#1', because: 'names never go by locale' },
  ]
  for (const { idle, chosen, because } of choices) {
    test(`V9 ${because}`, () => {
      const view = { number: 5, primary: 'p#1', backup: null }
      expect(nextView({ view, acknowledged: true, alive: ['p#1', ...idle] })?.backup).toBe(chosen)
    })
  }

  test('V9 another life of the primary is an idle server like any other', () => {
    const view = { number: 5, primary: 's1#1', backup: 's2#1' }
    expect(nextView({ view, acknowledged: true, alive: ['s1#2', 's2#1'] })).toEqual({
      number: 6,
      primary: 's2#1',
      backup: 's1#2',
    })
  })
})

describe('any standing', () => {
  test('V2 the number grows by exactly 1, and the primary or the backup differs', () => {
    fc.assert(
      fc.property(standing, (now) => {
        const next = nextView(now)
        fc.pre(next !== null)
        expect(next.number).toBe(now.view.number + 1)
        expect([next.primary, next.backup]).not.toEqual([now.view.primary, now.view.backup])
      }),
    )
  })

  test('V3 the next primary is the primary or the backup, and never absent', () => {
    fc.assert(
      fc.property(standing, (now) => {
        const next = nextView(now)
        fc.pre(next !== null)
        expect([now.view.primary, now.view.backup].filter((id) => id !== null)).toContain(next.primary)
      }),
    )
  })

  test('V3 the next backup is alive and not the primary, or absent', () => {
    fc.assert(
      fc.property(standing, (now) => {
        const next = nextView(now)
        fc.pre(next !== null && next.backup !== null)
        expect(now.alive).toContain(next.backup)
        expect(next.backup).not.toBe(next.primary)
      }),
    )
  })

  test('V4 without an acknowledgement a dead primary means no change', () => {
    fc.assert(
      fc.property(standing, ({ view, alive }) => {
        const others = alive.filter((id) => id !== view.primary)
        expect(nextView({ view, acknowledged: false, alive: others })).toBeNull()
      }),
    )
  })

  test('V4 before the acknowledgement only a dead backup is dropped or replaced, and no one is added', () => {
    fc.assert(
      fc.property(standing, (now) => {
        const next = nextView({ ...now, acknowledged: false })
        fc.pre(next !== null)
        const { view, alive } = now
        expect(view.backup).not.toBeNull()
        expect(alive).not.toContain(view.backup)
        expect(next.primary).toBe(view.primary)
      }),
    )
  })

  test('V4 the primary changes only if the view is acknowledged, the primary dead and the backup alive', () => {
    fc.assert(
      fc.property(standing, (now) => {
        const next = nextView(now)
        const { view, acknowledged, alive } = now
        const due = acknowledged && !alive.includes(view.primary!) && alive.includes(view.backup!)
        expect(next !== null && next.primary !== view.primary).toBe(due)
      }),
    )
  })

  test('V5 one change is enough: for the same servers, none is due in the next view', () => {
    fc.assert(
      fc.property(standing, (now) => {
        const view = nextView(now)
        fc.pre(view !== null)
        expect(nextView({ view, acknowledged: false, alive: now.alive })).toBeNull()
      }),
    )
  })

  test('N3 the order in which the servers are listed leaves no trace, and the list is not touched', () => {
    const shuffled = standing.chain((now) =>
      fc
        .shuffledSubarray([...now.alive], { minLength: now.alive.length })
        .map((alive) => [now, { ...now, alive: Object.freeze(alive) }] as const),
    )
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        expect(nextView(other)).toEqual(nextView(one))
      }),
    )
  })
})

const anyId = fc.constantFrom('s1#1', 's1#2', 's2#1', 's3#1', 's10#1', '__proto__#1', '1', '')

/** Any view after 0, any servers alive, whether they have a role in it or not. */
const standing: fc.Arbitrary<Standing> = fc
  .record({
    roles: fc.uniqueArray(anyId, { minLength: 1, maxLength: 2 }),
    number: fc.integer({ min: 1, max: 9 }),
    acknowledged: fc.boolean(),
    alive: fc.uniqueArray(anyId),
  })
  .map(({ roles: [primary, backup], number, acknowledged, alive }) => ({
    view: { number, primary: primary!, backup: backup ?? null },
    acknowledged,
    alive: Object.freeze(alive),
  }))

function idOf(letter: string): string | null {
  return letter === '-' ? null : `${letter}#1`
}

function text(view: View | null): string {
  if (view === null) return '-'
  const letter = (id: string | null) => id?.split('#')[0] ?? '-'
  return `${view.number}: ${letter(view.primary)} ${letter(view.backup)}`
}
