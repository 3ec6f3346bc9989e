/** A Hono app on a socket of Node. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import type { Address } from '../config/address.ts'
import { HttpError, problemResponse } from './problem.ts'
import type { HttpEnv } from './request-target.ts'

/** Connections at once, those of slow or idle callers included. */
const connectionsMax = 4096

/** An app that listens. */
export interface Listening {
  readonly server: Server
  /** With the port that was taken, for port 0. */
  readonly address: Address
}

/** @throws the system's error if it cannot listen */
export async function listen(app: Hono<HttpEnv>, { host, port }: Address): Promise<Listening> {
  const listener = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    // What Node's parser takes and is no URL: a malformed Host, a path with a backslash.
    errorHandler: (error) => {
      const what = `expected a request with a valid Host and path, got ${(error as Error).message}`
      return problemResponse(new HttpError('invalidRequest', what))
    },
  })
  const server = createServer({ requestTimeout: 60_000, headersTimeout: 10_000 }, listener)
  server.maxConnections = connectionsMax
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const bound = server.address() as AddressInfo
  return { server, address: { host: bound.address, port: bound.port } }
}
