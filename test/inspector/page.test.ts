/** The page as a file: how much it weighs, and that it is the same on every machine. */
import { execFileSync } from 'node:child_process'
import { homedir, tmpdir } from 'node:os'
import { beforeAll, expect, test } from 'vitest'
import { budget, buildPage, weigh } from '../../inspector/build.ts'

let page = ''

beforeAll(async () => {
  page = await buildPage()
}, 120_000)

test('weighs at most 220 kB compressed, apart from its layout engine', () => {
  const { whole, script, style, engine } = weigh(page)

  expect(whole).toBeLessThanOrEqual(budget)
  expect(script + style).toBeGreaterThan(0.9 * whole)
  expect(engine).toBeGreaterThan(400_000)
})

test('has the same bytes when it is built again in another folder', async () => {
  const [place, named] = [process.cwd(), process.env.PWD]
  process.env.PWD = tmpdir()
  try {
    expect((await buildPage()) === page).toBe(true)
  } finally {
    process.env.PWD = named
  }
  expect(page).not.toContain(place)
  expect(page).not.toContain(homedir())
}, 120_000)

// The index and not the file: `npm run build` has just written that.
const tracked = inGit('ls-files', 'inspector.html')

test.skipIf(tracked === '')('is in the repository as it is built from the sources', () => {
  const isFresh = inGit('show', ':inspector.html') === page

  expect(isFresh, 'inspector.html is stale: run `npm run build:inspector` and add it').toBe(true)
})

function inGit(...command: readonly string[]): string {
  try {
    return execFileSync('git', command, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 26 })
  } catch {
    return ''
  }
}
