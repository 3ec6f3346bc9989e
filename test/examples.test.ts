/** Every example runs as its header says, against the built package, and prints what it promises. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../', import.meta.url))
const deadlineMs = 60_000
const running = new Set<ChildProcess>()

interface Run {
  readonly process: ChildProcess
  /** All that it has printed so far. */
  output(): string
  readonly exited: Promise<number | null>
}

function start(name: string, env: NodeJS.ProcessEnv = {}): Run {
  const child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}.ts`], {
    cwd: root,
    env: { ...process.env, ...env },
  })
  running.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data))
  const exited = new Promise<number | null>((resolve) =>
    child.on('close', (code) => {
      running.delete(child)
      resolve(code)
    }),
  )
  return { process: child, output: () => output, exited }
}

async function outputOf(name: string): Promise<string> {
  const run = start(name)
  const code = await run.exited
  return code === 0 ? run.output() : `exit code ${code}\n${run.output()}`
}

/** Asks again until the answer is `done`, or the test's own deadline ends it. */
async function poll<Answer>(ask: () => Answer | Promise<Answer>, done: (answer: Answer) => boolean) {
  for (;;) {
    const answer = await ask()
    if (done(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

beforeAll(() => {
  if (!existsSync(`${root}dist/runtime/index.js`)) {
    throw new Error('expected the built package in dist/, which the examples import; run npm run build')
  }
})
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
})

test('every example says in its header how to run it', () => {
  const files = readdirSync(`${root}examples`, { recursive: true, encoding: 'utf8' })
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    const [header = ''] = /^\/\*\*[\s\S]*?\*\//.exec(readFileSync(`${root}examples/${file}`, 'utf8')) ?? []

    const commands = ['npx tsx', 'npx tsx cli/main.ts explore'].map((start) => `${start} examples/${file}`)
    expect(
      commands.some((command) => header.includes(command)),
      `${file}: ${header}`,
    ).toBe(true)
  }
})

test('five-lines: what was put and appended is read', { timeout: deadlineMs }, async () => {
  expect(await outputOf('five-lines')).toBe('hello again\n')
})

test('survive-a-crash: the value has outlived two primaries, each word appended once', {
  timeout: deadlineMs,
}, async () => {
  const output = await outputOf('survive-a-crash')

  expect(output).toMatch(/view 2: primary s1#1, backup s2#1/)
  expect(output).toMatch(/s1 crashed.*view 3: primary s2#1/)
  expect(output).toMatch(/s2 crashed.*view 4: primary s3#1, backup s1#2/)
  expect(output).toContain('greeting is "hello again and again"')
})

test('your-own-application: no cent is lost or made by a crash, and refusals say why', {
  timeout: deadlineMs,
}, async () => {
  const output = await outputOf('your-own-application')

  expect(output).toContain('{ ada: 9000, barbara: 1000 }')
  expect(output).toContain('applicationError: ada has 9000, not 1000000')
  expect(output).toContain('invalidCommand: expected a positive amount')
})

test('trace-operations: four spans of one trace, each with its parent', { timeout: deadlineMs }, async () => {
  const spans = [
    ...(await outputOf('trace-operations')).matchAll(/^span (\w+) (\w+) parent=(\w+) standby (\w+) at/gm),
  ].map(([, traceId, spanId, parent, name]) => ({ traceId, spanId, parent, name }))
  const idOf = (name: string) => spans.find((span) => span.name === name)?.spanId
  const parents = { call: 'none', request: idOf('call'), forward: idOf('request'), apply: idOf('forward') }

  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
  expect(Object.fromEntries(spans.map(({ name, parent }) => [name, parent]))).toEqual(parents)
})

test('replicate-a-machine: the order goes on behind a crash and emits its effect once', {
  timeout: deadlineMs,
}, async () => {
  const output = await outputOf('replicate-a-machine')

  expect(output.split('\n').map((line) => line.trim())).toEqual([
    'submit -> "open"',
    'add    -> "open"',
    'submit -> "awaitingPayment"',
    'paid   -> "awaitingPayment"',
    'paid   -> "shipped"',
    '{"type":"ship","items":["book"]}',
    '',
  ])
})

test('test-a-transition: its three unit tests pass', { timeout: deadlineMs }, async () => {
  const output = await outputOf('test-a-transition')

  expect(output).toMatch(/pass 3$/m)
  expect(output).toMatch(/fail 0$/m)
})

test('embed-http: a note outlives the primary, and SIGTERM ends the process cleanly', {
  timeout: deadlineMs,
}, async () => {
  const run = start('embed-http', { PORT: '0' })
  const ended = run.exited.then((code) => `exit code ${code}`)
  const listening = await Promise.race([poll(run.output, (text) => text.includes('listening on')), ended])
  const [url = ''] = /http:\/\/\S+/.exec(listening) ?? []
  const ask = async (method: string, path: string, body?: string) => {
    const response = await fetch(url + path, { method, ...(body === undefined ? {} : { body }) })
    return { status: response.status, text: (await response.text()).trim() }
  }

  const kept = await ask('PUT', '/notes/today', 'buy milk')
  const crashed = await poll(
    () => ask('POST', '/crash-the-primary'),
    ({ status }) => status !== 409,
  )
  const read = await ask('GET', '/notes/today')
  const missing = await ask('GET', '/notes/tomorrow')
  run.process.kill('SIGTERM')
  const code = await run.exited

  expect(kept).toEqual({ status: 200, text: 'kept' })
  expect(crashed.status).toBe(200)
  expect(read).toEqual({ status: 200, text: 'buy milk' })
  expect(missing.status).toBe(404)
  expect(code).toBe(0)
  expect(run.output()).toContain('stopped')
})

test('the checker finds the bug in a protocol that is not ours', async () => {
  const output = await outputOf('check-two-phase-commit')
  expect(output).toContain('as it should be: exhausted')
  expect(output).toContain('with an impatient participant: violated')
  expect(output).toMatch(/timer 500 fires, now aborted/)
})

test('the checker finds the bug in a lock server, whose clients all get the lock', async () => {
  const output = await outputOf('check-lock-server')
  expect(output).toContain('as it should be: exhausted')
  expect(output).toContain('with a careless client: violated')
  expect(output).toContain('one client works at a time: c1 and c2 work')
})

test('the checker finds the bug in Paxos', { timeout: deadlineMs }, async () => {
  const output = await outputOf('check-paxos')
  expect(output).toContain("as it should be, network 'once': exhausted, 16668 states")
  expect(output).toContain("as it should be, network 'set': exhausted, 16355 states")
  expect(output).toContain('with a server that forgets what was accepted: violated')
})

test('inspect-an-app: what actors send, and what they refuse', { timeout: deadlineMs }, async () => {
  const output = await outputOf('inspect-an-app')

  expect(output.split('\n').slice(0, 5)).toEqual([
    'restaurant sends order to restaurant/kitchen',
    'restaurant sends order to restaurant/kitchen',
    'restaurant sends order to restaurant/kitchen',
    'restaurant/kitchen refuses order: its guard hasRoom said no',
    'restaurant sends close to restaurant/kitchen',
  ])
  expect(output).toContain('the whole run: ')
})

test('bridge-to-xstate-inspect: each node is a service of a receiver on XState 4', {
  timeout: deadlineMs,
}, async () => {
  const output = await outputOf('bridge-to-xstate-inspect')

  expect(output).toContain('view-service is a viewService')
  expect(output).toContain('s1#1 is a server')
  expect(output).toContain('c1#1 is a client')
})

test('inspect-in-a-browser: serves the app and the page', { timeout: deadlineMs }, async () => {
  const run = start('inspect-in-a-browser', { PORT: '0' })
  const listening = await poll(run.output, (text) => text.includes('listening on'))
  const [url = ''] = /http:\/\/\S+/.exec(listening) ?? []
  const textOf = async (path: string) => (await fetch(url + path)).text()

  expect(await textOf('/')).toContain('watch with standbyInspector')
  expect(await textOf('/inspector.html')).toContain('<title>standby inspector</title>')
})
