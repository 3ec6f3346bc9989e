/** What is done to a system: each fault begins, lasts for a while that is drawn from chance, and is mended before it resolves. */
import type { Random } from '../../../actors/ports.ts'
import type { ClientProcess } from './callers.ts'
import type { Load } from './load.ts'
import { type Survivors, viewServiceName, type Who } from './system.ts'

/** Where a fault strikes. */
export interface Stage {
  readonly system: Survivors
  readonly clientProcesses: readonly ClientProcess[]
  readonly random: Random
  readonly load: Pick<Load, 'more' | 'eachAnswered'>
  /** Each process has its data in a folder of its name in it. */
  readonly folder: string
  /** For faults that only some systems have. */
  readonly nats?: { kill(): Promise<void>; start(): Promise<void> }
}

/** A fault by its name, for tables; resolves when it is mended. */
export interface Fault {
  readonly name: string
  strike(stage: Stage): Promise<void>
}

/** Pings come every 100 ms, and who is not learned of for 800 is dead: some pauses are noticed, and some are not. */
const [shortMs, longMs] = [300, 2800]

export const fault = (name: string, strike: Fault['strike']): Fault => ({ name, strike })

/** What strikes one process, found when it is time, and what mends it after a while. */
const passing = (
  what: string,
  who: Who,
  [leastMs, mostMs]: readonly [number, number],
  begin: (system: Stage['system'], name: string) => unknown,
  end: (system: Stage['system'], name: string) => unknown,
): Fault =>
  fault(`${what} ${who}`, async ({ system, random }) => {
    const name = await system.find(who)
    if (name === null) return
    await begin(system, name)
    await lasting(random, leastMs, mostMs)
    await end(system, name)
  })

const restart = (system: Stage['system'], name: string) => system.restart(name)

/** SIGKILL and a new life. */
export const kill = (who: Who): Fault =>
  passing('kill', who, [0, longMs], (system, name) => system.kill(name), restart)

/** SIGTERM and a new life. */
export const leave = (who: Who): Fault =>
  passing('leave', who, [0, shortMs], (system, name) => system.leave(name), restart)

/** SIGSTOP, mostly for longer than the ping timeout, and SIGCONT: it wakes up with what it believed before. */
export const pause = (who: Who): Fault =>
  passing(
    'pause',
    who,
    [shortMs, longMs],
    (system, name) => system.pause(name),
    (system, name) => system.resume(name),
  )

/** What one sends to another is held, and arrives late; or the connection is reset and refused. */
export const cut = (from: Who | 'clients', to: Who): Fault =>
  fault(`cut ${from} > ${to}`, async ({ system, random }) => {
    const names = [from === 'clients' ? from : await system.find(from), await system.find(to)] as const
    const [sender, receiver] = names
    if (sender === null || receiver === null) return
    system.cut(sender, receiver, random() < 0.6 ? 'held' : 'broken')
    await lasting(random, shortMs, longMs)
    system.cut(sender, receiver, 'open')
  })

/** Clients are heard and hear nothing. */
export const cutReplies = (to: Who): Fault =>
  fault(`cut ${to} > clients`, async ({ system, random }) => {
    const name = await system.find(to)
    if (name === null) return
    system.cutReplies('clients', name, 'held')
    await lasting(random, shortMs, longMs)
    system.cutReplies('clients', name, 'open')
  })

/** Everyone but the clients loses sight of it, both ways: a primary is deposed and does not know it. */
export const isolate = (who: Who, others: readonly string[]): Fault =>
  fault(`isolate ${who}`, async ({ system, random }) => {
    const name = await system.find(who)
    if (name === null) return
    const state = random() < 0.6 ? 'held' : 'broken'
    const set = (next: typeof state | 'open') => {
      for (const other of others) {
        if (other === name) continue
        system.cut(name, other, next)
        system.cut(other, name, next)
      }
    }
    set(state)
    await lasting(random, longMs / 2, longMs)
    set('open')
  })

/** SIGKILL of a process with clients; its callers never learn of what they had asked for. */
export const killClients: Fault = fault('kill clients', async ({ clientProcesses, random }) => {
  const process = clientProcesses[Math.floor(random() * clientProcesses.length)]
  if (process === undefined) return
  await process.kill()
  await lasting(random, 0, shortMs)
  process.restart()
})

/** SIGKILL of the NATS server, and a new one on the same port. */
export const killNats: Fault = fault('kill NATS', async ({ nats, random }) => {
  await nats?.kill()
  await lasting(random, shortMs, longMs)
  await nats?.start()
})

/** Everybody who is not a client. */
export const nodeNames = (servers: readonly string[]): readonly string[] => [viewServiceName, ...servers]

function lasting(random: Random, from: number, to: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, from + random() * (to - from)))
}
