/** The durable file: if the process ends at any step, the value before or the value after is there, whole. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFileStore } from '../../runtime/store/file-store.ts'
import type { FileSystem } from '../../runtime/store/file-system.ts'
import { lockFolder } from '../../runtime/store/folder-lock.ts'
import { type CrashingDisk, createCrashingDisk, Ended, fates } from './crashing-disk.ts'

const path = '/data/number.json'
const open = (files: FileSystem) =>
  createFileStore({ path, format: 'test-number', version: 1, schema: v.number(), files })
const refusal = (text: string | RegExp) =>
  expect.objectContaining({ code: 'invalidStore', message: expect.stringMatching(text) })

/** Saves 1, 2, 3 until the process ends; returns the last that was saved, and the one that was under way. */
function saveUntilTheEnd({ files }: CrashingDisk): { readonly saved: number | null; readonly tried: number } {
  const store = open(files)
  let saved: number | null = null
  let tried = 0
  try {
    for (tried = 1; tried <= 3; tried++) {
      store.save(tried)
      saved = tried
    }
  } catch (error) {
    if (!(error instanceof Ended)) throw error
  }
  return { saved, tried }
}

/** Every end at every step with every fate after which what is there is neither the saved value nor the next. */
function losses(leavesOut: readonly ('sync' | 'syncFolder' | 'rename')[] = []): string[] {
  const whole = createCrashingDisk(undefined, leavesOut)
  saveUntilTheEnd(whole)
  const found: string[] = []
  for (let endsAt = 1; endsAt <= whole.steps() + 1; endsAt++) {
    for (const fate of fates) {
      const disk = createCrashingDisk(endsAt, leavesOut)
      const { saved, tried } = saveUntilTheEnd(disk)
      let loaded: number | null | string
      try {
        loaded = open(disk.after(fate).files).load()
      } catch (error) {
        loaded = (error as Error).message
      }
      if (loaded !== saved && loaded !== tried)
        found.push(`step ${endsAt}, ${fate}: saved ${saved}, got ${loaded}`)
    }
  }
  return found
}

describe('a file store', () => {
  test('V11 keeps the value before or the value after, no matter what ends it at any step', () => {
    expect(losses()).toEqual([])
  })

  test('V11 the search would notice a file or a folder that is not synced', () => {
    expect(losses(['sync']).length).toBeGreaterThan(0)
    expect(losses(['syncFolder']).length).toBeGreaterThan(0)
  })

  test('goes on after every end', () => {
    for (let endsAt = 1; endsAt <= 6; endsAt++) {
      for (const fate of fates) {
        const disk = createCrashingDisk(endsAt)
        saveUntilTheEnd(disk)
        const next = open(disk.after(fate).files)

        next.save(9)

        expect(next.load()).toBe(9)
      }
    }
  })

  test('has nothing to load before the first save', () => {
    expect(open(createCrashingDisk().files).load()).toBeNull()
  })

  test.each([
    ['an empty file', () => '', /a file of another kind/],
    ['a foreign file', () => 'hello\nworld\n', /a file of another kind/],
    ['half a header', (text: string) => text.slice(0, 20), /a file of another kind/],
    ['half a value', (text: string) => text.slice(0, -1), /it is torn/],
    ['a longer value', (text: string) => `${text}x`, /it is torn/],
    ['another value', (text: string) => text.replace('7\n', '8\n'), /checksum/],
    [
      'another format',
      (text: string) => text.replace('test-number', 'test-text'),
      /of the format "test-text"/,
    ],
    ['a later version', (text: string) => text.replace('"version":1', '"version":2'), /got version 2/],
  ])('refuses %s, and says which file', (_, change, message) => {
    const disk = createCrashingDisk()
    open(disk.files).save(7)
    disk.put(path, Buffer.from(change(Buffer.from(disk.get(path)!).toString())))

    expect(() => open(disk.files).load()).toThrow(refusal(message))
    expect(() => open(disk.files).load()).toThrow(refusal(path))
  })

  test('refuses a whole file with a value of another shape', () => {
    const disk = createCrashingDisk()
    createFileStore({ path, format: 'test-number', version: 1, schema: v.string(), files: disk.files }).save(
      'a',
    )

    expect(() => open(disk.files).load()).toThrow(refusal('Expected number'))
  })
})

describe('on the file system of the machine', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'standby-store-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('a value is one file, in a folder that is made for it', () => {
    const file = join(folder, 'a', 'b', 'number.json')
    const real = () => createFileStore({ path: file, format: 'test-number', version: 1, schema: v.number() })
    for (const value of [1, 2]) real().save(value)

    expect(real().load()).toBe(2)
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['number.json'])
    expect(readFileSync(file, 'utf8').split('\n').length).toBe(3)
  })

  test('a draft that a killed process left is no harm', () => {
    const file = join(folder, 'number.json')
    writeFileSync(`${file}.draft`, 'half a val')
    const store = createFileStore({ path: file, format: 'test-number', version: 1, schema: v.number() })

    expect(store.load()).toBeNull()
    store.save(3)

    expect(store.load()).toBe(3)
  })

  test('a folder is held by one at a time, and free again afterwards', async () => {
    const unlock = await lockFolder(folder)

    await expect(lockFolder(folder)).rejects.toThrow(refusal('expected .* to be free'))
    await unlock()

    await expect(lockFolder(folder).then((free) => free())).resolves.toBeUndefined()
  })
})
