/** A hand-written transport for the hand-written protocol: JSON lines on TCP, without keys or bounds. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Envelope, Transport } from '../../actors/ports.ts'
import { type NodeId, parseNodeId } from '../../machines/node-id.ts'
import type { Directory } from './driven.ts'

/** Opens it; it listens on `port` of loopback, unless that is null. Who has no address is answered where it came from. */
export async function openLines(options: { directory: Directory; port: number | null }): Promise<Transport> {
  const { directory, port } = options
  const receivers = new Map<NodeId, (envelope: Envelope) => void>()
  const dialed = new Map<string, Lines>()
  const returns = new Map<NodeId, Lines>()
  const take = (envelope: Envelope, lines: Lines) => {
    if (directory[parseNodeId(envelope.from).name] === undefined) returns.set(envelope.from, lines)
    receivers.get(envelope.to)?.(envelope)
  }
  const dial = (address: string) => {
    const [host, to] = address.split(':')
    const lines = new Lines(connect({ host: host!, port: Number(to), noDelay: true }), take)
    lines.socket.once('close', () => dialed.delete(address))
    dialed.set(address, lines)
    return lines
  }
  const server = createServer({ noDelay: true }, (socket) => new Lines(socket, take))
  if (port !== null) {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  return {
    attach(id, receive) {
      receivers.set(id, receive)
      return () => void receivers.delete(id)
    },
    send(envelope) {
      const address = directory[parseNodeId(envelope.to).name]
      const lines = address === undefined ? returns.get(envelope.to) : (dialed.get(address) ?? dial(address))
      lines?.send(envelope)
    },
    close() {
      server.close()
      for (const { socket } of dialed.values()) socket.destroy()
    },
  }
}

class Lines {
  readonly socket: Socket
  #unsent = ''
  #rest = ''

  constructor(socket: Socket, take: (envelope: Envelope, lines: Lines) => void) {
    this.socket = socket
    socket.setEncoding('utf8')
    socket.on('error', () => {})
    socket.on('data', (chunk: string) => {
      const lines = (this.#rest + chunk).split('\n')
      this.#rest = lines.pop()!
      for (const line of lines) take(JSON.parse(line) as Envelope, this)
    })
  }

  send(envelope: Envelope): void {
    if (this.#unsent === '')
      queueMicrotask(() => {
        this.socket.write(this.#unsent)
        this.#unsent = ''
      })
    this.#unsent += `${JSON.stringify(envelope)}\n`
  }
}
