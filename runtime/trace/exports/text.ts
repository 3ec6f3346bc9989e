/** The one-line text of a step in exports, for any trace. */
import { chartState } from '../../observe/story.ts'
import type { TraceStep } from '../format.ts'

/** One line for a step: `receive forward from s1#1`, `crash as primary.serving`, `call put ...`. */
export function eventText(step: TraceStep): string {
  const { kind, message, detail, call, refused, microsteps, event, after, machine } = step
  if (step.text !== undefined) return oneLine(step.text)
  const because = detail === undefined ? '' : ` (${detail})`
  const unchanged = refused === undefined ? '' : `, refused: ${refused.reason}`
  if (message !== undefined) {
    const { type, from, to } = message
    const way = kind === 'send' ? `to ${to}` : kind === 'receive' ? `from ${from}` : `${from} to ${to}`
    return oneLine(`${kind} ${type} ${way}${because}${unchanged}`)
  }
  if (call !== undefined) {
    const ended = call.end === undefined ? '' : ` = ${JSON.stringify(call.end)}`
    return oneLine(`${kind} ${JSON.stringify(call.command)}${ended}`)
  }
  if (kind === 'start') return oneLine(`start ${machine ?? ''} as ${chartState(after?.value)}`)
  const type = microsteps?.[0]?.event ?? (event as { type?: string } | undefined)?.type ?? ''
  return oneLine(`${kind} ${type}${because}${unchanged}`)
}

/** Without line breaks and other control characters, and of bounded length. */
export function oneLine(text: string, lengthMax = 200): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are to go
  const line = text.replaceAll(/[\u0000-\u001f\u007f\u0085\u2028\u2029]+/g, ' ').trim()
  return line.length <= lengthMax ? line : `${line.slice(0, lengthMax - 1)}…`
}

/** Characters of Mermaid's own syntax as its entity codes. */
export function escaped(text: string): string {
  return (
    oneLine(text).replaceAll(/[#;:<>"{}%&\\`]/g, (character) => `#${character.codePointAt(0)};`) || '#32;'
  )
}
