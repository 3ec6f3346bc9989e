/** What cannot be written is named, with what to do; and looking for a folder in a place without any ends. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterAll, expect, test } from 'vitest'
import { createFileStore } from '../../runtime/store/file-store.ts'
import { nodeFileSystem } from '../../runtime/store/file-system.ts'

const folder = mkdtempSync(join(tmpdir(), 'standby-unwritable-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const storeAt = (path: string, files = nodeFileSystem) =>
  createFileStore({ path, format: 'test', version: 1, schema: v.number(), files })

test('a full disk: the file and what to do', () => {
  const path = join(folder, 'value.json')
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  const write = () => {
    throw full
  }
  const files = { ...nodeFileSystem, create: () => ({ write, sync: () => {}, close: () => {} }) }

  expect(() => storeAt(path, files).save(1)).toThrow(
    expect.objectContaining({
      code: 'invalidStore',
      cause: full,
      message: expect.stringMatching(new RegExp(`${path}, got ENOSPC.*; free space on its disk`)),
    }),
  )
})

test('folders are made if there are none, and a file in the way is refused', () => {
  nodeFileSystem.ensureFolder(join(folder, 'a', 'b', 'c'))
  nodeFileSystem.ensureFolder(join(folder, 'a', 'b', 'c'))
  writeFileSync(join(folder, 'file'), '')

  expect(statSync(join(folder, 'a', 'b', 'c')).isDirectory()).toBe(true)
  expect(() => storeAt(join(folder, 'file', 'value.json')).save(1)).toThrow(/a file is in the way/)
})

test.runIf(process.platform === 'linux')('a folder in /proc is refused at once', () => {
  expect(() => nodeFileSystem.ensureFolder('/proc/nope/deeper')).toThrow('ENOENT')
})
