/** Why a step came out as it did: from what arrived, over what the guards said, to transition, actions and clocks. One sentence each. */

import type { Considered } from '../../runtime/trace/considered.ts'
import type { TraceStep } from '../../runtime/trace/format.ts'
import { jsonText } from '../../runtime/trace/json-text.ts'
import { makingOf } from './clock-making.ts'
import { eventName, eventOf, messageText, stateText } from './describe.ts'
import { changes } from './filters.ts'
import type { Run } from './run.ts'

/** One sentence, and what it is about. */
export interface Reason {
  readonly about: 'cause' | 'guard' | 'transition' | 'refusal' | 'action' | 'change' | 'clock'
  readonly text: string
  /** A guard's answer. */
  readonly said?: boolean
  /** A step that the sentence speaks of. */
  readonly i?: number
}

/** The sentences for a step, in the order in which things happened. */
export function reasonsFor(run: Run, step: TraceStep): Reason[] {
  return [
    cause(run, step),
    ...(step.microsteps ?? []).map(tried),
    ...refusal(step),
    ...actionsOf(step),
    ...changesOf(step),
    ...clockOf(run, step),
  ]
}

function cause(run: Run, step: TraceStep): Reason {
  const { kind, node, message, detail } = step
  const track = run.messages.of(step)
  if (step.text !== undefined) {
    const i = track?.sentIn ?? undefined
    const news =
      i === undefined ? '' : ` Its clock is the first of ${node} to include step ${i}, of ${message?.from}.`
    return { about: 'cause', text: `The file calls it: ${step.text}.${news}`, ...(i !== undefined && { i }) }
  }
  switch (kind) {
    case 'receive': {
      if (track?.sentIn == null)
        return {
          about: 'cause',
          text: `${messageText(step)} arrived from ${message?.from}; the run has not seen it sent.`,
        }
      const took =
        message?.sentAt == null ? '' : ` It was under way for ${round(step.t - message.sentAt)} ms.`
      const copy = (message?.copy ?? 0) > 0 ? ` This is copy ${message!.copy + 1} of it.` : ''
      return {
        about: 'cause',
        text: `${messageText(step)} arrived, which ${message?.from} sent in step ${track.sentIn}.${took}${copy}`,
        i: track.sentIn,
      }
    }
    case 'send': {
      const asked = askedBy(run, step)
      if (asked === undefined) return { about: 'cause', text: `${node} sends ${messageText(step)}.` }
      return {
        about: 'cause',
        text: `The chart asked for it in step ${asked.i}, when ${eventName(eventOf(asked))} came.`,
        i: asked.i,
      }
    }
    case 'timer':
      return { about: 'cause', text: `The timer ${eventName(eventOf(step))} ran out${delayText(run, step)}.` }
    case 'local':
      return { about: 'cause', text: `${eventName(eventOf(step))} came from within the node's own process.` }
    case 'start':
      return {
        about: 'cause',
        text: `${node} starts${step.machine === undefined ? '' : `, as a ${step.machine}`}.`,
      }
    case 'drop':
      return {
        about: 'cause',
        text: `The network lost the message${detail === undefined || detail === 'lost' ? '' : `: ${detail}`}. Its receiver cannot know (L1).`,
      }
    case 'duplicate':
      return {
        about: 'cause',
        text: 'The network made a second copy of the message; each arrival is a receive of its own (L1).',
      }
    case 'delay':
      return {
        about: 'cause',
        text: `The network holds the message back${detail === undefined ? '' : `, by ${detail}`}.`,
      }
    default:
      return {
        about: 'cause',
        text: detail === undefined || detail === '' ? `${kind}.` : `${kind}: ${detail}.`,
      }
  }
}

/** The step of the node whose chart asked for a send: the last one before it that took an event. */
function askedBy(run: Run, step: TraceStep): TraceStep | undefined {
  const lane = run.lane(step.node)
  if (lane === null) return undefined
  for (let i = step.i - 1; i >= run.first; i--) {
    const earlier = run.step(i)
    if (earlier?.node !== step.node || earlier.after === undefined) continue
    return earlier.actions?.some(({ type }) => type === 'send') ? earlier : undefined
  }
  return undefined
}

function delayText(run: Run, step: TraceStep): string {
  const machine = run.machineOf(run.lane(step.node))
  const ms = machine?.definition.delays[eventName(eventOf(step))]
  return ms === undefined ? '' : ` after ${ms} ms`
}

function tried({ source, target, guard, result, event }: Considered): Reason {
  const where =
    target.length === 0
      ? `stays in ${shortId(source)}`
      : `goes from ${shortId(source)} to ${target.map(shortId).join(', ')}`
  const on = event === '' ? '' : ` on ${eventName(event)}`
  if (!result) {
    return {
      about: 'guard',
      said: false,
      text: `${guard ?? 'A guard'} is not so: the transition${on} that ${where} is passed over.`,
    }
  }
  if (guard === null)
    return { about: 'transition', text: `The transition${on} that ${where} has no guard: it is taken.` }
  return {
    about: 'transition',
    said: true,
    text: `${guard} is so: the transition${on} that ${where} is taken.`,
  }
}

function refusal({ refused }: TraceStep): Reason[] {
  if (refused === undefined) return []
  return [{ about: 'refusal', text: `${eventName(refused.event)} changed nothing: ${refused.reason}.` }]
}

function actionsOf({ actions = [] }: TraceStep): Reason[] {
  return actions.flatMap(({ type, params }): Reason[] => {
    const given = (params ?? {}) as Record<string, unknown>
    if (type === 'ignore') return []
    if (type === 'send')
      return [{ about: 'action', text: `The chart asks to send ${given.type} to ${given.to}.` }]
    if (type === 'xstate.raise') {
      const delay =
        given.delay === undefined || given.delay === null ? '' : ` to run out in ${given.delay} ms`
      const id = String((given.event as { type?: unknown } | undefined)?.type ?? given.id ?? '')
      return [{ about: 'action', text: `The timer ${eventName(id)} is set${delay}.` }]
    }
    if (type === 'xstate.cancel')
      return [{ about: 'action', text: `The timer ${eventName(String(given.sendId ?? ''))} is cancelled.` }]
    return [
      {
        about: 'action',
        text: `The chart asks for ${type}${params === null ? '' : ` ${jsonText(params, 90)}`}.`,
      },
    ]
  })
}

const changesMax = 12

function changesOf(step: TraceStep): Reason[] {
  const { before, after } = step
  if (after === undefined || before === undefined) return []
  const [old, now] = [stateText(before.value), stateText(after.value)]
  const patch = after.patch ?? []
  const state: Reason[] =
    old === now ? [] : [{ about: 'change', text: `The state becomes ${now}; it was ${old}.` }]
  const context = patch.slice(0, changesMax).map((operation): Reason => {
    const name = pathText(operation.path)
    const [, set, member] = /^(.*)\.\$set\.([^.]*)$/.exec(name) ?? []
    if (set !== undefined && operation.op !== 'replace')
      return { about: 'change', text: `${set} ${operation.op === 'add' ? 'gains' : 'loses'} ${member}.` }
    if (operation.op === 'remove') return { about: 'change', text: `${name} is gone.` }
    return {
      about: 'change',
      text: `${name} ${operation.op === 'add' ? 'is new' : 'becomes'}: ${jsonText(operation.value, 90)}.`,
    }
  })
  const more = patch.length - context.length
  const mutated = (after.mutated ?? []).map((name): Reason => {
    const advice = 'XState and its subscribers cannot see that; return a new value from assign'
    return { about: 'change', said: false, text: `${name} was mutated in place: ${advice}.` }
  })
  return [
    ...state,
    ...mutated,
    ...context,
    ...(more > 0 ? [{ about: 'change' as const, text: `And ${more} more.` }] : []),
  ]
}

/** A JSON pointer as keys with dots between; the members of a map are its own. */
function pathText(path: string): string {
  return path
    .slice(1)
    .replaceAll('/$map/', '/')
    .replaceAll('/', '.')
    .replaceAll('~1', '/')
    .replaceAll('~0', '~')
}

function clockOf(run: Run, step: TraceStep): Reason[] {
  if (step.clockFault !== undefined)
    return [{ about: 'clock', said: false, text: `The clock is wrong (L3): ${step.clockFault}.` }]
  if (step.text !== undefined) return []
  const making = makingOf(run, step)
  if (making === null)
    return step.node === null || step.vector !== null
      ? []
      : [{ about: 'clock', text: 'It is no event of the clocks.' }]
  const { own, received, merged, ticks, result } = making
  const broken = run.brokenRules.find(({ i }) => i === step.i)
  if (broken !== undefined)
    return [{ about: 'clock', said: false, text: `The clock breaks ${broken.rule}: ${broken.text}.` }]
  if (received !== null) {
    return [
      {
        about: 'clock',
        text: `Receiving sets the Lamport clock to max(${own?.lamport ?? 0}, ${received.lamport}) + 1 = ${result.lamport} (L1), and the vector to the greater of each entry, then its own + 1 (L3).`,
      },
    ]
  }
  if (!ticks)
    return [
      {
        about: 'clock',
        text: changes(step) ? 'The clocks stand still.' : 'Nothing changed, so the clocks stand still (L1).',
      },
    ]
  const why = step.kind === 'send' ? 'Sending' : step.kind === 'receive' ? 'Receiving' : 'An event'
  return [
    {
      about: 'clock',
      text: `${why} makes the Lamport clock ${result.lamport}, from ${merged.lamport} (L1); of the vector the own entry grows by 1 (L3).`,
    },
  ]
}

/** An id of a state without its machine: `role.primary.serving`. */
function shortId(id: string): string {
  const dot = id.indexOf('.')
  return dot < 0 ? id : id.slice(dot + 1)
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
