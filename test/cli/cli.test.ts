/** The command line as a child process: what it prints, how it ends, and with which exit code. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readTrace } from '../../runtime/observe/index.ts'

const root = new URL('../..', import.meta.url).pathname
const deadlineMs = 25_000

interface Run {
  readonly child: ChildProcess
  stdout(): string
  stderr(): string
  readonly ended: Promise<number | null>
}

const children: ChildProcess[] = []

/** Starts `standby` with these arguments. */
function standby(...args: string[]): Run {
  const child = spawn(process.execPath, ['--import', 'tsx', 'cli/main.ts', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (data) => {
    stdout += data
  })
  child.stderr?.on('data', (data) => {
    stderr += data
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)))
  return { child, stdout: () => stdout, stderr: () => stderr, ended }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + deadlineMs
  while (!condition()) {
    if (Date.now() > deadline)
      throw new Error(`expected ${what} within ${deadlineMs} ms; it has not come about`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'standby-'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

describe('standby run', () => {
  test('--for ends by itself with a story and a summary, and exit code 0', async () => {
    const run = standby('run', '--for', '2s')
    const code = await run.ended
    const text = run.stdout()
    expect(run.stderr()).toBe('')
    for (const expected of [
      'view 1: s1#1 is the first to offer itself and becomes primary',
      's2#1 holds the state now: clients are served',
      's1#1, the primary, is killed.',
      'is promoted, s3#1 becomes backup',
      'starts again as s1#2: a new server, without state',
      'every check passed',
    ]) {
      expect(text).toContain(expected)
    }
    expect(text).toMatch(/operations +[1-9]\d* answered/)
    expect(text).toMatch(/linearizable +yes\n/)
    expect(code).toBe(0)
  })

  test('--json prints a JSON object a line: the run, what happens, each answer, and the summary last', async () => {
    const run = standby('run', '--for', '2s', '--json', '--seed', '7')
    const code = await run.ended
    const lines = run
      .stdout()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const answers = lines.filter(({ kind }) => kind === 'answer')
    expect(lines[0]).toEqual({
      kind: 'run',
      servers: 3,
      clients: 3,
      seed: 7,
      rate: 12,
      faults: true,
      forMs: 2000,
    })
    expect(lines.at(-1)).toMatchObject({ kind: 'summary', ok: true, linearizable: 'ok', unread: 0 })
    expect(lines.at(-1).operations.answered).toBe(answers.length)
    expect(answers.every(({ operation }) => /^\d+\/\d+\/0$/.test(operation))).toBe(true)
    expect(
      lines.some(
        ({ kind, node, state }) => kind === 'role' && node === 's1#1' && state === 'primary.serving',
      ),
    ).toBe(true)
    expect(code).toBe(0)
  })

  test('--no-faults kills nothing', async () => {
    const run = standby('run', '--for', '1s', '--json', '--no-faults', '--servers', '2', '--clients', '1')
    expect(await run.ended).toBe(0)
    expect(JSON.parse(run.stdout().trimEnd().split('\n').at(-1)!)).toMatchObject({
      ok: true,
      crashes: 0,
      failovers: 0,
    })
  })

  test('--trace writes a trace that can be read back', async () => {
    const file = join(folder, 'run.jsonl')
    const run = standby('run', '--for', '1s', '--json', '--trace', file)
    expect(await run.ended).toBe(0)
    const { header, steps, complete } = readTrace(readFileSync(file, 'utf8'))
    expect(complete).toBe(true)
    expect(header).toMatchObject({ seed: 1, options: { for: 1000, servers: 3 } })
    expect(steps.filter(({ kind }) => kind === 'start').length).toBeGreaterThanOrEqual(7)
  })

  test.runIf(existsSync('/dev/full'))('a trace that cannot be written fails the run', async () => {
    const run = standby('run', '--for', '1s', '--json', '--trace', '/dev/full')
    expect(await run.ended).toBe(1)
    const summary = JSON.parse(run.stdout().trimEnd().split('\n').at(-1)!)
    expect(summary).toMatchObject({ ok: false, linearizable: 'ok' })
    expect(summary.problems.join()).toContain('the trace /dev/full could not be written: ENOSPC')
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it with its summary', async (signal) => {
    const run = standby('run', '--no-faults')
    // A first answer that took long is reported with how long it took.
    await until('a first answer', () => /has its answer| = .*, after \d+ ms/.test(run.stdout()))
    run.child.kill(signal)
    const code = await run.ended
    expect(run.stdout()).toContain('every check passed')
    expect(code).toBe(0)
  })

  test('a reader that goes early ends it quietly', async () => {
    const run = standby('run')
    await until('three lines', () => run.stdout().split('\n').length > 3)
    run.child.stdout?.destroy()
    expect(await run.ended).toBe(0)
    expect(run.stderr()).toBe('')
  })

  test('a wrong option is refused with what to do, nothing is started, and the exit code is 2', async () => {
    const run = standby('run', '--for', '10')
    expect(await run.ended).toBe(2)
    expect(run.stderr()).toContain('such as 500ms, 10s, 2m or 1h')
    expect(run.stderr()).toContain('--help')
    expect(run.stdout()).toBe('')
  })
})

describe('standby', () => {
  test('without a command it says what there is', async () => {
    const run = standby()
    expect(await run.ended).toBe(0)
    expect(run.stdout()).toContain('Start with: standby run')
  })

  test('an unknown command is refused, with the one that was meant', async () => {
    const run = standby('rum')
    expect(await run.ended).toBe(2)
    expect(run.stderr()).toContain('(Did you mean run?)')
  })

  test.each(['--help', '--version'])('%s ends with 0', async (flag) => {
    expect(await standby(flag).ended).toBe(0)
  })
})

test('standby inspect says once what is wrong with a file, and which formats open', async () => {
  const path = join(folder, 'notes.txt')
  writeFileSync(path, 'hello\nthere\n')
  const run = standby('inspect', path)
  expect(await run.ended).toBe(2)
  expect(run.stderr().match(/error: /g)).toHaveLength(1)
  expect(run.stderr()).toMatch(/notes\.txt: line 1: expected a header .* ShiViz .* got "hello/)
})

test('standby inspect opens a log of another format, and serves it until it is stopped', async () => {
  const path = join(folder, 'go.log')
  writeFileSync(path, 'a {"a":1}\nstarted\n')
  const run = standby('inspect', path)
  await until('the address of the page', () => run.stdout().includes('http://127.0.0.1:'))
  expect(run.stdout()).toMatch(/^log for ShiViz or of GoVector, 1 step\. Look at it here:$/m)
  expect(run.stderr()).toBe('')
})
