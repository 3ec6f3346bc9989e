/** The command line and the page: `inspect` says what is wrong with a file, `run` says where the page is, or serves none. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { runSeed } from '../../proof/stage/seeds.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'standby-inspect-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const { lines } = runSeed(5, 2)
const file = (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** Runs the command line until it ends, or until it has printed an address; then it is asked to end. */
function standby(...words: string[]): Promise<{ code: number | null; printed: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'cli/main.ts', ...words], { cwd: root })
    let printed = ''
    const hear = (data: unknown) => {
      printed += data
      if (/http:\S+\n/.test(printed)) child.kill('SIGINT')
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('close', (code) => resolve({ code, printed }))
  })
}

test.each<[string, () => string, RegExp]>([
  ['a file that is not there', () => join(folder, 'nothing.jsonl'), /expected a trace that can be read/],
  ['a file of something else', () => file('package.json', '{\n}\n'), /line 1: expected a header/],
  ['an empty file', () => file('empty.jsonl', '\n'), /empty file/],
  [
    'another version',
    () => file('new.jsonl', lines.join('\n').replace('"version":1', '"version":99')),
    /update standby/,
  ],
  [
    'a line that is missing',
    () => file('gap.jsonl', [...lines.slice(0, 5), ...lines.slice(6)].join('\n')),
    /line 6: expected step 4/,
  ],
])('inspect refuses %s', async (_, path, message) => {
  const { code, printed } = await standby('inspect', path())
  expect(code).toBe(2)
  expect(printed).toMatch(message)
})

test('inspect shows a run that was cut short, and ends when asked to', async () => {
  const { code, printed } = await standby(
    'inspect',
    file('short.jsonl', lines.slice(0, 40).join('\n').slice(0, -9)),
  )
  expect(printed).toMatch(
    /^38 steps, cut short. Look at them here:\nhttp:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{16}\n/,
  )
  expect(code).toBe(0)
})

test('run says where its page is, at the port that was asked for', async () => {
  const { printed } = await standby('run', '--plain', '--for', '20s', '--port', '48211')
  expect(printed).toMatch(/http:\/\/127\.0\.0\.1:48211\/\?token=/)
})

test('run serves no page where none is wanted, and none to programs', async () => {
  for (const options of [['--plain', '--no-inspector'], ['--json']]) {
    const { code, printed } = await standby('run', ...options, '--for', '1s', '--no-faults')
    expect(printed).not.toMatch(/http:/)
    expect(code).toBe(0)
  }
})

test('inspect listens to apps, and says to which address they send', async () => {
  const { code, printed } = await standby('inspect', '--listen', '--port', '0')
  expect(code).toBe(0)
  expect(printed).toMatch(/Apps send to ws:\/\/127\.0\.0\.1:\d+\/feed/)
})

test('inspect wants a trace or apps, and not both', async () => {
  const [neither, both] = [await standby('inspect'), await standby('inspect', 'a.jsonl', '--listen')]
  expect([neither.code, both.code]).toEqual([2, 2])
  expect(neither.printed).toMatch(/expected a trace or --listen/)
})

test.each<[string, () => readonly string[], RegExp]>([
  ['a module that is not there', () => ['nothing.mjs'], /nothing\.mjs: expected a module, got no such file/],
  [
    'a module without a system',
    () => [file('answer.mjs', 'export const answer = 42')],
    /expected a module that exports a system by default or as `system`, got one that exports answer/,
  ],
  [
    'an export that is not there',
    () => [file('nope.mjs', 'export const system = {}'), '--export', 'nope'],
    /exports a system as `nope`, got one that exports system/,
  ],
  [
    'a system without nodes',
    () => [file('nodes.mjs', 'export default { nodes: [] }')],
    /nodes\.mjs: .*expected nodes/s,
  ],
  [
    'two ways to begin',
    () => ['examples/two-phase-commit.ts', '--check', '--run', 'run.jsonl'],
    /expected one of --run and --check/,
  ],
  [
    'a trace that is not there',
    () => ['examples/two-phase-commit.ts', '--run', join(folder, 'no.jsonl')],
    /no\.jsonl: .*ENOENT/,
  ],
  [
    'a trace of another system',
    () => ['examples/two-phase-commit.ts', '--run', file('other.jsonl', `${lines.join('\n')}\n`)],
    /expected a trace of this system/,
  ],
])('explore refuses %s', async (_, words, message) => {
  const { code, printed } = await standby('explore', ...words())
  expect(printed).toMatch(message)
  expect(code).toBe(2)
})
