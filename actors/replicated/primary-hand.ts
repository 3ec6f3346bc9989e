/** What a primary does for its application beside deciding: it proposes what is due, and carries out effects (M2, M4). */
import type { AnyMachineSnapshot } from 'xstate'
import type { Application, Json } from '../../machines/application/application.ts'
import type { Replica } from '../../machines/application/at-most-once.ts'
import { jsonSize } from '../../machines/application/json.ts'
import type { DecidedCommands } from '../../machines/effects.ts'
import type { TimeClock } from '../ports.ts'
import { EffectRunner } from './effect-runner.ts'

export interface PrimaryHandOptions {
  readonly application: Application
  readonly clock: TimeClock
  /** The server's chart. */
  send(event: { readonly type: string }): void
  failed(what: string, error: unknown): void
}

/** The longest wait of one timer: the platform's own limit is 2^31 ms. */
const waitMax = 2 ** 30

/** Follows a server's snapshots and acts while it is primary. */
export class PrimaryHand {
  readonly #options: PrimaryHandOptions
  readonly #runner: EffectRunner
  #isPrimary = false
  #isServing = false
  #stopped = false
  #viewNumber = 0
  #replica: Replica | null = null
  #proposals: Json[] = []
  #isFlushing = false
  #alarm: { readonly handle: unknown; readonly at: number } | null = null
  /** The replica for which what is due was proposed last. */
  #proposedFor: Replica | null = null

  constructor(options: PrimaryHandOptions) {
    this.#options = options
    const propose = (command: Json) => this.#propose(command)
    this.#runner = new EffectRunner({ clock: options.clock, propose, failed: options.failed })
  }

  /** Effects under way here. */
  get effects(): number {
    return this.#runner.size
  }

  /** M4: commands are decided; their effects are this primary's to carry out. */
  decided({ happened }: DecidedCommands): void {
    for (const { effects } of happened) for (const effect of effects ?? []) this.#runner.carryOut(effect)
  }

  /** After each step of the server. */
  see(snapshot: AnyMachineSnapshot): void {
    if (this.#stopped) return
    const { role } = snapshot.value as { role: unknown }
    const isPrimary = typeof role === 'object' && role !== null && 'primary' in role
    if (!isPrimary) {
      if (this.#isPrimary) this.#leave()
      return
    }
    const { replica, view } = snapshot.context as { replica: Replica; view: { number: number } }
    const isServing = snapshot.hasTag('answersClients')
    const begins = isServing && !this.#isPrimary
    const changed =
      replica !== this.#replica || isServing !== this.#isServing || view.number !== this.#viewNumber
    this.#replica = replica
    this.#isServing = isServing
    this.#viewNumber = view.number
    if (isServing) this.#isPrimary = true
    if (begins)
      for (const effect of this.#options.application.underWay?.(replica.state) ?? [])
        this.#runner.start(effect)
    if (!changed || !isServing) return
    this.#arm()
    if (this.#proposals.length > 0) this.#flushSoon()
  }

  /** The server stops or has crashed: nothing is proposed any more, and effects are aborted. */
  stop(): void {
    this.#stopped = true
    this.#leave()
  }

  #leave(): void {
    this.#isPrimary = false
    this.#isServing = false
    this.#replica = null
    this.#proposedFor = null
    this.#proposals = []
    this.#disarm()
    this.#runner.stopAll()
  }

  /** M2: one alarm, for the earliest moment at which something is due. */
  #arm(): void {
    const { application, clock } = this.#options
    const replica = this.#replica!
    const wake = application.wake?.(replica.state) ?? null
    if (wake === null) {
      this.#disarm()
      return
    }
    const wait = wake.at - Math.max(clock.now(), replica.at)
    if (wait <= 0) {
      this.#disarm()
      if (this.#proposedFor === replica) return
      this.#proposedFor = replica
      this.#propose(wake.command)
      return
    }
    const at = clock.now() + Math.min(wait, waitMax)
    if (this.#alarm !== null && this.#alarm.at === at) return
    this.#disarm()
    const ring = () => {
      this.#alarm = null
      if (this.#isServing) this.#arm()
    }
    this.#alarm = { handle: clock.setTimeout(ring, Math.ceil(at - clock.now())), at }
  }

  #disarm(): void {
    if (this.#alarm !== null) this.#options.clock.clearTimeout(this.#alarm.handle)
    this.#alarm = null
  }

  #propose(command: Json): void {
    if (this.#stopped || !this.#isPrimary) return
    this.#proposals.push(command)
    this.#flushSoon()
  }

  /** Later: an effect may report within the very step that started it, and a step within a step there is none. */
  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.#options.clock.soon(() => {
      this.#isFlushing = false
      this.#flush()
    })
  }

  /** While the state is on its way to a new backup, proposals wait here. */
  #flush(): void {
    if (this.#stopped || !this.#isServing || this.#proposals.length === 0) return
    const commands = this.#proposals
    this.#proposals = []
    const bytes = commands.reduce<number>((sum, command) => sum + jsonSize(command), 0)
    const now = Math.max(0, Math.floor(this.#options.clock.now()))
    const own = { from: null, session: null, seq: 0, viewNumber: this.#viewNumber, commands, bytes, now }
    this.#options.send({ type: 'request', ...own } as { readonly type: string })
  }
}
