/** What a seed decides: how large the system is, what its clients do, what goes wrong and when. A plan is data and can be edited. */
import * as v from 'valibot'
import { checked } from '../../actors/checked.ts'
import { knownOptions } from '../../actors/known-options.ts'
import { schemas } from '../../actors/options.ts'
import { seededRandom } from '../../runtime/schedulers.ts'
import { type Drawing, drawing } from './drawing.ts'
import { type Fault, faultsOf } from './fault-plan.ts'
import { keyValueWorkload, type Workload } from './workload.ts'

/** A call of a client; it waits until the client's call before it has ended. */
export interface PlannedCall {
  readonly client: string
  /** Not before this moment, in virtual milliseconds. */
  readonly at: number
  /** A command of the workload's application. */
  readonly command: unknown
}

/** All that a run depends on, beside its workload; equal plans give equal runs. */
export interface Plan {
  readonly seed: number
  readonly servers: readonly string[]
  readonly clients: readonly string[]
  /** When faults end and everything heals, in virtual milliseconds. */
  readonly healAt: number
  /** How long after that a call may wait for its answer before the run fails, in virtual milliseconds. */
  readonly settleMs: number
  readonly latencyMs: number
  readonly sessionsMax: number
  readonly queueMax: number
  readonly transferBytesMax: number
  /** Client entries in a vector clock (L6); null: uncapped, dead incarnations included. */
  readonly vectorEntriesMax: number | null
  /** How long calls wait that are made while there are faults; null, and later: for ever. */
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

/** A faulty phase of more virtual milliseconds has so many lives that clocks must forget dead ones (L6). */
const shortLifeMs = 60_000

const wholeNumber = 'expected a whole number from 1 on'
const count = v.optional(v.pipe(v.number(wholeNumber), v.integer(wholeNumber), v.minValue(1, wholeNumber)))
const optionsSchema = v.strictObject(
  {
    seed: schemas.seed,
    calls: v.optional(v.pipe(v.number(wholeNumber), v.integer(wholeNumber), v.minValue(0, wholeNumber))),
    servers: count,
    clients: count,
    faultyMs: v.optional(v.pipe(v.number(wholeNumber), v.minValue(0, wholeNumber))),
  },
  'expected a plan, or options with a seed and some of calls, servers, clients, faultyMs',
)

/**
 * The plan of a seed. Swarm style (Groce and others, Swarm Testing, 2012): each seed first draws which kinds of faults
 * exist at all and how often they come, so that rare mixtures are met, too.
 * @throws StandbyError `invalidOption`
 */
export function planOf(given: PlanOptions, workload: Workload = keyValueWorkload): Plan {
  const { seed, ...options } = checked('plan', optionsSchema, given) as PlanOptions
  const draw = drawing(seededRandom(seed))
  const servers = names('s', options.servers ?? draw.integer(2, 5))
  const clients = names('c', options.clients ?? draw.integer(1, 5))
  const healAt = options.faultyMs ?? draw.integer(3_000, 10_000)
  const calls = options.calls ?? draw.integer(40, 160)
  return {
    seed,
    servers,
    clients,
    healAt,
    settleMs: 5_000,
    latencyMs: draw.integer(1, 10),
    sessionsMax: draw.chance(0.2) ? Math.max(1, clients.length - 1) : 10_000,
    queueMax: draw.chance(0.2) ? 1 : 1024,
    transferBytesMax: draw.chance(0.3) ? 64 : 256 * 1024,
    vectorEntriesMax: healAt > shortLifeMs ? 64 : null,
    callTimeoutMs: draw.chance(0.2) ? draw.integer(100, 1000) : null,
    faults: faultsOf(draw, { servers, clients, healAt }),
    calls: callsOf(draw, { clients, calls, until: healAt + healedMs }, workload),
  }
}

/** The plan, if it has no other parts than a plan has. @throws StandbyError `invalidOption` */
export function knownPlan(plan: Plan): Plan {
  knownOptions('plan', plan, {
    seed: true,
    servers: true,
    clients: true,
    healAt: true,
    settleMs: true,
    latencyMs: true,
    sessionsMax: true,
    queueMax: true,
    transferBytesMax: true,
    vectorEntriesMax: true,
    callTimeoutMs: true,
    faults: true,
    calls: true,
  })
  return plan
}

/** New calls are still made for so long after everything has healed. */
const healedMs = 500

function callsOf(
  draw: Drawing,
  { clients, calls, until }: { clients: readonly string[]; calls: number; until: number },
  workload: Workload,
): PlannedCall[] {
  return Array.from({ length: calls }, (_, number) => {
    const command = workload.command(draw.random, number) as unknown
    return { client: draw.one(clients), at: draw.integer(0, until), command }
  }).sort((a, b) => a.at - b.at)
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)
}
