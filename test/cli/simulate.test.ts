/** `standby simulate` as its users meet it: verdicts and exit codes, commands that repeat, the same output on any machine, and an end at Ctrl-C. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

const root = new URL('../..', import.meta.url).pathname
const tsx = import.meta.resolve('tsx')
// Several processes, each of which compiles first; the machine may have other work.
vi.setConfig({ testTimeout: 120_000 })

const children: ChildProcess[] = []
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'standby-simulate-'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function start(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--import', tsx, join(root, 'cli/main.ts'), 'simulate', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, npm_lifecycle_event: '', ...env },
  })
  children.push(child)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data) => {
    stdout += data
  })
  child.stderr.on('data', (data) => {
    stderr += data
  })
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (code) => resolve({ code, stdout, stderr })),
  )
  return { child, ended, stdout: () => stdout }
}

const simulate = (...args: string[]) => start(args).ended

/** A module for `--with` that brings one of the broken worlds. */
function world(name: string, part: string): string {
  const path = join(folder, `${name}.ts`)
  const worlds = fileURLToPath(new URL('../simulate/worlds.ts', import.meta.url))
  writeFileSync(
    path,
    `import { ${name} } from ${JSON.stringify(worlds)}\nexport const ${part} = ${name}.${part}\n`,
  )
  return path
}

describe('a verdict', () => {
  test('ok and stuck end with 0, and stuck names the server that all wait for', async () => {
    const { code, stdout } = await simulate('--seeds', '1..8', '--json', '--workers', '2')
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(0)
    expect(lines.slice(0, -1).map(({ seed }) => seed)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(lines.find(({ verdict }) => verdict === 'stuck')?.reason).toMatch(
      /^waits for s\d+#\d+, primary of view/,
    )
    expect(lines.at(-1)).toMatchObject({ kind: 'summary', seeds: 8, of: 8 })
  })

  test.each([
    ['safety', 1, 'hasty', 'charts', '1'],
    ['safety', 1, 'forgetful', 'workload', '1'],
    ['liveness', 3, 'deaf', 'network', '4'],
    ['crash', 4, 'throwing', 'charts', '1'],
  ])('%s ends with %i: %s %s', async (verdict, expected, name, part, seed) => {
    const path = world(name, part)
    const { code, stdout } = await simulate('--seed', seed, '--with', path, '--no-reduce', '--json')
    expect([code, JSON.parse(stdout).verdict]).toEqual([expected, verdict])
  })

  test('of a process that dies is a crash of its seed, and the others run', async () => {
    const path = join(folder, 'dying.ts')
    writeFileSync(path, 'export const network = () => process.exit(9)\n')
    const { code, stdout } = await simulate('--seeds', '1..3', '--with', path, '--json', '--workers', '2')
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(4)
    expect(lines.slice(0, 3).map(({ seed, verdict }) => [seed, verdict])).toEqual([
      [1, 'crash'],
      [2, 'crash'],
      [3, 'crash'],
    ])
    expect(lines[0].reason).toContain('exit code 9')
  })
})

describe('a failure', () => {
  test('is reduced, reported as a story, and each command that it prints repeats it', async () => {
    const path = world('hasty', 'charts')
    const failing = await simulate('--seed', '4', '--with', path)
    expect(failing.code).toBe(1)
    expect(failing.stdout).toMatch(/reduced in \d+ runs to \d+ calls and \d+ faults/)
    const commands = [...failing.stdout.matchAll(/^ {2}standby simulate (.*)$/gm)].map(([, rest]) =>
      rest!.split(' '),
    )
    expect(commands.length).toBe(2)
    for (const args of commands) {
      const again = await simulate(...args, '--no-reduce')
      expect(again.code).toBe(1)
      expect(again.stdout).toContain('safety (I5: ')
    }
    expect(existsSync(join(folder, 'failing-seed-4.jsonl'))).toBe(true)
  })
})

describe('the same seeds', () => {
  const elsewhere = { TZ: 'Asia/Kathmandu', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' }

  test('give the same output with one worker and with three, in any zone and language', async () => {
    const [one, three] = await Promise.all([
      start(['--seeds', '20..25', '--json', '--workers', '1']).ended,
      start(['--seeds', '20..25', '--json', '--workers', '3'], elsewhere).ended,
    ])
    expect(three.stdout).toBe(one.stdout)
    expect(one.stdout.split('\n').length).toBe(8)
  })

  test('give the same trace and history, byte for byte', async () => {
    const files = (name: string) => ['--trace', `${name}.jsonl`, '--history', `${name}.history`]
    await Promise.all([
      start(['--seed', '31', ...files('here')]).ended,
      start(['--seed', '31', ...files('there')], elsewhere).ended,
    ])
    for (const ending of ['jsonl', 'history']) {
      const [here, there] = ['here', 'there'].map((name) =>
        readFileSync(join(folder, `${name}.${ending}`), 'utf8'),
      )
      expect(here!.length).toBeGreaterThan(1000)
      expect(there === here, ending).toBe(true)
    }
  })
})

describe('a wrong option ends with 2 and says what to write', () => {
  test.each([
    [[], 'expected --seed 7'],
    [['--seeds', '9..1'], 'Expected a range such as 1..2000'],
    [['--seed', '-1'], 'Expected a whole number'],
    [['--seed', '1', '--seeds', '1..2'], 'cannot be used with'],
    [['--seeds', '1..2', '--trace', 'x'], 'cannot be used with'],
    [['--seed', '1', '--require-all'], 'cannot be used with'],
    [['--plan', 'missing.json'], "option '--plan <file>' expected a plan"],
    [['--seed', '1', '--with', 'missing.js'], "option '--with <module>' expected a module"],
    [
      ['--seed', '1', '--trace', 'no/such/folder'],
      "option '--trace <file>' expected a file that can be written",
    ],
  ])('%j', async (args, said) => {
    const { code, stderr } = await simulate(...args)
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)])
  })
})

describe('many seeds', () => {
  test('end at Ctrl-C with a summary of those that have ended, and exit code 130', async () => {
    const run = start(['--seeds', '1..1000000', '--json', '--workers', '2'])
    const deadline = Date.now() + 30_000
    while (run.stdout().split('\n').length < 4 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20))
    run.child.kill('SIGINT')
    const { code, stdout } = await run.ended
    expect(code).toBe(130)
    const { seeds, of } = JSON.parse(stdout.trim().split('\n').at(-1)!)
    expect(seeds).toBeGreaterThanOrEqual(3)
    expect(of).toBe(1_000_000)
  })

  test('fail with --require-all where a situation was never met', async () => {
    const { code, stdout } = await simulate('--seeds', '1..2', '--require-all')
    expect(code).toBe(3)
    expect(stdout).toContain('never met: ')
  })

  test('end when no one reads any more', async () => {
    const run = start(['--seeds', '1..1000000', '--json', '--workers', '2'])
    run.child.stdout!.once('data', () => run.child.stdout!.destroy())
    expect((await run.ended).code).toBe(0)
  })
})
