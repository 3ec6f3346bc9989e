/** A few charts that are broken on purpose, one rule each, to show what the rule is for. Used on a stage only. */
import { type AnyStateMachine, assign, createMachine } from 'xstate'
import type { Charts } from '../../actors/charts.ts'
import type { ClientContext } from '../../machines/client/index.ts'

export interface BrokenChart {
  /** What is broken, as a fact. */
  readonly title: string
  readonly rule: string
  readonly charts: Charts
}

const server =
  (implementations: object): NonNullable<Charts['server']> =>
  (machine: AnyStateMachine) =>
    machine.provide(implementations as never)

/** By name, as a scenario or a file names them. */
export const brokenCharts = {
  answersAlone: {
    title: 'the primary answers without asking its backup',
    rule: 'S4',
    charts: { server: server({ guards: { isAlone: () => true } }) },
  },
  renumbersRetries: {
    title: 'the client sends a command again under a new number',
    rule: 'S9',
    charts: { client: renumberingRetries },
  },
} as const satisfies Record<string, BrokenChart>

/** The name of a broken chart. */
export type BrokenChartName = keyof typeof brokenCharts

/** The client's chart with another action on its retry timer; actions are part of the configuration, so it is built again. */
function renumberingRetries(machine: AnyStateMachine): AnyStateMachine {
  const config = copyOf(machine.config) as {
    states: { awaitingReply: { after: { retryInterval: { actions: string[] } } } }
  }
  config.states.awaitingReply.after.retryInterval.actions = ['askViewService', 'renumber']
  const renumber = assign(({ context }: { context: unknown }) => ({
    seq: (context as ClientContext).seq + 1,
  }))
  const { implementations } = machine
  return createMachine(
    config as never,
    {
      ...implementations,
      actions: { ...implementations.actions, renumber },
    } as never,
  )
}

/** A configuration holds functions, which structuredClone refuses. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)]))
}
