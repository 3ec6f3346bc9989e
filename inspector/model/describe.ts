/** Steps, states and values in a few words. Never throws: everything in a trace gets some text. */
import type { Json } from '../../machines/application/application.ts'
import type { Message } from '../../machines/messages.ts'
import { chartState, isOwnState } from '../../runtime/observe/story.ts'
import { describeCommand, describeEnd, describeMessage } from '../../runtime/trace/describe.ts'
import type { TraceStep } from '../../runtime/trace/format.ts'

/** One line for a step, without its node: `receives ping 2 from s1#1`. */
export function titleOf(step: TraceStep): string {
  const { kind, message, detail, call, machine, text } = step
  if (text !== undefined) return text
  switch (kind) {
    case 'send':
      return `sends ${messageText(step)} to ${message?.to}`
    case 'receive':
      return `receives ${messageText(step)} from ${message?.from}${(message?.copy ?? 0) > 0 ? `, copy ${message!.copy + 1}` : ''}`
    case 'drop':
      return `${messageText(step)} to ${message?.to} is lost${detail === undefined || detail === 'lost' ? '' : `: ${detail}`}`
    case 'duplicate':
      return `${messageText(step)} to ${message?.to} is ${detail ?? 'duplicated'}`
    case 'delay':
      return `${messageText(step)} to ${message?.to} is delayed by ${detail ?? 'something'}`
    case 'refuse':
      return `takes no ${messageText(step)} from ${message?.from}${detail === undefined ? '' : `: ${detail}`}`
    case 'timer':
      return `timer ${eventName(eventOf(step))}`
    case 'local':
      return `event ${eventName(eventOf(step))}`
    case 'call':
      return `is asked: ${safely(() => describeCommand(call?.command))}`
    case 'return':
      return `answers: ${safely(() => describeEnd(call))}`
    case 'start':
      return machine === undefined ? 'starts' : `starts as ${machine}`
    default:
      return detail === undefined || detail === '' ? kind : `${kind}: ${detail}`
  }
}

/** The message of a step in a few words, such as `forward 3 of view 2: 1 requests`. */
export function messageText({ message }: TraceStep): string {
  if (message === undefined) return 'a message'
  const text = safely(
    () => describeMessage({ type: message.type, ...(message.body as object) } as Message),
    message.type,
  )
  return text || 'a message'
}

/** The event that the step's chart took; empty where it took none. */
export function eventOf({ message, microsteps, refused, event, kind }: TraceStep): string {
  const own = (event as { readonly type?: unknown } | null | undefined)?.type
  return (
    message?.type ?? microsteps?.at(-1)?.event ?? refused?.event ?? (typeof own === 'string' ? own : kind)
  )
}

/** An event's name for a reader: XState's own names of timers lose their ids. */
export function eventName(event: string): string {
  const timer = /^xstate\.after\.([^.]+)\./.exec(event)
  return timer === null ? event : timer[1]!
}

/** A state value as text: `primary.serving`; regions stand beside each other: `sound.on | volume.low`, `on.(a.x | b.y)`. */
export function stateText(value: Json): string {
  if (typeof value === 'string') return value
  if (value === null || typeof value !== 'object') return String(value)
  return Object.entries(value)
    .map(([key, inner]) => below(key, inner as Json, stateText))
    .join(' | ')
}

function below(key: string, inner: Json, textOf: (value: Json) => string): string {
  const text = textOf(inner)
  if (text === '') return key
  return isParallel(inner) ? `${key}.(${text})` : `${key}.${text}`
}

/** The state for a narrow place: all regions, each without its own name. Of our own charts the one that matters. */
export function shortState(value: Json): string {
  if (isOwnState(value)) return chartState(value)
  if (!isParallel(value)) {
    const [[key, inner] = []] = typeof value === 'object' && value !== null ? Object.entries(value) : []
    return key === undefined ? stateText(value) : below(key, inner as Json, shortState)
  }
  return Object.entries(value as object)
    .map(([key, inner]) => {
      const text = shortState(inner as Json)
      return text === '' ? key : isParallel(inner) ? `(${text})` : text
    })
    .join(' | ')
}

function isParallel(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 1
}

function safely(text: () => string, otherwise = 'something'): string {
  try {
    return text()
  } catch {
    return otherwise
  }
}
