/**
 * The yardstick: the protocol once more, by hand, with classes and `switch` instead of statecharts, written for speed.
 *
 * It shares with the charts what is no chart: ports, message validation, clocks, the at-most-once table and the store.
 * It is right in the steady state and through a failover, and no product: a stop of diverged replicas, aborts, durable
 * records, bounds on a primary's queue and observations are left out.
 */
import type { CallEnd } from '../actors/client.ts'
import { StandbyError } from '../actors/errors.ts'
import { defaultLimits, defaultTiming } from '../actors/options.ts'
import type { Envelope, TimeClock, Transport } from '../actors/ports.ts'
import type { Application, Json } from '../machines/application/application.ts'
import {
  emptyReplica,
  executeAll,
  type Outcome,
  type PartialReplica,
  type Replica,
  type Result,
  recall,
  restoreReplica,
  snapshotReplica,
} from '../machines/application/at-most-once.ts'
import { digest } from '../machines/application/digest.ts'
import { copyJson, jsonSize } from '../machines/application/json.ts'
import { keyValueStore } from '../machines/application/key-value-store.ts'
import { clientDefaults } from '../machines/client/index.ts'
import { boundClock, type Clock, receive, tick, zeroClock } from '../machines/clocks.ts'
import { invalidMessage, type Message, type RefusalReason, type Request } from '../machines/messages.ts'
import { compareNodeIds, type NodeId, parseNodeId } from '../machines/node-id.ts'
import { nextView, noView, type View } from '../machines/view.ts'

type Of<Type extends Message['type']> = Extract<Message, { readonly type: Type }>

interface Ports {
  readonly transport: Transport
  readonly clock: TimeClock
}

const viewServiceId = 'view-service'

/** What every node does: validate what arrives, keep the clocks, stamp what leaves. */
abstract class Node {
  readonly id: NodeId
  protected readonly time: TimeClock
  protected stopped = false
  readonly #transport: Transport
  readonly #detach: () => void
  readonly #timers = new Set<{ handle: unknown }>()
  #clock: Clock = zeroClock

  constructor(id: NodeId, { transport, clock }: Ports) {
    this.id = id
    this.time = clock
    this.#transport = transport
    this.#detach = transport.attach(id, (envelope) => this.#arrive(envelope))
  }

  protected abstract handle(message: Message, from: NodeId): void
  protected abstract isClient(id: NodeId): boolean

  /** Nothing in flight is finished, nothing is sent any more. */
  stop(): void {
    this.stopped = true
    this.#detach()
    for (const { handle } of this.#timers) this.time.clearTimeout(handle)
  }

  protected send(to: NodeId, message: Message): void {
    this.#clock = tick(this.#clock, this.id)
    this.#transport.send({ from: this.id, to, message, stamp: this.#clock })
  }

  /** An event of its own that changes its state (L1). */
  protected tick(): void {
    this.#clock = tick(this.#clock, this.id)
  }

  /** Runs again and again, until it says that it is done or the node stops. */
  protected every(ms: number, run: () => boolean): void {
    const timer = { handle: undefined as unknown }
    const again = () => {
      if (run()) timer.handle = this.time.setTimeout(again, ms)
      else this.#timers.delete(timer)
    }
    this.#timers.add(timer)
    timer.handle = this.time.setTimeout(again, ms)
  }

  readonly #isClient = (id: NodeId) => this.isClient(id)

  #arrive({ from, to, message, stamp }: Envelope): void {
    if (this.stopped || to !== this.id || !isStamp(stamp) || invalidMessage(message) !== null) return
    const { vectorEntriesMax: entriesMax } = defaultLimits
    const clock = receive(this.#clock, this.id, stamp)
    const hasNewEntry = Object.keys(clock.vector).length !== Object.keys(this.#clock.vector).length
    this.#clock = hasNewEntry
      ? boundClock(clock, { entriesMax, isClient: this.#isClient, keep: this.id })
      : clock
    this.handle(message, from)
  }
}

export class ViewService extends Node {
  view: View = noView
  acknowledged = false
  readonly #silentChecks = new Map<NodeId, number>()
  readonly #incarnations = new Map<string, number>()

  constructor(ports: Ports) {
    super(viewServiceId, ports)
    this.every(defaultTiming.pingCheckIntervalMs, () => this.#check())
  }

  protected handle(message: Message, from: NodeId) {
    switch (message.type) {
      case 'ping':
        this.#ping(message.viewNumber, from)
        if (!this.#decide(from)) this.send(from, { type: 'viewReply', view: this.view })
        return
      case 'getView':
        return this.send(from, { type: 'viewReply', view: this.view })
    }
  }

  protected isClient(id: NodeId): boolean {
    return id !== this.id && !this.#silentChecks.has(id)
  }

  #ping(viewNumber: number, from: NodeId): void {
    const { name, incarnation } = parseNodeId(from)
    if (incarnation >= (this.#incarnations.get(name) ?? 0)) {
      for (const id of this.#silentChecks.keys()) {
        if (id !== from && parseNodeId(id).name === name) this.#silentChecks.delete(id)
      }
      this.#incarnations.set(name, incarnation)
      this.#silentChecks.set(from, 0)
    }
    if (from === this.view.primary && viewNumber === this.view.number) this.acknowledged = true
  }

  #check(): boolean {
    this.tick()
    for (const [id, checks] of this.#silentChecks) {
      if (checks + 1 < defaultTiming.pingTimeout) this.#silentChecks.set(id, checks + 1)
      else this.#silentChecks.delete(id)
    }
    this.#decide(null)
    return true
  }

  /** Whether there is a new view; its members and the server that pinged receive it. */
  #decide(pinger: NodeId | null): boolean {
    const alive = [...this.#silentChecks.keys()].sort(compareNodeIds)
    const view = nextView({ view: this.view, acknowledged: this.acknowledged, alive })
    if (view === null) return false
    this.view = view
    this.acknowledged = false
    for (const id of new Set([view.primary, view.backup, pinger]))
      if (id !== null) this.send(id, { type: 'viewReply', view })
    return true
  }
}

interface Forward {
  readonly number: number
  readonly requests: readonly Request[]
}

type Role = 'idle' | 'primary' | 'backup'

export class Server extends Node {
  role: Role = 'idle'
  view: View = noView
  readonly #application: Application
  /** Null while it holds no state. */
  #replica: Replica | null = null
  /** Primary: what waits, one a session. */
  #queue = new Map<number | NodeId, Request>()
  #outstanding: Forward | null = null
  #forwards = 0
  #pinged = 0
  #sending: { readonly index: number; readonly cursor: Json } | null = null
  /** Backup. */
  #arriving: { readonly pieces: number; readonly partial: PartialReplica | null } | null = null
  #applied = { number: 0, digest: '' }
  /** What was under way at the last turn of the timer, and so is late at the next. */
  #underWay: unknown = null

  constructor(id: NodeId, application: Application, ports: Ports) {
    super(id, ports)
    this.#application = application
    this.#ping()
    this.every(defaultTiming.pingIntervalMs, () => this.#pulse())
  }

  protected handle(message: Message, from: NodeId) {
    switch (message.type) {
      case 'request':
        return this.#request(message, from)
      case 'forward':
        return this.#forward(message, from)
      case 'forwardAck':
        return this.#forwardAck(message, from)
      case 'viewReply':
        if (from !== viewServiceId || message.view.number <= this.view.number) return
        if (message.view.primary === this.id && this.#replica === null && message.view.number !== 1) return
        return this.#adopt(message.view)
      case 'stateTransfer':
        return this.#stateTransfer(message, from)
      case 'stateTransferAck':
        return this.#stateTransferAck(message, from)
    }
  }

  protected isClient(id: NodeId): boolean {
    return id !== viewServiceId && id !== this.view.primary && id !== this.view.backup
  }

  #pingNumber(): number {
    return this.view.number - (this.#sending === null ? 0 : 1)
  }

  #ping(): void {
    this.#pinged = this.#pingNumber()
    this.send(viewServiceId, { type: 'ping', viewNumber: this.#pinged })
  }

  #pingNewNumber(): void {
    if (this.#pingNumber() !== this.#pinged) this.#ping()
  }

  /** One timer for everything: the ping, and again what was under way a turn ago already. */
  #pulse(): boolean {
    this.#ping()
    const current = this.#outstanding ?? this.#sending
    if (current !== null && current === this.#underWay) {
      if (this.#outstanding !== null) this.#sendForward(this.#outstanding)
      else this.#sendPiece()
    }
    this.#underWay = current
    return true
  }

  #adopt(view: View): void {
    const isPrimary = view.primary === this.id
    const undecided = this.#outstanding === null ? [] : this.#outstanding.requests
    this.role = isPrimary ? 'primary' : view.backup === this.id ? 'backup' : 'idle'
    this.#queue = isPrimary ? new Map([...undecided.map(keyed), ...this.#queue]) : new Map()
    this.#replica = isPrimary ? (this.#replica ?? emptyReplica(this.#application)) : null
    this.view = view
    this.#outstanding = null
    this.#forwards = 0
    this.#sending = isPrimary && view.backup !== null ? { index: 0, cursor: null } : null
    this.#arriving = this.role === 'backup' ? { pieces: 0, partial: null } : null
    this.#applied = { number: 0, digest: '' }
    this.#pingNewNumber()
    if (this.#sending !== null) this.#sendPiece()
    else if (isPrimary) this.#decide()
  }

  #request({ viewNumber, session, seq, commands, bytes }: Of<'request'>, from: NodeId) {
    if (this.role !== 'primary') return this.#refuse(from, session, seq, 'wrongServer')
    if (viewNumber !== this.view.number) return this.#refuse(from, session, seq, 'wrongView')
    if (this.#sending !== null) return this.#refuse(from, session, seq, 'stateTransfer')
    const request: Request = { client: from, session, seq, commands, bytes }
    const known = recall(this.#replica!, request)
    if (known !== 'new') return this.#answer(request, known)
    const key = session ?? from
    const isUndecided = (other: Request | undefined) => other !== undefined && other.seq >= seq
    const sent = this.#outstanding?.requests
    if (
      isUndecided(this.#queue.get(key)) ||
      isUndecided(sent?.find((other) => (other.session ?? other.client) === key))
    )
      return
    if (this.#queue.size >= defaultLimits.queueMax) return this.#refuse(from, session, seq, 'overloaded')
    this.#queue.set(key, request)
    this.#decide()
  }

  /** What waits goes to the backup, or is executed at once if there is no backup. */
  #decide() {
    if (this.#outstanding !== null || this.#queue.size === 0) return
    const requests = this.#takeBatch()
    if (this.view.backup === null) return this.#commit(requests)
    this.#outstanding = { number: ++this.#forwards, requests }
    this.#sendForward(this.#outstanding)
  }

  #takeBatch(): readonly Request[] {
    const batch: Request[] = []
    let bytes = 0
    for (const [key, request] of this.#queue) {
      bytes += request.bytes
      if (batch.length >= defaultLimits.batchMax) break
      if (batch.length > 0 && bytes > defaultLimits.batchBytesMax) break
      batch.push(request)
      this.#queue.delete(key)
    }
    return batch
  }

  #sendForward({ number, requests }: Forward): void {
    this.send(this.view.backup!, { type: 'forward', viewNumber: this.view.number, number, requests })
  }

  #commit(requests: readonly Request[]): void {
    this.#answerAll(requests, this.#execute(requests))
    this.#decide()
  }

  #execute(requests: readonly Request[]): readonly Outcome[] {
    const { sessionsMax } = defaultLimits
    const { replica, outcomes } = executeAll(this.#application, this.#replica!, requests, sessionsMax)
    this.#replica = replica
    return outcomes
  }

  #forward({ viewNumber, number, requests }: Of<'forward'>, from: NodeId): void {
    if (this.role !== 'backup' || this.#replica === null) return
    if (from !== this.view.primary || viewNumber !== this.view.number) return
    if (number === this.#applied.number + 1) {
      this.#applied = { number, digest: digest(this.#execute(requests)) }
    } else if (number !== this.#applied.number) return
    this.send(from, { type: 'forwardAck', viewNumber, ...this.#applied })
  }

  #forwardAck({ viewNumber, number, digest: theirs }: Of<'forwardAck'>, from: NodeId): void {
    const outstanding = this.#outstanding
    if (outstanding === null || number !== outstanding.number) return
    if (from !== this.view.backup || viewNumber !== this.view.number) return
    const outcomes = this.#execute(outstanding.requests)
    if (digest(outcomes) !== theirs) throw new Error('the replicas disagree about an outcome')
    this.#outstanding = null
    this.#answerAll(outstanding.requests, outcomes)
    this.#decide()
  }

  #answerAll(requests: readonly Request[], outcomes: readonly Outcome[]): void {
    for (let i = 0; i < requests.length; i++) this.#answer(requests[i]!, outcomes[i]!)
  }

  #answer({ client, session, seq }: Request, outcome: Outcome): void {
    if (outcome.kind !== 'staleSequence') this.send(client, { type: 'reply', session, seq, outcome })
  }

  #refuse(client: NodeId, session: number | null, seq: number, reason: RefusalReason): void {
    this.send(client, { type: 'refusal', viewNumber: this.view.number, session, seq, reason })
  }

  #piece() {
    const { transferBytesMax } = defaultLimits
    return snapshotReplica(this.#application, this.#replica!, this.#sending!.cursor, transferBytesMax)
  }

  #sendPiece(): void {
    const { view } = this
    const { data, next } = this.#piece()
    const { index } = this.#sending!
    this.send(view.backup!, { type: 'stateTransfer', view, index, last: next === null, data })
  }

  #stateTransfer({ view, index, last, data }: Of<'stateTransfer'>, from: NodeId): void {
    if (view.number > this.view.number && view.primary === from && view.backup === this.id) this.#adopt(view)
    if (this.role !== 'backup' || view.number !== this.view.number || from !== view.primary) return
    const { pieces, partial } = this.#arriving ?? { pieces: Number.POSITIVE_INFINITY, partial: null }
    if (index > pieces) return
    if (index === pieces) {
      const next = restoreReplica(this.#application, partial, data, last)
      this.#arriving = last ? null : { pieces: index + 1, partial: next }
      if (last) this.#replica = next.replica
    }
    this.send(from, { type: 'stateTransferAck', viewNumber: view.number, index })
  }

  #stateTransferAck({ viewNumber, index }: Of<'stateTransferAck'>, from: NodeId) {
    if (this.#sending === null || index !== this.#sending.index) return
    if (from !== this.view.backup || viewNumber !== this.view.number) return
    const { next } = this.#piece()
    this.#sending = next === null ? null : { index: index + 1, cursor: next }
    if (this.#sending !== null) return this.#sendPiece()
    this.#pingNewNumber()
    this.#decide()
  }
}

interface Call {
  readonly command: Json
  readonly bytes: number
  readonly deadline: number
  /** Null once no caller waits. */
  done: ((end: CallEnd) => void) | null
}

export class Client extends Node {
  #view: View = noView
  #session: number | null = null
  #newestSession = 0
  #seq = 0
  #queue: Call[] = []
  /** Empty while a session is being opened. */
  #outstanding: readonly Call[] | null = null
  #underWay: unknown = null
  #isFlushing = false
  #isTicking = false

  constructor(id: NodeId, ports: Ports) {
    super(id, ports)
    this.#ask()
    this.#retry()
  }

  /** As `ClientCore.submit`, without a mark and with one time limit for all calls. */
  submit(command: unknown, done: (end: CallEnd) => void): void {
    const wrong = keyValueStore.validate!(command)
    if (wrong !== null) throw new StandbyError('invalidCommand', wrong)
    const copy = copyJson(command)
    const bytes = jsonSize(copy)
    if (bytes > defaultLimits.commandBytesMax) throw new StandbyError('tooLarge', `got ${bytes} bytes`)
    if (this.#queue.length >= defaultLimits.clientQueueMax) throw new StandbyError('overloaded', 'queue full')
    this.#queue.push({ command: copy, bytes, deadline: this.time.now() + 10_000, done })
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.time.soon(this.#flush)
  }

  execute(command: unknown): Promise<Json> {
    return new Promise((resolve, reject) => {
      this.submit(command, (end) => {
        if ('value' in end) resolve(end.value)
        else if ('error' in end) reject(new StandbyError(end.error.code, end.error.message))
        else reject(new StandbyError(end.failure.code, 'no result'))
      })
    })
  }

  override stop(): void {
    super.stop()
    const calls = [...(this.#outstanding ?? []), ...this.#queue]
    for (const { done } of calls) done?.({ failure: { code: 'stopped', mayHaveExecuted: true } })
  }

  protected handle(message: Message, from: NodeId) {
    switch (message.type) {
      case 'reply':
        return this.#reply(message)
      case 'refusal':
        if (message.reason === 'wrongServer' || message.reason === 'wrongView') this.#ask()
        return
      case 'viewReply':
        if (from !== viewServiceId || message.view.primary === null) return
        if (message.view.number <= this.#view.number) return
        this.#view = message.view
        if (this.#outstanding === null) this.#next()
        else this.#transmit()
    }
  }

  protected isClient(id: NodeId): boolean {
    return id !== viewServiceId && id !== this.#view.primary && id !== this.#view.backup
  }

  readonly #flush = (): void => {
    this.#isFlushing = false
    if (this.stopped) return
    this.tick()
    if (this.#outstanding === null) this.#next()
  }

  #ask(): void {
    this.send(viewServiceId, { type: 'getView' })
  }

  /** The next batch, if anything waits and there is a receiver. */
  #next(): void {
    if (this.#queue.length === 0 || this.#view.primary === null) return
    if (this.#session === null) this.#outstanding = []
    else {
      this.#outstanding = this.#takeBatch()
      this.#seq += 1
    }
    this.#transmit()
    this.#retry()
  }

  #takeBatch(): readonly Call[] {
    let bytes = 0
    let end = 0
    for (const call of this.#queue) {
      bytes += call.bytes
      if (end >= clientDefaults.batchMax || (end > 0 && bytes > clientDefaults.batchBytesMax)) break
      end += 1
    }
    if (end < this.#queue.length) return this.#queue.splice(0, end)
    const all = this.#queue
    this.#queue = []
    return all
  }

  #transmit(): void {
    const calls = this.#outstanding!
    const commands = calls.map((call) => call.command)
    const bytes = calls.reduce((sum, call) => sum + call.bytes, 0)
    const seq = this.#session === null ? 0 : this.#seq
    const body = { viewNumber: this.#view.number, session: this.#session, seq, commands, bytes }
    this.send(this.#view.primary!, { type: 'request', ...body })
  }

  #reply({ session, seq, outcome }: Of<'reply'>): void {
    const calls = this.#outstanding
    if (calls === null || session !== this.#session) return
    if (session === null) {
      if (outcome.kind !== 'opened' || outcome.session <= this.#newestSession) return
      this.#session = this.#newestSession = outcome.session
      this.#seq = 0
    } else {
      if (seq !== this.#seq) return
      if (outcome.kind === 'sessionExpired') this.#session = null
      const results = outcome.kind === 'results' ? outcome.results : null
      for (let i = 0; i < calls.length; i++) calls[i]!.done?.(endOf(results?.[i]))
    }
    this.#outstanding = null
    this.#next()
  }

  /** One timer while there is anything to wait for: it asks, sends again and counts the calls out. */
  #retry(): void {
    if (this.#isTicking) return
    this.#isTicking = true
    this.every(defaultTiming.retryIntervalMs, () => {
      this.#expire()
      const isLate = this.#outstanding !== null && this.#outstanding === this.#underWay
      if (isLate || this.#view.primary === null) this.#ask()
      if (isLate) this.#transmit()
      this.#underWay = this.#outstanding
      this.#isTicking = this.#outstanding !== null || this.#queue.length > 0 || this.#view.primary === null
      return this.#isTicking
    })
  }

  #expire(): void {
    const now = this.time.now()
    const end: CallEnd = { failure: { code: 'timedOut', mayHaveExecuted: true } }
    for (const call of [...(this.#outstanding ?? []), ...this.#queue]) {
      if (call.deadline > now) break
      call.done?.(end)
      call.done = null
    }
    this.#queue = this.#queue.filter((call) => call.done !== null)
  }
}

/** A whole system by hand: the shape of `createCluster` as far as the benchmarks need it. */
export function createBaseline({
  servers: count,
  transport,
  clock,
  application = keyValueStore as Application,
}: Ports & { readonly servers: number; readonly application?: Application }) {
  const ports = { transport, clock }
  const viewService = new ViewService(ports)
  const servers = Array.from({ length: count }, (_, i) => new Server(`s${i + 1}#1`, application, ports))
  const clients: Client[] = []
  return {
    view: () => viewService.view,
    acknowledged: () => viewService.acknowledged,
    server: (id: NodeId | null) => servers.find((server) => server.id === id) ?? null,
    client() {
      const client = new Client(`c${clients.length + 1}#1`, ports)
      clients.push(client)
      return client
    },
    async stop() {
      for (const node of [...clients, ...servers, viewService]) node.stop()
      await transport.close()
    },
  }
}

export type Baseline = ReturnType<typeof createBaseline>

function keyed(request: Request): readonly [number | NodeId, Request] {
  return [request.session ?? request.client, request]
}

function endOf(result: Result | undefined): CallEnd {
  return result ?? { failure: { code: 'sessionExpired', mayHaveExecuted: true } }
}

/** As strict as the charts' own node, for as much work. */
function isStamp({ lamport, vector }: Clock): boolean {
  return (
    isCount(lamport) && typeof vector === 'object' && vector !== null && Object.values(vector).every(isCount)
  )
}

function isCount(n: unknown): boolean {
  return Number.isSafeInteger(n) && (n as number) >= 0
}
