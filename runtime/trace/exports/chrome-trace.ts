/** A run as Chrome trace events, for Perfetto: nodes as processes, states as nested slices, messages as arrows, calls as async slices. */
import type { Json } from '../../../machines/application/application.ts'
import { chartState } from '../../observe/story.ts'
import type { TraceStep } from '../format.ts'
import type { ReadTrace } from '../read.ts'
import { eventText, oneLine } from './text.ts'

/** One event of the format; times are microseconds from the first step. */
export interface ChromeEvent {
  readonly ph: 'X' | 's' | 'f' | 'b' | 'e' | 'i' | 'M'
  readonly name: string
  readonly cat?: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur?: number
  readonly id?: string
  readonly bp?: 'e'
  readonly s?: 'g' | 'p' | 't'
  readonly args?: Readonly<Record<string, Json>>
}

const networkPid = 1
const stepsTid = 1

/**
 * The trace as JSON text. Process 1 is the network, each node the next one; thread 1 of a process has its steps, the next
 * ones a region of its chart each. Steps of one millisecond are set a microsecond apart, so that their order shows.
 */
export function toChromeTrace({ header, steps }: ReadTrace): string {
  const timeOf = times(steps)
  const processes = createProcesses()
  const regions = createRegions(processes)
  const events: ChromeEvent[] = []
  const pairs = flows(steps)
  for (const [index, step] of steps.entries()) {
    const ts = timeOf[index]!
    const { node, kind, call } = step
    const pid = node === null ? networkPid : processes.pidOf(node)
    const isOnTheWay = kind === 'drop' || kind === 'delay' || kind === 'duplicate' || node === null
    if (isOnTheWay) {
      events.push({
        ph: 'i',
        name: eventText(step),
        cat: 'network',
        pid: networkPid,
        tid: stepsTid,
        ts,
        s: 'p',
      })
    } else {
      events.push({
        ph: 'X',
        name: eventText(step),
        cat: kind,
        pid,
        tid: stepsTid,
        ts,
        dur: 1,
        args: argsOf(step),
      })
    }
    for (const id of pairs.sends.get(index) ?? []) {
      events.push({ ph: 's', name: step.message!.type, cat: 'message', id, pid, tid: stepsTid, ts })
    }
    const arrival = pairs.receives.get(index)
    if (arrival !== undefined) {
      events.push({
        ph: 'f',
        bp: 'e',
        name: step.message!.type,
        cat: 'message',
        id: arrival,
        pid,
        tid: stepsTid,
        ts,
      })
    }
    if (call !== undefined) {
      const name = oneLine(JSON.stringify(call.command), 60)
      const ph = kind === 'call' ? 'b' : 'e'
      const id = `${node} ${call.id}`
      events.push({ ph, name, cat: 'operation', id, pid, tid: stepsTid, ts, args: { ...call } as never })
    }
    regions.take(step, ts)
  }
  regions.end((timeOf.at(-1) ?? 0) + 1)
  const traceEvents = [...processes.metadata(), ...[...events, ...regions.slices].sort(byTime)]
  const otherData = { format: header.format, version: header.version, seed: header.seed }
  const lines = traceEvents.map((event) => JSON.stringify(event)).join(',\n')
  return `{"displayTimeUnit":"ms","otherData":${JSON.stringify(otherData)},"traceEvents":[\n${lines}\n]}\n`
}

/** Of slices that begin together the outer one first. */
function byTime(a: ChromeEvent, b: ChromeEvent): number {
  return a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0)
}

/** Microseconds from the first step, strictly increasing. */
function times(steps: readonly TraceStep[]): number[] {
  const first = steps[0]?.t ?? 0
  let last = -1
  return steps.map(({ t }) => {
    last = Math.max(last + 1, Math.round((t - first) * 1000))
    return last
  })
}

/** Which copies of which messages arrive, and where they come from: a flow has one start and one end. */
function flows(steps: readonly TraceStep[]) {
  const sentAt = new Map<string, number>()
  const sends = new Map<number, string[]>()
  const receives = new Map<number, string>()
  for (const [index, { kind, message }] of steps.entries()) {
    if (message === undefined) continue
    if (kind === 'send') sentAt.set(message.id, index)
    const start = sentAt.get(message.id)
    if (kind !== 'receive' || start === undefined) continue
    const id = `${message.id} ${message.to} ${index}`
    sends.set(start, [...(sends.get(start) ?? []), id])
    receives.set(index, id)
  }
  return { sends, receives }
}

function argsOf({ i, lamport, vector, message, refused, microsteps }: TraceStep): Record<string, Json> {
  return {
    step: i,
    ...(lamport === null ? {} : { lamport }),
    ...(vector === null ? {} : { vector }),
    ...(message === undefined ? {} : { message: message.body }),
    ...(refused === undefined ? {} : { refused: refused.reason }),
    ...(microsteps === undefined ? {} : { microsteps: microsteps as unknown as Json }),
  }
}

type Processes = ReturnType<typeof createProcesses>

function createProcesses() {
  const pids = new Map<string, number>()
  const threads: { readonly pid: number; readonly tid: number; readonly name: string }[] = [
    { pid: networkPid, tid: stepsTid, name: 'faults' },
  ]
  return {
    pidOf(node: string): number {
      const known = pids.get(node)
      if (known !== undefined) return known
      const pid = networkPid + 1 + pids.size
      pids.set(node, pid)
      threads.push({ pid, tid: stepsTid, name: 'steps' })
      return pid
    },
    nameThread: (pid: number, tid: number, name: string) => void threads.push({ pid, tid, name }),
    metadata(): ChromeEvent[] {
      const base = { ph: 'M', ts: 0 } as const
      const names = [['network', networkPid] as const, ...pids]
      return [
        ...names.flatMap(([name, pid]): ChromeEvent[] => [
          { ...base, name: 'process_name', pid, tid: 0, args: { name } },
          { ...base, name: 'process_sort_index', pid, tid: 0, args: { sort_index: pid } },
        ]),
        ...threads.flatMap(({ pid, tid, name }): ChromeEvent[] => [
          { ...base, name: 'thread_name', pid, tid, args: { name } },
          { ...base, name: 'thread_sort_index', pid, tid, args: { sort_index: tid } },
        ]),
      ]
    },
  }
}

/** The states of each region of each chart as nested slices: an outer state around its inner ones. */
function createRegions(processes: Processes) {
  type Open = { readonly name: string; readonly since: number }
  type Region = { readonly tid: number; open: Open[] }
  const charts = new Map<string, Map<string, Region>>()
  const slices: ChromeEvent[] = []
  const closeFrom = (pid: number, region: Region, depth: number, ts: number) => {
    for (const { name, since } of region.open.splice(depth)) {
      slices.push({ ph: 'X', name, cat: 'state', pid, tid: region.tid, ts: since, dur: ts - since })
    }
  }
  const regionOf = (chart: Map<string, Region>, pid: number, name: string): Region => {
    const known = chart.get(name)
    if (known !== undefined) return known
    const region = { tid: stepsTid + 1 + chart.size, open: [] }
    chart.set(name, region)
    processes.nameThread(pid, region.tid, name)
    return region
  }
  const closeAll = (node: string, ts: number) => {
    for (const region of charts.get(node)?.values() ?? []) closeFrom(processes.pidOf(node), region, 0, ts)
  }
  return {
    slices,
    take({ node, kind, after }: TraceStep, ts: number): void {
      if (node === null) return
      if (kind === 'crash' || kind === 'stop') closeAll(node, ts)
      if (after === undefined) return
      const pid = processes.pidOf(node)
      const chart = charts.get(node) ?? new Map<string, Region>()
      charts.set(node, chart)
      const paths = regionPaths(after.value)
      for (const [name, region] of chart) if (!paths.has(name)) closeFrom(pid, region, 0, ts)
      for (const [name, path] of paths) {
        const region = regionOf(chart, pid, name)
        const kept = region.open.findIndex((open, depth) => open.name !== path[depth])
        const depth = kept < 0 ? Math.min(region.open.length, path.length) : kept
        closeFrom(pid, region, depth, ts)
        region.open.push(...path.slice(depth).map((state) => ({ name: state, since: ts })))
      }
    },
    end(ts: number): void {
      for (const node of charts.keys()) closeAll(node, ts)
    },
  }
}

/** The active states of each region, outermost first; a chart without regions has one, called `state`. */
function regionPaths(value: Json): Map<string, string[]> {
  const pathOf = (inner: Json): string[] => {
    if (typeof inner !== 'object' || inner === null) return [String(inner)]
    const entries = Object.entries(inner)
    if (entries.length !== 1) return entries.length === 0 ? [] : [chartState(inner)]
    const [key, rest] = entries[0]!
    return [key, ...pathOf(rest)]
  }
  const isParallel = typeof value === 'object' && value !== null && Object.keys(value).length > 1
  if (!isParallel) return new Map([['state', pathOf(value)]])
  return new Map(Object.entries(value).map(([region, inner]) => [region, pathOf(inner)]))
}
