/** Builds the events and states of a client for its tests. It asserts nothing. */
import type { SnapshotFrom } from 'xstate'
import type { Outcome } from '../../machines/application/at-most-once.ts'
import {
  type ClientOptions,
  createClientMachine,
  type ClientMachine as Machine,
  type Settle,
} from '../../machines/client/index.ts'
import type { RefusalReason } from '../../machines/messages.ts'
import { chart, type Seen } from '../support/chart.ts'

export type Snapshot = SnapshotFrom<Machine>
export type Event = Parameters<ReturnType<typeof clientChart>['step']>[1]

export const input = { id: 'c1#1', viewService: 'view-service' }

export const options = { retryIntervalMs: 50, queueMax: 4, batchMax: 3, batchBytesMax: 100 }

export const clientChart = (partial: Partial<ClientOptions> = {}) =>
  chart(createClientMachine({ ...options, ...partial }))

export const viewReply = (number: number, primary: string | null = `s${number}#1`): Event => ({
  type: 'viewReply',
  from: 'view-service',
  view: { number, primary, backup: null },
})

/** Calls whose commands are their own ids, ten bytes each by default. */
export const call = (ids: readonly number[], bytes = 10): Event => ({
  type: 'call',
  calls: ids.map((id) => ({ id, command: id, bytes })),
})

export const abandon = (
  ids: readonly number[],
  code: 'timedOut' | 'aborted' | 'stopped' = 'aborted',
): Event => ({ type: 'abandon', ids, code })

export const reply = (session: number | null, seq: number, outcome: Outcome): Event =>
  ({ type: 'reply', from: 's1#1', session, seq, outcome }) as Event

export const opened = (session: number): Event => reply(null, 0, { kind: 'opened', session })

/** The results of commands that are numbers: each one's own, distinguished from the others'. */
export const resultOf = (command: number) => ({ value: `result of ${command}` })

export const results = (session: number, seq: number, commands: readonly number[]): Event =>
  reply(session, seq, { kind: 'results', results: commands.map(resultOf) })

export const refusal = (reason: RefusalReason, session: number | null, seq: number): Event => ({
  type: 'refusal',
  from: 's1#1',
  viewNumber: 1,
  session,
  seq,
  reason,
})

/** How calls ended in this step. */
export const ends = (seen: Seen<unknown>): Settle['calls'] =>
  seen.actions.filter(({ type }) => type === 'settle').flatMap(({ params }) => (params as Settle).calls)

export const failed = (id: number, code: string, mayHaveExecuted: boolean) => ({
  id,
  end: { failure: { code, mayHaveExecuted } },
})

export const getView = { to: 'view-service', message: { type: 'getView' } }

/** The request as it goes out; commands are ten bytes each. */
export const request = (
  primary: string,
  viewNumber: number,
  session: number | null,
  seq: number,
  commands: readonly number[],
) => ({
  to: primary,
  message: { type: 'request', viewNumber, session, seq, commands, bytes: 10 * commands.length },
})
