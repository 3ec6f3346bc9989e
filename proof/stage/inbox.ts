/** What a person can choose at a point of a world, node by node: its mail, its timers, its faults; and why not, where one cannot. */
import type { Message } from '../../machines/messages.ts'
import { chartState } from '../../runtime/observe/story.ts'
import { describeMessage } from '../../runtime/trace/describe.ts'
import { type Choice, isSameChoice } from './choice.ts'
import { nameOf } from './held-network.ts'
import { timersOf, whyNot } from './steps.ts'
import { viewServiceName, type WorldSystem } from './world-system.ts'

/** One choice, and why it cannot be made; null where it can. */
export interface Option {
  readonly choice: Choice
  readonly why: string | null
  /** It is what would happen by itself. */
  readonly isNext: boolean
}

/** A copy of a message that is on its way to a node. */
export interface InboxMessage {
  readonly id: string
  readonly copy: number
  readonly type: string
  readonly from: string
  /** The life that it is addressed to. */
  readonly to: string
  /** The message in a few words. */
  readonly text: string
  /** Virtual milliseconds: when it arrives by itself. */
  readonly due: number
  readonly deliver: Option
  readonly drop: Option
  readonly duplicate: Option
  readonly delay: Option
}

/** A timer that a node has set. */
export interface InboxTimer {
  readonly name: string
  readonly due: number
  readonly fire: Option
}

/** A link from a node to another, and the choice that cuts or heals it. */
export interface InboxLink {
  readonly to: string
  readonly isCut: boolean
  readonly toggle: Option
}

export interface Inbox {
  /** Without the incarnation. */
  readonly name: string
  /** Of its newest life. */
  readonly id: string
  readonly kind: 'viewService' | 'server' | 'client'
  readonly isAlive: boolean
  /** What its chart says, in a word or two. */
  readonly state: string
  readonly messages: readonly InboxMessage[]
  readonly timers: readonly InboxTimer[]
  readonly crash: Option
  readonly restart: Option
  /** Cuts it off from everyone else, both ways. */
  readonly isolate: Option
  readonly links: readonly InboxLink[]
}

/** By how much a message is made late. */
export const delayMs = 100

/** The inbox of every node: the view service, the servers, the clients. */
export function inboxesOf(system: WorldSystem): Inbox[] {
  const { servers, clients } = system.options
  const names = [viewServiceName, ...servers, ...clients]
  const next = system.next()
  const option = (choice: Choice): Option => ({
    choice,
    why: whyNot(system, choice),
    isNext: next !== null && isSameChoice(next, choice),
  })
  const kindOf = (name: string): Inbox['kind'] =>
    name === viewServiceName ? 'viewService' : servers.includes(name) ? 'server' : 'client'
  return names.map((name) => ({
    name,
    id: idOf(system, name),
    kind: kindOf(name),
    isAlive: system.isAlive(name),
    state: stateOf(system, name),
    messages: messagesTo(system, name, option),
    timers: timersOf(system, name).map((timer) => ({
      name: timer.name,
      due: timer.due,
      fire: option({ kind: 'timer', node: name, timer: timer.name }),
    })),
    crash: option({ kind: 'crash', node: name }),
    restart: option({ kind: 'restart', node: name }),
    isolate: option({ kind: 'partition', groups: [[name], names.filter((other) => other !== name)] }),
    links: names
      .filter((other) => other !== name && kindOf(other) !== 'client' && kindOf(name) !== 'client')
      .map((to) => linkOf(system, name, to, option)),
  }))
}

function messagesTo(system: WorldSystem, name: string, option: (choice: Choice) => Option): InboxMessage[] {
  return system.network
    .inFlight()
    .filter(({ envelope }) => nameOf(envelope.to) === name)
    .map(({ id, copy, envelope, due }) => {
      const { from, to } = envelope
      const message = envelope.message as Message
      const which = { message: id, copy }
      return {
        id,
        copy,
        type: message.type,
        from,
        to,
        text: describeMessage(message),
        due,
        deliver: option({ kind: 'deliver', ...which }),
        drop: option({ kind: 'drop', ...which }),
        duplicate: option({ kind: 'duplicate', ...which }),
        delay: option({ kind: 'delay', ...which, ms: delayMs }),
      }
    })
}

function linkOf(
  { network }: WorldSystem,
  from: string,
  to: string,
  option: (choice: Choice) => Option,
): InboxLink {
  const isCut = network.isCut(from, to)
  return { to, isCut, toggle: option({ kind: isCut ? 'heal' : 'cut', from, to }) }
}

function idOf({ cluster, clients }: WorldSystem, name: string): string {
  if (name === viewServiceName) return cluster.viewService.id
  return cluster.servers.find((server) => server.name === name)?.id ?? clients.get(name)?.id ?? name
}

function stateOf(system: WorldSystem, name: string): string {
  if (!system.isAlive(name)) return 'crashed'
  const snapshot = system.snapshot(name)
  return snapshot === null ? 'not started' : chartState(snapshot.value)
}
