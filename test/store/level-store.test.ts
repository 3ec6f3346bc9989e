/** The store on files keeps the contract of server stores, and says what is wrong with files that it cannot trust. */
import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterAll, describe, expect, test } from 'vitest'
import { type LevelStore, openLevelStore } from '../../runtime/store/level-store.ts'
import {
  append,
  contentsOf,
  finishSnapshot,
  savePiece,
  serverStoreContract,
} from './server-store.contract.ts'

const root = mkdtempSync(join(tmpdir(), 'standby-level-store-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let folders = 0
const newFolder = () => join(root, `${++folders}`, 'state')
const owner = { system: 'standby', server: 's1' }

for (const durability of ['flush', 'os'] as const) {
  serverStoreContract(`files, durability ${durability}`, () => {
    const folder = newFolder()
    let store: LevelStore | null = null
    return {
      async open() {
        store = await openLevelStore({ folder, owner, durability })
        return store
      },
      close: async () => store?.close(),
    }
  })
}

/** A closed store with three records, in files. */
async function written(): Promise<string> {
  const folder = newFolder()
  const store = await openLevelStore({ folder, owner })
  await append(store, 'one')
  await append(store, 'two')
  await append(store, 'three')
  await store.close()
  return folder
}

const fileOf = (folder: string, ending: string) =>
  join(
    folder,
    readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .sort()
      .at(-1)!,
  )

describe('D4: files', () => {
  test('a record that is torn at the end was never there', async () => {
    const folder = await written()
    const log = fileOf(folder, '.log')
    truncateSync(log, readFileSync(log).length - 3)
    const store = await openLevelStore({ folder, owner })
    expect(contentsOf(store).records).toEqual(['one', 'two'])
    await append(store, 'four')
    expect(contentsOf(store).records).toEqual(['one', 'two', 'four'])
    await store.close()
  })

  test('a record that is missing in the middle is refused, with what to do', async () => {
    const folder = await written()
    const db = new ClassicLevel(folder)
    await db.del(`record ${'2'.padStart(16, '0')}`)
    await db.close()
    const store = await openLevelStore({ folder, owner })
    expect(() => contentsOf(store)).toThrow(
      `expected ${folder} to hold all that was written, got no record 2, of 3: it is damaged; move it away to start as a new server`,
    )
    await store.close()
  })

  test('a value that was changed is refused', async () => {
    const folder = await written()
    const db = new ClassicLevel(folder)
    await db.put(`record ${'2'.padStart(16, '0')}`, '0123456789abcdefTWO')
    await db.close()
    const store = await openLevelStore({ folder, owner })
    expect(() => contentsOf(store)).toThrow(
      'record 0000000000000002 that does not match its checksum: it is damaged',
    )
    await store.close()
  })

  test('a piece of a snapshot that is missing is refused', async () => {
    const folder = newFolder()
    const first = await openLevelStore({ folder, owner })
    await append(first, 'one')
    await savePiece(first, 'piece')
    await savePiece(first, 'other')
    await finishSnapshot(first, 'head', 1)
    await first.close()
    const db = new ClassicLevel(folder)
    const [key] = await db.keys({ gte: 'piece', lt: 'piece ~' }).all()
    await db.del(key!)
    await db.close()
    const store = await openLevelStore({ folder, owner })
    expect(() => contentsOf(store)).toThrow('got no piece 0 of its snapshot, which has 2')
    await store.close()
  })

  test('files of LevelDB that are damaged or gone are refused', async () => {
    const folder = await written()
    writeFileSync(fileOf(folder, 'CURRENT'), 'MANIFEST-999999\n')
    await expect(openLevelStore({ folder, owner })).rejects.toThrow(`expected to read ${folder}, got`)
    appendFileSync(fileOf(folder, 'CURRENT'), 'more')
    await expect(openLevelStore({ folder, owner })).rejects.toThrow('move it away to start as a new server')
  })
})

describe('refusals', () => {
  test('a folder of another server, system or version', async () => {
    const folder = await written()
    await expect(openLevelStore({ folder, owner: { ...owner, server: 's2' } })).rejects.toThrow(
      `expected ${folder} to be of the server "s2", got one of "s1"; give each server a data folder of its own`,
    )
    await expect(openLevelStore({ folder, owner: { ...owner, system: 'other' } })).rejects.toThrow(
      'to be of the system "other", got one of "standby"',
    )
    const store = await openLevelStore({ folder, owner })
    expect(contentsOf(store).records).toEqual(['one', 'two', 'three'])
    await store.close()
  })

  test('a database of something else', async () => {
    const folder = newFolder()
    const db = new ClassicLevel(folder)
    await db.put('mine', 'yes')
    await db.close()
    await expect(openLevelStore({ folder, owner })).rejects.toThrow('got no owner, but "mine"')
  })

  test('a folder in use', async () => {
    const folder = newFolder()
    const store = await openLevelStore({ folder, owner })
    await expect(openLevelStore({ folder, owner })).rejects.toThrow(
      `expected ${folder} to be free, got a process that works in it; stop that one first`,
    )
    await store.close()
  })

  test('a file in the way', async () => {
    const folder = newFolder()
    writeFileSync(join(root, 'file'), '')
    void folder
    await expect(openLevelStore({ folder: join(root, 'file'), owner })).rejects.toThrow(
      'a file is in the way',
    )
  })

  test.skipIf(process.getuid?.() === 0)(
    'a folder that cannot be written (not as root, who may)',
    async () => {
      const folder = await written()
      chmodSync(folder, 0o500)
      await expect(openLevelStore({ folder, owner })).rejects.toThrow('let this user write there')
      chmodSync(folder, 0o700)
    },
  )
})
