/** The text of a file, or of standard input for `-`: a pipe is read to its end, however slowly it is written. */
import { readFileSync, readSync } from 'node:fs'

const stdin = 0
const pollMs = 5

/** @throws the system's error if it cannot be read */
export function readInput(file: string): string {
  return file === '-' ? readToEnd(stdin) : readFileSync(file, 'utf8')
}

/** Unlike `readFileSync`, it waits where a pipe has nothing yet (EAGAIN). */
function readToEnd(descriptor: number): string {
  const chunks: Buffer[] = []
  const sleep = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    const chunk = Buffer.allocUnsafe(256 * 1024)
    try {
      const length = readSync(descriptor, chunk)
      if (length === 0) return Buffer.concat(chunks).toString('utf8')
      chunks.push(chunk.subarray(0, length))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EOF') return Buffer.concat(chunks).toString('utf8')
      if (code !== 'EAGAIN') throw error
      Atomics.wait(sleep, 0, 0, pollMs)
    }
  }
}
