/** Standard output that may be closed or full at any time: `| head -3` is a wish to stop, a full disk is an error. */

export interface Output {
  writeLine(line: string): void
  /** Called once when nothing more can be written; `error` is null when the reader has gone. */
  onClosed(react: (error: Error | null) => void): void
}

/** Errors that mean that the output is closed. */
const gone = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END', 'EIO'])

export function openOutput(stream: NodeJS.WriteStream): Output {
  let closed: { readonly error: Error | null } | null = null
  let react: ((error: Error | null) => void) | null = null
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (closed !== null) return
    closed = { error: gone.has(error.code ?? '') ? null : error }
    react?.(closed.error)
  })
  return {
    writeLine(line) {
      if (closed === null) stream.write(`${line}\n`)
    },
    onClosed(next) {
      react = next
      if (closed !== null) next(closed.error)
    },
  }
}
