/** What a seed decides: how large the system is, what its clients do, what goes wrong and when. A plan is data and can be edited. */
import type { Random } from '../../actors/ports.ts'
import type { KeyValueCommand } from '../../machines/key-value-store.ts'
import { seededRandom } from '../schedulers.ts'
import type { FaultRates } from '../transport/faults.ts'

/** One thing that befalls the system, at a moment in virtual milliseconds. */
export type Fault =
  | { readonly at: number; readonly kind: 'crash'; readonly server: string }
  | { readonly at: number; readonly kind: 'restart'; readonly server: string }
  | { readonly at: number; readonly kind: 'cut'; readonly from: string; readonly to: string }
  | { readonly at: number; readonly kind: 'partition'; readonly groups: readonly (readonly string[])[] }
  | { readonly at: number; readonly kind: 'heal' }
  | { readonly at: number; readonly kind: 'slow'; readonly node: string; readonly delayMaxMs: number }
  | { readonly at: number; readonly kind: 'rates'; readonly rates: FaultRates }
  | { readonly at: number; readonly kind: 'restartClient'; readonly client: string }

/** A call of a client; it waits until the client's call before it has ended. */
export interface PlannedCall {
  readonly client: string
  /** Not before this moment, in virtual milliseconds. */
  readonly at: number
  readonly command: KeyValueCommand
}

/** All that a run depends on; equal plans give equal runs. */
export interface Plan {
  readonly seed: number
  readonly servers: readonly string[]
  readonly clients: readonly string[]
  /** When faults end and everything heals, in virtual milliseconds. */
  readonly healAt: number
  /** How long the healed phase may last before whoever still waits makes the run fail. */
  readonly settleMs: number
  readonly latencyMs: number
  readonly sessionsMax: number
  readonly transferBytesMax: number
  readonly callTimeoutMs: number | null
  readonly faults: readonly Fault[]
  readonly calls: readonly PlannedCall[]
}

/** A seed, and what it shall not decide by itself. */
export interface PlanOptions {
  readonly seed: number
  /** Calls in all; default: the seed's choice, 40 to 160. */
  readonly calls?: number
  readonly servers?: number
  readonly clients?: number
  /** Virtual milliseconds of the faulty phase; default: the seed's choice, 3,000 to 10,000. */
  readonly faultyMs?: number
}

/**
 * The plan of a seed. Swarm style (Groce and others, Swarm Testing, 2012): each seed first draws which kinds of faults
 * exist at all and how often they come, so that rare mixtures are met, too.
 */
export function planOf({ seed, ...options }: PlanOptions): Plan {
  const random = seededRandom(seed)
  const draw = drawing(random)
  const servers = names('s', options.servers ?? draw.integer(2, 5))
  const clients = names('c', options.clients ?? draw.integer(1, 5))
  const healAt = options.faultyMs ?? draw.integer(3_000, 10_000)
  const calls = options.calls ?? draw.integer(40, 160)
  return {
    seed,
    servers,
    clients,
    healAt,
    settleMs: 20_000,
    latencyMs: draw.integer(1, 10),
    sessionsMax: draw.chance(0.2) ? Math.max(1, clients.length - 1) : 10_000,
    transferBytesMax: draw.chance(0.3) ? 64 : 256 * 1024,
    callTimeoutMs: draw.chance(0.2) ? draw.integer(100, 1000) : null,
    faults: faultsOf(draw, servers, clients, healAt),
    calls: callsOf(draw, clients, calls, healAt),
  }
}

type Drawing = ReturnType<typeof drawing>

function drawing(random: Random) {
  const integer = (min: number, max: number) => min + Math.floor(random() * (max - min + 1))
  return {
    random,
    integer,
    chance: (probability: number) => random() < probability,
    one: <Item>(items: readonly Item[]): Item => items[integer(0, items.length - 1)]!,
  }
}

function faultsOf(
  draw: Drawing,
  servers: readonly string[],
  clients: readonly string[],
  healAt: number,
): Fault[] {
  const faults: Fault[] = []
  const has = {
    loss: draw.chance(0.6),
    duplicates: draw.chance(0.6),
    delays: draw.chance(0.6),
    crashes: draw.chance(0.7),
    cuts: draw.chance(0.5),
    partitions: draw.chance(0.5),
    slow: draw.chance(0.4),
    clientRestarts: draw.chance(0.2),
  }
  const rates: FaultRates = {
    drop: has.loss ? draw.random() * 0.3 : 0,
    duplicate: has.duplicates ? draw.random() * 0.5 : 0,
    delay: has.delays ? draw.random() * 0.5 : 0,
    delayMaxMs: draw.integer(5, 500),
  }
  if (has.loss || has.duplicates || has.delays)
    faults.push({ at: draw.integer(0, 500), kind: 'rates', rates })

  const everyMs = draw.integer(150, 1500)
  const all = ['view-service', ...servers, ...clients]
  const down = new Set<string>()
  for (let at = draw.integer(100, everyMs); at < healAt; at += draw.integer(20, everyMs)) {
    const kinds: Fault['kind'][] = []
    if (has.crashes) kinds.push('crash', 'restart', 'restart')
    if (has.cuts) kinds.push('cut')
    if (has.partitions) kinds.push('partition')
    if (has.cuts || has.partitions) kinds.push('heal')
    if (has.slow) kinds.push('slow')
    if (has.clientRestarts) kinds.push('restartClient')
    if (kinds.length === 0) break
    switch (draw.one(kinds)) {
      case 'crash': {
        const server = draw.one(servers)
        down.add(server)
        faults.push({ at, kind: 'crash', server })
        break
      }
      case 'restart': {
        const server = down.size > 0 ? draw.one([...down]) : draw.one(servers)
        down.delete(server)
        faults.push({ at, kind: 'restart', server })
        break
      }
      case 'cut': {
        const from = draw.one(all)
        const to = draw.one(all.filter((other) => other !== from))
        faults.push({ at, kind: 'cut', from, to })
        break
      }
      case 'partition': {
        const left = all.filter(() => draw.chance(0.5))
        faults.push({ at, kind: 'partition', groups: [left, all.filter((node) => !left.includes(node))] })
        break
      }
      case 'slow':
        faults.push({ at, kind: 'slow', node: draw.one(all), delayMaxMs: draw.integer(50, 2000) })
        break
      case 'restartClient':
        faults.push({ at, kind: 'restartClient', client: draw.one(clients) })
        break
      default:
        faults.push({ at, kind: 'heal' })
    }
  }
  return faults
}

function callsOf(draw: Drawing, clients: readonly string[], calls: number, healAt: number): PlannedCall[] {
  const keys = names('k', draw.integer(1, 3))
  return Array.from({ length: calls }, (_, index) => {
    const key = draw.one(keys)
    const value = `${index} `
    const dice = draw.random()
    const command: KeyValueCommand =
      dice < 0.4
        ? { op: 'append', key, value }
        : dice < 0.75
          ? { op: 'get', key }
          : dice < 0.9
            ? { op: 'put', key, value }
            : dice < 0.95
              ? { op: 'delete', key }
              : { op: 'compareAndSet', key, expected: null, value }
    return { client: draw.one(clients), at: draw.integer(0, healAt), command }
  }).sort((a, b) => a.at - b.at)
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)
}
