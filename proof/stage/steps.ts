/** How each choice is carried out in a system, why it may be impossible, and what would happen without a choice. */
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import type { Choice } from './choice.ts'
import type { HeldTimer } from './held-clock.ts'
import { type HeldMessage, nameOf } from './held-network.ts'
import { viewServiceName, type WorldSystem } from './world-system.ts'

/** Carries out a choice, or says why it is impossible and changes nothing. */
export function carryOut(system: WorldSystem, choice: Choice): string | null {
  const { clock, network } = system
  if (choice.kind === 'next') {
    const next = nextChoice(system)
    return next === null ? 'nothing is under way and no timer is set' : carryOut(system, next)
  }
  const why = whyNot(system, choice)
  if (why !== null) return why
  if (choice.at !== undefined) clock.advance(choice.at)
  switch (choice.kind) {
    case 'wait':
      break
    case 'deliver': {
      const message = network.find(choice.message, choice.copy)!
      clock.advance(message.due)
      clock.actAs(message.envelope.to, () => network.deliver(message))
      break
    }
    case 'drop': {
      const message = network.find(choice.message, choice.copy)!
      network.drop(message, whyUndeliverable(system, message) ?? 'lost')
      break
    }
    case 'duplicate':
      network.duplicate(network.sent(choice.message)!)
      break
    case 'delay':
      network.delay(network.find(choice.message, choice.copy)!, choice.ms)
      break
    case 'timer':
      clock.fire(timerOf(system, choice.node, choice.timer)!)
      break
    case 'crash':
      system.crash(choice.node)
      break
    case 'restart':
      system.restart(choice.node)
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
      clock.actAs(choice.client, () => system.clients.get(choice.client)!.abandon(choice.call))
      break
    case 'call':
      call(system, choice)
  }
  return null
}

/** Why a choice is impossible now, in a sentence for a person; null when it can be made. */
export function whyNot(system: WorldSystem, choice: Choice): string | null {
  const { clock, network } = system
  switch (choice.kind) {
    case 'next':
      return nextChoice(system) === null ? 'nothing is under way and no timer is set' : null
    case 'wait':
      return choice.at < clock.now() ? `it is ${clock.now()} ms already` : null
    case 'deliver': {
      const message = network.find(choice.message, choice.copy)
      return message === undefined ? notUnderWay(choice) : whyUndeliverable(system, message)
    }
    case 'drop':
    case 'delay':
      return network.find(choice.message, choice.copy) === undefined ? notUnderWay(choice) : null
    case 'duplicate':
      return network.sent(choice.message) === undefined ? notUnderWay(choice) : null
    case 'timer':
      return whyNoTimer(system, choice)
    case 'crash':
      return system.isAlive(choice.node) ? null : `${choice.node} is not running`
    case 'restart':
      return whyNoRestart(system, choice.node)
    case 'cut':
      if (choice.from === choice.to) return 'a node always reaches itself'
      return network.isCut(choice.from, choice.to) ? 'the link is cut already' : null
    case 'heal':
      if (choice.from === undefined || choice.to === undefined)
        return network.cuts().length === 0 ? 'no link is cut' : null
      return network.isCut(choice.from, choice.to) ? null : 'the link is not cut'
    case 'partition':
      return choice.groups.length < 2 ? 'a partition has at least two groups' : null
    case 'abandon':
      if (!system.clients.has(choice.client)) return `${choice.client} is not running`
      return system.calls(choice.client).includes(choice.call)
        ? null
        : `${choice.client} does not wait for call ${choice.call}`
    case 'call':
      if (!system.clients.has(choice.client)) return `${choice.client} is not running: start it again first`
      return choice.commands.map(whyInvalid).find((wrong) => wrong !== null) ?? null
  }
}

/** What happens by itself: whatever is due first, a message or a timer. What can never arrive is lost when it is due. */
export function nextChoice(system: WorldSystem): Exclude<Choice, { kind: 'next' }> | null {
  const [message] = system.network.inFlight()
  const [timer] = system.clock.timers()
  if (message !== undefined && (timer === undefined || isBefore(message, timer))) {
    const kind = whyUndeliverable(system, message) === null ? 'deliver' : 'drop'
    return { kind, message: message.id, copy: message.copy, at: message.due }
  }
  return timer === undefined ? null : { kind: 'timer', node: nameOf(timer.node), timer: timer.name }
}

function isBefore(message: HeldMessage, timer: HeldTimer): boolean {
  return message.due < timer.due || (message.due === timer.due && message.order < timer.order)
}

/** Why a message that is under way cannot arrive; null when it can, as it can over a link that was cut after it had left. */
export function whyUndeliverable({ network }: WorldSystem, { envelope }: HeldMessage): string | null {
  const { to } = envelope
  return network.isAttached(to) ? null : `${to} is gone, and no later life takes its mail`
}

/** The timers of a node that are set, in the order in which they are due. */
export function timersOf({ clock }: WorldSystem, node: string): readonly HeldTimer[] {
  return clock.timers().filter((timer) => nameOf(timer.node) === node)
}

function timerOf(system: WorldSystem, node: string, name: string): HeldTimer | undefined {
  return timersOf(system, node).find((timer) => timer.name === name)
}

/**
 * A node's own timers fire in the order in which they are due: it has one clock. A moment that was recorded is taken at
 * its word, as the intervals of the system that it comes from may have been others.
 */
function whyNoTimer(
  system: WorldSystem,
  { node, timer, at }: Extract<Choice, { kind: 'timer' }>,
): string | null {
  const meant = timerOf(system, node, timer)
  if (meant === undefined) return `${node} has not set a timer ${timer}`
  const [first] = timersOf(system, node)
  if (at !== undefined || first!.due === meant.due) return null
  return `${first!.name} of ${node} is due earlier, at ${first!.due} ms`
}

function whyNoRestart(system: WorldSystem, node: string): string | null {
  if (node === viewServiceName)
    return 'the view service keeps no record in this world: without it, it must not come back (V11)'
  if (system.isAlive(node)) return `${node} is running`
  const { servers, clients } = system.options
  return servers.includes(node) || clients.includes(node) ? null : `there is no node ${node}`
}

/** Calls made in one go reach the chart as one event. */
function call({ clients, clock }: WorldSystem, choice: Extract<Choice, { kind: 'call' }>): void {
  const client = clients.get(choice.client)!
  clock.actAs(client.id, () => {
    for (const command of choice.commands) client.submit(command, () => {})
  })
}

function whyInvalid(command: unknown): string | null {
  return keyValueStore.validate?.(command) ?? null
}

function notUnderWay({ message, copy }: { readonly message: string; readonly copy: number }): string {
  return `${copy === 0 ? 'message' : `copy ${copy} of message`} ${message} is not under way`
}
