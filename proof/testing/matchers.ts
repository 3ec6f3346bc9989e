/** Matchers for moments of a chart: `expect.extend(chartMatchers)` in vitest or jest; `standby/testing/vitest` does it. */
import type { AnyEvent, Moment } from './moment.ts'

/** What a matcher answers, as vitest and jest take it. */
export interface MatcherResult {
  readonly pass: boolean
  readonly message: () => string
  readonly actual?: unknown
  readonly expected?: unknown
}

/** What a matcher needs of the test runner. */
interface MatcherContext {
  readonly equals: (left: unknown, right: unknown, testers?: never) => boolean
}

/** The matchers by name. */
export const chartMatchers = {
  /** In this state: an id, a path such as `open.waiting`, or a state value. */
  toBeIn(received: unknown, state: string | object): MatcherResult {
    const moment = momentOf('toBeIn', received)
    return {
      pass: moment.isIn(state),
      message: () => `expected the chart to be in ${text(state)}, got ${text(moment.value)}${after(moment)}`,
      actual: moment.value,
      expected: state,
    }
  },

  /** Sent an event that matches, to this receiver if one is given. Asymmetric matchers work within it. */
  toHaveSent(this: MatcherContext, received: unknown, event: string | object, to?: string): MatcherResult {
    const moment = momentOf('toHaveSent', received)
    const matches = moment.sent.filter(
      (sent) => (to === undefined || sent.to === to) && isMatch(this, sent.event, event),
    )
    const wanted = `${text(event)}${to === undefined ? '' : ` to ${to}`}`
    return found(matches.length > 0, `sent ${wanted}`, moment, moment.sent)
  },

  /** Emitted an event that matches. */
  toHaveEmitted(this: MatcherContext, received: unknown, event: string | object): MatcherResult {
    const moment = momentOf('toHaveEmitted', received)
    const pass = moment.emitted.some((emitted) => isMatch(this, emitted, event))
    return found(pass, `emitted ${text(event)}`, moment, moment.emitted)
  },

  /** Executed an action of this name, with params that match if some are given. */
  toHaveDone(this: MatcherContext, received: unknown, type: string, params?: unknown): MatcherResult {
    const moment = momentOf('toHaveDone', received)
    const pass = moment.actions.some(
      (action) => action.type === type && (params === undefined || this.equals(action.params, params)),
    )
    const wanted = `executed ${type}${params === undefined ? '' : ` with ${text(params)}`}`
    return found(pass, wanted, moment, moment.actions)
  },

  /** Took this transition: its id (`door.closed: OPEN -> door.open`), or what its id contains. */
  toHaveTaken(received: unknown, transition: string | RegExp): MatcherResult {
    const moment = momentOf('toHaveTaken', received)
    const ids = moment.taken.map(({ id }) => id)
    const pass = ids.some((id) =>
      typeof transition === 'string' ? id.includes(transition) : transition.test(id),
    )
    return found(pass, `taken ${text(transition)}`, moment, ids)
  },

  /**
   * Refuses an event: of a moment, whether it would refuse this event; without one, whether it refused the last.
   * `because` is a reason (`guard`, `no transition`, `forbidden`, `not active`) or the name of a guard that said no.
   */
  toRefuse(received: unknown, event?: AnyEvent | string, because?: string): MatcherResult {
    const moment = momentOf('toRefuse', received)
    const tried = event === undefined ? moment : moment.step(event as never)
    const { refused } = tried
    const isReason = () =>
      because === undefined ||
      refused?.reason === because ||
      refused?.guards.some(({ guard, result }) => guard === because && !result)
    const outcome = refused === null ? `took ${text(tried.taken.map(({ id }) => id))}` : text(refused)
    return {
      pass: refused !== null && isReason() === true,
      message: () =>
        `expected the chart in ${text(moment.value)} to refuse ${text(event ?? moment.event)}` +
        `${because === undefined ? '' : ` because of ${because}`}, got: ${outcome}`,
      actual: refused,
      expected: because,
    }
  },
}

function momentOf(matcher: string, received: unknown): Moment {
  const moment = received as Partial<Moment> | null
  if (typeof moment?.isIn === 'function') return moment as Moment
  throw new TypeError(
    `${matcher}: expected a moment of a chart, got ${received === null ? 'null' : typeof received}; ` +
      'pass what chart(machine).start() or .step() returns',
  )
}

function isMatch({ equals }: MatcherContext, event: AnyEvent, wanted: string | object): boolean {
  if (typeof wanted === 'string') return event.type === wanted
  return Object.entries(wanted).every(([key, value]) => equals(event[key], value))
}

function found(pass: boolean, wanted: string, moment: Moment, actual: unknown): MatcherResult {
  return {
    pass,
    message: () => `expected the chart to have ${wanted}${after(moment)}, got ${text(actual)}`,
    actual,
    expected: wanted,
  }
}

function after({ event, refused }: Moment): string {
  if (event === null) return ' at its start'
  return ` after ${event.type}${refused === null ? '' : `, which it refused (${refused.reason})`}`
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof RegExp) return String(value)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
