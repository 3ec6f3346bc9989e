/** The simulator: events a second with the watch and without, beside the bare charts on the very same events; and whether a long life stays as fast as it began. */
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import type { Observation } from '../actors/observation.ts'
import type { Observe } from '../actors/ports.ts'
import { createStepper, type Stepper } from '../machines/step.ts'
import { type Fault, type Plan, planOf, simulate } from '../proof/simulate/index.ts'
import { type BenchOptions, interleaved, type Measurement, median, medianRatio } from './measurement.ts'

export async function simulateBench({ quick }: BenchOptions): Promise<Measurement[]> {
  return [...(await rates(quick ? 8_000 : 150_000, quick ? 3 : 7)), ...longLife(quick ? 40_000 : 1_000_000)]
}

/** Lossy links, a server that crashes and returns every two seconds, and now and then a partition: a life that goes on for ever. */
function planFor(events: number): Plan {
  // Longer than needed: the number of steps ends the run.
  const faultyMs = Math.ceil((2 * events) / eventsPerMs)
  const plan = planOf({ seed: 1, servers: 3, clients: 3, calls: Math.ceil(faultyMs * callsPerMs), faultyMs })
  const rates = { drop: 0.03, duplicate: 0.05, delay: 0.2, delayMaxMs: 30 }
  const faults: Fault[] = [{ at: 0, kind: 'rates', rates }]
  for (let at = 2000, round = 0; at < faultyMs; at += 2000, round++) {
    const server = plan.servers[round % plan.servers.length]!
    faults.push({ at, kind: 'crash', server }, { at: at + 600, kind: 'restart', server })
    if (round % 5 !== 0) continue
    const groups = [
      [server, 'c1'],
      ['view-service', ...plan.servers.filter((other) => other !== server)],
    ]
    faults.push({ at: at + 1200, kind: 'partition', groups }, { at: at + 1500, kind: 'heal' })
  }
  return { ...plan, latencyMs: 2, sessionsMax: 10_000, queueMax: 1024, callTimeoutMs: null, faults }
}

const eventsPerMs = 0.4
const callsPerMs = 0.04

async function rates(events: number, rounds: number): Promise<Measurement[]> {
  const plan = planFor(events)
  const life = record(plan, events)
  const taken = await interleaved(
    {
      bare: () => rateOf(() => replay(life)),
      actors: () => rateOf(() => simulate(plan, { watch: false, stepsMax: events }).steps),
      watched: () => rateOf(() => simulate(plan, { stepsMax: events }).steps),
    },
    rounds,
  )
  const [bare, actors, watched] = [median(taken.bare), median(taken.actors), median(taken.watched)]
  const micros = (rate: number) => 1e6 / rate
  return [
    { name: 'bare charts, the same events', value: bare, unit: 'events/s' },
    { name: 'simulation, unwatched', value: actors, unit: 'events/s' },
    { name: 'simulation, every invariant watched', value: watched, unit: 'events/s' },
    {
      name: 'simulation, unwatched: of the bare charts',
      value: medianRatio(taken.actors, taken.bare),
      unit: 'x',
      target: { atLeast: 0.6 },
    },
    {
      name: 'simulation, watched: of the bare charts',
      value: medianRatio(taken.watched, taken.bare),
      unit: 'x',
    },
    { name: 'of an event: the chart', value: micros(bare), unit: 'µs' },
    {
      name: 'of an event: actor, clocks, network, timers, judging',
      value: micros(actors) - micros(bare),
      unit: 'µs',
    },
    { name: 'of an event: the watch', value: micros(watched) - micros(actors), unit: 'µs' },
  ]
}

/** Events a second of processor time, so that a neighbour on the machine costs little. */
function rateOf(run: () => number): number {
  globalThis.gc?.()
  const before = process.cpuUsage()
  const events = run()
  const { user, system } = process.cpuUsage(before)
  return events / ((user + system) / 1e6)
}

/** Where each node began, and all events in the order in which nodes took them. */
interface Life {
  readonly nodes: readonly AnyMachineSnapshot[]
  readonly takers: readonly number[]
  readonly events: readonly EventObject[]
}

function record(plan: Plan, stepsMax: number): Life {
  const nodes: AnyMachineSnapshot[] = []
  const takers: number[] = []
  const events: EventObject[] = []
  const places = new Map<string, number>()
  const observe: Observe = ({ kind, node, before, after, event }: Observation) => {
    if (kind === 'start') places.set(node!, nodes.push(after!) - 1)
    else if (before !== undefined && event !== undefined) {
      takers.push(places.get(node!)!)
      events.push(event)
    }
  }
  simulate(plan, { watch: false, observe, stepsMax })
  return { nodes, takers, events }
}

/** The same events through the bare charts; how many they are. */
function replay({ nodes, takers, events }: Life): number {
  const steppers = new Map<unknown, Stepper<never>>()
  const snapshots: AnyMachineSnapshot[] = [...nodes]
  const stepperOf = nodes.map(({ machine }) => {
    const known = steppers.get(machine) ?? (createStepper(machine) as Stepper<never>)
    steppers.set(machine, known)
    return known
  })
  for (let index = 0; index < events.length; index++) {
    const place = takers[index]!
    const step = stepperOf[place]!.step(snapshots[place] as never, events[index] as never)
    snapshots[place] = step.snapshot as AnyMachineSnapshot
  }
  return events.length
}

/** One run of many events: its last tenth beside its first, after a warm-up, and the heap that has grown in between. */
function longLife(events: number): Measurement[] {
  const tenth = Math.floor(events / 10)
  const marks: { readonly micros: number; readonly heap: number }[] = []
  let taken = 0
  const observe: Observe = ({ kind }) => {
    if (kind !== 'receive' && kind !== 'timer' && kind !== 'local') return
    if (taken++ % tenth !== 0) return
    const { user, system } = process.cpuUsage()
    globalThis.gc?.()
    const heap = process.memoryUsage().heapUsed
    const after = process.cpuUsage()
    // What collecting for the measurement took is taken off again.
    collecting += after.user + after.system - user - system
    marks.push({ micros: after.user + after.system - collecting, heap })
  }
  let collecting = 0
  simulate({ seed: 1, calls: 50, servers: 3, clients: 3 })
  const { steps } = simulate(planFor(events), { observe, stepsMax: events + 10 })
  const cost = (index: number) => (marks[index + 1]!.micros - marks[index]!.micros) / tenth
  const name = `${(events / 1e6).toLocaleString('en-US')} million events, watched`
  const grown = (marks.at(-1)!.heap - marks[1]!.heap) / (tenth * (marks.length - 2))
  return [
    { name: `${name}: taken`, value: steps, unit: 'events' },
    { name: `${name}: second tenth`, value: cost(1), unit: 'µs/event' },
    { name: `${name}: last tenth`, value: cost(marks.length - 2), unit: 'µs/event' },
    {
      name: `${name}: last tenth of the second`,
      value: cost(marks.length - 2) / cost(1),
      unit: 'x',
      target: { atMost: 1.2 },
    },
    { name: `${name}: heap grown`, value: grown, unit: 'bytes/event' },
  ]
}
