/** `standby check`, `judge` and the commands that are printed to be pasted: verdicts by name, exit codes, what is refused. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { registerCheck } from '../../cli/check.ts'
import { commandLine } from '../../cli/command-line.ts'
import { registerJudge } from '../../cli/judge.ts'
import { registerReplay } from '../../cli/replay.ts'
import { check } from '../../proof/check/check.ts'
import { traceOf } from '../../proof/check/run-trace.ts'
import { scenarioNamed } from '../../proof/protocol/scenarios.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'standby-prove-'))
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

/** One command in this process: what it printed, and its exit code; of a refusal the message. */
async function standby(...args: string[]) {
  const out: string[] = []
  vi.spyOn(console, 'log').mockImplementation((line) => void out.push(String(line)))
  const program = new Command('standby').exitOverride()
  for (const register of [registerCheck, registerJudge, registerReplay]) register(program)
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} })
  const before = process.exitCode
  try {
    await program.parseAsync(args, { from: 'user' })
    return { code: Number(process.exitCode ?? 0), out: out.join('\n') }
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { code: 2, out: error.message }
  } finally {
    process.exitCode = before
  }
}

const put = (value: string, call: number, end: number | null) => ({
  client: 'a',
  op: 'put',
  key: 'x',
  value,
  output: null,
  call,
  return: end,
})
const get = (output: string | null, call: number) => ({
  client: 'b',
  op: 'get',
  key: 'x',
  value: null,
  output,
  call,
  return: call + 1,
})

function history(...operations: readonly object[]): string {
  const path = join(folder, 'history.jsonl')
  writeFileSync(path, operations.map((operation) => `${JSON.stringify(operation)}\n`).join(''))
  return path
}

describe('standby judge', () => {
  test('ends with 0 for ok, also where nothing was called', async () => {
    expect(await standby('judge', history(put('1', 0, 1), get('1', 2)))).toMatchObject({ code: 0 })
    const { code, out } = await standby('judge', history())
    expect([code, out]).toEqual([0, expect.stringContaining('ok: 0 operations')])
  })

  test('ends with 1 for illegal, with the longest prefix, what breaks it, and a picture', async () => {
    const page = join(folder, 'page.html')
    const path = history(put('1', 0, 1), get(null, 2), get('1', 4))
    const { code, out } = await standby('judge', path, '--page', page)
    expect(code).toBe(1)
    expect(out).toMatch(/^illegal: 3 operations/m)
    expect(out).toMatch(/longest linearizable prefix has 1 /)
    expect(out).toContain(JSON.stringify(get(null, 2)))
    expect(readFileSync(page, 'utf8')).toContain('Not linearizable')
  })

  test('ends with 3 for unknown, and says of what there was too little', async () => {
    const calls = Array.from({ length: 40 }, (_, n) => put(String(n), n, null))
    const { code, out } = await standby('judge', history(...calls, get('7', 50)), '--steps', '3')
    expect([code, out]).toEqual([3, expect.stringMatching(/^unknown.*\n.*out of steps/)])
  })

  test('refuses with 2 what is no history, and a page that cannot be written', async () => {
    const other = join(folder, 'other.jsonl')
    writeFileSync(other, `${JSON.stringify(put('1', 0, 1))}\nhello\n`)
    expect(await standby('judge', other)).toMatchObject({ code: 2, out: expect.stringContaining('line 2') })
    const early = await standby('judge', history(put('1', 5, 1)))
    expect(early.out).toContain('expected "return" to come after "call"')
    const page = join(folder, 'missing', 'page.html')
    const refused = await standby('judge', history(put('1', 0, 1)), '--page', page)
    expect([refused.code, refused.out]).toEqual([2, expect.stringContaining("'--page <file>' expected")])
  })
})

describe('standby check', () => {
  test('names its verdict, and the bound that ended a search', async () => {
    const whole = await standby('check', 'one-server')
    expect(whole.out).toMatch(/^one-server: exhausted\n/)
    expect(whole.out).toContain('128 states')
    const bounded = await standby('check', 'one-server', '--states', '50', '--json')
    expect([whole.code, bounded.code]).toEqual([0, 0])
    expect(JSON.parse(bounded.out)).toMatchObject({ verdict: 'bounded', bound: 'states', violation: null })
  })

  test('finds the same states in every order, and tells how deep it went', async () => {
    const [wide, deep] = [
      await standby('check', 'one-server', '--json'),
      await standby('check', 'one-server', '--json', '--order', 'depth-first'),
    ].map(({ out }) => JSON.parse(out))
    expect([deep.states, deep.transitions]).toEqual([wide.states, wide.transitions])
    expect(deep.depth).toBeGreaterThanOrEqual(wide.depth)
  })

  test.each([
    [['check', 'no-such'], /one of the scenarios view-service-alone/],
    [['check', 'one-server', '--states', 'many'], /Expected a whole number/],
    [['check', 'one-server', '--order', 'depth-first', '--workers', '2'], /search breadth first/],
    [['check', 'one-server', '--walk', '--liveness'], /are for searches/],
  ])('refuses %j', async (args, message) => {
    expect(await standby(...args)).toMatchObject({ code: 2, out: expect.stringMatching(message) })
  })
})

/** A door that must not be opened; `toggle` opens it. */
const doorModule = `
const config = { initial: 'shut', states: { shut: { on: { toggle: 'open' } }, open: { on: { toggle: 'shut' } } } }
const rule = { name: 'shut', holds: (s) => s.node('door').snapshot.value === 'shut' || 'it is open' }
const door = (invariants) => ({
  nodes: [{ id: 'door', machine: createMachine(config), script: [{ type: 'toggle' }, { type: 'toggle' }] }],
  invariants,
})
export default () => door([rule])
export const free = door([])
`

describe('standby check --with', () => {
  function written(text: string): string {
    const path = join(folder, 'door.mjs')
    const xstate = import.meta.resolve('xstate')
    writeFileSync(path, `import { createMachine } from ${JSON.stringify(xstate)}\n${text}`)
    return path
  }

  test('checks the system of a module, and its counterexample can be repeated and gone on from', async () => {
    const [path, trace] = [written(doorModule), join(folder, 'run.jsonl')]
    const broken = await standby('check', '--with', path, '--trace', trace)
    expect([broken.code, broken.out]).toEqual([1, expect.stringMatching(/^door.mjs: violated/)])
    expect(broken.out).toContain(`replay ${trace} --with ${path}`)
    const again = await standby('replay', trace, '--with', path)
    expect([again.code, again.out]).toEqual([1, expect.stringContaining('it is open')])

    const whole = await standby('check', '--with', path, '--export', 'free', '--json')
    expect(JSON.parse(whole.out)).toMatchObject({ verdict: 'exhausted', states: 3 })
    const rest = await standby('check', '--with', path, '--export', 'free', '--from', trace, '--json')
    expect(JSON.parse(rest.out)).toMatchObject({ verdict: 'exhausted', states: 2 })
  })

  test("goes on from a scenario's run without its name", async () => {
    const trace = join(folder, 'run.jsonl')
    const { system } = scenarioNamed('one-server')
    const { goals } = check(system(), {})
    writeFileSync(trace, traceOf(system(), goals[0]!.run!, { scenario: 'one-server' }))
    const { code, out } = await standby('check', '--from', trace, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out).states).toBeLessThan(128)
  })

  test('refuses what is no module, no system, no run, no link', async () => {
    const path = written(doorModule)
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['--with', join(folder, 'none.mjs')], /expected a module, got no such file/],
      [['--with', path, '--export', 'other'], /expected a module that exports a system as `other`/],
      [['one-server', '--with', path], /expected a scenario or --with, got both/],
      [['one-server', '--export', 'free'], /expected --export with --with/],
      [['one-server', '--from', path], /expected/],
      [['one-server', '--block', 'a'], /Expected a link/],
      [['one-server', '--block', 'a:b'], /expected blocked links between/],
      [['one-server', '--block', 'a:b', '--workers', '2'], /are for one worker/],
    ]
    for (const [args, message] of cases)
      expect(await standby('check', ...args)).toMatchObject({ code: 2, out: expect.stringMatching(message) })
  })
})

describe('a command to be pasted', () => {
  test('is written as the program was started', () => {
    vi.stubEnv('npm_lifecycle_event', 'standby')
    expect(commandLine('simulate', '--seed', '7')).toBe('npm run standby -- simulate --seed 7')
    vi.stubEnv('npm_lifecycle_event', 'npx')
    expect(commandLine('replay', './a.jsonl')).toBe('npx standby replay ./a.jsonl')
    vi.stubEnv('npm_lifecycle_event', 'test')
    expect(commandLine('replay', 'a.jsonl')).toBe('standby replay a.jsonl')
  })

  test('quotes what a shell would take apart', () => {
    vi.stubEnv('npm_lifecycle_event', '')
    const words = ["it's a trace.jsonl", '$HOME', 'plain']
    const text = commandLine(...words).replace('standby', "printf '%s\\n'")
    expect(execFileSync('sh', ['-c', text], { encoding: 'utf8' })).toBe(`${words.join('\n')}\n`)
  })
})
