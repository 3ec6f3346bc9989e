/**
 * The three machines of this folder on one: a view service, three servers and a gateway, each a process of its own, until Ctrl+C.
 *
 *     npx tsx examples/three-machines/local.ts
 *     curl -X PUT --data '"hello"' localhost:8080/v1/keys/greeting
 *     npm run standby -- status --config examples/three-machines/local.json
 *     npm run standby -- get greeting --config examples/three-machines/local.json
 *
 * Kill any one of them and look again. What they must not forget lies in the folder `standby-data`, or in the one that is given.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const [data = 'standby-data', config = join(here, 'local.json')] = process.argv
  .slice(2)
  .map((path) => resolve(path))
const { peers, monitoring } = JSON.parse(readFileSync(config, 'utf8')) as {
  peers: Record<string, string>
  monitoring: string[]
}
const manifest = createRequire(import.meta.url).resolve('standby/package.json')
const command = join(dirname(manifest), 'dist/cli/main.js')

const children: ChildProcess[] = []
let isLeaving = false

function start(role: string, name: string, ...flags: string[]): void {
  const child = spawn(
    process.execPath,
    [command, 'serve', role, '--name', name, '--config', config, ...flags],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  children.push(child)
  child.once('exit', (code, signal) => {
    if (!isLeaving) console.log(`${name} has ended (${signal ?? code}); the others go on`)
    if (children.every(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null)) process.exit()
  })
}

// Only the very first start is that of a new system: a view service that has lost its record must not start again.
const isNew = !existsSync(join(data, 'view-service', 'view.json'))
for (const [index, [name, address]] of Object.entries(peers).entries()) {
  const flags = ['--listen', address, '--data', join(data, name), '--http', monitoring[index]!]
  if (name !== 'view-service') start('server', name, ...flags)
  else start('view-service', name, ...flags, ...(isNew ? ['--new-system'] : []))
}
start('client-gateway', 'gateway', '--http', monitoring.at(-1)!)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    isLeaving = true
    for (const child of children) child.kill('SIGTERM')
  })
}
