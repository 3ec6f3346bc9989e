/** The hand that plays a scenario: it speaks of roles and of messages by their types, and makes choices in a world. */
import type { KeyValueCommand } from '../../machines/application/key-value-store.ts'
import type { Message, MessageType } from '../../machines/messages.ts'
import type { GoalName } from './goals.ts'
import { type HeldMessage, nameOf } from './held-network.ts'
import type { World } from './world.ts'
import type { WorldSystem } from './world-system.ts'

/** A node's name, or what the current view makes of it. */
export type Who = 'primary' | 'backup' | 'idle' | (string & {})

/** Which messages under way are meant; what is left out matches all. */
export interface Which {
  readonly type: MessageType
  readonly from?: Who
  readonly to?: Who
}

export interface Stage {
  /** The story goes on with this sentence. */
  say(text: string): void
  /** Leaves the world to itself for so long. */
  run(ms: number): void
  /** Leaves it to itself until a goal. @throws Error when it does not come about. */
  until(goal: GoalName): void
  /** ... until such a message is under way. @throws Error likewise. */
  untilUnderWay(which: Which): void
  call(client: string, ...commands: KeyValueCommand[]): void
  crash(who: Who): void
  restart(who: Who): void
  /** Cuts the link both ways. */
  cut(a: Who, b: Who): void
  heal(): void
  drop(which: Which): void
  deliver(which: Which): void
  /** The name behind a role, now. @throws Error when nobody has it. */
  nameOf(who: Who): string
}

export function createStage(world: World): Stage {
  const choose: World['choose'] = (choice) => {
    const why = world.choose(choice)
    if (why !== null) throw new Error(`expected a choice that can be made, got ${choice.kind}: ${why}`)
    return null
  }
  const who = (name: Who): string => nameIn(world.system(), name)
  const matching = (system: WorldSystem, { type, from, to }: Which): readonly HeldMessage[] =>
    system.network
      .inFlight()
      .filter(
        ({ envelope }) =>
          (envelope.message as Message).type === type &&
          (from === undefined || nameOf(envelope.from) === nameIn(system, from)) &&
          (to === undefined || nameOf(envelope.to) === nameIn(system, to)),
      )
  const first = (which: Which) => {
    const [message] = matching(world.system(), which)
    if (message === undefined) throw new Error(`expected a ${which.type} under way`)
    return { message: message.id, copy: message.copy }
  }
  const reach = (goal: Parameters<World['run']>[0], what: string) => {
    const end = world.run(goal)
    if (end !== 'reached') throw new Error(`expected ${what}; it has not come about (${end})`)
  }

  return {
    say: (text) => world.say(text),
    run: (ms) => void world.run(null, { ms }),
    until: (goal) => reach(goal, goal),
    untilUnderWay: (which) =>
      reach((system) => matching(system, which).length > 0, `a ${which.type} under way`),
    call: (client, ...commands) => void choose({ kind: 'call', client, commands }),
    crash: (name) => void choose({ kind: 'crash', node: who(name) }),
    restart: (name) => void choose({ kind: 'restart', node: who(name) }),
    cut(a, b) {
      const [from, to] = [who(a), who(b)]
      choose({ kind: 'cut', from, to })
      choose({ kind: 'cut', from: to, to: from })
    },
    heal: () => void choose({ kind: 'heal' }),
    drop: (which) => void choose({ kind: 'drop', ...first(which) }),
    deliver: (which) => void choose({ kind: 'deliver', ...first(which) }),
    nameOf: who,
  }
}

function nameIn({ cluster }: WorldSystem, who: Who): string {
  const { primary, backup, number } = cluster.view()
  if (who === 'primary' || who === 'backup') {
    const id = who === 'primary' ? primary : backup
    if (id === null) throw new Error(`expected a ${who} in view ${number}; there is none`)
    return nameOf(id)
  }
  if (who !== 'idle') return who
  const free = cluster.servers.find(({ alive, id }) => alive && id !== primary && id !== backup)
  if (free === undefined) throw new Error('expected an idle server; there is none')
  return free.name
}
