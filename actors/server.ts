/** A server as a live actor. */
/// <reference lib="esnext.disposable" preserve="true" />
import { type Actor, createActor } from 'xstate'
import type { Application } from '../machines/application/application.ts'
import { keyValueStore } from '../machines/application/key-value-store.ts'
import { type DecidedCommands, isTimer } from '../machines/effects.ts'
import type { Message } from '../machines/messages.ts'
import type { NodeId } from '../machines/node-id.ts'
import type { ServerContext } from '../machines/server/context.ts'
import { createServerMachine, type ServerMachine } from '../machines/server/index.ts'
import { createStepper, type PureAction } from '../machines/step.ts'
import { changed } from './charts.ts'
import { checked } from './checked.ts'
import { durableServer } from './durable-server.ts'
import { knownOptions } from './known-options.ts'
import { nodeLogic, startNode } from './node.ts'
import { checkedLimits, checkedTiming, type LimitOptions, schemas } from './options.ts'
import type { ServerStore } from './ports.ts'
import { PrimaryHand } from './replicated/primary-hand.ts'
import { createRetransmission, type Retransmission } from './retransmission.ts'
import { type ActorOptions, commonOptions, declaredServers } from './view-service.ts'

/** What a server needs: the ports, its id, and what it replicates. */
export interface ServerActorOptions extends ActorOptions {
  /** `name#incarnation`, never used before by another life of this name (N2). */
  readonly id: NodeId
  /** Default `view-service`. */
  readonly viewService?: NodeId
  /** Default: the key-value store. The same on every server. */
  // biome-ignore lint/suspicious/noExplicitAny: any application will do here; its types matter to its clients only
  readonly application?: Application<any, any, any>
  readonly limits?: LimitOptions
  /** The names of all servers, its own included; others are clients (N6). Default: any name may be a server. */
  readonly servers?: readonly string[]
  /** Where it keeps what it must not forget (D1); a server that finds its state there goes on. Default: it keeps nothing. */
  readonly store?: ServerStore
}

/** What a server is in its view; `replicaDiverged` is one that has stopped (S6). */
export type Role = 'idle' | 'backup' | 'primary' | 'replicaDiverged'
/** The running chart of a server, as XState knows it. */
export type ServerActor = Actor<ServerMachine>

/** One life of a server. */
export interface ServerNode {
  readonly id: NodeId
  readonly actor: ServerActor
  role(): Role
  /** The role with its inner state, such as `primary.awaitingBackupAck`. */
  state(): string
  /** How many commands its replica has executed; null while it holds no state. */
  applied(): number | null
  /** Nothing in flight is finished, nothing is sent any more: to the others it is a crash. */
  stop(): void
  [Symbol.dispose](): void
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a server. It volunteers at the view service, which decides what it is.
 * @throws StandbyError `invalidOption`, `duplicateNode` when its id is taken, or `invalidStore` if the store is another
 * server's or cannot be trusted.
 */
export function createServer(options: ServerActorOptions): ServerNode {
  checked('createServer', schemas.ports, options)
  knownOptions('createServer', options, {
    ...commonOptions,
    id: true,
    viewService: true,
    application: true,
    limits: true,
    servers: true,
    store: true,
  })
  const { viewService = 'view-service', application = keyValueStore, inspect } = options
  const id = checked('id', schemas.id, options.id)
  checked('application', schemas.application, application)
  const timing = checkedTiming(options.timing)
  const { pingIntervalMs, resendIntervalMs } = timing
  const limits = checkedLimits(options.limits)
  // Only what an application can show to begin with can be watched.
  const history = application.current === undefined ? {} : { historyMax: 1024 }
  const own = createServerMachine(application, { ...limits, pingIntervalMs, resendIntervalMs, ...history })
  const resends = createRetransmission(options.clock, resendIntervalMs, timing)
  const paced = own.provide({
    delays: { resendInterval: ({ context, event }) => resends.sent(exchangeOf(context), isTimer(event)) },
  })
  const machine = changed(paced, options.charts?.server)
  let halted = false
  const { store, ...ports } = options
  const durability = () => {
    checked('store', schemas.store, store)
    // Replayed events are no exchange with anyone: what is measured of those stays as it is.
    const replayed = changed(own, options.charts?.server)
    const initial = createStepper(replayed).start({ id, viewService }).snapshot
    return durableServer(replayed, machine, initial, {
      ...{ id, store: store!, clock: options.clock, application },
      pieceBytesMax: limits.transferBytesMax,
      isHalted: () => halted,
    })
  }
  const node = {
    vectorEntriesMax: limits.vectorEntriesMax,
    ...ports,
    ...(store === undefined ? {} : durability()),
    id,
    roles: { own: 'server', viewService, servers: declaredServers(options.servers, id) } as const,
    hears: (message: Message) => hear(message, resends),
    isHalted: () => halted,
    tellsTime: application.timed !== undefined,
    carryOut: ({ params }: PureAction) => hand?.decided(params as DecidedCommands),
  }
  const logic = nodeLogic(machine, node)
  const actor: ServerActor = createActor(logic, {
    id,
    input: { id, viewService },
    clock: options.clock,
    inspect,
  })
  const hand = actsByItself(application)
    ? new PrimaryHand({
        application,
        clock: options.clock,
        send: (event) => actor.send(event as never),
        failed: (what, error) => reportFailure(`${id}: ${what}`, error),
      })
    : null
  if (hand !== null) {
    const leave = () => hand.stop()
    actor.subscribe({ next: (snapshot) => hand.see(snapshot), error: leave, complete: leave })
  }
  startNode(actor, node, () => hand?.stop())
  const stop = () => {
    halted = true
    hand?.stop()
    actor.stop()
  }
  return {
    id,
    actor,
    role: () => roleIn(actor.getSnapshot().value),
    state: () => stateIn(actor.getSnapshot().value),
    applied: () => actor.getSnapshot().context.replica?.position ?? null,
    stop,
    [Symbol.dispose]: stop,
    [Symbol.asyncDispose]: async () => stop(),
  }
}

/** Whether a primary of this application proposes commands of its own. */
function actsByItself({ wake, underWay }: Application): boolean {
  return wake !== undefined || underWay !== undefined
}

/** An effect that throws is no reason to stop a server, and no caller waits for it: it is reported where errors are read. */
function reportFailure(what: string, error: unknown): void {
  console.error(`standby: ${what} failed`, error)
}

/** What a primary waits for: the acknowledgement of a forward, or of a piece of its state. */
function exchangeOf({ view, outstanding, sending }: ServerContext): string {
  if (sending !== null) return `piece ${view.number}/${sending.index}`
  return outstanding === null ? 'nothing' : `forward ${view.number}/${outstanding.number}`
}

function hear(message: Message, resends: Retransmission): void {
  if (message.type === 'forwardAck') resends.answered(`forward ${message.viewNumber}/${message.number}`)
  else if (message.type === 'stateTransferAck')
    resends.answered(`piece ${message.viewNumber}/${message.index}`)
}

/** The role that a server's state value says. */
export function roleIn(value: unknown): Role {
  const { role } = value as { role: string | Record<string, string> }
  return (typeof role === 'string' ? role : Object.keys(role)[0]) as Role
}

/** The role with its inner state, from a server's state value. */
export function stateIn(value: unknown): string {
  const { role } = value as { role: string | Record<string, string> }
  if (typeof role === 'string') return role
  const [name] = Object.keys(role)
  return `${name}.${role[name!]}`
}
