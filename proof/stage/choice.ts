/** What a person can make happen on a stage, as data: equal lists of choices are equal runs. */
import * as v from 'valibot'
import type { Json } from '../../machines/application/application.ts'

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(400))
const ms = v.pipe(v.number(), v.minValue(0), v.maxValue(86_400_000))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(1_000_000))
/** Virtual milliseconds before which it does not happen; default: as soon as it can. */
const at = v.optional(ms)
const copyOf = { message: name, copy: count, at }
const json = v.custom<Json>((value) => value !== undefined, 'Expected a JSON value')

const choiceSchema = v.variant('kind', [
  /** What would happen by itself: the message or the timer that is due first. */
  v.strictObject({ kind: v.literal('next') }),
  /** Time passes up to `at`, and nothing else happens. */
  v.strictObject({ kind: v.literal('wait'), at: ms }),
  v.strictObject({ kind: v.literal('deliver'), ...copyOf }),
  v.strictObject({ kind: v.literal('drop'), ...copyOf }),
  v.strictObject({ kind: v.literal('duplicate'), ...copyOf }),
  v.strictObject({ kind: v.literal('delay'), ...copyOf, ms }),
  /** `timer` is the delay's name in the chart, such as `pingInterval`, or its milliseconds. */
  v.strictObject({ kind: v.literal('timer'), node: name, timer: name, at }),
  /** The next event of the node's script. */
  v.strictObject({ kind: v.literal('script'), node: name, at }),
  v.strictObject({ kind: v.literal('crash'), node: name, at }),
  v.strictObject({ kind: v.literal('restart'), node: name, at }),
  v.strictObject({ kind: v.literal('cut'), from: name, to: name, at }),
  /** Joins one link one way; without `from` and `to`, all of them. */
  v.strictObject({ kind: v.literal('heal'), from: v.optional(name), to: v.optional(name), at }),
  v.strictObject({ kind: v.literal('partition'), groups: v.array(v.array(name)), at }),
  /** The caller no longer waits for its call; it unsends nothing (C2). */
  v.strictObject({ kind: v.literal('abandon'), client: name, call: count, at }),
  v.strictObject({ kind: v.literal('call'), client: name, commands: v.array(json), at }),
])

/** One choice. Nodes are named without their incarnation, except within message ids. */
export type Choice = v.InferOutput<typeof choiceSchema>

/** Checks a choice that came in from a file or an address. @throws Error naming what is wrong. */
export function checkedChoice(value: unknown, where: string): Choice {
  const { success, output, issues } = v.safeParse(choiceSchema, value)
  if (success) return output
  const [issue] = issues
  const path = v.getDotPath(issue)
  throw new Error(
    `${where}${path === null ? '' : `, ${path}`}: ${issue.message}; it was not written by this page, or by another version of it`,
  )
}

/** Whether two choices are the same, apart from when they were made. */
export function isSameChoice(a: Choice, b: Choice): boolean {
  return keyOf(a) === keyOf(b)
}

function keyOf(choice: Choice): string {
  const { at: _, ...rest } = choice as Record<string, unknown>
  return JSON.stringify(choice.kind === 'wait' ? choice : Object.entries(rest).sort())
}

/** The choice in a few words, as the name of a branch that begins with it. */
export function describeChoice(choice: Choice): string {
  switch (choice.kind) {
    case 'next':
      return 'it goes on by itself'
    case 'wait':
      return `time passes to ${Math.round(choice.at)} ms`
    case 'deliver':
      return `${choice.message} arrives`
    case 'drop':
      return `${choice.message} is lost`
    case 'duplicate':
      return `${choice.message} is duplicated`
    case 'delay':
      return `${choice.message} is late by ${choice.ms} ms`
    case 'timer':
      return `${choice.timer} of ${choice.node} fires`
    case 'script':
      return `${choice.node} takes the next event of its script`
    case 'crash':
      return `${choice.node} crashes`
    case 'restart':
      return `${choice.node} starts again`
    case 'cut':
      return `the link ${choice.from} → ${choice.to} is cut`
    case 'heal':
      return choice.from === undefined ? 'every link heals' : `the link ${choice.from} → ${choice.to} heals`
    case 'partition':
      return `partition ${choice.groups.map((group) => group.join(' ')).join(' | ')}`
    case 'abandon':
      return `${choice.client} gives up call ${choice.call}`
    case 'call':
      return `${choice.client} calls ${choice.commands.map(describeCommand).join(', ')}`
  }
}

function describeCommand(command: Json): string {
  const { op, key, value } = (command ?? {}) as { op?: unknown; key?: unknown; value?: unknown }
  if (typeof op !== 'string') return JSON.stringify(command).slice(0, 40)
  return [op, key, value === undefined ? '' : JSON.stringify(value)].join(' ').trim().slice(0, 40)
}
