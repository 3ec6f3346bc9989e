/** The log of a process: one line for each thing worth knowing, as text or as JSON. It never gets to see a secret. */
import type { Observe } from '../../actors/ports.ts'
import { formatVector, type VectorClock } from '../../machines/clocks.ts'
import { printable } from '../../machines/printable.ts'
import { createStory } from '../observe/story.ts'
import { withoutSessionSecrets } from '../trace/session-names.ts'
import { logLevels } from './config/config.ts'

/** How bad it is, or how small. */
export type LogLevel = (typeof logLevels)[number]
/** Further fields, by name. */
export type LogFields = Readonly<Record<string, LogField>>
type LogField = string | number | boolean | null | readonly string[] | VectorClock

/** Receives what happens; `debug` includes single messages and operations. */
export interface ProcessLog {
  readonly level: LogLevel
  write(level: LogLevel, message: string, fields?: LogFields): void
  /** Lines that could not be written. */
  lost(): number
}

/** What a log is written to, and how. */
export interface ProcessLogOptions {
  readonly level: LogLevel
  readonly format: 'text' | 'json'
  /** The node that it is about, in every line. */
  readonly node: string
  /** Takes one line at a time, without its line feed. If it fails, now or later, as on a full disk, the line is lost. */
  readonly line: (line: string, onLost: () => void) => void
  /** Milliseconds of the calendar. */
  readonly now: () => number
}

/** A log of lines: time, level, node, message, and fields. */
export function createProcessLog({ level, format, node, line, now }: ProcessLogOptions): ProcessLog {
  const threshold = logLevels.indexOf(level)
  let lost = 0
  const onLost = () => {
    lost += 1
  }
  return {
    level,
    write(of, message, fields = {}) {
      if (logLevels.indexOf(of) > threshold) return
      const time = new Date(now()).toISOString()
      const text =
        format === 'json'
          ? JSON.stringify({ time, level: of, node, message, ...fields })
          : printable(
              [time, of.padEnd(5), `${node}:`, message, ...Object.entries(fields).map(fieldText)].join(' '),
            )
      try {
        line(withoutSessionSecrets(text), onLost)
      } catch {
        // The log cannot report that it is full; metrics do. The system goes on without it.
        onLost()
      }
    },
    lost: () => lost,
  }
}

/** The story of a node as lines of level `debug`, with its clocks; undefined if that level is off. */
export function storyLines(log: ProcessLog): Observe | undefined {
  if (log.level !== 'debug') return undefined
  const story = createStory({ level: 'debug' })
  return (observation) => {
    const event = story(observation)
    if (event === null) return
    const { text, state, lamport, operations } = event
    const vector = observation.clock?.vector ?? null
    log.write('debug', text, { state, lamport, vector, operations })
  }
}

function fieldText([name, value]: [string, LogField]): string {
  const text = textOf(value)
  return /[\s"=]/.test(text) ? `${name}=${JSON.stringify(text)}` : `${name}=${text}`
}

function textOf(value: LogField): string {
  if (typeof value !== 'object' || value === null) return String(value)
  return isList(value) ? value.join(',') : formatVector(value)
}

function isList(value: readonly string[] | VectorClock): value is readonly string[] {
  return Array.isArray(value)
}
