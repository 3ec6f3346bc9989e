/** A system's run in sentences: turns observations into the events that a person cares about. */

import type { AnyMachineSnapshot } from 'xstate'
import { StandbyError } from '../../actors/errors.ts'
import { knownOptions } from '../../actors/known-options.ts'
import type { Observation } from '../../actors/observation.ts'
import { stateIn } from '../../actors/server.ts'
import type { ClientContext } from '../../machines/client/index.ts'
import type { Send } from '../../machines/effects.ts'
import { type Message, operationsOf } from '../../machines/messages.ts'
import { parseNodeId } from '../../machines/node-id.ts'
import type { ServerContext } from '../../machines/server/context.ts'
import type { View } from '../../machines/view.ts'
import type { ViewServiceContext } from '../../machines/view-service.ts'
import { createCorrelation } from '../trace/correlation.ts'
import { describeCommand, describeCommands, describeEnd, describeMessage } from '../trace/describe.ts'

/** `story`: what someone needs who wants to follow what is going on; `debug`: everything. */
export type StoryLevel = 'story' | 'debug'

/** What an event is about, for colours and filters. */
export type StoryKind =
  | 'start'
  | 'view'
  | 'role'
  | 'client'
  | 'operation'
  | 'refusal'
  | 'fault'
  | 'repair'
  /** What a script announces or summarizes; not derived from observations. */
  | 'scene'
  | 'note'
  | 'debug'

/** One event, with where the node stands after it. */
export interface StoryEvent {
  /** Milliseconds of the system's clock. */
  readonly t: number
  readonly kind: StoryKind
  /** Null for the network as a whole. */
  readonly node: string | null
  /** The state of the node's chart, such as `primary.awaitingBackupAck`; null if none. */
  readonly state: string | null
  readonly lamport: number | null
  /** `session/sequence number/index` of each operation that it serves. */
  readonly operations: readonly string[]
  readonly text: string
}

/** How detailed a story is. */
export interface StoryOptions {
  /** Default `story`. */
  readonly level?: StoryLevel
  /** An answer that took at least this many milliseconds is an event of its own; default 150. */
  readonly slowMs?: number
}

/** An event for an observation that deserves one. */
export type Story = (observation: Observation) => StoryEvent | null

type Sentence = { readonly kind: StoryKind; readonly text: string }

/** What an observation looks like to the tellers below, which take it apart by chart. */
interface Seen {
  readonly observation: Observation
  readonly operations: readonly string[]
  readonly message: Message | null
  readonly from: string
}

/**
 * A story of one stream of observations; it must see all of them.
 *
 * Of the many operations it follows one for each view, over all nodes, and also reports those that took long.
 * @throws StandbyError `invalidOption` for a level that there is not.
 */
export function createStory(options: StoryOptions = {}): Story {
  knownOptions('createStory', options, { level: true, slowMs: true })
  const { level = 'story', slowMs = 150 } = options
  if (level !== 'story' && level !== 'debug') {
    throw new StandbyError('invalidOption', `level: expected story or debug, got ${String(level)}`)
  }
  const correlation = createCorrelation()
  const spotlight = createSpotlight()
  const calls = createCallDescriber(slowMs)
  const once = createOnce()
  const standing = new Map<string, { state: string; lamport: number }>()

  const describe = (seen: Seen): Sentence | null => {
    const { observation } = seen
    const { kind, before, after } = observation
    const ended = kind === 'call' || kind === 'return' ? calls(seen) : null
    if (ended !== null) return ended
    if (kind === 'refuse') return once(seen, refusedMessage(seen))
    const own = describeFault(observation) ?? describeStart(observation)
    if (own !== null) return own
    if (before === undefined || after === undefined) return null
    switch (after.machine.id) {
      case 'viewService':
        return describeView(before, after)
      case 'server':
        return (
          describeRole(before, after, seen) ??
          once(seen, tellRefusal(seen, after)) ??
          once(seen, tellRepetition(after, observation))
        )
      case 'client':
        return tellClient(before, after, seen, once)
      default:
        return null
    }
  }

  return (observation) => {
    const { t, node, clock, after, envelope } = observation
    const operations = correlation(observation)
    const seen: Seen = {
      observation,
      operations,
      message: (envelope?.message ?? null) as Message | null,
      from: `${envelope?.from}`,
    }
    const known = standing.get(node ?? '')
    const state = after === undefined ? (known?.state ?? null) : chartState(after.value)
    const lamport = clock?.lamport ?? known?.lamport ?? null
    if (node !== null && state !== null && lamport !== null) standing.set(node, { state, lamport })
    if (observation.kind === 'crash') standing.delete(node ?? '')

    const spotlit = spotlight(seen)
    const sentence = describe(seen) ?? spotlit ?? (level === 'debug' ? describeAnything(seen) : null)
    return sentence === null
      ? null
      : { t, kind: sentence.kind, node, state, lamport, operations, text: sentence.text }
  }
}

/** Whether a state value is of our server or view service: other charts may have regions of the same names. */
export function isOwnState(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const regions = Object.keys(value).sort().join()
  return regions === 'heartbeat,role' || regions === 'checks,views'
}

/** The state of a chart in one word: a server's role, a view service's views, and all regions of any other chart. */
export function chartState(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return String(value)
  if (isOwnState(value))
    return 'role' in value ? stateIn(value) : chartState((value as { views?: unknown }).views)
  return Object.entries(value)
    .map(([region, inner]) => `${region}.${chartState(inner)}`)
    .join(' | ')
}

function describeFault({ kind, detail = '' }: Observation): Sentence | null {
  switch (kind) {
    case 'crash':
      return {
        kind: 'fault',
        text: detail.startsWith('failed: ')
          ? `stops: it ${detail}`
          : `crashes as ${detail.split('.')[0]}: what it had in flight is never finished`,
      }
    case 'partition':
      return {
        kind: 'fault',
        text: detail.includes('|') ? `the network splits: ${detail}` : `a link breaks: ${detail}`,
      }
    case 'heal':
      return { kind: 'repair', text: 'the network heals: every link works again' }
    default:
      return null
  }
}

function describeStart({ kind, node, after }: Observation): Sentence | null {
  if (kind !== 'start') return null
  switch (after?.machine.id) {
    case 'viewService':
      return { kind: 'start', text: 'starts: it decides who is primary and who is backup' }
    case 'server':
      return parseNodeId(node ?? '').incarnation > 1
        ? { kind: 'repair', text: `starts again as ${node}: a new server, without state` }
        : { kind: 'start', text: 'starts without state and offers itself to the view service' }
    default:
      return { kind: 'start', text: 'starts and asks the view service who is primary' }
  }
}

function describeView(before: AnyMachineSnapshot, after: AnyMachineSnapshot): Sentence | null {
  const [old, view] = [viewOf(before), viewOf(after)]
  if (old.number !== view.number) {
    const incarnations = (after.context as ViewServiceContext).incarnations
    return {
      kind: 'view',
      text: `view ${view.number}: ${whyView(old, view, incarnations)}`,
    }
  }
  const isConfirmed = !before.hasTag('acknowledged') && after.hasTag('acknowledged')
  if (!isConfirmed) return null
  const standing =
    view.backup === null ? `${view.primary} serves alone` : `${view.backup} is ready to take over`
  return { kind: 'view', text: `view ${view.number} is acknowledged by its primary: ${standing}` }
}

function whyView(old: View, view: View, incarnations: ViewServiceContext['incarnations']): string {
  const lost = (id: string) => {
    const { name, incarnation } = parseNodeId(id)
    const isReborn = incarnations.some((newer) => newer.name === name && newer.incarnation > incarnation)
    return isReborn ? `${id} came back without its state` : `${id} has fallen silent`
  }
  if (old.primary === null) return `${view.primary} is the first to offer itself and becomes primary`
  const appointed = view.backup === null ? 'no server is left for a backup' : `${view.backup} becomes backup`
  if (old.primary !== view.primary)
    return `primary ${lost(old.primary)}; backup ${view.primary} is promoted, ${appointed}`
  if (old.backup === null) return `${view.backup} becomes backup of ${view.primary}`
  return `backup ${lost(old.backup)}; ${appointed}`
}

function describeRole(
  before: AnyMachineSnapshot,
  after: AnyMachineSnapshot,
  { message }: Seen,
): Sentence | null {
  const context = after.context as ServerContext
  const { view, replica } = context
  const [old, state] = [chartState(before.value), chartState(after.value)]
  const isNewView = viewOf(before).number !== view.number
  const role = (text: string): Sentence => ({ kind: 'role', text })
  const commands = replica === null ? 'nothing' : `${replica.position} commands`
  if (state === 'replicaDiverged' && old !== state) {
    return { kind: 'fault', text: `stops: its outcomes and those of the other replica differ` }
  }
  if (state === 'primary.transferringState') {
    if (isNewView)
      return role(`is primary of view ${view.number}: sends its state (${commands}) to ${view.backup}`)
    return old === state && message?.type === 'stateTransferAck' && context.sending !== null
      ? role(`goes on with piece ${context.sending.index + 1} of its state`)
      : null
  }
  if (old === 'primary.transferringState' && state.startsWith('primary.') && !isNewView) {
    return role(`${view.backup} holds the state now: clients are served`)
  }
  if (state.startsWith('primary.') && isNewView)
    return role(`is primary of view ${view.number}, alone, and serves`)
  if (state === 'backup.serving' && (old !== state || isNewView)) {
    return role(`is backup of view ${view.number} and holds the whole state: ${commands}`)
  }
  if (state === 'backup.awaitingState' && isNewView) {
    return role(`is backup of view ${view.number} and awaits the state of ${view.primary}`)
  }
  if (state === 'idle' && isNewView) {
    return role(
      old === 'idle'
        ? `stands by in view ${view.number}`
        : `learns of view ${view.number}, in which it has no part`,
    )
  }
  return null
}

/** A repeated refusal is reported once. */
type Once = (seen: Seen, sentence: (Sentence & { readonly key: string }) | null) => Sentence | null

const rememberedMax = 4096

function createOnce(): Once {
  const reported = new Set<string>()
  return ({ observation }, next) => {
    if (next === null) return null
    const key = `${observation.node} ${next.key}`
    if (reported.has(key)) return null
    reported.add(key)
    if (reported.size > rememberedMax) reported.delete(reported.values().next().value as string)
    return next
  }
}

function tellRefusal({ observation, message, from }: Seen, after: AnyMachineSnapshot) {
  const { number } = viewOf(after)
  const refusal = (observation.actions ?? []).find(
    ({ type, params }) => type === 'send' && (params as { message: Message }).message.type === 'refusal',
  )
  if (refusal !== undefined) {
    const { reason } = (refusal.params as { message: Message & { type: 'refusal' } }).message
    return {
      kind: 'refusal',
      key: `${number} ${reason}`,
      text: `refuses ${from}: ${reason}${reasons[reason]}`,
    } as const
  }
  const reason = observation.ignored?.find((one) => one.startsWith('forward:'))
  if (reason === undefined || message === null) return null
  return {
    kind: 'refusal',
    key: `${number} ${from} ${reason}`,
    text: `does not take a ${reason.replace(':', ` of ${from}:`)}`,
  } as const
}

/** A primary whose backup does not answer: it repeats itself, and decides nothing (S4, T3). */
function tellRepetition(after: AnyMachineSnapshot, { kind, event }: Observation) {
  if (kind !== 'timer' || !event?.type.includes('.resendInterval.')) return null
  const { view, outstanding } = after.context as ServerContext
  if (chartState(after.value) === 'primary.transferringState') {
    return {
      kind: 'refusal',
      key: `transfer ${view.number}`,
      text: `has no word of ${view.backup} yet: sends its state again`,
    } as const
  }
  if (outstanding === null) return null
  return {
    kind: 'refusal',
    key: `forward ${view.number} ${outstanding.number}`,
    text: `no acknowledgement from ${view.backup}: forwards again, and answers no client meanwhile`,
  } as const
}

const reasons: Record<string, string> = {
  wrongServer: ' (it is not primary)',
  wrongView: ' (the request names another view)',
  stateTransfer: ' (its backup does not hold the state yet)',
  overloaded: ' (too much is waiting)',
  replicaDiverged: ' (the replicas disagree)',
}

function refusedMessage({ observation, from }: Seen) {
  const reason = observation.detail ?? 'unknown reason'
  return { kind: 'refusal', key: reason, text: `does not take a message of ${from}: ${reason}` } as const
}

function tellClient(
  before: AnyMachineSnapshot,
  after: AnyMachineSnapshot,
  seen: Seen,
  once: Once,
): Sentence | null {
  const [old, context] = [before.context as ClientContext, after.context as ClientContext]
  const { observation, message } = seen
  if (old.session !== context.session && context.session !== null) {
    return { kind: 'client', text: `has opened session ${context.session} with ${seen.from}` }
  }
  const isWaiting = context.outstanding !== null && old.outstanding === context.outstanding
  if (!isWaiting) return null
  if (message?.type === 'viewReply' && old.view.number !== context.view.number) {
    return {
      kind: 'client',
      text: `learns of view ${context.view.number}: sends its request again, to ${context.view.primary}`,
    }
  }
  if (observation.kind !== 'timer') return null
  const key = `retry ${context.view.number}`
  return once(seen, {
    kind: 'client',
    key,
    text: `has no answer of ${context.view.primary} yet: asks for the view and sends again`,
  })
}

/** Follows one operation in each view from the client over both replicas and back. */
function createSpotlight(): (seen: Seen) => Sentence | null {
  let view = 0
  let followed: string | null = null
  return ({ observation, operations, message }) => {
    const { kind, envelope, call } = observation
    if (kind === 'send' && message?.type === 'request' && message.session !== null) {
      if (message.viewNumber <= view) return null
      view = message.viewNumber
      followed = operations[0] ?? null
      return { kind: 'operation', text: `asks ${envelope?.to}: ${describeCommands(message.commands)}` }
    }
    if (followed === null || !operations.includes(followed)) return null
    const sentence = (text: string): Sentence => ({ kind: 'operation', text })
    if (kind === 'return') {
      followed = null
      return sentence(`has its answer: ${describeEnd(call)}`)
    }
    if (kind !== 'receive') return null
    const sent = (observation.actions ?? [])
      .filter(({ type }) => type === 'send')
      .map(({ params }) => params as Send)
      .find((send) => operationsOf(send.message).includes(followed!))
    if (message?.type === 'forward') return sentence('applies it, and acknowledges')
    switch (sent?.message.type) {
      case 'forward':
        return sentence(`forwards it to ${sent.to}, its backup, before anything else`)
      case 'reply':
        return sentence(howAnswered(observation))
      default:
        return message?.type === 'request' && chartState(observation.after?.value) === waiting
          ? sentence('lets it wait: another forward is not acknowledged yet')
          : null
    }
  }
}

const waiting = 'primary.awaitingBackupAck'

function howAnswered({ envelope, before, after }: Observation): string {
  if (envelope?.message.type === 'forwardAck') return 'its backup has it: executes it too, and answers'
  const isRepeated = before?.context.replica === after?.context.replica
  return isRepeated
    ? 'has executed it before: repeats the stored answer'
    : 'is alone: executes it, and answers'
}

/** Answers that took long, and calls that ended without one. */
function createCallDescriber(slowMs: number): (seen: Seen) => Sentence | null {
  const calledAt = new Map<string, number>()
  return ({ observation: { kind, node, t, call } }) => {
    const key = `${node} ${call?.id}`
    if (kind === 'call') {
      if (calledAt.size < rememberedMax) calledAt.set(key, t)
      return null
    }
    const took = t - (calledAt.get(key) ?? t)
    calledAt.delete(key)
    const { failure } = (call?.end ?? {}) as { failure?: { code: string; mayHaveExecuted: boolean } }
    const command = describeCommand(call?.command)
    if (failure !== undefined) {
      const fate = failure.mayHaveExecuted ? 'it may have been executed' : 'it was never transmitted'
      return { kind: 'refusal', text: `${command} ends without an answer: ${failure.code} (${fate})` }
    }
    if (took < slowMs) return null
    return { kind: 'operation', text: `${describeEnd(call)}, after ${Math.round(took)} ms` }
  }
}

/** For debugging: any observation in a line. */
function describeAnything({ observation, message, from }: Seen): Sentence {
  const { kind, envelope, event, ignored = [], detail, call } = observation
  const what = message === null ? (event?.type ?? kind) : describeMessage(message)
  const reason = ignored.length === 0 ? '' : `; ignored: ${ignored.join('; ')}`
  const text = (): string => {
    switch (kind) {
      case 'send':
        return `-> ${envelope?.to} ${what}`
      case 'receive':
        return `<- ${from} ${what}${reason}`
      case 'timer':
        return `timer ${/^xstate\.after\.([^.]+)/.exec(what)?.[1] ?? what}${reason}`
      case 'call':
        return `call ${call?.id}: ${describeCommand(call?.command)}`
      case 'return':
        return `return ${call?.id}: ${describeEnd(call)}`
      case 'drop':
      case 'duplicate':
      case 'delay':
        return `${kind} of ${what} to ${envelope?.to}: ${detail}`
      default:
        return `${what}${detail === undefined ? '' : `: ${detail}`}${reason}`
    }
  }
  return { kind: 'debug', text: text() }
}

function viewOf(snapshot: AnyMachineSnapshot): View {
  return (snapshot.context as { view: View }).view
}
