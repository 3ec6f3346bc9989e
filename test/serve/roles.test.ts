/** A key that may be a gateway becomes no replica (N6): a view service with keys, and a peer with a valid key that pings. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Message } from '../../machines/messages.ts'
import { checkedConfig } from '../../runtime/serve/config/config.ts'
import { type RunningProcess, startProcess } from '../../runtime/serve/run-process.ts'
import { type MeshTransport, openTcpTransport } from '../../runtime/transport/tcp.ts'
import { until } from './processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'standby-roles-'))
const opened: (RunningProcess | MeshTransport)[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await ('stop' in one ? one.stop() : one.close())
  rmSync(folder, { recursive: true, force: true })
})
const secretOf = (name: string) => `the very own secret of ${name}`

test('N6, V10: a ping from a key for gateways is refused, counted, and logged once; no ping ends the process', async () => {
  const keysFile = join(folder, 'keys.json')
  const accepts = {
    s1: { secret: secretOf('s1'), names: ['s1'] },
    gateways: { secret: secretOf('gateways'), names: ['gateway-*', 'session-*'] },
  }
  writeFileSync(keysFile, JSON.stringify({ accepts }))
  const lines: string[] = []
  const given = { keysFile, data: join(folder, 'data'), servers: ['s1', 's2'], http: '127.0.0.1:0' }
  const viewService = await startProcess(checkedConfig('view-service', given), {
    isNew: true,
    line: (line) => void lines.push(line),
    onFailure: (error) => void lines.push(`failed: ${error.message}`),
  })
  opened.push(viewService)
  const directory = { 'view-service': viewService.address! }
  const dial = async (id: string, node: string) => {
    const transport = await openTcpTransport({
      directory,
      authentication: { key: { id, secret: secretOf(id) } },
    })
    opened.push(transport)
    const replies: Message[] = []
    transport.attach(node, ({ message }) => void replies.push(message))
    const send = (message: Message) =>
      transport.send({ from: node, to: 'view-service', message, stamp: { lamport: 1, vector: {} } })
    return { send, replies }
  }
  const evil = await dial('gateways', 'gateway-evil#1')
  const honest = await dial('s1', 's1#1')

  for (const viewNumber of [0, 1, 999_999]) evil.send({ type: 'ping', viewNumber })
  evil.send({ type: 'getView' })
  await until('an answer to the question that a client may ask', () => evil.replies.length === 1)
  honest.send({ type: 'ping', viewNumber: 0 })
  await until('a first view', () => viewService.node.status().view.number === 1)

  expect(viewService.node.status().view).toEqual({ number: 1, primary: 's1#1', backup: null })
  honest.send({ type: 'ping', viewNumber: 999_999 })
  await until('a suspension', () => viewService.node.status().state === 'suspended')
  expect(viewService.node.status().ready).toBe(false)
  const before = honest.replies.length
  honest.send({ type: 'ping', viewNumber: 1 })
  await until('the end of it', () => viewService.node.status().state !== 'suspended')
  expect(honest.replies).toHaveLength(before)
  honest.send({ type: 'ping', viewNumber: 1 })
  await until('an acknowledgement', () => viewService.node.status().state === 'acknowledged')

  expect(lines.filter((line) => line.includes('s1#1, which knows view 999999'))).toHaveLength(1)
  const refusals = lines.filter((line) => line.includes('gateway-evil#1'))
  expect(refusals).toEqual([expect.stringMatching(/refuses a message: .*ping.*reason=wrongRole/)])
  expect(lines.filter((line) => line.startsWith('failed'))).toEqual([])
  const metrics = await (await fetch(`http://${viewService.httpAddress}/metrics`)).text()
  expect(metrics).toMatch(/standby_messages_refused_total\{reason="wrongRole"\} 3/)
}, 60_000)
