/** A trace on its way to a file: lines gathered and written in blocks, so that a step costs little. */
import { closeSync, openSync, writeSync } from 'node:fs'

export interface TraceFile {
  write(line: string): void
  /** @throws Error when the rest cannot be written. */
  close(): void
}

const blockMax = 64 * 1024

/** @throws Error when the file cannot be opened. */
export function openTraceFile(path: string): TraceFile {
  const file = openSync(path, 'w')
  let block = ''
  const flush = () => {
    const bytes = Buffer.from(block)
    block = ''
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
  }
  return {
    write(line) {
      block += `${line}\n`
      if (block.length >= blockMax) flush()
    },
    close() {
      try {
        flush()
      } finally {
        closeSync(file)
      }
    },
  }
}
