/** How each choice is carried out on a stage, why it may be impossible, and what would happen without one. */
import type { Choice } from './choice.ts'
import type { HeldMessage } from './network.ts'
import type { ArmedTimer, Player } from './player.ts'
import type { Stage } from './stage.ts'
import type { Staged } from './staged.ts'

/** What choices are made on. */
export interface Played {
  readonly staged: Staged
  readonly stage: Stage
}

/** Carries out a choice, or says why it is impossible and changes nothing. */
export function carryOut(played: Played, choice: Choice): string | null {
  const { stage, staged } = played
  const { network } = stage
  if (choice.kind === 'next') {
    const next = nextChoice(played)
    return next === null ? nothingNext : carryOut(played, next)
  }
  const why = whyNot(played, choice)
  if (why !== null) return why
  if (choice.at !== undefined) stage.advance(choice.at)
  switch (choice.kind) {
    case 'wait':
      break
    case 'deliver':
      stage.deliver(network.find(choice.message, choice.copy)!)
      break
    case 'drop': {
      const message = network.find(choice.message, choice.copy)!
      const why = whyUndeliverable(stage, message)
      if (why === null) stage.losses += 1
      network.drop(message, why ?? 'lost')
      break
    }
    case 'duplicate':
      stage.duplicates += 1
      network.duplicate(network.sent(choice.message)!)
      break
    case 'delay':
      network.delay(network.find(choice.message, choice.copy)!, choice.ms)
      break
    case 'timer':
      stage.fire(timerOf(stage, choice.node, choice.timer)!)
      break
    case 'script': {
      const player = stage.player(choice.node)!
      stage.local(player, stage.readyScript(player)!, true)
      break
    }
    case 'crash':
      stage.crash(stage.player(choice.node)!)
      break
    case 'restart':
      stage.restart(stage.player(choice.node)!)
      break
    case 'cut':
      network.cut(choice.from, choice.to)
      break
    case 'heal':
      network.heal(choice.from, choice.to)
      break
    case 'partition':
      network.partition(choice.groups)
      break
    case 'abandon':
      stage.local(stage.player(choice.client)!, staged.calls!.abandon(choice.call))
      break
    case 'call': {
      const player = stage.player(choice.client)!
      const ids = choice.commands.map(() => ++player.callsMade)
      stage.local(player, staged.calls!.event(choice.commands, ids))
    }
  }
  return null
}

/** Why a choice is impossible now, in a sentence for a person; null if it can be made. */
export function whyNot(played: Played, choice: Choice): string | null {
  const { stage } = played
  const { network } = stage
  switch (choice.kind) {
    case 'next':
      return nextChoice(played) === null ? nothingNext : null
    case 'wait':
      return choice.at < stage.now ? `it is ${stage.now} ms already` : null
    case 'deliver': {
      const message = network.find(choice.message, choice.copy)
      if (message === undefined) return notInFlight(choice)
      return whyUndeliverable(stage, message) ?? whyOutOfOrder(stage, message)
    }
    case 'drop': {
      const message = network.find(choice.message, choice.copy)
      if (message === undefined) return notInFlight(choice)
      return whyUndeliverable(stage, message) === null ? whyNoMore(stage, 'losses') : null
    }
    case 'delay':
      if (network.find(choice.message, choice.copy) === undefined) return notInFlight(choice)
      return stage.system.network === 'ordered' ? 'messages of a link arrive in order (network)' : null
    case 'duplicate':
      return network.sent(choice.message) === undefined ? notInFlight(choice) : whyNoMore(stage, 'duplicates')
    case 'timer':
      return whyNoTimer(played, choice)
    case 'script':
      return whyNoScript(stage, choice.node)
    case 'crash':
      return whyNoCrash(stage, choice.node)
    case 'restart':
      return whyNoRestart(played, choice.node)
    case 'cut':
      if (isReliable(stage)) return cutsLoseMessages
      if (choice.from === choice.to) return 'a node always reaches itself'
      return network.isCut(choice.from, choice.to) ? 'the link is cut already' : null
    case 'heal':
      if (choice.from === undefined || choice.to === undefined)
        return network.cuts().length === 0 ? 'no link is cut' : null
      return network.isCut(choice.from, choice.to) ? null : 'the link is not cut'
    case 'partition':
      if (isReliable(stage)) return cutsLoseMessages
      return choice.groups.length < 2 ? 'a partition has at least two groups' : null
    case 'abandon':
      return whyNoClient(played, choice.client) ?? whyNoCall(stage, choice)
    case 'call':
      return whyNoClient(played, choice.client) ?? whyInvalid(played, choice)
  }
}

const nothingNext = 'nothing is in flight and no timer is set'

/**
 * What happens by itself: the message or the timer that is due first; if there is neither, the next event of a script. A
 * message that can never arrive is lost when it is due.
 */
export function nextChoice({ stage }: Played): Exclude<Choice, { kind: 'next' }> | null {
  const first = stage.firstDue()
  if (first === null) {
    const scripted = stage.players.find((player) => stage.readyScript(player) !== null)
    return scripted === undefined ? null : { kind: 'script', node: scripted.name }
  }
  if (!('envelope' in first)) return { kind: 'timer', node: stage.nameOf(first.node), timer: first.name }
  const kind = whyUndeliverable(stage, first) === null ? 'deliver' : 'drop'
  return { kind, message: first.id, copy: first.copy, at: first.due }
}

/** Why a message in flight cannot arrive; null if it can. It arrives over a link that was cut after it had left. */
export function whyUndeliverable(stage: Stage, { envelope: { to } }: HeldMessage): string | null {
  if (stage.lives(to)) return null
  const player = stage.player(stage.nameOf(to))
  if (player === undefined) return `there is no node ${to}`
  return player.id === to && player.alive
    ? `${to} is done and takes nothing more`
    : `${to} is gone, and no later life takes its mail`
}

/** On ordered links, what was sent first arrives first. */
function whyOutOfOrder(stage: Stage, message: HeldMessage): string | null {
  if (stage.system.network !== 'ordered') return null
  const earlier = stage.network.earlierOnLink(message)
  return earlier === undefined
    ? null
    : `${earlier.envelope.message.type} was sent earlier on this link (network)`
}

/** A `set` loses and repeats messages at will; other networks as often as the system allows. */
function whyNoMore(stage: Stage, kind: 'losses' | 'duplicates'): string | null {
  const { system } = stage
  const { [kind]: max = 0 } = system
  return !isReliable(stage) || stage[kind] < max
    ? null
    : `this system allows no more ${kind} (${kind}: ${max})`
}

/** A network that loses messages only by choice. */
function isReliable({ system: { network = 'set' } }: Stage): boolean {
  return network !== 'set'
}

const cutsLoseMessages = 'a cut loses messages, which this network does only by choice (network)'

function timerOf(stage: Stage, node: string, name: string): ArmedTimer | undefined {
  return stage
    .player(node)
    ?.timers()
    .find((timer) => timer.name === name)
}

/**
 * With ordered timers, a node's own timers fire in the order in which they are due: it has one clock. A moment that was
 * recorded is taken as it is, because the recorded system may have had other intervals.
 */
function whyNoTimer(
  { stage }: Played,
  { node, timer, at }: Extract<Choice, { kind: 'timer' }>,
): string | null {
  const meant = timerOf(stage, node, timer)
  if (meant === undefined) return `${node} has not set a timer ${timer}`
  const [first] = stage.player(node)!.timers()
  if (stage.system.timers !== 'ordered' || at !== undefined || first!.due === meant.due) return null
  return `${first!.name} of ${node} is due earlier, at ${first!.due} ms`
}

function whyNoScript(stage: Stage, node: string): string | null {
  const player = stage.player(node)
  if (player === undefined) return `there is no node ${node}`
  if (player.node.script?.[player.scripted] === undefined) return `the script of ${node} is over`
  if (!player.isActive) return `${node} is not running`
  return stage.readyScript(player) === null ? `${node} is not ready for the next event of its script` : null
}

function whyNoCrash(stage: Stage, node: string): string | null {
  const player = stage.player(node)
  if (player === undefined || !player.alive) return `${node} is not running`
  if (player.node.mayCrash !== true) return `${node} never crashes in this system (mayCrash)`
  const { crashes = 0 } = stage.system
  return stage.crashes < crashes ? null : `this system allows no more crashes (crashes: ${crashes})`
}

function whyNoRestart({ stage, staged }: Played, node: string): string | null {
  const player = stage.player(node)
  if (player === undefined) return `there is no node ${node}`
  const why = staged.whyNoRestart?.(node) ?? null
  if (why !== null) return why
  if (player.alive) return `${node} is running`
  if (player.node.restart === undefined) return `${node} has no next life in this system (restart)`
  const { restarts = 0 } = stage.system
  return stage.restarts < restarts ? null : `this system allows no more restarts (restarts: ${restarts})`
}

function whyNoClient({ stage, staged }: Played, client: string): string | null {
  const player: Player | undefined = staged.calls?.clients.includes(client) ? stage.player(client) : undefined
  return player?.isActive ? null : `${client} is not running: start it again first`
}

function whyNoCall(stage: Stage, { client, call }: Extract<Choice, { kind: 'abandon' }>): string | null {
  return stage.player(client)!.calls.has(call) ? null : `${client} does not wait for call ${call}`
}

function whyInvalid({ staged }: Played, { commands }: Extract<Choice, { kind: 'call' }>): string | null {
  return commands.map((command) => staged.calls!.whyInvalid(command)).find((why) => why !== null) ?? null
}

function notInFlight({ message, copy }: { readonly message: string; readonly copy: number }): string {
  return `${copy === 0 ? 'message' : `copy ${copy} of message`} ${message} is not in flight`
}
