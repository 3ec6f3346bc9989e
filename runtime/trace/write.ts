/** A run as JSON lines: a header, one line a step, and a line that says it is whole. It can be read back, drawn and replayed. */
import type { AnyMachineSnapshot } from 'xstate'
import { StandbyError } from '../../actors/errors.ts'
import { knownOptions } from '../../actors/known-options.ts'
import type { Observation } from '../../actors/observation.ts'
import type { Envelope } from '../../actors/ports.ts'
import type { Json } from '../../machines/application/application.ts'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import { createClientMachine } from '../../machines/client/index.ts'
import type { Send } from '../../machines/effects.ts'
import { createServerMachine } from '../../machines/server/index.ts'
import type { PureAction } from '../../machines/step.ts'
import { createViewServiceMachine } from '../../machines/view-service.ts'
import type { Sink } from '../observe/tee.ts'
import { consideredIn, refusalOf } from './considered.ts'
import { type ContextLog, createContextLog } from './context-log.ts'
import { createCorrelation } from './correlation.ts'
import { describeMachine, type MachineDescription } from './definition.ts'
import { encode, encodeLimits } from './encode.ts'
import {
  type TraceEnd,
  type TraceHeader,
  type TraceMessage,
  type TraceNode,
  type TraceStep,
  traceFormat,
  traceVersion,
} from './format.ts'

/** Where a trace is written, and what its header says. */
export interface TraceOptions {
  /** Takes one line at a time, without its line feed. */
  readonly write: (line: string) => void
  readonly seed?: number
  /** The options of the run, for readers of the trace. */
  readonly options?: unknown
  /** Default: the three charts of this project with their default delays. */
  readonly machines?: readonly MachineDescription[]
  readonly nodes?: readonly TraceNode[]
  /** Characters after which steps are counted and no longer written; default 1 GiB. */
  readonly sizeMax?: number
  /** What an invariant or a test has to say of a step. */
  readonly verdictsOf?: (observation: Observation) => readonly unknown[]
}

/** A sink that writes a trace. */
export interface Trace extends Sink {
  /** Steps written. */
  readonly steps: number
  /** Observations that were not written, because the trace was full, closed, or `write` threw. */
  readonly dropped: number
  /** The first error that `write` threw; nothing is written after it. */
  readonly error: unknown
  /** Writes the line that says that the trace is whole. Closing twice is harmless. */
  close(): void
}

/**
 * Writes the header at once, then a step for each observation.
 *
 * What cannot be written as JSON, or is too large, is left out with a visible mark (`$omitted`); keys are in one fixed
 * order, so that equal runs make equal traces. Observing never throws.
 * @throws StandbyError `invalidOption` without `write`.
 * @example
 * const lines: string[] = []
 * const trace = createTrace({ write: (line) => lines.push(line), seed: 7 })
 * const cluster = createCluster({ seed: 7, observe: trace.observe })
 */
export function createTrace(options: TraceOptions): Trace {
  knownOptions('createTrace', options ?? {}, {
    write: true,
    seed: true,
    options: true,
    machines: true,
    nodes: true,
    sizeMax: true,
    verdictsOf: true,
  })
  const { write, sizeMax = 2 ** 30, verdictsOf = () => [] } = options ?? {}
  if (typeof write !== 'function') {
    throw new StandbyError(
      'invalidOption',
      `createTrace: expected write to be a function, got ${typeof write}; it takes one line at a time`,
    )
  }
  const correlation = createCorrelation()
  const messages = createMessageLog()
  const contexts = createContextLog()
  let [steps, dropped, size] = [0, 0, 0]
  let closed = false
  let error: unknown = null

  const writeLine = (line: string): boolean => {
    try {
      write(line)
      size += line.length + 1
      return true
    } catch (cause) {
      error ??= cause
      closed = true
      return false
    }
  }

  const stepOf = (observation: Observation): TraceStep => {
    if (observation.kind === 'crash') contexts.forget(observation.node ?? '')
    const { node, kind, t, clock, envelope, detail, call, before, after, event, ignored = [] } = observation
    const operations = correlation(observation)
    const considered =
      after === undefined || before === undefined
        ? []
        : consideredIn(before, event?.type ?? '', observation.microsteps ?? [])
    const eventType = event?.type ?? typeOf(envelope)
    const unhandled = before !== undefined && (observation.microsteps ?? []).length === 0
    const reasons = unhandled ? [refusalOf(considered), ...ignored] : ignored
    return {
      i: steps,
      node,
      kind,
      ...(kind === 'start' && after !== undefined ? { machine: after.machine.id } : {}),
      ...(envelope === undefined ? {} : { message: messages.entryFor(observation, envelope) }),
      ...(kind === 'local' && event !== undefined ? { event: encode(event) } : {}),
      t,
      lamport: clock?.lamport ?? null,
      vector: clock === null ? null : sorted(clock.vector),
      ...(clock?.truncated ? { truncated: true } : {}),
      ...(before === undefined ? {} : { before: { value: encode(before.value) } }),
      ...(after === undefined ? {} : { after: afterEntry(contexts, observation, after) }),
      ...(considered.length === 0 ? {} : { microsteps: considered }),
      ...(reasons.length === 0 ? {} : { refused: { event: eventType, reason: reasons.join('; ') } }),
      ...(observation.actions === undefined ? {} : { actions: observation.actions.map(actionEntry) }),
      operations,
      ...(detail === undefined ? {} : { detail }),
      ...(call === undefined ? {} : { call: callEntry(call) }),
      verdicts: verdictsOf(observation).map((verdict) => encode(verdict)),
    }
  }

  writeLine(JSON.stringify(headerOf(options)))
  return {
    observe(observation) {
      if (closed || size >= sizeMax) {
        dropped += 1
        return
      }
      let line: string
      try {
        line = JSON.stringify(stepOf(observation))
      } catch (cause) {
        // Nothing known leads here; a step that says so is better than a gap, and than an error in a running system.
        line = JSON.stringify(unreadableStep(steps, observation, cause))
      }
      if (writeLine(line)) steps += 1
      else dropped += 1
    },
    close() {
      if (closed) return
      const end: TraceEnd = { end: true, steps, dropped }
      writeLine(JSON.stringify(end))
      closed = true
    },
    get steps() {
      return steps
    },
    get dropped() {
      return dropped
    },
    get error() {
      return error
    },
  }
}

function headerOf({ seed, options, machines, nodes = [] }: TraceOptions): TraceHeader {
  const definitions = machines ?? defaultMachines()
  return {
    format: traceFormat,
    version: traceVersion,
    seed: seed ?? null,
    options: encode(options ?? {}),
    machines: definitions.map((definition) => ({ definition })),
    nodes,
  }
}

function defaultMachines(): MachineDescription[] {
  return [
    describeMachine(createViewServiceMachine()),
    describeMachine(createServerMachine(keyValueStore as never)),
    describeMachine(createClientMachine()),
  ]
}

const messagesMax = 65_536

/** Remembers of recent messages when they were sent and how many copies have arrived. */
function createMessageLog() {
  const recent = new Map<string, { readonly sentAt: number; received: number }>()
  return {
    entryFor({ kind, t, messageId, copy }: Observation, envelope: Envelope): TraceMessage {
      const { from, to } = envelope
      const id = messageId ?? `${from}@?`
      if (kind === 'send') {
        recent.set(id, { sentAt: t, received: 0 })
        if (recent.size > messagesMax) recent.delete(recent.keys().next().value as string)
      }
      const known = recent.get(id)
      const arrived = kind === 'receive' && known !== undefined ? known.received++ : 0
      const { type: _, ...body } = (envelope.message ?? {}) as { type?: unknown }
      return {
        id,
        copy: copy ?? arrived,
        type: typeOf(envelope),
        from: `${from}`,
        to: `${to}`,
        body: encode(body),
        sentAt: known?.sentAt ?? null,
      }
    },
  }
}

/** The context without its clock, which stands beside it. */
function afterEntry(contexts: ContextLog, { node, before }: Observation, after: AnyMachineSnapshot) {
  const { clock: _, ...fields } = after.context as Record<string, unknown>
  return { value: encode(after.value), ...contexts.entryFor(node ?? '', fields, before === undefined) }
}

function actionEntry({ type, params }: PureAction): { type: string; params: Json } {
  if (type !== 'send') return { type, params: encode(params ?? null) }
  const { to, message } = params as Send
  return { type, params: { to, type: message.type } }
}

function callEntry({ id, command, end }: NonNullable<Observation['call']>): TraceStep['call'] {
  return { id, command: encode(command), ...(end === undefined ? {} : { end: encode(end) }) }
}

function unreadableStep(i: number, { node, kind, t }: Observation, cause: unknown): TraceStep {
  const detail = `this step could not be written: ${cause instanceof Error ? cause.message : 'unknown error'}`
  return { i, node, kind, t, lamport: null, vector: null, operations: [], detail, verdicts: [] }
}

function typeOf(envelope: Envelope | undefined): string {
  const type: unknown = (envelope?.message as { type?: unknown } | null | undefined)?.type
  return typeof type === 'string' ? type.slice(0, encodeLimits.textMax) : '(none)'
}

function sorted(vector: Readonly<Record<string, number>>): Record<string, number> {
  const result: Record<string, number> = Object.create(null)
  for (const id of Object.keys(vector).sort()) result[id] = vector[id]!
  return result
}
