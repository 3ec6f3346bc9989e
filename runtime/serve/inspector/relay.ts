/** Runs that apps send here, passed on to the pages that are open: `standby inspect --listen`. It keeps the run that was begun last. */
import type { Source } from './source.ts'

/** Characters of one run that are kept for pages that open later. */
const keptMax = 64 * 1024 * 1024
/** Characters that may wait for a page before it has to begin again. */
const waitingMax = 8 * 1024 * 1024

/** An app that sends lines of a trace. */
export interface Sender {
  /** Makes it start over from its current state. */
  readonly beginAgain: () => void
}

export interface Relay {
  /** Connects a page. */
  readonly source: Source
  /** Takes lines of a trace, joined by line feeds. What comes before a header, or from a sender that another one has replaced, is left out. */
  take(sender: Sender, text: string): void
}

/** @param onRun is called with each run that begins */
export function createRelay(onRun: () => void = () => {}): Relay {
  const pages = new Map<
    object,
    { readonly send: (lines: string) => void; readonly waiting: () => number; readonly restart: () => void }
  >()
  let kept: string[] = []
  let size = 0
  let current: Sender | null = null

  const begin = (sender: Sender) => {
    current = sender
    kept = []
    size = 0
    for (const { restart } of [...pages.values()]) restart()
    onRun()
  }
  const pass = (lines: readonly string[]) => {
    if (lines.length === 0) return
    const text = lines.join('\n')
    kept.push(text)
    size += text.length
    for (const page of [...pages.values()]) {
      if (page.waiting() > waitingMax) page.restart()
      else page.send(text)
    }
    if (size <= keptMax) return
    const full = current
    current = null
    full?.beginAgain()
  }

  return {
    source(viewer, restart) {
      const key = {}
      pages.set(key, { ...viewer, restart })
      for (const text of kept) viewer.send(text)
      return () => void pages.delete(key)
    },
    take(sender, text) {
      let lines: string[] = []
      for (const line of text.split('\n')) {
        if (line.trim() === '') continue
        if (line.startsWith('{"format":')) {
          if (current === sender) pass(lines)
          lines = []
          begin(sender)
        }
        // Where an app has ended, the page goes on waiting for the next one.
        if (current === sender && !line.startsWith('{"end":')) lines.push(line)
      }
      if (current === sender) pass(lines)
    },
  }
}
