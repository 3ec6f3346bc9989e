/** One simulated run: the live actors of a plan on virtual time, its faults and calls, watched at every step. */

import type { Charts } from '../../actors/charts.ts'
import type { Client, ClientCore } from '../../actors/client.ts'
import { type Cluster, createCluster } from '../../actors/cluster.ts'
import type { Observation } from '../../actors/observation.ts'
import type { Observe, Transport } from '../../actors/ports.ts'
import { seededRandom } from '../../runtime/schedulers.ts'
import { type FaultRates, type FaultyTransport, withFaults } from '../../runtime/transport/faults.ts'
import { createMemoryTransport } from '../../runtime/transport/memory.ts'
import { checkHistory } from '../history/check-history.ts'
import type { Verdict } from '../history/judgement.ts'
import { Callers } from './callers.ts'
import type { Fault } from './fault-plan.ts'
import { Fingerprint } from './fingerprint.ts'
import type { Plan } from './plan.ts'
import { limitsOf } from './plan-limits.ts'
import type { Situations, SituationsOptions } from './situations.ts'
import { whatIsMissing } from './stuck.ts'
import { createVirtualClock } from './virtual-clock.ts'
import { watchInvariants } from './watch.ts'
import { keyValueWorkload, type SimulatedOperation, type Workload } from './workload.ts'

/**
 * How a run ended. `ok`; `stuck`: calls wait for a server that is gone, as the protocol says they must; `safety`: an
 * invariant or linearizability is broken; `liveness`: calls wait although nothing keeps them from being answered;
 * `crash`: something threw.
 */
export type SimulationVerdict = 'ok' | 'stuck' | 'safety' | 'liveness' | 'crash'

/** The outcome of a run: the verdict, the history, and how often it met each situation. */
export interface SimulationResult {
  readonly verdict: SimulationVerdict
  readonly reason: string | null
  readonly plan: Plan
  /** Events that nodes took. */
  readonly steps: number
  /** Virtual milliseconds. */
  readonly virtualMs: number
  readonly history: readonly SimulatedOperation[]
  readonly answered: number
  /** What the history was judged to be; `unknown` where a run had ended badly before, or the judge had to give up. */
  readonly linearizable: Verdict
  /** Calls that have not ended. */
  readonly open: number
  /** How often each expected situation was met. */
  readonly sometimes: Readonly<Record<string, number>>
  /** Stands for the whole run: equal runs have equal fingerprints. */
  readonly fingerprint: string
}

/** What is simulated, who listens, and when a run is given up. */
export interface SimulationOptions {
  /** Application, commands and model; default: the key-value store. */
  readonly workload?: Workload
  /** Receives every observation, in addition to the watch. */
  readonly observe?: Observe
  /** Steps after which a run is given up as `liveness`; default 5,000,000. */
  readonly stepsMax?: number
  /** Look at the invariants at every step; default true. */
  readonly watch?: boolean
  /** Other charts in the place of ours: for negative controls. */
  readonly charts?: Charts
  /** Another network around ours: for negative controls. */
  readonly network?: (transport: Transport) => Transport
}

/** Steps of the model that judging a history may take. */
const judgeStepsMax = 5_000_000

type Ending = readonly [SimulationVerdict, string | null]

/** Counts what a run meets. */
export type SituationCounter = Pick<Situations, 'counts' | 'failed' | 'crashes' | 'observe'>

export class Simulation {
  readonly #plan: Plan
  readonly #options: SimulationOptions
  readonly #workload: Workload
  readonly #clock = createVirtualClock()
  readonly #transport: FaultyTransport
  readonly #cluster: Cluster<Client<unknown, unknown> & ClientCore>
  readonly #watch
  readonly #clients = new Map<string, Client<unknown, unknown> & ClientCore>()
  readonly #callers: Callers
  readonly #situations: SituationCounter
  readonly #fingerprint = new Fingerprint()
  #rates: FaultRates = {}
  #steps = 0
  #ending: Ending | null = null
  #linearizable: Verdict = 'unknown'

  constructor(
    plan: Plan,
    options: SimulationOptions,
    createCounter: (options: SituationsOptions) => SituationCounter,
  ) {
    this.#plan = plan
    this.#options = options
    this.#workload = options.workload ?? keyValueWorkload
    const { servers, clients } = plan
    this.#watch =
      options.watch === false ? null : watchInvariants({ viewService: 'view-service', servers, clients })
    const observe = (observation: Observation) => this.#observe(observation)
    const clock = this.#clock
    const memory = createMemoryTransport({ scheduler: clock.scheduler, delayMs: plan.latencyMs })
    const network = options.network?.(memory) ?? memory
    this.#transport = withFaults(network, { clock, random: seededRandom(plan.seed + 0x5eed), observe })
    this.#situations = createCounter({
      cluster: () => this.#cluster,
      faults: this.#transport.faults,
      isLoaded: () => this.#callers.isLoaded,
    })
    this.#callers = new Callers(plan.calls, {
      workload: this.#workload,
      clock,
      client: (name) => this.#clients.get(name)!,
      limitMs: () =>
        clock.now() < plan.healAt
          ? (plan.callTimeoutMs ?? Number.POSITIVE_INFINITY)
          : Number.POSITIVE_INFINITY,
      failed: (code) => this.#callFailed(code),
    })
    this.#cluster = createCluster<unknown, unknown, unknown>({
      transport: this.#transport,
      clock,
      observe,
      servers,
      application: this.#workload.application,
      ...(options.charts === undefined ? {} : { charts: options.charts }),
      limits: {
        ...limitsOf(plan),
        vectorEntriesMax: plan.vectorEntriesMax ?? Number.POSITIVE_INFINITY,
      },
    })
    for (const name of clients) this.#startClient(name)
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

  #play(): Ending {
    const { faults, calls, healAt } = this.#plan
    const { stepsMax = 5_000_000 } = this.#options
    this.#schedule(faults, (fault) => this.#inject(fault))
    this.#schedule(calls, (call) => this.#callers.add(call))
    this.#clock.setTimeout(() => this.#healAll(), healAt)
    while (this.#ending === null && this.#clock.step()) {
      if (this.#steps > stepsMax) this.#end(['liveness', `more than ${stepsMax} steps`])
      if (this.#callers.open === 0 && this.#clock.now() > healAt) break
    }
    const [verdict, reason] = this.#ending ?? ['ok', null]
    if (verdict === 'safety' || verdict === 'crash') return [verdict, reason]
    const judgement = checkHistory(this.#workload.model, this.#callers.history() as never, {
      stepsMax: judgeStepsMax,
      explain: false,
    })
    this.#linearizable = judgement.verdict
    if (judgement.verdict === 'illegal') return ['safety', `I8: not linearizable: ${judgement.reason}`]
    return [verdict, reason]
  }

  /** One timer at a time, for everything to come. */
  #schedule<Item extends { readonly at: number }>(items: readonly Item[], run: (item: Item) => void): void {
    const inOrder = [...items].sort((a, b) => a.at - b.at)
    const next = (index: number) => {
      const item = inOrder[index]
      if (item === undefined) return
      this.#clock.setTimeout(() => {
        next(index + 1)
        run(item)
      }, item.at - this.#clock.now())
    }
    next(0)
  }

  #startClient(name: string): void {
    this.#clients.set(name, this.#cluster.client({ name }))
  }

  #inject(fault: Fault): void {
    const { faults } = this.#transport
    switch (fault.kind) {
      case 'crash':
        this.#situations.crashes(fault.server)
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
        faults.clear()
        faults.set(this.#rates)
        break
      case 'slow':
        faults.set({ delay: 1, delayMaxMs: fault.delayMaxMs }, { to: fault.node })
        break
      case 'rates':
        this.#rates = fault.rates
        faults.set(fault.rates)
        break
      case 'restartClient':
        this.#clients.get(fault.client)?.stop()
        this.#startClient(fault.client)
        this.#callers.proceed(fault.client)
    }
  }

  /** The healed phase: every link works, nothing is lost, every crashed server restarts as a new incarnation. */
  #healAll(): void {
    this.#transport.faults.clear()
    for (const server of this.#cluster.servers) if (!server.alive) server.restart()
    this.#expectAnswers()
  }

  /** From now on no call may wait longer than `settleMs`. */
  #expectAnswers(): void {
    const { settleMs, healAt } = this.#plan
    const now = this.#clock.now()
    const longest = this.#callers.longestWaiting()
    const since = longest === null ? now : Math.max(longest.since, healAt)
    if (longest === null || now < since + settleMs) {
      this.#clock.setTimeout(() => this.#expectAnswers(), since + settleMs - now)
      return
    }
    const missing = whatIsMissing(this.#cluster)
    this.#end(
      missing === null
        ? ['liveness', `${longest.client} waits for an answer, ${settleMs} virtual ms after all was well`]
        : ['stuck', `waits for ${missing}`],
    )
  }

  #end(ending: Ending): void {
    this.#ending ??= ending
  }

  #callFailed(code: string): void {
    this.#situations.failed(code)
    if (code === 'replicaDiverged')
      this.#end([
        'safety',
        'S6: replicaDiverged: the replicas disagree about an outcome; is the application deterministic?',
      ])
    if (code === 'sequenceReused')
      this.#end(['safety', 'S9: sequenceReused: a session used a sequence number again with other commands'])
  }

  #observe(observation: Observation): void {
    const { kind } = observation
    if (kind === 'receive' || kind === 'timer' || kind === 'local') this.#steps++
    else if (kind === 'crash' && observation.detail?.startsWith('failed: '))
      this.#end(['crash', `${observation.node} ${observation.detail}`])
    this.#fingerprint.add(observation)
    this.#situations.observe(observation)
    this.#options.observe?.(observation)
    if (this.#watch === null) return
    this.#watch.observe(observation)
    const breach = this.#watch.breach()
    if (breach !== null) {
      const { name, reason, node, t } = breach
      this.#end(['safety', `${name}: ${reason} (at ${node}, ${Math.round(t)} ms)`])
    }
  }

  #result(verdict: SimulationVerdict, reason: string | null): SimulationResult {
    const history = this.#callers.history()
    return {
      verdict,
      reason,
      plan: this.#plan,
      steps: this.#steps,
      virtualMs: this.#clock.now(),
      history,
      answered: history.filter((operation) => operation.return !== null).length,
      linearizable: this.#linearizable,
      open: this.#callers.open,
      sometimes: this.#situations.counts,
      fingerprint: this.#fingerprint.toString(),
    }
  }
}
