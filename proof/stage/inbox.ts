/** What a person can choose at a point of a run, node by node: mail, timers, script, faults; and why not, if one cannot. */
import type { Message } from '../../machines/messages.ts'
import { chartState } from '../../runtime/observe/story.ts'
import { describeMessage } from '../../runtime/trace/describe.ts'
import { type Choice, isSameChoice } from './choice.ts'
import type { Player } from './player.ts'
import type { StagedRun } from './staged-run.ts'
import { whyNot } from './steps.ts'

/** One choice, and why it cannot be made; null if it can. */
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

/** The next event of a node's script. */
export interface InboxScript {
  readonly type: string
  /** The event in a few words. */
  readonly text: string
  /** Events after this one. */
  readonly left: number
  readonly play: Option
}

export interface Inbox {
  /** The same for all lives. */
  readonly name: string
  /** Of its newest life. */
  readonly id: string
  readonly isAlive: boolean
  /** Where its chart is, in a word or two. */
  readonly state: string
  readonly messages: readonly InboxMessage[]
  readonly timers: readonly InboxTimer[]
  /** Null if the node has no script, or it is over. */
  readonly script: InboxScript | null
  /** Null if the node never crashes in this system. */
  readonly crash: Option | null
  /** Null if the node has no next life in this system and lives. */
  readonly restart: Option | null
  /** Cuts it off from all others, both ways. */
  readonly isolate: Option
  readonly links: readonly InboxLink[]
}

/** How late `delay` makes a message, in milliseconds. */
export const delayMs = 100

/** The inbox of every node, in the order of the system. */
export function inboxesOf(run: StagedRun): Inbox[] {
  const { stage, staged } = run
  const names = stage.players.map(({ name }) => name)
  const next = run.next()
  const option = (choice: Choice): Option => ({
    choice,
    why: whyNot(run, choice),
    isNext: next !== null && isSameChoice(next, choice),
  })
  const isClient = (name: string) => staged.calls?.clients.includes(name) === true
  const messages = messagesByName(run, option)
  return stage.players.map((player) => {
    const { name, id, alive, node } = player
    return {
      name,
      id,
      isAlive: alive,
      state: alive ? chartState(player.snapshot.value) : 'crashed',
      messages: messages.get(name) ?? [],
      timers: player.timers().map((timer) => ({
        name: timer.name,
        due: timer.due,
        fire: option({ kind: 'timer', node: name, timer: timer.name }),
      })),
      script: scriptOf(player, option),
      crash: node.mayCrash === true ? option({ kind: 'crash', node: name }) : null,
      restart: node.restart === undefined && alive ? null : option({ kind: 'restart', node: name }),
      isolate: option({ kind: 'partition', groups: [[name], names.filter((other) => other !== name)] }),
      links: names
        .filter((other) => other !== name && !isClient(other) && !isClient(name))
        .map((to) => {
          const isCut = stage.network.isCut(name, to)
          return { to, isCut, toggle: option({ kind: isCut ? 'heal' : 'cut', from: name, to }) }
        }),
    }
  })
}

function messagesByName(
  { stage }: StagedRun,
  option: (choice: Choice) => Option,
): ReadonlyMap<string, readonly InboxMessage[]> {
  const byName = new Map<string, InboxMessage[]>()
  for (const { id, copy, envelope, due } of stage.network.inFlight()) {
    const { from, to } = envelope
    const message = envelope.message as Message
    const which = { message: id, copy }
    const name = stage.nameOf(to)
    byName.set(name, [
      ...(byName.get(name) ?? []),
      {
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
      },
    ])
  }
  return byName
}

function scriptOf({ name, node, scripted }: Player, option: (choice: Choice) => Option): InboxScript | null {
  const event = node.script?.[scripted]
  if (event === undefined) return null
  const { type, ...body } = event as { type: string }
  const rest = Object.keys(body).length === 0 ? '' : ` ${JSON.stringify(body)}`
  return {
    type,
    text: `${type}${rest.length > 80 ? `${rest.slice(0, 77)}...` : rest}`,
    left: node.script!.length - scripted - 1,
    play: option({ kind: 'script', node: name }),
  }
}
