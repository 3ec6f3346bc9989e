/** The lock of a data folder: it lies with the folder, is seen from other network namespaces, and dies with its holder. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockFolder } from '../../runtime/store/folder-lock.ts'

const held = expect.objectContaining({
  code: 'invalidStore',
  message: expect.stringMatching(/^expected .* to be free, got a process that works in it/),
})
const holder = ['--import', 'tsx', fileURLToPath(new URL('./folder-holder.ts', import.meta.url))]
/** Containers have network namespaces of their own; not every machine lets a test make one. */
const canUnshare = spawnSync('unshare', ['-rn', 'true']).status === 0

let folder: string
const children: ChildProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'standby-lock-'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** Another process that tries to hold the folder; resolves with the line that it says. */
async function hold(...prefix: string[]) {
  const [program, ...args] = [...prefix, process.execPath, ...holder, folder]
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, line: line.toString().trim() }
}

test('a holder that is killed leaves the folder free at once', async () => {
  const { child, line } = await hold()
  expect(line).toBe('held')
  await expect(lockFolder(folder)).rejects.toThrow(held)

  child.kill('SIGKILL')
  await once(child, 'exit')

  const unlock = await lockFolder(folder)
  await expect(lockFolder(folder)).rejects.toThrow(held)
  await unlock()
})

test.skipIf(!canUnshare)('a process in another network namespace sees it, both ways', async () => {
  const { child, line } = await hold('unshare', '-rn')
  expect(line).toBe('held')
  await expect(lockFolder(folder)).rejects.toThrow(held)
  child.kill('SIGKILL')
  await once(child, 'exit')

  const unlock = await lockFolder(folder)
  expect((await hold('unshare', '-rn')).line).toMatch(/^expected .* to be free/)
  await unlock()
})

test('another name of the folder is the same folder', async () => {
  const other = `${folder}-link`
  symlinkSync(folder, other)
  try {
    const unlock = await lockFolder(folder)
    await expect(lockFolder(other)).rejects.toThrow(held)
    await unlock()
  } finally {
    rmSync(other)
  }
})

test.skipIf(process.getuid?.() === 0)('a folder that cannot be written says so', async () => {
  chmodSync(folder, 0o500)

  await expect(lockFolder(folder)).rejects.toThrow(/expected to lock .*look at the disk and the rights/)
})
