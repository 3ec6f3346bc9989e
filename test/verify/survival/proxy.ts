/** A network that can be cut: a TCP proxy for each pair of processes and direction. It asserts nothing. */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** How a link is. `held`: bytes wait and arrive late, after the cut; `broken`: connections are reset and refused. */
export type LinkState = 'open' | 'held' | 'broken'

/** The way from the dialer to the listener. */
export interface Link {
  /** Where to dial: port of 127.0.0.1. */
  readonly port: number
  /** What the dialer sends; what it hears on the same connection goes on, unless the link is broken. */
  set(state: LinkState): void
  /** What the dialer receives: `held` keeps it back. */
  setReplies(state: 'open' | 'held'): void
  close(): void
}

/** A link to `target`, a port of 127.0.0.1. */
export async function openLink(target: number): Promise<Link> {
  const pairs = new Set<readonly [near: Socket, far: Socket]>()
  let state: LinkState = 'open'
  let replies: 'open' | 'held' = 'open'
  const apply = (near: Socket, far: Socket) => {
    if (state === 'open') near.resume()
    else near.pause()
    if (replies === 'open') far.resume()
    else far.pause()
  }
  const server = createServer({ noDelay: true }, (near) => {
    if (state === 'broken') {
      near.resetAndDestroy()
      return
    }
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true })
    const pair = [near, far] as const
    pairs.add(pair)
    near.on('data', (chunk) => void far.write(chunk))
    far.on('data', (chunk) => void near.write(chunk))
    for (const [socket, other] of [pair, [far, near]] as const) {
      socket.on('error', () => {})
      socket.on('close', () => {
        pairs.delete(pair)
        other.destroy()
      })
    }
    apply(near, far)
  })
  await listening(server)
  return {
    port: (server.address() as { port: number }).port,
    set(next) {
      state = next
      for (const [near, far] of [...pairs]) {
        if (next !== 'broken') apply(near, far)
        else {
          near.resetAndDestroy()
          far.resetAndDestroy()
        }
      }
    },
    setReplies(next) {
      replies = next
      for (const pair of pairs) apply(...pair)
    },
    close() {
      for (const [near, far] of pairs) {
        near.destroy()
        far.destroy()
      }
      server.close()
    },
  }
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => void server.listen(0, '127.0.0.1', resolve))
}
