/** What a page is connected to. */

/** A page that takes lines of a trace, and says how much of them it has not taken yet. */
export interface Viewer {
  /** Lines of a trace (or control lines), joined by line feeds. */
  readonly send: (lines: string) => void
  /** Characters that were handed over and have not left. */
  readonly waiting: () => number
}

/** Joins a viewer; returns how to stop that. `restart` makes the page connect again. */
export type Source = (viewer: Viewer, restart: () => void) => () => void

/** A line beside those of the trace. */
export function control(said: object): string {
  return JSON.stringify({ inspector: said })
}
