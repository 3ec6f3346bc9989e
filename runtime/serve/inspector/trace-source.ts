/** A trace file on its way to a page, chunk by chunk, no faster than the page takes it. */
import { createReadStream } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Source } from './source.ts'

/** Characters that may wait for a page. */
const waitingMax = 8 * 1024 * 1024

/** Sends the lines of the file to each page that opens. */
export function traceSource(path: string): Source {
  return ({ send, waiting }) => {
    const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: 256 * 1024 })
    const run = async () => {
      let rest = ''
      for await (const piece of stream) {
        const text = rest + piece
        const end = text.lastIndexOf('\n')
        rest = text.slice(end + 1)
        if (end >= 0) send(text.slice(0, end))
        while (waiting() > waitingMax && !stream.destroyed) await pause(20)
      }
      if (rest.trim() !== '') send(rest)
    }
    run().catch((error: Error) => {
      if (!stream.destroyed) send(JSON.stringify({ inspector: { problem: error.message } }))
    })
    return () => void stream.destroy()
  }
}
