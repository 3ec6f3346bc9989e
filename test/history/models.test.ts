/** Small models, histories of Jepsen, calls that overlap, and `standby judge` on them. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  casRegisterModel,
  checkHistory,
  mutexModel,
  parseHistory,
  parseJepsen,
  queueModel,
  registerModel,
  type SequentialModel,
  setModel,
} from '../../proof/history/index.ts'

type Step = readonly [client: string, input: object, output?: unknown]

/** Calls one after another. */
const inSequence = (steps: readonly Step[]) =>
  steps.map(([client, input, output = null], index) => ({
    ...input,
    client,
    output,
    call: 2 * index,
    return: 2 * index + 1,
  }))
const verdictOf = (model: SequentialModel<never, never, never>, steps: readonly Step[]) =>
  checkHistory(model as never, inSequence(steps)).verdict

describe('models', () => {
  const write = (value: number): Step => ['a', { op: 'write', value }]
  const read = (output: unknown): Step => ['b', { op: 'read' }, output]
  const cas = (expected: unknown, value: number, output: boolean): Step => [
    'a',
    { op: 'cas', expected, value },
    output,
  ]
  const enqueue = (value: number): Step => ['a', { op: 'enqueue', value }]
  const dequeue = (output: unknown): Step => ['b', { op: 'dequeue' }, output]
  const add = (value: number): Step => ['a', { op: 'add', value }]
  const table: [string, object, readonly Step[], 'ok' | 'illegal'][] = [
    ['register', registerModel(), [read(null), write(1), read(1)], 'ok'],
    ['register: a stale read', registerModel(), [write(1), write(2), read(1)], 'illegal'],
    ['register: its first value', registerModel(0), [read(0)], 'ok'],
    ['cas-register', casRegisterModel(), [write(1), cas(1, 2, true), read(2), cas(1, 3, false)], 'ok'],
    ['cas-register: a false success', casRegisterModel(), [write(1), cas(2, 3, true)], 'illegal'],
    [
      'mutex',
      mutexModel(),
      [
        ['a', { op: 'acquire' }],
        ['a', { op: 'release' }],
        ['b', { op: 'acquire' }],
      ],
      'ok',
    ],
    [
      'mutex: held twice',
      mutexModel(),
      [
        ['a', { op: 'acquire' }],
        ['b', { op: 'acquire' }],
      ],
      'illegal',
    ],
    ['queue', queueModel(), [enqueue(1), enqueue(2), dequeue(1), dequeue(2), dequeue(null)], 'ok'],
    ['queue: out of order', queueModel(), [enqueue(1), enqueue(2), dequeue(2)], 'illegal'],
    [
      'set',
      setModel(),
      [add(2), add(1), ['b', { op: 'read' }, [2, 1]], ['b', { op: 'contains', value: 2 }, true]],
      'ok',
    ],
    ['set: a lost value', setModel(), [add(1), ['b', { op: 'read' }, []]], 'illegal'],
  ]
  test.each(table)('%s', (_, model, steps, verdict) => {
    expect(verdictOf(model as never, steps)).toBe(verdict)
  })
})

const edn = `; a history of Jepsen
{:type :invoke, :f :write, :value 1, :process 0, :time 10, :index 0}
{:type :info, :f :start, :process :nemesis, :value {"n1" #{"n2"}}, :time 10}
{:type :invoke, :f :read, :value nil, :process 1, :time 10}
{:type :ok, :f :write, :value 1, :process 0, :time 11}
{:type :ok, :f :read, :value nil, :process 1, :time 11}
{:type :invoke, :f :cas, :value [1 2], :process 2}
{:type :info, :f :stop, :process :nemesis}
{:type :info, :f :cas, :value [1 2], :process 2, :error :timeout}
{:type :invoke, :f :cas, :value [7 8], :process 0}
{:type :fail, :f :cas, :value [7 8], :process 0}
{:type :invoke, :f :read, :value nil, :process 1}
{:type :ok, :f :read, :value VALUE, :process 1}`

describe('Jepsen', () => {
  test('an info may take effect or not, a fail never does', () => {
    for (const [value, verdict] of [
      ['1', 'ok'],
      ['2', 'ok'],
      ['8', 'illegal'],
    ] as const) {
      const { operations } = parseJepsen(edn.replace('VALUE', value))
      expect(checkHistory(casRegisterModel() as never, operations).verdict).toBe(verdict)
    }
  })

  test('what the nemesis did is known from when to when', () => {
    expect(parseJepsen(edn).nemesis).toEqual([{ label: 'start', from: 1, to: 6 }])
  })

  test('a vector of maps is the same history', () => {
    expect(parseJepsen(`[${edn}]`)).toEqual(parseJepsen(edn))
  })

  test.each([
    ['[{:type :ok, :f :read, :process 1}]', /:invoke of process 1 before its :ok/],
    ['{:type :invoke, :f :read, :process 1} {:type :invoke, :f :read, :process 1}', /at a time/],
    ['{:type :invoke', /end of the text/],
    ['{:f :read}', /expected a map with :type/],
  ])('%s is refused', (text, reason) => {
    expect(() => parseJepsen(text)).toThrow(reason)
  })
})

describe('calls of one client', () => {
  const line = (client: string, call: number, returned: number | null) =>
    `${JSON.stringify({ client, op: 'get', key: 'x', value: null, output: null, call, return: returned })}\n`

  test('that overlap are refused, with both lines', () => {
    expect(() => parseHistory(line('a', 1, 3) + line('a', 2, 4))).toThrow(
      'line 2: expected one call of client a at a time, got one at event 2 before that in 1 returned at 3',
    )
  })

  test('of several clients may overlap, and so may one that was never answered', () => {
    expect(parseHistory(line('a', 1, 3) + line('b', 2, 4))).toHaveLength(2)
    expect(parseHistory(line('a', 1, null) + line('a', 2, 4))).toHaveLength(2)
  })
})

test('an explanation takes a second at most', () => {
  // Many writes at once, and reads that contradict each other: minimising takes longer than the verdict.
  const writes = Array.from({ length: 11 }, (_, index) => ({
    op: 'write' as const,
    client: `w${index}`,
    value: index,
    output: null,
    call: index,
    return: 1000 + index,
  }))
  const reads = Array.from({ length: 20 }, (_, index) => ({
    op: 'read' as const,
    client: 'r',
    output: index % 2 === 0 ? 1 : 2,
    call: 2000 + 2 * index,
    return: 2001 + 2 * index,
  }))
  const judge = (explain: boolean) => {
    const started = performance.now()
    const { verdict } = checkHistory(registerModel(), [...writes, ...reads], { explain })
    expect(verdict).toBe('illegal')
    return performance.now() - started
  }
  const bare = judge(false)
  expect(judge(true)).toBeLessThan(3 * bare + 5000)
})

describe('standby judge', () => {
  const folder = mkdtempSync(join(tmpdir(), 'standby-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const judge = (text: string, ...args: string[]) =>
    new Promise<{ code: number; out: string }>((resolve) => {
      const path = join(folder, 'history')
      writeFileSync(path, text)
      execFile(
        process.execPath,
        ['--import', 'tsx', 'cli/main.ts', 'judge', path, ...args],
        (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), out: stdout + stderr }),
      )
    })
  const lines = (steps: readonly Step[]) =>
    inSequence(steps)
      .map((operation) => `${JSON.stringify(operation)}\n`)
      .join('')
  const reads0 = lines([['a', { op: 'read' }, 0]])
  const module = join(folder, 'counter.mts')
  writeFileSync(
    module,
    `interface Add { readonly op: 'add' }
export default {
  name: 'counter',
  initial: 0,
  step: (count: number, _: Add, output: unknown) => (typeof output === 'symbol' || output === count + 1 ? [count + 1] : null),
  key: String,
}`,
  )
  const adds = lines([
    ['a', { op: 'add' }, 1],
    ['a', { op: 'add' }, 2],
  ])

  test.each<[string, string, string[], number, RegExp]>([
    ['EDN', edn.replace('VALUE', '2'), ['--model', 'cas-register'], 0, /ok: 4 operations/],
    ['EDN that is illegal', edn.replace('VALUE', '8'), ['--model', 'cas-register'], 1, /illegal/],
    ['a register', reads0, ['--model', 'register'], 1, /illegal/],
    ['a first value', reads0, ['--model', 'register', '--initial', '0'], 0, /ok/],
    ['a module in TypeScript', adds, ['--model', module], 0, /ok/],
    ['its first value', adds, ['--model', module, '--initial', '5'], 1, /illegal/],
    ['no explanation', reads0, ['--model', 'register', '--no-explain'], 1, /illegal/],
    [
      'an unknown model',
      reads0,
      ['--model', 'stack'],
      2,
      /register, cas-register, mutex, queue, set or a module/,
    ],
    ['a first value that is no JSON', reads0, ['--model', 'register', '--initial', '{'], 2, /expected JSON/],
  ])('%s', { timeout: 60_000 }, async (_, text, args, code, says) => {
    const judged = await judge(text, ...args)
    expect(judged.out).toMatch(says)
    expect(judged.code).toBe(code)
  })
})
