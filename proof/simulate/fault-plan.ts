/** What goes wrong in a simulation, and when: the faults of a plan. */
import type { FaultRates } from '../../runtime/transport/faults.ts'
import type { Drawing } from './drawing.ts'

/** One fault of the system, at a moment in virtual milliseconds. */
export type Fault =
  | { readonly at: number; readonly kind: 'crash'; readonly server: string }
  | { readonly at: number; readonly kind: 'restart'; readonly server: string }
  | { readonly at: number; readonly kind: 'cut'; readonly from: string; readonly to: string }
  | { readonly at: number; readonly kind: 'partition'; readonly groups: readonly (readonly string[])[] }
  /** Joins every link and ends all slowness; rates stay. */
  | { readonly at: number; readonly kind: 'heal' }
  | { readonly at: number; readonly kind: 'slow'; readonly node: string; readonly delayMaxMs: number }
  | { readonly at: number; readonly kind: 'rates'; readonly rates: FaultRates }
  | { readonly at: number; readonly kind: 'restartClient'; readonly client: string }

/** Who can be hit, and until when. */
export interface FaultScope {
  readonly servers: readonly string[]
  readonly clients: readonly string[]
  /** Virtual milliseconds. */
  readonly healAt: number
}

/** Draws which kinds of faults there are, how often they come, and then each of them. */
export function faultsOf(draw: Drawing, { servers, clients, healAt }: FaultScope): Fault[] {
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
    if (has.cuts || has.partitions || has.slow) kinds.push('heal')
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
