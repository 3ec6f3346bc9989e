/** Lifts a trace into a world: its receives, timers, calls and faults become choices, to be replayed and changed. */
import type { LimitOptions, TimingOptions } from '../../actors/options.ts'
import type { Json } from '../../machines/application/application.ts'
import { parseNodeId } from '../../machines/node-id.ts'
import type { TraceHeader, TraceStep } from '../../runtime/trace/format.ts'
import { limitsOf, type PlanLimits } from '../simulate/plan-limits.ts'
import type { Choice } from './choice.ts'
import { timerName } from './player.ts'
import { type ReplicasOptions, stagedReplicas, viewServiceName } from './replicas.ts'
import type { Staged } from './staged.ts'
import { World } from './world.ts'

/** A trace as a world, as far as the world goes along with it. */
export interface Lifted {
  readonly world: World
  /** How many steps of the trace were repeated. */
  readonly fits: number
  /** The world's step for each repeated step of the trace, or the one before where the world has none. */
  readonly counterparts: readonly number[]
  /** Where the world no longer goes along, and why; null if all of it fits. */
  readonly misfit: { readonly step: number; readonly why: string } | null
}

/** Choices after which a lift ends, so that it takes seconds. */
const choicesMax = 20_000

/**
 * Repeats a trace on today's charts, event by event, on virtual time, and stops where it no longer fits. Any further
 * choice is yours.
 * @param staged the system that the trace is of; default: our replicas, as the trace describes them
 * @throws Error for a trace of other machines, or one that does not begin with the system's start
 */
export function liftTrace(
  header: TraceHeader,
  steps: readonly TraceStep[],
  title: string,
  staged: Staged = stagedReplicas(optionsOf(header, steps)),
): Lifted {
  const world = new World({ title, staged })
  const lifting = new Lifting(world, steps)
  const end = lastEvent(steps)
  const counterparts: number[] = []
  return world.together(() => {
    for (const step of steps) {
      if (step.i > end) break
      const before = world.stepCount
      const why =
        world.position >= choicesMax ? `a lift ends after ${choicesMax} choices` : lifting.take(step)
      if (why !== null) return { world, fits: step.i, counterparts, misfit: { step: step.i, why } }
      counterparts.push(counterpartOf(step, world, counterparts.at(-1) ?? 0, before))
    }
    return { world, fits: steps.length, counterparts, misfit: null }
  })
}

/** The step that is the same event; without one, the first that its choice made, or the last counterpart. */
function counterpartOf(step: TraceStep, { branch, stepCount }: World, last: number, before: number): number {
  const first = stepCount > before ? before : last
  for (let i = first; i < stepCount; i++) {
    const { kind, node, message } = branch.steps[i]!
    if (kind === step.kind && node === step.node && message?.id === step.message?.id) return i
  }
  return first
}

class Lifting {
  readonly #world: World
  readonly #steps: readonly TraceStep[]
  readonly #start: number
  readonly #called = new Map<string, Json[]>()
  readonly #restarted = new Set<string>()

  constructor(world: World, steps: readonly TraceStep[]) {
    this.#world = world
    this.#steps = steps
    this.#start = steps[0]?.t ?? 0
  }

  /** Repeats a step; says why that is impossible, or null. */
  take(step: TraceStep): string | null {
    const { kind, node, message } = step
    const at = Math.max(0, Math.round((step.t - this.#start) * 1000) / 1000)
    const name = node === null ? '' : this.#nameOf(node)
    switch (kind) {
      case 'receive':
        return this.#receive(step, at) ?? this.#compare(step)
      case 'timer': {
        const timer = this.#timer(name, eventOf(step))
        if (timer === null) return 'the trace does not say which timer fired'
        return this.#choose({ kind, node: name, timer, at }) ?? this.#compare(step)
      }
      case 'local':
        return this.#local(step, name, at)
      case 'call':
        this.#called.set(name, [...(this.#called.get(name) ?? []), step.call!.command])
        return null
      case 'crash':
        return this.#choose({ kind, node: name, at })
      case 'stop':
        return this.#isClient(name) ? this.#choose({ kind: 'crash', node: name, at }) : null
      case 'restart':
        this.#restarted.add(node!)
        return this.#restart(name, at)
      case 'start':
        return parseNodeId(node!).incarnation > 1 && !this.#restarted.has(node!)
          ? this.#restart(name, at)
          : null
      case 'drop': {
        const copy = this.#inFlight(message!)
        return copy === undefined ? null : this.#choose({ kind, message: copy.id, copy: copy.copy, at })
      }
      case 'partition':
      case 'heal':
        return this.#links(step, at)
      default:
        // Sends, returns, delays and duplicates follow from the rest.
        return null
    }
  }

  #choose(choice: Choice): string | null {
    return this.#world.choose(choice)
  }

  /** Of a life that is still to come, too. */
  #nameOf(id: string): string {
    const { stage } = this.#world.run()
    const known = stage.nameOf(id)
    if (known !== id) return known
    const coming = stage.players.find(({ node, life }) => node.restart?.(life + 1).id === id)
    return coming?.name ?? parseNodeId(id).name
  }

  #isClient(name: string): boolean {
    return this.#world.staged.calls?.clients.includes(name) === true
  }

  #timer(node: string, event: string | undefined): string | null {
    if (event === undefined) return null
    const timers = this.#world.run().stage.player(node)?.timers() ?? []
    return timers.find((timer) => timer.event.type === event)?.name ?? timerName(event)
  }

  #restart(name: string, at: number): string | null {
    const why =
      this.#world.run().stage.player(name)?.alive === true
        ? this.#choose({ kind: 'crash', node: name, at })
        : null
    return why ?? this.#choose({ kind: 'restart', node: name, at })
  }

  #inFlight({ id }: NonNullable<TraceStep['message']>) {
    return this.#world
      .run()
      .stage.network.inFlight()
      .find((held) => held.id === id)
  }

  #receive({ message }: TraceStep, at: number): string | null {
    if (message === undefined) return 'the trace does not say what was received'
    const known = this.#inFlight(message)
    if (known !== undefined) return this.#choose({ kind: 'deliver', message: known.id, copy: known.copy, at })
    const { network } = this.#world.run().stage
    if (network.sent(message.id) === undefined) {
      return `${message.to} received ${message.type} ${message.id}, which ${message.from} has not sent here`
    }
    const why = this.#choose({ kind: 'duplicate', message: message.id, copy: 0, at })
    const copy = this.#inFlight(message)
    return why ?? this.#choose({ kind: 'deliver', message: message.id, copy: copy?.copy ?? 0, at })
  }

  #local(step: TraceStep, client: string, at: number): string | null {
    const event = eventOf(step)
    const commands = this.#called.get(client) ?? []
    if (event === 'call' && commands.length > 0 && this.#isClient(client)) {
      this.#called.delete(client)
      return this.#choose({ kind: 'call', client, commands, at }) ?? this.#compare(step)
    }
    if (event === 'abandon' && this.#isClient(client)) return this.#abandon(step, client, at)
    const scripted = this.#world.run().stage.player(client)?.node.script
    if (scripted !== undefined)
      return this.#choose({ kind: 'script', node: client, at }) ?? this.#compare(step)
    return `${client} took ${event ?? 'an event'} from within its own process, which cannot be repeated`
  }

  /** The returns that follow at once name the abandoned calls; a client that stops abandons all of its own. */
  #abandon(step: TraceStep, client: string, at: number): string | null {
    for (const { kind, node, call } of this.#steps.slice(step.i + 1)) {
      if (kind !== 'return' || node !== step.node || call === undefined) break
      const { failure } = (call.end ?? {}) as { failure?: { code: string } }
      if (failure?.code === 'stopped') return null
      const why = this.#choose({ kind: 'abandon', client, call: call.id, at })
      if (why !== null) return why
    }
    return this.#compare(step)
  }

  #links({ kind, detail = '' }: TraceStep, at: number): string | null {
    if (kind === 'heal') {
      const one = /^(\S+) -> (\S+) works again$/.exec(detail)
      if (one !== null) return this.#choose({ kind, from: one[1]!, to: one[2]!, at })
      return this.#world.run().stage.network.cuts().length === 0 ? null : this.#choose({ kind, at })
    }
    const cut = /^(\S+) -> (\S+) cut$/.exec(detail)
    if (cut !== null) {
      const [from, to] = [this.#nameOf(cut[1]!), this.#nameOf(cut[2]!)]
      return this.#world.run().stage.network.isCut(from, to)
        ? null
        : this.#choose({ kind: 'cut', from, to, at })
    }
    const groups = detail.split(' | ').map((group) =>
      group
        .split(' ')
        .filter((id) => id !== '')
        .map((id) => this.#nameOf(id)),
    )
    return groups.length < 2 ? null : this.#choose({ kind: 'partition', groups, at })
  }

  /** The chart must have reached the same state, or the rest would be another run. */
  #compare({ node, after }: TraceStep): string | null {
    if (after === undefined || node === null) return null
    const here = JSON.stringify(this.#world.run().stage.player(this.#nameOf(node))?.snapshot.value ?? null)
    const there = JSON.stringify(after.value)
    return here === there ? null : `${node} is in ${here} here, and was in ${there} there`
  }
}

function optionsOf(header: TraceHeader, steps: readonly TraceStep[]): ReplicasOptions {
  const given = (header.options ?? {}) as {
    world?: ReplicasOptions
    timing?: TimingOptions
    limits?: LimitOptions
    plan?: PlanLimits & { readonly latencyMs: number }
  }
  if (given.world !== undefined) return given.world
  const machineOf = new Map(header.nodes.map(({ id, machine }) => [id, machine]))
  for (const { kind, node, machine } of steps) {
    const name = typeof machine === 'string' ? machine : undefined
    if (kind === 'start' && node !== null && name !== undefined) machineOf.set(node, name)
  }
  const namesOf = (machine: string) => [
    ...new Set([...machineOf].filter(([, other]) => other === machine).map(([id]) => parseNodeId(id).name)),
  ]
  const [servers, clients] = [namesOf('server'), namesOf('client')]
  if (servers.length === 0 || !machineOf.has(viewServiceName)) {
    throw new Error(
      `expected a trace of a view service and its servers, got machines ${[...new Set(machineOf.values())].join(', ') || 'none'}; only runs of this protocol can be lifted`,
    )
  }
  if (steps[0]?.kind !== 'start') {
    throw new Error(
      'expected a trace from the start of its system, got one that begins later; record it from the beginning',
    )
  }
  const { plan } = given
  const limits = plan === undefined ? given.limits : limitsOf(plan)
  return {
    servers,
    clients,
    ...(plan === undefined ? {} : { latencyMs: plan.latencyMs }),
    ...(given.timing === undefined ? {} : { timing: given.timing }),
    ...(limits === undefined ? {} : { limits }),
  }
}

/** The last step that is more than the system's own end. */
function lastEvent(steps: readonly TraceStep[]): number {
  const isEnd = (step: TraceStep) =>
    step.kind === 'stop' || step.kind === 'return' || eventOf(step) === 'abandon'
  return steps.findLast((step) => !isEnd(step))?.i ?? -1
}

function eventOf({ kind, microsteps, refused }: TraceStep): string | undefined {
  if (kind !== 'timer' && kind !== 'local') return undefined
  return microsteps?.[0]?.event ?? refused?.event
}
