/** The log of a process: one line for each thing worth knowing, as text or as JSON. It never gets to see a secret. */
import type { Observe } from '../../actors/ports.ts'
import { createStory } from '../observe/story.ts'
import { logLevels } from './config.ts'

/** How bad it is, or how small. */
export type LogLevel = (typeof logLevels)[number]
/** Whatever else there is to say, by name. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

/** Takes what happens; `debug` tells of single messages and operations. */
export interface ProcessLog {
  readonly level: LogLevel
  write(level: LogLevel, message: string, fields?: LogFields): void
}

/** What a log is written to, and how. */
export interface ProcessLogOptions {
  readonly level: LogLevel
  readonly format: 'text' | 'json'
  /** The node that it is about, in every line. */
  readonly node: string
  /** Takes one line at a time, without its line feed. It may fail, as a full disk does: then the line is lost. */
  readonly line: (line: string) => void
  /** Milliseconds of the calendar. */
  readonly now: () => number
}

/** A log of lines: time, level, node, message, and fields. */
export function createProcessLog({ level, format, node, line, now }: ProcessLogOptions): ProcessLog {
  const threshold = logLevels.indexOf(level)
  return {
    level,
    write(of, message, fields = {}) {
      if (logLevels.indexOf(of) > threshold) return
      const time = new Date(now()).toISOString()
      const text =
        format === 'json'
          ? JSON.stringify({ time, level: of, node, message, ...fields })
          : [time, of.padEnd(5), `${node}:`, message, ...Object.entries(fields).map(fieldText)].join(' ')
      try {
        line(text)
      } catch {
        // Nobody can be told that the log is full; the system goes on without it.
      }
    },
  }
}

/** Whatever the story of the node tells, as lines of level `debug`; undefined where nobody would read them. */
export function storyLines(log: ProcessLog): Observe | undefined {
  if (log.level !== 'debug') return undefined
  const story = createStory({ level: 'debug' })
  return (observation) => {
    const event = story(observation)
    if (event === null) return
    const { text, state, lamport, operations } = event
    log.write('debug', text, { state, lamport, operations })
  }
}

function fieldText([name, value]: [string, LogFields[string]]): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /[\s"=]/.test(text) ? `${name}=${JSON.stringify(text)}` : `${name}=${text}`
}
