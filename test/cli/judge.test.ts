/** The judge of `standby run` must be able to fail: each wrong answer, put before it, is found and named. */
import { describe, expect, test } from 'vitest'
import { callsInEpoch, type Epoch, type Judgement, RunJudge } from '../../cli/demo/judge.ts'
import { counted, formatSummary, summaryOf } from '../../cli/demo/summary.ts'
import type { KeyValueCommand, KeyValueResult } from '../../machines/application/key-value-store.ts'
import { createCounters } from '../../runtime/observe/counters.ts'
import { createHistogram } from '../../runtime/observe/histogram.ts'

type Call = [client: string, command: KeyValueCommand, result: KeyValueResult]

const append = (value: string): KeyValueCommand => ({ op: 'append', key: 'k', value })
const put = (value: string): KeyValueCommand => ({ op: 'put', key: 'x', value })
const get = (key: string): KeyValueCommand => ({ op: 'get', key })

/** One call after another, each answered, on keys as they are. */
function judged(...calls: readonly Call[]): Judgement {
  const judge = new RunJudge()
  for (const [client, command, result] of calls) judge.answered(judge.called(client, command), result)
  return closed(judge)
}

function closed(judge: RunJudge): Judgement {
  for (const epoch of judge.open()) judge.close(epoch)
  return judge.judgement()
}

const twoAppends: readonly Call[] = [
  ['c1', append('1 '), 2],
  ['c2', append('2 '), 4],
]

describe('I8: answers that no order explains', () => {
  test.each<[string, readonly Call[]]>([
    ['an acknowledged append that is lost', [...twoAppends, ['c1', get('k'), '2 ']]],
    ['an append that took effect twice', [...twoAppends, ['c1', get('k'), '1 1 2 ']]],
    [
      'an append whose length was answered already',
      [
        ['c1', append('1 '), 2],
        ['c2', append('2 '), 2],
      ],
    ],
    ['two appends in another order than their lengths say', [...twoAppends, ['c1', get('k'), '2 1 ']]],
    ['a value that no client wrote', [['c1', get('x'), 'z']]],
    [
      'a read that is older than it may be',
      [
        ['c1', put('a'), null],
        ['c2', put('b'), null],
        ['c1', get('x'), 'a'],
      ],
    ],
    [
      'nothing, after a put was acknowledged',
      [
        ['c1', put('a'), null],
        ['c2', get('x'), null],
      ],
    ],
    [
      'a compareAndSet that reports success twice',
      [
        ['c1', { op: 'compareAndSet', key: 'x', expected: null, value: 'a' }, true],
        ['c2', { op: 'compareAndSet', key: 'x', expected: null, value: 'b' }, true],
      ],
    ],
  ])('%s', (_, calls) => {
    const { linearizable, problems } = judged(...calls)
    expect(linearizable).toBe('illegal')
    expect(problems[0]).toContain('the history is not linearizable')
  })

  test('an inversion that no single answer shows', () => {
    const judge = new RunJudge()
    const writing = judge.called('c1', put('new'))
    for (const [client, result] of [
      ['c2', 'new'],
      ['c3', null],
    ] as const)
      judge.answered(judge.called(client, get('x')), result)
    judge.answered(writing, null)
    expect(closed(judge).linearizable).toBe('illegal')
  })
})

describe('answers that an order explains', () => {
  test('each append once, at the length that its answer said', () => {
    expect(judged(...twoAppends, ['c1', get('k'), '1 2 '])).toEqual({
      linearizable: 'ok',
      operations: 3,
      unread: 0,
      problems: [],
    })
  })

  test.each(['1 ', '1 2 '])('a command without an answer may have taken effect or not: %s', (value) => {
    const judge = new RunJudge()
    judge.answered(judge.called('c1', append('1 ')), 2)
    judge.failed(judge.called('c2', append('2 ')), true)
    judge.answered(judge.called('c1', get('k')), value)
    expect(closed(judge).linearizable).toBe('ok')
  })

  test('one that was never transmitted must not be there', () => {
    const judge = new RunJudge()
    judge.answered(judge.called('c1', append('1 ')), 2)
    judge.failed(judge.called('c2', append('2 ')), false)
    judge.answered(judge.called('c1', get('k')), '1 2 ')
    expect(closed(judge).linearizable).toBe('illegal')
  })

  test.each(['a', 'b'])('of two puts in progress at once either may be read: %s', (value) => {
    const judge = new RunJudge()
    const puts = [judge.called('c1', put('a')), judge.called('c2', put('b'))]
    for (const one of puts) judge.answered(one, null)
    judge.answered(judge.called('c3', get('x')), value)
    expect(closed(judge).linearizable).toBe('ok')
  })
})

describe('epochs', () => {
  const call = (judge: RunJudge, command: KeyValueCommand) => {
    const own = judge.withinEpoch(command)
    return { own, judged: judge.called('c1', own) }
  }

  test('each has keys of its own, and ends when its calls have', () => {
    const judge = new RunJudge()
    const first = call(judge, put('a'))
    for (let made = 1; made < callsInEpoch; made++) judge.answered(call(judge, put(`${made}`)).judged, null)
    const second = call(judge, put('b'))
    expect([first.own.key, second.own.key]).toEqual(['x', 'x-2'])
    expect(judge.ended()).toEqual([])
    judge.answered(first.judged, null)
    const [ended] = judge.ended()
    expect([...ended!.keys]).toEqual(['x'])
    judge.answered(judge.called('c1', get('x'), ended), `${callsInEpoch - 1}`)
    expect(judge.close(ended!)).toBeNull()
    expect(judge.judgement()).toMatchObject({ operations: callsInEpoch + 1, linearizable: 'ok' })
    expect(judge.open()).toHaveLength(1)
  })

  test('a wrong answer of a former epoch stays found, and its epoch is forgotten', () => {
    const judge = new RunJudge()
    judge.answered(call(judge, get('x')).judged, 'z')
    for (let made = 1; made <= callsInEpoch; made++) judge.answered(call(judge, put(`${made}`)).judged, null)
    const [ended] = judge.ended()
    expect(judge.close(ended as Epoch)).toContain('not linearizable')
    expect(judge.close(ended as Epoch)).toBeNull()
    expect(closed(judge)).toMatchObject({ linearizable: 'illegal', operations: callsInEpoch + 1 })
  })
})

describe('summary', () => {
  const counts = {
    answered: 2,
    byOperation: { put: 0, append: 2, get: 0, delete: 0, compareAndSet: 0 },
    unanswered: 0,
    waitMs: createHistogram().read(),
  }
  const rest = { seconds: 1.234, counted: createCounters().read(), failures: 0, firstError: null }
  const right = judged(...twoAppends, ['c1', get('k'), '1 2 '])

  test('every check passed: it says what was checked', () => {
    const summary = summaryOf({ ...rest, counts, judgement: right })
    expect(summary).toMatchObject({ ok: true, seconds: 1.2, linearizable: 'ok', judged: 3, problems: [] })
    const text = formatSummary(summary, 80).join('\n')
    expect(text).toContain('every check passed')
    expect(text).toMatch(/linearizable +yes/)
  })

  test.each([
    ['a check', { judgement: judged(['c1', get('x'), 'z']) }, 'not linearizable'],
    ['every call', { counts: { ...counts, answered: 0 } }, 'no operation was answered'],
    [
      'a sink',
      { failures: 3, firstError: new Error('disk full') },
      'an observer failed 3 times, first with: disk full',
    ],
  ])('%s failed: it is not ok, and says why', (_, wrong, why) => {
    const summary = summaryOf({ ...rest, counts, judgement: right, ...wrong })
    const text = formatSummary(summary, 200).join('\n')
    expect(summary.ok).toBe(false)
    expect(text).toContain('A CHECK FAILED')
    expect(text).toContain(why)
  })

  test('reading back failed: it is not ok, and says that not everything could be checked', () => {
    const summary = summaryOf({ ...rest, counts, judgement: { ...right, unread: 2 } })
    const text = formatSummary(summary, 200).join('\n')
    expect(summary.ok).toBe(false)
    expect(text).toContain('NOT EVERYTHING COULD BE CHECKED')
    expect(text).toContain('2 keys could not be read back')
    expect(text).not.toContain('A CHECK FAILED')
  })

  test('no line is longer than the terminal is wide', () => {
    const summary = summaryOf({ ...rest, counts, judgement: judged(['c1', get('x'), 'z']) })
    for (const width of [40, 60, 80, 120]) {
      const lines = formatSummary(summary, width).slice(1)
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width)
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
