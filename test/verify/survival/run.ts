/** One run: a system of processes, callers, and faults that are drawn from a seed, one after another; then everybody must be answered, and the history is judged. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Random } from '../../../actors/ports.ts'
import { formatHistory } from '../../../proof/history/index.ts'
import { seededRandom } from '../../../runtime/schedulers.ts'
import { createProcesses } from '../../serve/processes.ts'
import { type NatsServer, startNatsServer } from '../../transport/nats-server.ts'
import { clientCaller, httpCaller, startClientProcess } from './callers.ts'
import { type ClientsOptions, openClients } from './client-process.ts'
import type { Family } from './families.ts'
import type { Fault, Stage } from './faults.ts'
import { natsLauncher } from './launch-nats.ts'
import { tcpLauncher } from './launch-tcp.ts'
import { type LoadVerdict, startLoad } from './load.ts'
import { gatewayNames, readerName, startSurvivors } from './system.ts'

/** How a run ended. */
export interface SurvivalReport extends LoadVerdict {
  /** How often each fault struck. */
  readonly faults: ReadonlyMap<string, number>
  /** Anything that should not have been, in words. */
  readonly problems: readonly string[]
  /** Where history and logs of a run with problems are; null without. */
  readonly folder: string | null
}

/** After the faults, each caller must have so many answers within the bound. */
const [answersAfter, usualBoundMs] = [5, 60_000]
const servers = ['s1', 's2', 's3']

/** Runs a family with a seed. */
export async function survive(
  family: Family,
  seed: number,
  rounds: number,
  progress: (text: string) => void = () => {},
): Promise<SurvivalReport> {
  const random = seededRandom(seed)
  const processes = createProcesses()
  const nats = family.network === 'nats' ? await startNatsServer() : null
  try {
    return await run({ family, random, rounds, progress, processes, nats })
  } finally {
    await processes.end()
    await nats?.stop()
  }
}

interface Running {
  readonly family: Family
  readonly random: Random
  readonly rounds: number
  readonly progress: (text: string) => void
  readonly processes: ReturnType<typeof createProcesses>
  readonly nats: NatsServer | null
}

async function run({ family, random, rounds, progress, processes, nats }: Running): Promise<SurvivalReport> {
  const { hasBrokenLogs = false, broken, answeredWithinMs = usualBoundMs } = family
  const tcp = nats === null ? await tcpLauncher(processes, servers, { hasBrokenLogs, broken }) : null
  const system = await startSurvivors(tcp?.launcher ?? natsLauncher(processes, servers, nats!.url))
  const whereFor = (dialer: string): Omit<ClientsOptions, 'ids'> => ({
    ...(tcp === null ? { nats: nats!.url } : { directory: tcp.directoryOf(dialer) }),
    ...(broken && { broken }),
  })
  const where = whereFor('clients')
  const here = await openClients({ ...where, ids: ['here#1', 'last#1'] })
  const there = await openClients({ ...whereFor(readerName), ids: ['reader#1'] })
  const clientProcesses = ['one', 'two'].map((name) =>
    startClientProcess(name, 2, (life) => [
      JSON.stringify({ ...where, ids: [`${name}-a#${life}`, `${name}-b#${life}`] } satisfies ClientsOptions),
    ]),
  )
  processes.onEnd(async () => {
    for (const { end } of clientProcesses) end()
    await Promise.all([here.close(), there.close()])
  })
  const [first, last] = here.clients.map((client) => clientCaller(client.id.split('#')[0]!, client))
  const reader = clientCaller('reader', there.clients[0]!, true)
  const callers = [first!, reader, ...clientProcesses.flatMap((process) => process.callers)]
  const httpOf = (name: string) => system.served(name)?.http ?? '127.0.0.1:1'
  let hops = 0
  callers.push(
    httpCaller('http', () => httpOf(gatewayNames[0])),
    httpCaller('hopping', () => httpOf(gatewayNames[hops++ % gatewayNames.length]!)),
  )

  const load = startLoad(callers, random)
  const faults = new Map<string, number>()
  const stage: Stage = {
    system,
    clientProcesses,
    random,
    load,
    folder: processes.folder,
    ...(nats && { nats }),
  }
  const strike = async (fault: Fault) => {
    faults.set(fault.name, (faults.get(fault.name) ?? 0) + 1)
    await fault.strike(stage)
  }
  const problems: string[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      await system.redundant()
      const drawn = family.draw(random)
      progress(`${family.name}: ${round + 1} of ${rounds}, ${drawn.map(({ name }) => name).join(' + ')}`)
      await Promise.all(
        drawn.map((fault, index) => (index === 0 ? strike(fault) : later(random, () => strike(fault)))),
      )
    }
    await system.redundant()
    await load.eachAnswered(answersAfter, answeredWithinMs)
  } catch (error) {
    problems.push(`${(error as Error).message}; ${await system.standing()}`)
  }
  // Who is not answered would be waited for in vain.
  const verdict = await load.stop(last!, problems.length === 0)
  problems.push(...system.problems, ...problemsIn(verdict))
  const folder = problems.length === 0 ? null : mkdtempSync(join(tmpdir(), 'standby-survival-'))
  if (folder !== null) {
    writeFileSync(join(folder, 'history.jsonl'), formatHistory(load.history()))
    writeFileSync(join(folder, 'logs.txt'), system.logs())
  }
  return { ...verdict, faults, problems, folder }
}

function problemsIn({ verdict, reason, failures, lost, duplicates }: LoadVerdict): string[] {
  const problems: string[] = []
  if (verdict !== 'ok') problems.push(`${verdict}: ${reason}`)
  if (failures.length > 0) problems.push(`${failures.length} calls failed: ${failures[0]}`)
  if (lost.length > 0) problems.push(`${lost.length} answered writes are lost: ${lost[0]}`)
  if (duplicates.length > 0) problems.push(`${duplicates.length} writes happened twice: ${duplicates[0]}`)
  return problems
}

/** Some time after the fault that it joins. */
async function later(random: Random, run: () => Promise<void>): Promise<void> {
  const ms = 100 + random() * 1500
  await new Promise((resolve) => setTimeout(resolve, ms))
  await run()
}
