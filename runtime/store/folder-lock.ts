/** One process at a time in a data folder. The lock is a socket's address and no file, so that it dies with its holder, however that dies. */
import { createHash } from 'node:crypto'
import { realpathSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StandbyError } from '../../actors/errors.ts'
import { codeOf } from './file-system.ts'

/**
 * Holds the folder, which must exist, until the returned function is called or the process ends.
 * @throws StandbyError `invalidStore` if another process of this machine holds it.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const address = addressOf(folder)
  const server =
    (await listen(address)) ?? ((await isAnswered(address)) ? null : await listen(withoutRest(address)))
  if (server === null) {
    throw new StandbyError(
      'invalidStore',
      `expected ${folder} to be free, got a process that works in it; stop that one first, or choose another data folder`,
    )
  }
  server.unref()
  return () => new Promise((resolve) => server.close(() => resolve()))
}

function addressOf(folder: string): string {
  const mark = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 32)
  if (process.platform === 'linux') return `\0standby-${mark}`
  return process.platform === 'win32'
    ? `\\\\.\\pipe\\standby-${mark}`
    : join(tmpdir(), `standby-${mark}.lock`)
}

/** null if the address is taken. */
function listen(address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error) => (codeOf(error) === 'EADDRINUSE' ? resolve(null) : reject(error)))
    server.listen(address, () => resolve(server))
  })
}

function isAnswered(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address, () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('close', () => socket.destroy())
  })
}

/** A socket that has a file leaves it behind when its process is killed. */
function withoutRest(address: string): string {
  if (address.startsWith('/')) unlinkSync(address)
  return address
}
