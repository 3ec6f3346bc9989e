/** The child processes of the systems that the benchmarks set beside ours, and of ours where `standby serve` has no flag for it. */
import { connect } from '@nats-io/transport-node'
import { WebSocketServer } from 'ws'
import { createServer } from '../../actors/server.ts'
import { createViewService } from '../../actors/view-service.ts'
import type { Application } from '../../machines/application/application.ts'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { openNatsTransport } from '../../runtime/transport/nats.ts'
import { Server, ViewService } from '../baseline.ts'
import type { Directory } from './driven.ts'
import { openLines } from './lines.ts'

/** What a child is to be. */
export type NodeConfig =
  | { readonly kind: 'by-hand'; readonly name: string; readonly port: number; readonly directory: Directory }
  | { readonly kind: 'standby-nats'; readonly name: string; readonly url: string }
  | {
      readonly kind: 'nats-chain'
      readonly subject: string
      readonly next: string | null
      readonly url: string
    }
  | { readonly kind: 'echo'; readonly port: number }

/** Only a view service is asked: whether its view has a backup, and is acknowledged. */
let isRedundant = () => true

await start(JSON.parse(process.argv[2]!) as NodeConfig)
process.on('message', (question: { readonly ask: string }) => {
  if (question.ask === 'redundant') process.send!(isRedundant())
})
process.on('SIGTERM', () => process.exit(0))
process.on('disconnect', () => process.exit(0))
process.send!({})

async function start(config: NodeConfig): Promise<unknown> {
  switch (config.kind) {
    case 'by-hand':
      return startByHand(config)
    case 'standby-nats':
      return startOverNats(config)
    case 'nats-chain':
      return startChain(config)
    case 'echo': {
      const server = new WebSocketServer({ host: '127.0.0.1', port: config.port, perMessageDeflate: false })
      server.on('connection', (socket) =>
        socket.on('message', (data) => socket.send(data, { binary: false })),
      )
    }
  }
}

async function startByHand({ name, port, directory }: Extract<NodeConfig, { kind: 'by-hand' }>) {
  const ports = { transport: await openLines({ port, directory }), clock: schedulerClock() }
  if (name !== 'view-service') return new Server(`${name}#1`, keyValueStore as Application, ports)
  const viewService = new ViewService(ports)
  isRedundant = () => viewService.acknowledged && viewService.view.backup !== null
  return viewService
}

async function startOverNats({ name, url }: Extract<NodeConfig, { kind: 'standby-nats' }>) {
  const ports = {
    transport: await openNatsTransport({ connection: { servers: url } }),
    clock: schedulerClock(),
  }
  if (name !== 'view-service') return createServer({ id: `${name}#1`, ...ports })
  const viewService = createViewService(ports)
  isRedundant = () => viewService.acknowledged() && viewService.view().backup !== null
  return viewService
}

/** Answers a request, after it has asked the next one in the chain. */
async function startChain({ subject, next, url }: Extract<NodeConfig, { kind: 'nats-chain' }>) {
  const nats = await connect({ servers: url })
  nats.subscribe(subject, {
    callback(_, message) {
      const answer = () => void message.respond('{"value":null}')
      if (next === null) answer()
      else void nats.request(next, message.data).then(answer)
    },
  })
  await nats.flush()
}
