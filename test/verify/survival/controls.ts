/** Negative controls: broken processes, and the faults that show it. Anything that judges survival must catch each; the sound ones live through the same. */
import type { BrokenChartsName } from './broken-charts.ts'
import type { Family } from './families.ts'
import { type Fault, fault, kill, nodeNames, type Stage } from './faults.ts'
import type { SurvivalReport } from './run.ts'
import { readerName, viewServiceName } from './system.ts'

/** Something broken, and what must show it. */
export interface Control {
  /** What is broken, as a fact. */
  readonly name: string
  readonly rule: string
  readonly broken: BrokenChartsName
  readonly fault: Fault
  /** Of a report: whether it was caught for what it is. */
  readonly isCaught: (report: SurvivalReport) => boolean
}

/** By then everybody calls, and there is another primary, even on a busy machine. */
const [startMs, failoverMs] = [60_000, 15_000]
const waitMs = 2000
const servers = ['s1', 's2', 's3']

/** Strikes when every caller has been answered a few times. */
const underLoad = (name: string, strike: Fault['strike']): Fault =>
  fault(name, async (stage) => {
    await stage.load.eachAnswered(3, startMs)
    await strike(stage)
  })

/** Resolves when another than `name` is primary. */
async function untilDeposed({ system }: Stage, name: string): Promise<void> {
  const deadline = Date.now() + failoverMs
  for (;;) {
    const primary = await system.find('primary')
    if (primary !== null && primary !== name) return
    if (Date.now() > deadline) throw new Error(`expected another primary than ${name}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The links between a server and all the others, both ways. */
function setLinks({ system }: Stage, name: string, state: 'held' | 'broken' | 'open'): void {
  for (const other of nodeNames(servers)) {
    if (other === name) continue
    system.cut(name, other, state)
    system.cut(other, name, state)
  }
}

/** Nothing that the primary forwards arrives any more, then it dies: what it answered meanwhile only it knew. */
const dieUnheard = underLoad('die unheard', async (stage) => {
  const { system, load } = stage
  const name = await system.find('primary')
  if (name === null) return
  setLinks(stage, name, 'held')
  // The view service must see both, or there is another view before anything was answered.
  system.cut(name, viewServiceName, 'open')
  system.cut(viewServiceName, name, 'open')
  await load.more('writes', 20, waitMs)
  await system.kill(name)
  await untilDeposed(stage, name)
  setLinks(stage, name, 'broken')
  setLinks(stage, name, 'open')
  await system.restart(name)
})

/** Clients are heard and hear nothing, so that they ask again, many times. */
const answersWithheld = underLoad('withhold answers', async ({ system }) => {
  const name = await system.find('primary')
  if (name === null) return
  system.cutReplies('clients', name, 'held')
  await new Promise((resolve) => setTimeout(resolve, waitMs / 4))
  system.cutReplies('clients', name, 'open')
})

/** Clients still reach a primary that has lost sight of everybody else; one that only reads learns of no other. */
const depose = underLoad('depose', async (stage) => {
  const { system, load } = stage
  const name = await system.find('primary')
  if (name === null) return
  setLinks(stage, name, 'held')
  system.cut(readerName, viewServiceName, 'held')
  await untilDeposed(stage, name)
  await load.more('writes', 10, waitMs)
  await load.more('reads', 50, waitMs)
  system.cut(readerName, viewServiceName, 'open')
  setLinks(stage, name, 'open')
})

/** SIGSTOP until there is another primary; it wakes up to clients that know of no other, and the gateway writes elsewhere. */
const sleepThrough = underLoad('sleep through a failover', async (stage) => {
  const { system, load } = stage
  const name = await system.find('primary')
  if (name === null) return
  setLinks(stage, name, 'held')
  for (const callers of ['clients', readerName]) system.cut(callers, viewServiceName, 'held')
  system.pause(name)
  await untilDeposed(stage, name)
  await load.more('writes', 5, waitMs)
  system.resume(name)
  await load.more('writes', 5, waitMs)
  await load.more('reads', 20, waitMs)
  for (const callers of ['clients', readerName]) system.cut(callers, viewServiceName, 'open')
  setLinks(stage, name, 'open')
})

export const controls: readonly Control[] = [
  {
    name: 'a primary answers and does not await the acknowledgement',
    rule: 'S4',
    broken: 'doesNotAwaitAcks',
    fault: dieUnheard,
    isCaught: ({ lost }) => lost.length > 0,
  },
  {
    name: 'what is repeated is executed again',
    rule: 'S9',
    broken: 'executesRepeats',
    fault: answersWithheld,
    isCaught: ({ duplicates }) => duplicates.length > 0,
  },
  {
    name: 'a deposed primary answers reads by itself',
    rule: 'S4',
    broken: 'readsAlone',
    fault: depose,
    isCaught: ({ verdict }) => verdict === 'illegal',
  },
  {
    name: 'a primary that slept answers reads by itself',
    rule: 'S4',
    broken: 'readsAlone',
    fault: sleepThrough,
    isCaught: ({ verdict }) => verdict === 'illegal',
  },
  {
    name: 'a client sends its request once',
    rule: 'C1',
    broken: 'sendsOnce',
    fault: underLoad('kill primary', kill('primary').strike),
    isCaught: ({ problems }) => problems.some((problem) => problem.includes('every caller to be answered')),
  },
]

/** A round of its fault with the broken charts. */
export function brokenFamily({ name, broken, fault }: Control): Family {
  return { name, network: 'tcp', broken, answeredWithinMs: 15_000, draw: () => [fault] }
}

/** All these faults, one after another, with the charts as they are. */
export function soundFamily(): Family {
  const left = controls.map((control) => control.fault)
  return { name: 'controls, unbroken', network: 'tcp', draw: () => [left.shift()!] }
}
