/** Coverage of charts over a run of vitest: an app with two files of tests, run as its own process. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { chartCoverage } from '../../proof/testing/coverage/plugin.ts'
import type { MachineCoverage } from '../../proof/testing/coverage/recorder.ts'

const run = promisify(execFile)
const configuration = fileURLToPath(new URL('./covered-app/vitest.config.ts', import.meta.url))
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'standby-covered-'))

afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Runs the app's tests, with a threshold for its transitions. */
async function runApp(min: number): Promise<{ readonly code: number; readonly text: string }> {
  const env = { ...process.env, COVERAGE_DIRECTORY: directory, COVERAGE_MIN: String(min), NO_COLOR: '1' }
  const args = [vitest, 'run', '--config', configuration]
  const ended = await run(process.execPath, args, {
    cwd: dirname(configuration),
    env,
    timeout: 100_000,
  }).then(
    (output) => ({ code: 0, ...output }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
  return { code: ended.code, text: ended.stdout + ended.stderr }
}

test('adds up actors, pure functions and charts under test, in all files', async () => {
  const { code, text } = await runApp(50)

  expect(text).toContain('lift   states 4/5 (80 %)')
  expect(text).toContain('transitions: lift.up: ARRIVE -> lift.idle')
  expect(code).toBe(0)
  const [lift] = JSON.parse(readFileSync(join(directory, 'charts.json'), 'utf8')) as MachineCoverage[]
  const taken = Object.fromEntries(lift!.transitions.map((one) => [one.id, one.taken]))
  expect(taken).toMatchObject({
    'lift.idle: CALL [isUp] -> lift.up': 1,
    'lift.idle: CALL -> lift.down': 2,
    'lift.down: ARRIVE -> lift.idle': 1,
    'lift.up: ARRIVE -> lift.idle': 0,
  })
  const guarded = lift!.transitions.find(({ guard }) => guard !== null)
  expect(guarded?.guard).toEqual({ name: 'isUp', passed: 1, refused: 2 })
  const page = readFileSync(join(directory, 'index.html'), 'utf8')
  expect(page).toContain('class="state missed atomic"')
  expect(page).not.toContain('<script')
}, 120_000)

test('fails the run below a threshold', async () => {
  const { code, text } = await runApp(90)

  expect(code).toBe(1)
  expect(text).toContain('expected at least 90 % of the transitions of lift, got 60.0 %')
}, 120_000)

test('refuses options, reporters and thresholds that do not exist', () => {
  expect(() => chartCoverage({ threshold: {} } as never)).toThrow('got threshold')
  expect(() => chartCoverage({ reporters: ['lcov' as never] })).toThrow('got lcov')
  expect(() => chartCoverage({ thresholds: { lines: 1 } as never })).toThrow('got lines')
  expect(() => chartCoverage({ thresholds: { states: 101 } })).toThrow('from 0 to 100')
})
