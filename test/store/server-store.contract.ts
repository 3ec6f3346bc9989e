/** What every server store does, on any medium. */
import { describe, expect, test } from 'vitest'
import type { ServerStore } from '../../actors/ports.ts'

/** A place where a store's content lies: opened again it is the same content, as after a kill. */
export interface StorePlace {
  open(): Promise<ServerStore>
  /** Ends what `open` gave. */
  close(): Promise<void>
}

const settled = (run: (done: (error: Error | null) => void) => void) =>
  new Promise<void>((resolve, reject) => run((error) => (error === null ? resolve() : reject(error))))

export const append = (store: ServerStore, ...records: string[]) =>
  settled((done) => store.append(records, done))
export const savePiece = (store: ServerStore, piece: string) =>
  settled((done) => store.savePiece(piece, done))
export const finishSnapshot = (store: ServerStore, head: string, covers: number) =>
  settled((done) => store.finishSnapshot(head, covers, done))

/** All that a store holds, as plain values. */
export function contentsOf(store: ServerStore) {
  const { head, pieces, records, last } = store.load()
  return { head, pieces: [...pieces], records: [...records], last }
}

/** @param place a new place for each test */
export function serverStoreContract(what: string, place: () => Promise<StorePlace> | StorePlace): void {
  describe(`server store: ${what}`, () => {
    const open = async () => {
      const at = await place()
      let store = await at.open()
      const again = async () => {
        await at.close()
        store = await at.open()
        return store
      }
      return { store, again, close: () => at.close() }
    }

    test('a new one holds nothing', async () => {
      const { store, close } = await open()
      expect(contentsOf(store)).toEqual({ head: null, pieces: [], records: [], last: 0 })
      await close()
    })

    test('D1: what was appended is there after it is opened again, in its order', async () => {
      const { store, again, close } = await open()
      await append(store, 'a', 'b')
      await append(store, 'ü"\n\u0000')
      const kept = contentsOf(await again())
      expect(kept).toEqual({ head: null, pieces: [], records: ['a', 'b', 'ü"\n\u0000'], last: 3 })
      await close()
    })

    test('numbers go on after it is opened again', async () => {
      const { store, again, close } = await open()
      await append(store, 'a')
      const second = await again()
      second.load()
      await append(second, 'b')
      expect(contentsOf(await again())).toMatchObject({ records: ['a', 'b'], last: 2 })
      await close()
    })

    test('D5: a snapshot takes the place of the records that it covers, and of no other', async () => {
      const { store, again, close } = await open()
      await append(store, 'a', 'b', 'c')
      await savePiece(store, 'one')
      await savePiece(store, 'two')
      await append(store, 'd')
      await finishSnapshot(store, 'head', 3)
      await append(store, 'e')
      const kept = contentsOf(await again())
      expect(kept).toEqual({ head: 'head', pieces: ['one', 'two'], records: ['d', 'e'], last: 5 })
      await close()
    })

    test('D5: a snapshot that was not finished was never begun', async () => {
      const { store, again, close } = await open()
      await append(store, 'a', 'b')
      await savePiece(store, 'old')
      await finishSnapshot(store, 'first', 1)
      await savePiece(store, 'left over')
      const second = await again()
      expect(contentsOf(second)).toEqual({ head: 'first', pieces: ['old'], records: ['b'], last: 2 })
      await savePiece(second, 'new')
      await finishSnapshot(second, 'second', 2)
      expect(contentsOf(await again())).toEqual({ head: 'second', pieces: ['new'], records: [], last: 2 })
      await close()
    })

    test('a snapshot without pieces covers records, too', async () => {
      const { store, again, close } = await open()
      await append(store, 'a')
      await finishSnapshot(store, 'head', 1)
      expect(contentsOf(await again())).toEqual({ head: 'head', pieces: [], records: [], last: 1 })
      await close()
    })

    test('what a former life wrote without an answer is there whole or not at all', async () => {
      const { store, again, close } = await open()
      await append(store, 'a')
      store.append(['b', 'c'], () => {})
      const { records, last } = contentsOf(store)
      expect(records.length).toBe(last)
      expect(['a', 'abc']).toContain(records.join(''))
      await append(store, 'd')
      expect(contentsOf(await again()).records).toEqual([...records, 'd'])
      await close()
    })
  })
}
