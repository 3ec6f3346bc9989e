/** The matchers of `standby/testing`, installed in vitest: `import 'standby/testing/vitest'` in a test or a set-up file. */
import { expect } from 'vitest'
import { chartMatchers } from './matchers.ts'
import type { AnyEvent } from './moment.ts'

expect.extend(chartMatchers)

interface ChartMatchers<R> {
  /** In this state: an id, a path such as `open.waiting`, or a state value. */
  toBeIn(state: string | object): R
  /** Sent an event that matches, to this receiver if one is given. */
  toHaveSent(event: string | object, to?: string): R
  /** Emitted an event that matches. */
  toHaveEmitted(event: string | object): R
  /** Executed an action of this name, with params that match if some are given. */
  toHaveDone(type: string, params?: unknown): R
  /** Took this transition: its id, or what its id contains. */
  toHaveTaken(transition: string | RegExp): R
  /** Would refuse this event, or refused the last one, for this reason or because of this guard. */
  toRefuse(event?: AnyEvent | string, because?: string): R
}

declare module 'vitest' {
  interface Matchers<T> extends ChartMatchers<T> {}
}
