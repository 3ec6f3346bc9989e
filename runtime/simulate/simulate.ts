/** The simulator: the live actors on virtual time, with everything that can go wrong drawn from a seed. */
import type { CallEnd, ClientCore, KeyValueClient } from '../../actors/client.ts'
import { type Cluster, createCluster } from '../../actors/cluster.ts'
import type { Observation } from '../../actors/observation.ts'
import type { Observe } from '../../actors/ports.ts'
import type { Application } from '../../machines/application.ts'
import { type KeyValueCommand, keyValueStore } from '../../machines/key-value-store.ts'
import { checkHistory } from '../history/check-history.ts'
import type { Operation } from '../history/history.ts'
import { keyValueModel } from '../history/key-value-model.ts'
import { seededRandom } from '../schedulers.ts'
import { type FaultyTransport, withFaults } from '../transport/faults.ts'
import { createMemoryTransport } from '../transport/memory.ts'
import { type Fault, type Plan, type PlannedCall, type PlanOptions, planOf } from './plan.ts'
import { createVirtualClock } from './virtual-clock.ts'
import { type Breach, watchInvariants } from './watch.ts'

/**
 * How a run ended. `ok`; `stuck`: calls wait for a server that is gone, as the protocol says they must; `safety`: an
 * invariant or linearizability is broken; `liveness`: calls wait although nothing keeps them from being answered;
 * `crash`: something threw.
 */
export type SimulationVerdict = 'ok' | 'stuck' | 'safety' | 'liveness' | 'crash'

/** What a run came to: the verdict, the history, and how often it met what. */
export interface SimulationResult {
  readonly verdict: SimulationVerdict
  readonly reason: string | null
  readonly plan: Plan
  /** Events that nodes took. */
  readonly steps: number
  /** Virtual milliseconds. */
  readonly virtualMs: number
  readonly history: readonly Operation[]
  readonly answered: number
  readonly open: number
  /** How often each situation that ought to be met sometimes was met. */
  readonly sometimes: Readonly<Record<string, number>>
  /** Stands for the whole run: equal runs have equal fingerprints. */
  readonly fingerprint: string
}

/** Who listens to a run, and when to give it up. */
export interface SimulationOptions {
  /** Hears everything, beside the watch. */
  readonly observe?: Observe
  /** Steps after which a run is given up as `liveness`; default 2,000,000. */
  readonly stepsMax?: number
  /** Another application under the same commands: for negative controls. */
  readonly application?: Application
  /** Look at every step's invariants; default true. */
  readonly watch?: boolean
}

/** Runs a seed, or a plan. The same plan gives the same run, step by step, on any machine. */
export function simulate(
  planOrOptions: Plan | PlanOptions,
  options: SimulationOptions = {},
): SimulationResult {
  const plan = 'faults' in planOrOptions ? planOrOptions : planOf(planOrOptions)
  return new Simulation(plan, options).run()
}

type AnyCluster = Cluster<KeyValueClient & ClientCore>

class Simulation {
  readonly #plan: Plan
  readonly #options: SimulationOptions
  readonly #clock = createVirtualClock()
  readonly #transport: FaultyTransport
  readonly #cluster: AnyCluster
  readonly #watch
  readonly #clients = new Map<string, KeyValueClient & ClientCore>()
  readonly #queues = new Map<string, PlannedCall[]>()
  readonly #busy = new Set<string>()
  readonly #history: Operation[] = []
  readonly #sometimes: Record<string, number> = Object.fromEntries(situations.map((name) => [name, 0]))
  #events = 0
  #steps = 0
  #hash = 0x811c9dc5
  #callsWaiting = 0

  constructor(plan: Plan, options: SimulationOptions) {
    this.#plan = plan
    this.#options = options
    this.#watch =
      options.watch === false
        ? null
        : watchInvariants({ viewService: 'view-service', servers: plan.servers, clients: plan.clients })
    const observe = (observation: Observation) => this.#hear(observation)
    const clock = this.#clock
    const memory = createMemoryTransport({ scheduler: clock.scheduler, delayMs: plan.latencyMs })
    this.#transport = withFaults(memory, { clock, random: seededRandom(plan.seed + 0x5eed), observe })
    this.#cluster = createCluster({
      transport: this.#transport,
      clock,
      observe,
      servers: plan.servers,
      application: (options.application ?? keyValueStore) as typeof keyValueStore,
      limits: {
        sessionsMax: plan.sessionsMax,
        transferBytesMax: plan.transferBytesMax,
        vectorEntriesMax: Number.POSITIVE_INFINITY,
      },
    }) as AnyCluster
    for (const name of plan.clients) this.#clients.set(name, this.#newClient(name))
  }

  run(): SimulationResult {
    try {
      return this.#result(...this.#play())
    } catch (error) {
      return this.#result('crash', error instanceof Error ? (error.stack ?? error.message) : String(error))
    } finally {
      void this.#cluster.stop()
    }
  }

  #play(): [SimulationVerdict, string | null] {
    const { faults, calls, healAt, settleMs } = this.#plan
    for (const fault of faults) this.#clock.setTimeout(() => this.#befall(fault), fault.at)
    for (const call of calls) this.#clock.setTimeout(() => this.#enqueue(call), call.at)
    this.#clock.setTimeout(() => this.#healAll(), healAt)
    const stepsMax = this.#options.stepsMax ?? 2_000_000
    const end = healAt + settleMs
    this.#callsWaiting = calls.length
    while (this.#clock.step(end)) {
      const breach: Breach | null = this.#watch?.breach() ?? null
      if (breach !== null)
        return ['safety', `${breach.name}: ${breach.reason} (at ${breach.node}, ${breach.t} ms)`]
      if (this.#steps > stepsMax) return ['liveness', `more than ${stepsMax} steps`]
      if (this.#callsWaiting === 0 && this.#clock.now() > healAt) break
    }
    const { verdict } = checkHistory(keyValueModel, this.#history, { stepsMax: 5_000_000 })
    if (verdict === 'illegal') return ['safety', 'I8: the history is not linearizable']
    if (this.#callsWaiting === 0) return ['ok', null]
    const missing = this.#stuckOn()
    if (missing !== null) return ['stuck', `waits for ${missing}`]
    return ['liveness', `${this.#callsWaiting} calls are unanswered ${settleMs} ms after everything healed`]
  }

  /** The server that all wait for, where the protocol promises no progress; null where it does. */
  #stuckOn(): string | null {
    const { primary, backup, number } = this.#cluster.view()
    const node = (id: string | null) =>
      this.#cluster.servers.find((server) => server.alive && server.id === id)
    if (primary === null) return null
    const lives = node(primary)
    if (lives !== undefined && lives.node.applied() !== null) return null
    if (backup !== null && this.#cluster.viewService.acknowledged() && node(backup) !== undefined) return null
    return `${primary}, primary of view ${number}`
  }

  #newClient(name: string): KeyValueClient & ClientCore {
    return this.#cluster.client({ name, timeoutMs: this.#plan.callTimeoutMs ?? Number.POSITIVE_INFINITY })
  }

  #befall(fault: Fault): void {
    const { faults } = this.#transport
    switch (fault.kind) {
      case 'crash':
        this.#noteCrash(fault.server)
        this.#cluster.server(fault.server).crash()
        break
      case 'restart':
        if (!this.#cluster.server(fault.server).alive) this.#cluster.server(fault.server).restart()
        break
      case 'cut':
        faults.cut(fault.from, fault.to)
        break
      case 'partition':
        faults.partition(...fault.groups)
        break
      case 'heal':
        faults.heal()
        break
      case 'slow':
        faults.set({ delay: 1, delayMaxMs: fault.delayMaxMs }, { to: fault.node })
        break
      case 'rates':
        faults.set(fault.rates)
        break
      case 'restartClient':
        this.#clients.get(fault.client)?.stop()
        this.#clients.set(fault.client, this.#newClient(fault.client))
        this.#next(fault.client)
    }
  }

  /** The healed phase: every link works, nothing is lost, whoever is down comes back with a new life. */
  #healAll(): void {
    this.#transport.faults.clear()
    for (const server of this.#cluster.servers) if (!server.alive) server.restart()
  }

  #enqueue(call: PlannedCall): void {
    const queue = this.#queues.get(call.client) ?? []
    queue.push(call)
    this.#queues.set(call.client, queue)
    this.#next(call.client)
  }

  #next(name: string): void {
    const call = this.#busy.has(name) ? undefined : this.#queues.get(name)?.shift()
    if (call === undefined) return
    this.#busy.add(name)
    const client = this.#clients.get(name)!
    const started = this.#events++
    const index = this.#history.length
    this.#history.push(operation(name, call.command, null, started, null))
    client.submit(call.command, (end) => {
      this.#record(index, end)
      this.#callsWaiting--
      this.#busy.delete(name)
      // A stopped client's next call is its successor's.
      this.#clock.soon(() => this.#next(name))
    })
  }

  #record(index: number, end: CallEnd): void {
    const { client, key, call } = this.#history[index]!
    if ('value' in end) {
      const command = this.#history[index] as unknown as KeyValueCommand
      this.#history[index] = operation(String(client), command, end.value, call, this.#events++)
    } else if ('failure' in end) {
      const { code, mayHaveExecuted } = end.failure
      this.#sometimes[`call ${code}`] = (this.#sometimes[`call ${code}`] ?? 0) + 1
      // A call that was never transmitted has not happened. A read that nobody saw says just that.
      if (!mayHaveExecuted)
        this.#history[index] = operation(String(client), { op: 'get', key }, null, call, null)
    }
  }

  #hear(observation: Observation): void {
    const { kind, node, clock, envelope } = observation
    if (kind === 'receive' || kind === 'timer' || kind === 'local') this.#steps++
    this.#mix(`${kind} ${node} ${clock?.lamport ?? ''} ${envelope?.message.type ?? ''} ${observation.t}`)
    this.#note(observation)
    this.#watch?.observe(observation)
    this.#options.observe?.(observation)
  }

  #mix(text: string): void {
    for (let i = 0; i < text.length; i++) this.#hash = Math.imul(this.#hash ^ text.charCodeAt(i), 0x01000193)
  }

  #noteCrash(name: string): void {
    const server = this.#cluster.server(name)
    if (!server.alive) return
    const count = (situation: Situation) => {
      this.#sometimes[situation]!++
    }
    if (server.role === 'primary') {
      count(this.#busy.size > 0 ? 'primary crashes under load' : 'primary crashes')
      if (this.#cluster.view().backup === null) count('lone primary crashes')
    }
    if (server.node.state() === 'backup.awaitingState') count('backup crashes during its transfer')
  }

  #note({ kind, ignored, envelope, before, after }: Observation): void {
    const count = (situation: Situation) => {
      this.#sometimes[situation]!++
    }
    if (kind === 'drop') count('message lost')
    if (kind === 'duplicate') count('message duplicated')
    if (kind === 'send') {
      const message = envelope!.message
      if (message.type === 'refusal') {
        if (message.reason === 'wrongServer') count('another server asked')
        if (message.reason === 'wrongView') count('another view named')
        if (message.reason === 'stateTransfer') count('asked during a transfer')
      }
      if (message.type === 'reply' && message.outcome.kind === 'sessionExpired') count('session expired')
      if (message.type === 'stateTransfer' && message.index > 0) count('state of several pieces')
      if (message.type === 'forward' && message.requests.length > 1) count('requests batched')
    }
    if (ignored !== undefined) {
      for (const reason of ignored) {
        if (reason.startsWith('forward: not from the primary')) count('forward of another view')
        if (reason.startsWith('forwardAck: not of')) count('late acknowledgement')
        if (reason.startsWith('stateTransfer: of an older view')) count('transfer of an older view')
        if (reason.startsWith('forward: precedes')) count('forward before the state')
      }
    }
    if (before === undefined || after === undefined) return
    const [old, now] = [before.context.view, after.context.view]
    if (old?.number !== now?.number && before.context.servers !== undefined) {
      count('view changed')
      if (old.primary !== null && now.primary !== old.primary) count('failover')
    }
    const deposed =
      kind === 'receive' && envelope!.message.type === 'request' && before.hasTag?.('answersClients')
    if (deposed && before.context.view.number < this.#cluster.view().number) count('deposed primary asked')
    if (
      kind === 'timer' &&
      before.hasTag?.('holdsState') &&
      JSON.stringify(before.value).includes('transferringState')
    ) {
      count('transfer retried')
    }
  }

  #result(verdict: SimulationVerdict, reason: string | null): SimulationResult {
    return {
      verdict,
      reason,
      plan: this.#plan,
      steps: this.#steps,
      virtualMs: this.#clock.now(),
      history: this.#history,
      answered: this.#history.filter((op) => op.return !== null).length,
      open: this.#callsWaiting,
      sometimes: this.#sometimes,
      fingerprint: (this.#hash >>> 0).toString(16).padStart(8, '0'),
    }
  }
}

/** What ought to happen sometimes, in a large enough set of seeds. */
export const situations = [
  'view changed',
  'failover',
  'primary crashes',
  'primary crashes under load',
  'lone primary crashes',
  'backup crashes during its transfer',
  'deposed primary asked',
  'another server asked',
  'another view named',
  'asked during a transfer',
  'transfer retried',
  'transfer of an older view',
  'state of several pieces',
  'forward of another view',
  'forward before the state',
  'late acknowledgement',
  'requests batched',
  'session expired',
  'message lost',
  'message duplicated',
] as const

/** One of the situations that are counted. */
export type Situation = (typeof situations)[number]

function operation(
  client: string,
  command: KeyValueCommand,
  output: unknown,
  call: number,
  end: number | null,
): Operation {
  const { op, key } = command
  const value = 'value' in command ? command.value : null
  const expected = op === 'compareAndSet' ? { expected: command.expected } : {}
  // An append answers the new length; the model speaks of the new value, or of nothing but the acknowledgement.
  return {
    client,
    op,
    key,
    ...expected,
    value,
    output: op === 'append' ? null : (output ?? null),
    call,
    return: end,
  } as Operation
}
