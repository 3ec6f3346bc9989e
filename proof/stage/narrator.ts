/** Plays a scenario of our replicas in a world: it names roles, and messages by their types. */
import type { KeyValueCommand } from '../../machines/application/key-value-store.ts'
import type { Message, MessageType } from '../../machines/messages.ts'
import type { HeldMessage } from './network.ts'
import { viewOf } from './replicas.ts'
import type { Stage } from './stage.ts'
import type { World } from './world.ts'

/** A node's name, or what the current view makes of it. */
export type Who = 'primary' | 'backup' | 'idle' | (string & {})

/** Which messages in flight are meant; what is left out matches all. */
export interface Which {
  readonly type: MessageType
  readonly from?: Who
  readonly to?: Who
}

export interface Narrator {
  /** The story goes on with this sentence. */
  say(text: string): void
  /** Leaves the system to itself for so many virtual milliseconds. */
  run(ms: number): void
  /** Leaves it to itself until an aim. @throws Error if it is not reached. */
  until(aim: 'viewChange' | 'settled' | 'answered'): void
  /** ... until such a message is in flight. @throws Error likewise. */
  untilInFlight(which: Which): void
  call(client: string, ...commands: KeyValueCommand[]): void
  crash(who: Who): void
  restart(who: Who): void
  /** Cuts the link both ways. */
  cut(a: Who, b: Who): void
  heal(): void
  drop(which: Which): void
  deliver(which: Which): void
  /** The name behind a role, now. @throws Error if no node has it. */
  nameOf(who: Who): string
}

export function createNarrator(world: World): Narrator {
  const choose: World['choose'] = (choice) => {
    const why = world.choose(choice)
    if (why !== null) throw new Error(`expected a choice that can be made, got ${choice.kind}: ${why}`)
    return null
  }
  const who = (name: Who): string => nameIn(world.run().stage, name)
  const matching = (stage: Stage, { type, from, to }: Which): readonly HeldMessage[] =>
    stage.network
      .inFlight()
      .filter(
        ({ envelope }) =>
          (envelope.message as Message).type === type &&
          (from === undefined || stage.nameOf(envelope.from) === nameIn(stage, from)) &&
          (to === undefined || stage.nameOf(envelope.to) === nameIn(stage, to)),
      )
  const first = (which: Which) => {
    const [message] = matching(world.run().stage, which)
    if (message === undefined) throw new Error(`expected a ${which.type} in flight`)
    return { message: message.id, copy: message.copy }
  }
  const reach = (aim: Parameters<World['runUntil']>[0], what: string) => {
    const end = world.runUntil(aim)
    if (end !== 'reached') throw new Error(`expected ${what}, but the run ended without it (${end})`)
  }

  return {
    say: (text) => world.say(text),
    run: (ms) => void world.runUntil(null, { ms }),
    until: (aim) => reach(aim, aim),
    untilInFlight: (which) =>
      reach(({ stage }) => matching(stage, which).length > 0, `a ${which.type} in flight`),
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

function nameIn(stage: Stage, who: Who): string {
  const { primary, backup, number } = viewOf(stage)
  if (who === 'primary' || who === 'backup') {
    const id = who === 'primary' ? primary : backup
    if (id === null) throw new Error(`expected a ${who} in view ${number}, got none`)
    return stage.nameOf(id)
  }
  if (who !== 'idle') return who
  const free = stage.players.find(
    ({ node, isActive, id }) => node.machine.id === 'server' && isActive && id !== primary && id !== backup,
  )
  if (free === undefined) throw new Error('expected an idle server, got none')
  return free.name
}
