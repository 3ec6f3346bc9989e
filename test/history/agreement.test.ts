/** The judge of histories against a brute-force one: on small histories, as they happened and spoilt, both say the same. */
import { describe, expect, test } from 'vitest'
import { checkHistory } from '../../proof/history/check-history.ts'
import { formatHistory, type Operation, parseHistory } from '../../proof/history/history.ts'
import { keyValueModel } from '../../proof/history/key-value/model.ts'
import { isLinearizable } from './brute-force-judge.ts'
import { randomFrom, simulateHistory, spoil } from './simulated-history.ts'

const small = (seed: number): Operation[] => {
  const random = randomFrom(seed)
  return simulateHistory(random, {
    clients: 1 + random.below(3),
    operations: 2 + random.below(5),
    keys: random.chance(0.3) ? ['a', 'b'] : ['a'],
    crashes: random.chance(0.5) ? 0.3 : 0,
    command: (dicer, key, serial) => {
      const value = `${serial};`
      const dice = dicer.below(10)
      if (dice < 4) return { op: 'get', key }
      if (dice < 7) return { op: 'append', key, value }
      return dice < 9 ? { op: 'put', key, value } : { op: 'delete', key }
    },
  })
}
const verdictOf = (history: readonly Operation[]) => checkHistory(keyValueModel, history).verdict
const seeds = Array.from({ length: 1500 }, (_, seed) => seed)

describe('a judgement', () => {
  test('of a history that happened is ok', () => {
    expect(seeds.filter((seed) => verdictOf(small(seed)) !== 'ok')).toEqual([])
  })

  test('of a spoilt history is what brute force says, and spoilt histories are of both kinds', () => {
    const said = { ok: 0, illegal: 0, unknown: 0 }
    const wrong = seeds.filter((seed) => {
      const history = spoil(randomFrom(seed + 7), small(seed), [null, '0;', '0;1;', '1;'])
      const verdict = verdictOf(history)
      said[verdict]++
      return verdict !== (isLinearizable(history) ? 'ok' : 'illegal')
    })
    expect(wrong).toEqual([])
    expect(said.ok).toBeGreaterThan(50)
    expect(said.illegal).toBeGreaterThan(50)
  })

  test('is unknown when the steps allowed are too few', () => {
    const history = seeds.map(small).find((candidate) => candidate.length > 4)!
    expect(checkHistory(keyValueModel, history, { stepsMax: 1 }).verdict).toBe('unknown')
  })
})

const line = (
  client: string,
  op: string,
  key: string,
  value: unknown,
  output: unknown,
  call: number,
  end: number | null,
) => JSON.stringify({ client, op, key, value, output, call, return: end })
const judged = (...lines: string[]) => verdictOf(parseHistory(lines.join('\n')))

describe('an anomaly is illegal', () => {
  test.each([
    ['a stale read', [line('a', 'put', 'k', 'x', null, 1, 2), line('b', 'get', 'k', null, null, 3, 4)]],
    ['a read of what no one wrote', [line('a', 'get', 'k', null, 'x', 1, 2)]],
    [
      'a write that is seen before it is called',
      [line('b', 'get', 'k', null, 'x', 1, 2), line('a', 'put', 'k', 'x', null, 3, 4)],
    ],
    [
      'a lost append',
      [
        line('a', 'append', 'k', 'x', null, 1, 2),
        line('b', 'append', 'k', 'y', null, 3, 4),
        line('a', 'get', 'k', null, 'y', 5, 6),
      ],
    ],
    [
      'a doubled append',
      [line('a', 'append', 'k', 'x', null, 1, 2), line('a', 'get', 'k', null, 'xx', 3, 4)],
    ],
    [
      'reads that go backwards',
      [
        line('a', 'put', 'k', 'x', null, 1, 8),
        line('b', 'get', 'k', null, 'x', 2, 3),
        line('b', 'get', 'k', null, null, 4, 5),
      ],
    ],
    [
      'an unanswered write that is seen and then unseen',
      [
        line('a', 'put', 'k', 'x', null, 1, null),
        line('b', 'get', 'k', null, 'x', 2, 3),
        line('b', 'get', 'k', null, null, 4, 5),
      ],
    ],
  ])('%s', (_name, lines) => {
    expect(judged(...lines)).toBe('illegal')
  })
})

describe('what may happen is ok', () => {
  test.each([
    ['nothing', []],
    [
      'an unanswered write that takes effect late',
      [
        line('a', 'put', 'k', 'x', null, 1, null),
        line('b', 'get', 'k', null, null, 2, 3),
        line('b', 'get', 'k', null, 'x', 4, 5),
      ],
    ],
    [
      'an unanswered write that never takes effect',
      [line('a', 'put', 'k', 'x', null, 1, null), line('b', 'get', 'k', null, null, 2, 3)],
    ],
    [
      'concurrent writes in either order',
      [
        line('a', 'put', 'k', 'x', null, 1, 4),
        line('b', 'put', 'k', 'y', null, 2, 3),
        line('a', 'get', 'k', null, 'x', 5, 6),
      ],
    ],
    [
      'a key like any other',
      [line('a', 'put', '__proto__', 'x', null, 1, 2), line('a', 'get', '__proto__', null, 'x', 3, 4)],
    ],
  ])('%s', (_name, lines) => {
    expect(judged(...lines)).toBe('ok')
  })
})

describe('a history in lines', () => {
  test('comes back as it was written', () => {
    const history = small(3)
    expect(parseHistory(formatHistory(history))).toEqual(history)
  })

  test.each([
    ['not JSON', '{', /line 1/],
    ['an unknown operation', line('a', 'increment', 'k', null, null, 1, 2), /op/],
    ['a return before its call', line('a', 'get', 'k', null, null, 2, 1), /line 1/],
    [
      'one event number twice',
      `${line('a', 'get', 'k', null, null, 1, 2)}\n${line('b', 'get', 'k', null, null, 2, 3)}`,
      /line 2/,
    ],
  ])('%s is refused with its line', (_name, text, message) => {
    expect(() => parseHistory(text)).toThrow(message)
  })
})
