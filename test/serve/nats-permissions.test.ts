/** The NATS configuration of the examples: it carries a system, and gives a gateway no way to be a server. Against the real nats-server. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkedConfig, type ProcessRole } from '../../runtime/serve/config/config.ts'
import { type RunningProcess, startProcess } from '../../runtime/serve/run-process.ts'
import { type NatsServer, skipsNats, startNatsServer } from '../transport/nats-server.ts'
import { until } from './processes.ts'

const users = ['VIEW_SERVICE', 'S1', 'S2', 'S3', 'GATEWAY'] as const
const passwordOf = (user: (typeof users)[number]) => `password-of-${user.toLowerCase()}`
const configuration = readFileSync('examples/three-machines/nats.conf', 'utf8').replace(/^port: .*$/m, '')
const folder = mkdtempSync(join(tmpdir(), 'standby-nats-permissions-'))
const timing = { pingIntervalMs: 100, pingCheckIntervalMs: 400 }

describe.skipIf(skipsNats)('the NATS configuration of three machines', () => {
  let nats: NatsServer
  const running: RunningProcess[] = []
  const lines: string[] = []
  const start = async (role: ProcessRole, name: string, user: (typeof users)[number]) => {
    const natsPasswordFile = join(folder, `${name}.password`)
    writeFileSync(natsPasswordFile, passwordOf(user))
    const config = checkedConfig(role, {
      name,
      transport: 'nats',
      natsServers: [nats.url],
      natsUser: user.toLowerCase().replace('_', '-'),
      natsPasswordFile,
      servers: ['s1', 's2', 's3'],
      http: '127.0.0.1:0',
      timing,
      ...(role !== 'client-gateway' && { data: join(folder, name) }),
    })
    const process = await startProcess(config, {
      isNew: true,
      line: (line) => void lines.push(line),
      onFailure: () => {},
    })
    running.push(process)
    return process
  }
  const readiness = async ({ httpAddress }: RunningProcess) =>
    (await fetch(`http://${httpAddress}/readyz`)).status

  let [viewService, gateway]: (RunningProcess | null)[] = [null, null]
  beforeAll(async () => {
    for (const user of users) process.env[`STANDBY_${user}_PASSWORD`] = passwordOf(user)
    nats = await startNatsServer(configuration)
    viewService = await start('view-service', 'view-service', 'VIEW_SERVICE')
    for (const name of ['s1', 's2', 's3'] as const) await start('server', name, name.toUpperCase() as 'S1')
    gateway = await start('client-gateway', 'gateway', 'GATEWAY')
  }, 60_000)
  afterAll(async () => {
    for (const user of users) delete process.env[`STANDBY_${user}_PASSWORD`]
    await Promise.all(running.map((process) => process.stop()))
    await nats?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('carries commands, and the loss of its primary', async () => {
    const put = (value: number) =>
      fetch(`http://${gateway!.httpAddress}/v1/keys/a`, { method: 'PUT', body: `${value}` })
    await until('a first command', async () => (await put(1)).ok)
    await until('a backup', async () => viewService!.node.status().view.backup !== null)
    await until('readiness', async () => (await readiness(gateway!)) === 200)

    const { primary, number } = viewService!.node.status().view
    const index = running.findIndex(({ node }) => node.id === primary)
    await running.splice(index, 1)[0]!.stop()
    await until('a failover', async () => viewService!.node.status().view.number > number)

    await until('a command after it', async () => (await put(2)).ok)
    expect(lines.filter((line) => /may not|permissions|refuses/i.test(line))).toEqual([])
  }, 60_000)

  test('N6: gives the user of gateways no way to speak as a server, or to read what is for one', async () => {
    const refusals: string[] = []
    const evil = await connect({ servers: nats.url, user: 'gateway', pass: passwordOf('GATEWAY') })
    void (async () => {
      for await (const status of evil.status())
        if (status.type === 'error') refusals.push(String(status.error.message))
    })()
    const heard: string[] = []
    const forbidden = [
      'standby.standby.view-service.view-service.0.server.s2.1',
      'standby.standby.server.s1.1.server.s2.1',
      'standby.standby.gateway.c1.1.view-service.view-service.0',
      'standby.standby.gateway.c1.1.gateway.evil.1',
    ]
    const read = ['standby.standby.server.>', 'standby.>', 'standby.standby.view-service.view-service.0.>']

    for (const subject of forbidden) evil.publish(subject, '{}')
    for (const subject of read)
      evil.subscribe(subject, {
        callback: (error, { subject: from } = { subject: '' } as never) =>
          void (error ? refusals.push(error.message) : heard.push(from)),
      })
    await until('seven refusals', async () => {
      await evil.flush()
      return new Set(refusals).size >= forbidden.length + read.length
    })
    await evil.close()

    expect(heard).toEqual([])
  }, 30_000)

  test('a nats-server that is killed is a line in the log, and 503 at view service and gateway', async () => {
    await until('readiness', async () => (await readiness(viewService!)) === 200)
    await nats.kill()

    await until('503 of both', async () => {
      const both = await Promise.all([viewService!, gateway!].map(readiness))
      return both.every((status) => status === 503)
    })
    expect(lines.filter((line) => line.includes('NATS: the connection is lost')).length).toBeGreaterThan(1)

    await nats.start()
    await until('200 of both', async () => {
      const both = await Promise.all([viewService!, gateway!].map(readiness))
      return both.every((status) => status === 200)
    })
  }, 60_000)
})
