/** The terminal while a live view owns it: another screen, keys one by one, and everything as it was before when it ends, however it ends. */
import { createLogUpdate } from 'log-update'

export interface Terminal {
  /** Draws a frame in place of the last one. */
  draw(lines: readonly string[]): void
  readonly columns: number
  readonly rows: number
  /** Gives the terminal back. Twice is harmless. */
  restore(): void
}

export interface TerminalOptions {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  /** A key, as the character that it sends. */
  readonly onKey: (key: string) => void
  readonly onResize: () => void
}

const otherScreen = '\u001b[?1049h'
const firstScreen = '\u001b[?1049l'
const clearScreen = '\u001b[2J\u001b[H'

export function openTerminal({ stdin, stdout, onKey, onResize }: TerminalOptions): Terminal {
  const update = createLogUpdate(stdout)
  let isOpen = true
  const hasKeys = stdin.isTTY === true

  const takeKeys = (keys: string) => {
    // A paste is many keys; an escape sequence, such as an arrow, is none of ours.
    if (!keys.startsWith('\u001b')) for (const key of keys) onKey(key)
    else if (keys.length === 1) onKey(keys)
  }
  const resize = () => {
    update.clear()
    stdout.write(clearScreen)
    onResize()
  }
  const restore = () => {
    if (!isOpen) return
    isOpen = false
    stdout.off('resize', resize)
    process.off('exit', restore)
    process.off('uncaughtExceptionMonitor', restore)
    if (hasKeys) {
      stdin.off('data', takeKeys)
      stdin.setRawMode(false)
      stdin.pause()
    }
    if (!stdout.destroyed) {
      update.clear()
      stdout.write(firstScreen)
      update.done()
    }
  }

  stdout.write(otherScreen + clearScreen)
  stdout.on('resize', resize)
  process.on('exit', restore)
  // Before the error is printed, or it would vanish with the other screen.
  process.on('uncaughtExceptionMonitor', restore)
  if (hasKeys) {
    stdin.setRawMode(true)
    stdin.setEncoding('utf8')
    stdin.on('data', takeKeys)
    stdin.resume()
  }
  return {
    draw(lines) {
      if (isOpen) update(lines.join('\n'))
    },
    get columns() {
      return stdout.columns || 80
    },
    get rows() {
      return stdout.rows || 24
    },
    restore,
  }
}
