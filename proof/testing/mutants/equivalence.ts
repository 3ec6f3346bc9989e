/** Whether given events distinguish two machines: a search through both at once. */
import type { AnyStateMachine } from 'xstate'
import { chart } from '../chart.ts'
import { choicesOf, type ExploreOptions, keyOf, text } from '../explore.ts'
import type { Moment } from '../moment.ts'

/** The verdict of a comparison. */
export type Agreement =
  /** No sequence of the given events tells them apart. */
  | { readonly kind: 'agree'; readonly visited: number }
  /** The shortest sequence after which they differ, and in what. */
  | {
      readonly kind: 'differ'
      readonly path: readonly string[]
      readonly left: unknown
      readonly right: unknown
    }
  /** The bound was reached first. */
  | { readonly kind: 'unknown'; readonly visited: number }

/**
 * Compares two machines, for instance before and after a refactor: value, context, output, emitted and sent events,
 * actions, timers and children after every sequence of the given events, timers and outcomes of children.
 * @param options `statesMax`: the most pairs of moments that are compared; default 10,000
 */
export function agreement(
  left: AnyStateMachine,
  right: AnyStateMachine,
  options: ExploreOptions = {},
): Agreement {
  const { statesMax = 10_000 } = options
  const start = (machine: AnyStateMachine) => chart(machine).start(options.input as never) as Moment
  const first = { left: start(left), right: start(right), path: [] as readonly string[] }
  const unlike = difference(first.left, first.right)
  if (unlike !== null) return { kind: 'differ', path: [], ...unlike }
  const seen = new Set([`${keyOf(first.left)} ${keyOf(first.right)}`])
  const queue = [first]
  for (let index = 0; index < queue.length; index++) {
    const at = queue[index]!
    for (const { label, take } of choicesOf(at.left, options)) {
      const next = { left: take(at.left), right: take(at.right), path: [...at.path, label] }
      const found = difference(next.left, next.right)
      if (found !== null) return { kind: 'differ', path: next.path, ...found }
      const key = `${keyOf(next.left)} ${keyOf(next.right)}`
      if (seen.has(key)) continue
      if (seen.size >= statesMax) return { kind: 'unknown', visited: seen.size }
      seen.add(key)
      queue.push(next)
    }
  }
  return { kind: 'agree', visited: seen.size }
}

function difference(left: Moment, right: Moment): { readonly left: unknown; readonly right: unknown } | null {
  for (const view of views) {
    const [ofLeft, ofRight] = [view(left), view(right)]
    if (text(ofLeft) !== text(ofRight)) return { left: ofLeft, right: ofRight }
  }
  return null
}

/** What is compared, most telling first. */
const views: readonly ((moment: Moment) => unknown)[] = [
  ({ value, status }) => ({ value, status }),
  ({ output, error }) => ({ output, error: String(error) }),
  ({ sent, emitted, raised }) => ({ sent, emitted, raised }),
  ({ actions }) => ({ actions: actions.filter(({ type }) => !type.startsWith('xstate.')) }),
  ({ logged, spawned, stopped }) => ({ logged, spawned, stopped }),
  (moment) => keyOf(moment),
]
