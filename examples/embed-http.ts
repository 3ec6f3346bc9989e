/**
 * An HTTP service whose data lives in a cluster: PUT and GET /notes/NAME, until Ctrl+C or SIGTERM.
 *
 * Everything is in one process here, so that there is nothing to install. The handlers would be the same with the
 * servers elsewhere: they know a client and nothing more.
 *
 *     npx tsx examples/embed-http.ts
 *     curl -X PUT --data 'buy milk' localhost:8080/notes/today
 *     curl -X POST localhost:8080/crash-the-primary
 *     curl localhost:8080/notes/today
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createCluster, StandbyError } from 'standby'

const cluster = createCluster()
const client = cluster.client()

async function handle(request: IncomingMessage, response: ServerResponse): Promise<[number, string]> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  const note = /^\/notes\/(.+)$/.exec(pathname)?.[1]

  // A caller that hangs up waits no longer. Its command may still execute: an abort cannot recall it.
  const hungUp = new AbortController()
  response.on('close', () => hungUp.abort())
  const options = { signal: hungUp.signal, timeoutMs: 5000 }

  if (note !== undefined && request.method === 'GET') {
    const value = await client.get<string>(note, options)
    return value === null ? [404, 'no such note'] : [200, value]
  }
  if (note !== undefined && request.method === 'PUT') {
    await client.put(note, await text(request), options)
    return [200, 'kept']
  }
  if (pathname === '/crash-the-primary' && request.method === 'POST') {
    const primary = cluster.primary()
    const isRedundant = cluster.backup() !== null && cluster.viewService.acknowledged()
    if (primary === null || !isRedundant) return [409, 'not now: no backup holds the state']
    primary.crash()
    return [200, `${primary.id} is gone`]
  }
  return [404, 'PUT or GET /notes/NAME, POST /crash-the-primary']
}

const http = createServer(async (request, response) => {
  const [status, body] = await handle(request, response).catch((error: unknown): [number, string] => {
    if (!(error instanceof StandbyError)) return [500, String(error)]
    // Whether it may be tried again without thinking is what `mayHaveExecuted` is for.
    const isCallersFault = error.code === 'invalidCommand' || error.code === 'tooLarge'
    return [isCallersFault ? 400 : 503, `${error.code}: ${error.message}`]
  })
  response.writeHead(status, { 'content-type': 'text/plain' }).end(`${body}\n`)
})

http.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${(http.address() as AddressInfo).port}`)
})

// Shutdown: take no new requests, let those under way finish, stop the cluster. No timer is left; the process ends.
function shutDown() {
  http.close(async () => {
    await cluster.stop()
    console.log('stopped')
  })
  http.closeIdleConnections()
}
process.once('SIGINT', shutDown)
process.once('SIGTERM', shutDown)
