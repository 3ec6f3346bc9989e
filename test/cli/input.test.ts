/** `-` reads a pipe to its end, from any writer and however slow. */
import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'

const root = new URL('../..', import.meta.url).pathname
const history = Array.from({ length: 3000 }, (_, index) =>
  JSON.stringify({
    client: 'a',
    op: 'put',
    key: 'k',
    value: index,
    output: null,
    call: index * 2,
    return: index * 2 + 1,
  }),
)

test('standby judge - waits for a slow writer', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'cli/main.ts', 'judge', '-'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data))
  const ended = new Promise((resolve) => child.on('close', resolve))
  for (let at = 0; at < history.length; at += 500) {
    child.stdin.write(`${history.slice(at, at + 500).join('\n')}\n`)
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  child.stdin.end()

  expect(await ended).toBe(0)
  expect(output).toContain('ok: 3000 operations')
}, 60_000)
