/** A system that is watched, with clients to keep it busy; it counts what is observed, and asserts nothing. */
import { createCluster } from '../../../runtime/index.ts'
import { serveInspector } from '../../../runtime/serve/inspector/index.ts'
import { createMemoryTransport } from '../../../runtime/transport/memory.ts'

/** Eight clients of a system that has a backup, and the server of the page that watches it; to be disposed of. */
export async function watchedSystem() {
  let events = 0
  const inspector = await serveInspector({ title: 'busy' })
  const cluster = createCluster({
    transport: createMemoryTransport({ delayMs: 1 }),
    observe(observation) {
      events += 1
      inspector.observe(observation)
    },
  })
  const clients = Array.from({ length: 8 }, () => cluster.client())
  await cluster.redundant()
  return {
    url: inspector.url,
    clients,
    /** Observed so far. */
    get events() {
      return events
    },
    async [Symbol.asyncDispose]() {
      await cluster.stop()
      await inspector.close()
    },
  }
}
