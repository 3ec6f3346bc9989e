/** The command line against a system of real processes, started as examples/three-machines starts it: `npm run build` comes first. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { table } from '../../cli/status.ts'
import { checkedConfig } from '../../runtime/serve/config/config.ts'
import { readDump } from '../../runtime/serve/dump.ts'
import type { NodeStatus } from '../../runtime/serve/node-status.ts'
import { createProcesses, createSystem, freePorts, timing, until } from './processes.ts'

const root = new URL('../..', import.meta.url).pathname
let processes: ReturnType<typeof createProcesses>
beforeEach(() => {
  processes = createProcesses()
})
afterEach(() => processes.end())

/** Exit code and output of one command. */
async function standby(...args: string[]) {
  const child = processes.run(args)
  return { code: await child.ended, stdout: child.stdout(), stderr: child.stderr() }
}

/** The example, on free ports; resolves when a crash can be survived. */
async function startExample() {
  const ports = (await freePorts(9)).map((port) => `127.0.0.1:${port}`)
  const names = ['view-service', 's1', 's2', 's3']
  const peers = Object.fromEntries(names.map((name, index) => [name, ports[index]]))
  const config = join(processes.folder, 'local.json')
  writeFileSync(config, JSON.stringify({ peers, monitoring: ports.slice(4), timing }))
  const data = join(processes.folder, 'data')
  if (!existsSync(join(root, 'dist'))) throw new Error('expected dist/, got none; run npm run build first')
  const example = spawn(
    process.execPath,
    ['--import', 'tsx', 'examples/three-machines/local.ts', data, config],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  for (const stream of [example.stdout, example.stderr]) {
    stream.on('data', (text) => {
      output += text
    })
  }
  const leave = async () => {
    if (example.exitCode === null && example.kill('SIGTERM')) await once(example, 'close')
    return example.exitCode
  }
  processes.onEnd(leave)
  const statuses = () =>
    Promise.all(
      ports
        .slice(4)
        .map(async (port) => (await fetch(`http://${port}/status`)).json() as Promise<NodeStatus>),
    )
  await until('five processes that are ready, and a backup', async () => {
    if (example.exitCode !== null) throw new Error(`expected the example to run, got: ${output}`)
    const all = await statuses().catch(() => [])
    return (
      all.length === 5 &&
      all.every(({ ready }) => ready) &&
      all[0]!.state === 'acknowledged' &&
      all[0]!.view.backup !== null
    )
  })
  return { config, leave, data, ports, statuses }
}

describe('a system that runs', () => {
  test('is written, read, watched and asked how it stands; and leaves when it is asked to', async () => {
    const { config, leave, data } = await startExample()
    const at = ['--config', config]

    expect(await standby('put', 'a', 'hello', ...at)).toMatchObject({ code: 0, stdout: '' })
    const commands = await Promise.all([
      standby('get', 'a', ...at),
      standby('get', 'a', '--json', ...at),
      standby('get', 'none', ...at),
      standby('append', 'b', 'xyz', ...at),
      standby('put', 'c', '{"n":1}', '--json', ...at),
      standby('put', 'number', '1', '--json', ...at),
      standby('put', 'text', '1', '--as', 'string', '--json', ...at),
      standby('compare-and-set', 'a', 'hello', 'hello', ...at),
      standby('compare-and-set', 'a', 'null', '1', '--as', 'json', '--json', ...at),
    ])
    expect(commands.map(({ stdout }) => stdout)).toEqual([
      'hello\n',
      '{"key":"a","value":"hello"}\n',
      'null\n',
      '3\n',
      '{"key":"c","value":{"n":1}}\n',
      '{"key":"number","value":1}\n',
      '{"key":"text","value":"1"}\n',
      'true\n',
      '{"key":"a","value":false}\n',
    ])
    expect(commands.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1])
    const wrong = await standby('append', 'c', 'x', ...at)
    expect(wrong).toMatchObject({ code: 1, stdout: '' })
    expect(wrong.stderr).toContain('applicationError')

    const watched = await standby('watch-views', '--for', '500ms', '--json', ...at)
    expect(watched.code).toBe(0)
    expect(JSON.parse(watched.stdout.split('\n')[0]!)).toMatchObject({ number: expect.any(Number) })

    const status = await standby('status', ...at)
    expect(status.code).toBe(0)
    const roles = status.stdout.split('\n').slice(1, -1)
    expect(roles.map((line) => /view service|primary|backup|idle|gateway/.exec(line)?.[0])).toEqual([
      'view service',
      'primary',
      'backup',
      'idle',
      'gateway',
    ])
    console.log(status.stdout)

    const dump = join(processes.folder, 'dump.jsonl')
    expect(await standby('dump', dump, ...at)).toMatchObject({ code: 0 })
    expect(readDump(readFileSync(dump, 'utf8'))).toEqual([
      ['a', 'hello'],
      ['b', 'xyz'],
      ['c', { n: 1 }],
      ['number', 1],
      ['text', '1'],
    ])
    await standby('put', 'a', 'changed', ...at)
    expect(await standby('restore', dump, ...at)).toMatchObject({ code: 0, stdout: '5 keys restored\n' })
    expect(await standby('get', 'a', ...at)).toMatchObject({ stdout: 'hello\n' })
    writeFileSync(dump, readFileSync(dump, 'utf8').slice(0, -3))
    expect((await standby('restore', dump, ...at)).stderr).toContain('make the dump again')

    expect(await leave()).toBe(0)
    expect(readFileSync(join(data, 'view-service', 'view.json'), 'utf8')).toContain('standby-view')
    expect(await standby('status', '--timeout', '200ms', ...at)).toMatchObject({ code: 1 })
  }, 240_000)
})

describe('standby init', () => {
  test('V11 founds a system once; its view service starts without a flag that it is new', async () => {
    const folder = join(processes.folder, 'view-service')

    expect(await standby('init', folder)).toMatchObject({ code: 0 })
    const again = await standby('init', folder)
    expect(again.code).toBe(1)
    expect(again.stderr).toContain('expected no record')

    const system = await createSystem(processes, [])
    await expect(system.viewService()).resolves.toMatchObject({ node: 'view-service' })
  }, 60_000)
})

describe('a system that does not answer', () => {
  const unreachable = ['--peer', 'view-service=127.0.0.1:1']

  test('exit codes and errors say what happened', async () => {
    const [late, unknown, bad, views, inexact] = await Promise.all([
      standby('put', 'a', 'x', '--timeout', '300ms', ...unreachable),
      standby('get', 'a'),
      standby('put', 'a', '{', '--as', 'json', ...unreachable),
      standby('watch-views', '--for', '200ms', ...unreachable),
      standby('put', 'a', '12345678901234567890', ...unreachable),
    ])

    expect(late.code).toBe(1)
    expect(late.stderr).toContain('never transmitted')
    expect(unknown).toMatchObject({ code: 2 })
    expect(unknown.stderr).toContain('--peer')
    expect(bad).toMatchObject({ code: 2 })
    expect(views).toMatchObject({ code: 1, stdout: '' })
    expect(inexact).toMatchObject({ code: 2 })
    expect(inexact.stderr).toContain('--as string')
  }, 60_000)

  test('--check-config starts nothing, and says what is wrong', async () => {
    const server = [
      'serve',
      'server',
      '--check-config',
      '--data',
      join(processes.folder, 'x'),
      ...unreachable,
    ]
    const [good, bad] = await Promise.all([
      standby(...server, '--name', 's1'),
      standby(...server, '--name', 's1', '--listen', '0.0.0.0:1'),
    ])

    expect(good).toMatchObject({ code: 0 })
    expect(bad).toMatchObject({ code: 2 })
    expect(bad.stderr).toContain('--insecure')
    expect(existsSync(join(processes.folder, 'x'))).toBe(false)
  }, 60_000)
})

describe('the table of standby status', () => {
  const status: NodeStatus = {
    node: 's1#1',
    role: 'primary',
    state: 'primary.serving',
    view: { number: 3, primary: 's1#1', backup: 's2#1' },
    verdict: null,
    applied: 20,
    queue: 2,
    transfer: null,
    lamport: 99,
    uptimeMs: 3_723_000,
    ready: true,
    draining: false,
  }

  test('has the lag of the backup, who leaves, and who does not answer', () => {
    const plain = { dim: String, red: String, yellow: String, bold: String } as never
    const lines = table(
      [
        { address: 'c:3', status: null, problem: 'ECONNREFUSED' },
        {
          address: 'b:2',
          status: {
            ...status,
            node: 's2#1',
            role: 'backup',
            applied: 17,
            draining: true,
            transfer: { pieces: 12, bytes: 3 * 2 ** 20 },
          },
          problem: null,
        },
        { address: 'a:1', status, problem: null },
      ],
      plain,
    )

    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['node', 'role', 'state', 'view', 'lag', 'queue', 'clock', 'uptime', 'at'],
      ['s1#1', 'primary', 'primary.serving', '3', '-', '2', 'L99', '1h 2m', 'a:1'],
      ['s2#1', 'backup', 'primary.serving 3 MiB, leaving', '3', '3', '2', 'L99', '1h 2m', 'b:2'],
      ['?', 'unreachable', 'ECONNREFUSED', 'c:3'],
    ])
  })
})

describe('examples/three-machines', () => {
  const folder = join(root, 'examples/three-machines')

  test('the files that it gives are configurations that could be started', () => {
    for (const file of ['local.json', 'system.json']) {
      const given = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, unknown>
      const { secretFile: _, httpTokenFile: __, ...rest } = given

      expect(checkedConfig('server', { ...rest, name: 's1', data: 'x' }).peers).toHaveProperty('view-service')
    }
  })
})
