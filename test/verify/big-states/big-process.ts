/** A process for nodes of a big state, for big-states.ts: each node that it is asked to start lives in it, in a thread of its own where MessagePorts join them. */
import { isMainThread, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads'
import { type AnyMessagePort, createMessagePortTransport } from '../../../runtime/transport/message-port.ts'
import { type BigNode, type BigNodeOptions, type BigNodeReport, startBigNode } from './big-node.ts'
import { type Medium, type Opened, openMedium } from './media.ts'

/** What the process is reported. */
export type Order =
  | { readonly start: BigNodeOptions; readonly medium: Medium }
  | { readonly digestOf: string }

/** What it says. */
export type Word = BigNodeReport | { readonly id: string; readonly digest: string }

/** What a thread takes and says its words on. */
interface Ends {
  say(word: Word): void
  onOrder(take: (order: Order) => void): void
}

const nodes = new Map<string, BigNode>()
const threads = new Map<string, Worker>()
let joined: ReturnType<typeof createMessagePortTransport> | null = null
let memory: Opened | null = null

function serve({ say, onOrder }: Ends): void {
  onOrder(async (order) => {
    if ('digestOf' in order) {
      const id = order.digestOf
      const node = nodes.get(id)
      if (node === undefined) threads.get(id)?.postMessage(order)
      else say({ id, digest: await node.digest() })
    } else if (order.medium.kind === 'message-port' && isMainThread) startThread(order, say)
    else {
      const { start, medium } = order
      if (medium.kind === 'memory') memory ??= await openMedium(medium, start.id)
      const transport = memory ?? (await openMedium(medium, start.id, workerData?.port))
      nodes.set(start.id, startBigNode(start, transport, say))
    }
  })
}

/** Threads do not inherit the loader of TypeScript. */
const typescriptWorker = `import('tsx/esm/api').then(({ register }) => {
  register()
  return import(${JSON.stringify(import.meta.url)})
})`

/** The main thread has a port to each of them, and passes on. */
function startThread(order: Order & { readonly start: BigNodeOptions }, say: Ends['say']): void {
  const { port1, port2 } = new MessageChannel() as unknown as { port1: AnyMessagePort; port2: MessagePort }
  joined ??= createMessagePortTransport()
  joined.connect(port1)
  const thread = new Worker(typescriptWorker, {
    eval: true,
    workerData: { port: port2 },
    transferList: [port2],
  })
  thread.on('message', say)
  thread.postMessage(order)
  threads.set(order.start.id, thread)
}

if (isMainThread) {
  serve({ say: (word) => void process.send?.(word), onOrder: (take) => void process.on('message', take) })
  process.on('disconnect', () => process.exit(0))
} else {
  const port = parentPort!
  serve({ say: (word) => port.postMessage(word), onOrder: (take) => void port.on('message', take) })
}
