/** The key-value store with lists, transactions, keys that expire and watches, also through failovers (M2, W1, W2). */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCluster, type KeyChange } from '../../runtime/index.ts'

let cluster: ReturnType<typeof createCluster>
let client: ReturnType<typeof cluster.client>
beforeEach(async () => {
  cluster = createCluster()
  client = cluster.client()
  await cluster.redundant()
})
afterEach(() => cluster.stop())

/** Collects what a watch shows, in the background. */
function collected(changes: AsyncIterable<KeyChange>): KeyChange[] {
  const seen: KeyChange[] = []
  void (async () => {
    for await (const change of changes) seen.push(change)
  })()
  return seen
}

describe('list', () => {
  it('pages through the keys of a prefix, in order, with revisions that grow', async () => {
    for (const key of ['b', 'a/2', 'a/1', 'a/3', 'a']) await client.put(key, key)

    const first = await client.list({ prefix: 'a/', limit: 2 })
    const second = await client.list({ prefix: 'a/', limit: 2, after: first.next })

    expect(first.entries.map(({ key, value }) => [key, value])).toEqual([
      ['a/1', 'a/1'],
      ['a/2', 'a/2'],
    ])
    expect(second).toMatchObject({ entries: [{ key: 'a/3' }], next: null })
    expect(first.entries[0]!.revision).toBeGreaterThan(first.entries[1]!.revision)
    expect((await client.list()).entries.length).toBe(5)
  })
})

describe('transact', () => {
  it('runs one branch or the other, by values and by revisions, all or nothing', async () => {
    await client.put('a', 1)
    const [{ revision } = { revision: -1 }] = (await client.list({ prefix: 'a' })).entries

    const yes = await client.transact({
      compare: [
        { key: 'a', revision },
        { key: 'b', value: null },
      ],
      // biome-ignore lint/suspicious/noThenProperty: the name of the branch
      then: [
        { op: 'put', key: 'b', value: 2 },
        { op: 'get', key: 'b' },
      ],
      else: [],
    })
    const no = await client.transact({
      compare: [{ key: 'a', value: 9 }],
      // biome-ignore lint/suspicious/noThenProperty: the name of the branch
      then: [],
      else: [{ op: 'get', key: 'a' }],
    })

    expect(yes).toEqual({ succeeded: true, results: [null, 2] })
    expect(no).toEqual({ succeeded: false, results: [1] })
    await expect(
      client.transact({
        compare: [],
        // biome-ignore lint/suspicious/noThenProperty: the name of the branch
        then: [
          { op: 'put', key: 'c', value: 1 },
          { op: 'append', key: 'a', value: 'x' },
        ],
      }),
    ).rejects.toThrow('expected a string under "a"')
    expect(await client.get('c')).toBe(null)
  })
})

describe('keys that expire (M2)', () => {
  it('are gone in time, by themselves, also if the primary dies meanwhile', async () => {
    const seen = collected(client.watch({ key: 'lease' }))
    await client.put('lease', 'mine', { ttlMs: 400 })
    await client.put('kept', 1, { ttlMs: 400 })
    await client.put('kept', 2)
    expect(await client.get('lease')).toBe('mine')

    cluster.primary()?.crash()
    await vi.waitFor(() => expect(seen.at(-1)).toMatchObject({ value: null, deleted: true }), {
      timeout: 8000,
    })

    expect(await client.get('lease')).toBe(null)
    expect(await client.get('kept')).toBe(2)
    expect(seen.map(({ value }) => value)).toEqual(['mine', null])
  })
})

describe('watch', () => {
  it('W1 shows what is decided after it began, in order, each once, over a failover', async () => {
    const seen = collected(client.watch({ prefix: 'k/' }))
    for (let n = 0; n < 20; n++) {
      await client.put(`k/${n % 3}`, n)
      await client.put(`other/${n}`, n)
      if (n === 10) {
        await cluster.redundant()
        cluster.primary()?.crash()
      }
    }
    await client.delete('k/0')
    await vi.waitFor(() => expect(seen.at(-1)?.deleted).toBe(true), { timeout: 8000 })

    expect(seen.map(({ value }) => value)).toEqual([...Array(20).keys(), null])
    const revisions = seen.map(({ revision }) => revision)
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b))
    expect(new Set(revisions).size).toBe(revisions.length)
  })

  it('W2 begins where it is asked to, and ends when it is aborted', async () => {
    await client.put('a', 1)
    await client.put('a', 2)
    const [{ revision } = { revision: -1 }] = (await client.list({ prefix: 'a' })).entries
    const ending = new AbortController()
    const seen = collected(client.watch({ key: 'a', from: revision, signal: ending.signal }))
    const all = collected(client.watch({ key: 'a', from: 0 }))
    await client.put('a', 3)
    await vi.waitFor(() => expect([seen.length, all.at(-1)?.value]).toEqual([2, 3]))

    expect(seen.map(({ value }) => value)).toEqual([2, 3])
    ending.abort()
    await client.put('a', 4)
    await vi.waitFor(() => expect(all.at(-1)?.value).toBe(4))
    expect(seen.length).toBe(2)
  })

  it('refuses what it does not know', () => {
    expect(() => client.watch({})).toThrow('expected either a key or a prefix')
    expect(() => client.watch({ key: 'a', from: 0.5 })).toThrow('expected from to be a revision')
  })
})
