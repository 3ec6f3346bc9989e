/** The checks of `standby run` must be able to fail: each wrong answer, put before them, is found and named. */
import { describe, expect, test } from 'vitest'
import { type CheckedCommand, type CheckedResult, type Checks, createChecks } from '../../cli/demo/checks.ts'
import { counted, formatSummary, summaryOf } from '../../cli/demo/summary.ts'
import { createCounters } from '../../runtime/observe/counters.ts'
import { createHistogram } from '../../runtime/observe/histogram.ts'

type Step = [client: string, command: CheckedCommand, result: unknown]

const append = (value: string, key = 'journal'): CheckedCommand => ({ op: 'append', key, value })
const put = (value: string): CheckedCommand => ({ op: 'put', key: 'x', value })
const get = (key: string): CheckedCommand => ({ op: 'get', key })

/** One call after another, each answered; says what each answer was found to be. */
function play(checks: Checks, ...steps: readonly Step[]): (string | null)[] {
  return steps.map(([client, command, result]) => checks.answered(checks.called(client, command), result))
}

function judged(journal: string | null, ...steps: readonly Step[]): CheckedResult {
  const checks = createChecks()
  play(checks, ...steps)
  if (journal !== null) checks.readBack('journal', journal)
  return checks.judge()
}

const twoAppends: readonly Step[] = [
  ['c1', append('c1.1;'), 5],
  ['c2', append('c2.2;'), 10],
]

describe('appends', () => {
  test('each found once, where its answer said: nothing is wrong', () => {
    expect(judged('c1.1;c2.2;', ...twoAppends)).toMatchObject({
      ok: true,
      lost: 0,
      duplicated: 0,
      wrong: 0,
      appends: 2,
      linearizable: 'ok',
      historyOperations: 2,
    })
  })

  test('an acknowledged append that is not read back is lost', () => {
    const result = judged('c2.2;', ...twoAppends)
    expect(result).toMatchObject({ ok: false, lost: 1 })
    expect(result.problems[0]).toBe('"c1.1;" was acknowledged, but is not in journal')
  })

  test('an append that is there twice is duplicated', () => {
    expect(judged('c1.1;c1.1;c2.2;', ...twoAppends)).toMatchObject({ ok: false, duplicated: 1 })
  })

  test('an append in another place than its answer said is wrong', () => {
    expect(judged('c2.2;c1.1;', ...twoAppends)).toMatchObject({ ok: false, wrong: 2, lost: 0 })
  })

  test('a token that nobody appended is wrong', () => {
    expect(judged('c1.1;c2.2;c3.9;', ...twoAppends)).toMatchObject({ ok: false, wrong: 1 })
  })

  test('an answer that is no greater than one before it is wrong at once', () => {
    const checks = createChecks()
    const [, second] = play(checks, ['c1', append('c1.1;'), 5], ['c2', append('c2.2;'), 5])
    expect(second).toMatch(/answered length 5, but 5 was already answered before it/)
  })

  test('a journal that was not read back is not passed over', () => {
    expect(judged(null, ...twoAppends)).toMatchObject({ ok: false, unverified: 1 })
  })

  test.each([['c1.1;'], ['c1.1;c2.2;']])('one that was never answered may be there or not: %s', (value) => {
    const checks = createChecks()
    play(checks, ['c1', append('c1.1;'), 5])
    checks.failed(checks.called('c2', append('c2.2;')), true)
    checks.readBack('journal', value)
    expect(checks.judge().ok).toBe(true)
  })

  test('one that was never transmitted must not be there', () => {
    const checks = createChecks()
    play(checks, ['c1', append('c1.1;'), 5])
    checks.failed(checks.called('c2', append('c2.2;')), false)
    checks.readBack('journal', 'c1.1;c2.2;')
    expect(checks.judge()).toMatchObject({ ok: false, wrong: 1 })
  })
})

describe('reads', () => {
  test('a client sees what it wrote, and what others were acknowledged', () => {
    const results = play(
      createChecks(),
      ['c1', get('x'), null],
      ['c1', put('a'), null],
      ['c1', get('x'), 'a'],
      ['c2', get('x'), 'a'],
      ['c2', get('journal'), null],
    )
    expect(results).toEqual([null, null, null, null, null])
  })

  test('a value that was overwritten before the read was called is stale', () => {
    const results = play(
      createChecks(),
      ['c1', put('a'), null],
      ['c2', put('b'), null],
      ['c1', get('x'), 'a'],
    )
    expect(results.at(-1)).toBe('get x of c1 answered "a", but "b" was acknowledged before it was called')
  })

  test('nothing, where something was acknowledged, is stale', () => {
    const results = play(createChecks(), ['c1', put('a'), null], ['c2', get('x'), null])
    expect(results.at(-1)).toContain('"a" was acknowledged before it was called')
  })

  test('of two puts under way at once either may be read', () => {
    for (const value of ['a', 'b']) {
      const checks = createChecks()
      const [first, second] = [checks.called('c1', put('a')), checks.called('c2', put('b'))]
      checks.answered(first, null)
      checks.answered(second, null)
      expect(play(checks, ['c3', get('x'), value])).toEqual([null])
    }
  })

  test('a value that nobody wrote is wrong', () => {
    expect(play(createChecks(), ['c1', get('x'), 'z'])[0]).toContain('which nobody wrote')
  })

  test('a journal that is shorter than what was acknowledged is stale', () => {
    const results = play(createChecks(), ...twoAppends, ['c1', get('journal'), 'c1.1;'])
    expect(results.at(-1)).toContain('answered 5 characters, but 10 were acknowledged before it')
  })

  test('two reads of a journal that disagree about the order are wrong', () => {
    const results = play(
      createChecks(),
      ...twoAppends,
      ['c1', get('journal'), 'c1.1;c2.2;'],
      ['c1', get('journal'), 'c2.2;c1.1;'],
    )
    expect(results.at(-1)).toContain('another order of appends')
  })

  test('a long run forgets old puts, and still finds a stale read', () => {
    const checks = createChecks()
    for (let index = 0; index < 500; index++) play(checks, ['c1', put(`v${index}`), null])
    expect(play(checks, ['c1', get('x'), 'v499'], ['c1', get('x'), 'v3'])).toEqual([
      null,
      expect.stringContaining('which nobody wrote or which was overwritten long ago'),
    ])
  })

  test('I8 an inversion that no single answer shows is found in the history', () => {
    const checks = createChecks()
    const writing = checks.called('c1', put('new'))
    expect(play(checks, ['c2', get('x'), 'new'], ['c3', get('x'), null])).toEqual([null, null])
    checks.answered(writing, null)
    const result = checks.judge()
    expect(result).toMatchObject({ ok: false, wrong: 0, linearizable: 'illegal' })
    expect(result.problems[0]).toContain('the history is not linearizable')
  })
})

describe('summary', () => {
  const counts = {
    answered: 2,
    puts: 0,
    appends: 2,
    gets: 0,
    unanswered: 0,
    waitMs: createHistogram().read(),
  }
  const rest = { seconds: 1.234, counted: createCounters().read(), failures: 0, firstError: null }

  test('every check passed: it says what was checked', () => {
    const summary = summaryOf({ ...rest, counts, checked: judged('c1.1;c2.2;', ...twoAppends) })
    expect(summary).toMatchObject({ ok: true, seconds: 1.2, lost: 0, problems: [] })
    expect(formatSummary(summary, 80).join('\n')).toContain('every check passed')
  })

  test.each([
    ['a check', { checked: judged('c2.2;', ...twoAppends) }, 'is not in journal'],
    ['every call', { counts: { ...counts, answered: 0 } }, 'no operation was answered'],
    [
      'a sink',
      { failures: 3, firstError: new Error('disk full') },
      'an observer failed 3 times, first with: disk full',
    ],
  ])('%s failed: it is not ok, and says why', (_, wrong, why) => {
    const checked = judged('c1.1;c2.2;', ...twoAppends)
    const summary = summaryOf({ ...rest, counts, checked, ...wrong })
    const text = formatSummary(summary, 200).join('\n')
    expect(summary.ok).toBe(false)
    expect(text).toContain('A CHECK FAILED')
    expect(text).toContain(why)
  })

  test('reading back failed: it is not ok, and says that not everything could be checked', () => {
    const summary = summaryOf({ ...rest, counts, checked: judged(null, ...twoAppends) })
    const text = formatSummary(summary, 200).join('\n')
    expect(summary.ok).toBe(false)
    expect(text).toContain('NOT EVERYTHING COULD BE CHECKED')
    expect(text).toContain('could not be read back')
    expect(text).not.toContain('A CHECK FAILED')
  })

  test('no line is longer than the terminal is wide', () => {
    const summary = summaryOf({ ...rest, counts, checked: judged('', ...twoAppends) })
    for (const width of [40, 60, 80, 120]) {
      const longest = Math.max(
        ...formatSummary(summary, width)
          .slice(1)
          .map((line) => line.length),
      )
      expect(longest).toBeLessThanOrEqual(width)
    }
  })

  test('numbers stand with their nouns', () => {
    expect([counted(1, 'crash'), counted(0, 'crash'), counted(3, 'view')]).toEqual([
      'one crash',
      '0 crashes',
      '3 views',
    ])
  })
})
