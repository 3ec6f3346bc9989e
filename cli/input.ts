/** The text of a file, or of standard input for `-`, unpacked if gzip compressed it; a pipe is read to its end. */
import { readFileSync, readSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const stdin = 0
const pollMs = 5

/** @throws the system's error if it cannot be read */
export function readInput(file: string): string {
  const bytes = file === '-' ? readToEnd(stdin) : readFileSync(file)
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b
  return (isPacked ? gunzipSync(bytes) : bytes).toString('utf8')
}

/** Unlike `readFileSync`, it waits where a pipe has nothing yet (EAGAIN). */
function readToEnd(descriptor: number): Buffer {
  const chunks: Buffer[] = []
  const sleep = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    const chunk = Buffer.allocUnsafe(256 * 1024)
    try {
      const length = readSync(descriptor, chunk)
      if (length === 0) return Buffer.concat(chunks)
      chunks.push(chunk.subarray(0, length))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EOF') return Buffer.concat(chunks)
      if (code !== 'EAGAIN') throw error
      Atomics.wait(sleep, 0, 0, pollMs)
    }
  }
}
