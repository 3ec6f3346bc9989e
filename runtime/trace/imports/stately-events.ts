/** Events of `@statelyai/inspect` that were saved to a file, as a JSON list or one to a line, as the run of their app. */
import type { TraceHeader, TraceStep } from '../format.ts'
import type { ForeignRun, NamedText } from './foreign-run.ts'
import { createStatelyReader } from './stately.ts'

export function isStatelyEvents(head: string): boolean {
  return /^\s*\[?\s*\{/.test(head) && /"type"\s*:\s*"@xstate\.(actor|event|snapshot)"/.test(head)
}

/** Reads saved events. @throws Error with the line that is no JSON. */
export async function readStatelyEvents(files: readonly NamedText[]): Promise<ForeignRun> {
  const steps: TraceStep[] = []
  const notes: string[] = []
  let options: TraceHeader['options'] = { origin: '@statelyai/inspect' }
  const reader = createStatelyReader({
    header: (header) => {
      options = header.options
    },
    step: (step) => steps.push(step),
    problem: (text) => notes.push(text),
  })
  for (const { text } of files) for (const event of eventsIn(text)) reader.take(timed(event))
  reader.finish()
  reader.stop()
  // The wire has no time for most events, so that steps have their order only.
  return { options, steps: steps.map((step) => ({ ...step, t: 0 })), notes }
}

function eventsIn(text: string): unknown[] {
  if (/^\s*\[/.test(text)) return JSON.parse(text) as unknown[]
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return [JSON.parse(line) as unknown]
    } catch (error) {
      throw new Error(
        `line ${index + 1}: expected an event as JSON, got ${line.slice(0, 40)}; ${(error as Error).message}`,
      )
    }
  })
}

/** Some tools save the definition as an object, where the wire has its text. */
function timed(event: unknown): unknown {
  const { definition } = (event ?? {}) as { definition?: unknown }
  if (typeof definition !== 'object' || definition === null) return event
  return { ...(event as object), definition: JSON.stringify(definition) }
}
