/** A big state on its way to a new backup, over any transport: how long it takes, and what it costs both ends meanwhile (T5). */
import { type ChildProcess, fork } from 'node:child_process'
import { freePorts, until } from '../../serve/processes.ts'
import { startNatsServer } from '../../transport/nats-server.ts'
import type { BigNodeReport } from './big-node.ts'
import type { Order, Word } from './big-process.ts'
import type { Medium, MediumKind } from './media.ts'

/** How a transfer went. */
export interface BigTransfer {
  readonly keys: number
  readonly seconds: number
  /** Reports in which a server said how many pieces were through, and the largest number. */
  readonly reports: number
  readonly pieces: number
  /** The longest that the loop of any node was blocked, in milliseconds. */
  readonly blockedMs: number
  /** The largest resident set of a process that holds a state, without what it takes at rest, by the bytes of its states. */
  readonly memory: number
  /** 2: no one was taken for dead. */
  readonly viewNumber: number
  readonly isSame: boolean
}

/** A transfer may take as long as it goes on. */
const standstillMs = 30_000
const root = new URL('../../..', import.meta.url).pathname
const program = new URL('./big-process.ts', import.meta.url).pathname

/** Lets a primary with a state of `bytes` take on a backup. @throws Error where it stands still */
export async function transferBigState(
  kind: MediumKind,
  bytes: number,
  progress: (text: string) => void = () => {},
): Promise<BigTransfer> {
  const nats = kind === 'nats' ? await startNatsServer() : null
  const medium = await mediumOf(kind, nats?.url ?? '')
  const isShared = kind === 'memory' || kind === 'message-port'
  const system = createSystem(medium, isShared)
  try {
    const atRest = await system.start('view-service', 0)
    await system.start('s1#1', bytes)
    const { of } = system
    await until('a primary with a big state', () => of('s1#1')?.state === 'primary.serving', 120_000)
    const { keys } = of('s1#1')!
    await until('an acknowledged view', () => of('view-service')?.state === 'acknowledged')
    system.forget()

    const begun = performance.now()
    await system.start('s2#1', 0)
    await moving(system, () => {
      progress(`${kind}: ${of('s2#1')?.pieces ?? 0} pieces`)
      return of('s2#1')?.state === 'backup.serving' && of('view-service')?.state === 'acknowledged'
    })
    const seconds = (performance.now() - begun) / 1000
    const { reports, pieces, blockedMs } = system.seen()
    const resident = Math.max(of('s1#1')!.residentBytes, of('s2#1')!.residentBytes) - atRest.residentBytes
    const viewNumber = of('view-service')!.view.number
    const digests = [await system.digest('s1#1'), await system.digest('s2#1')]
    return {
      keys,
      seconds,
      reports,
      pieces,
      blockedMs,
      memory: resident / bytes / (isShared ? 2 : 1),
      viewNumber,
      isSame: of('s2#1')!.keys === keys && digests[0] === digests[1],
    }
  } finally {
    system.end()
    await nats?.stop()
  }
}

async function mediumOf(kind: MediumKind, url: string): Promise<Medium> {
  if (kind === 'nats') return { kind, url }
  if (kind !== 'tcp' && kind !== 'websocket') return { kind }
  const [viewService, s1, s2] = (await freePorts(3)) as [number, number, number]
  return { kind, ports: { 'view-service': viewService, s1, s2 } }
}

/** Waits as long as pieces go through. */
async function moving(system: ReturnType<typeof createSystem>, isDone: () => boolean): Promise<void> {
  let [pieces, since] = [-1, Date.now()]
  while (!isDone()) {
    const now = system.seen().pieces
    if (now !== pieces) since = Date.now()
    pieces = now
    if (Date.now() - since > standstillMs)
      throw new Error(`expected the transfer to go on, got none after ${pieces} pieces; ${system.progress()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Processes, one for each node, or one for all. */
function createSystem(medium: Medium, isShared: boolean) {
  const children: ChildProcess[] = []
  const newest = new Map<string, BigNodeReport>()
  const digests = new Map<string, string>()
  let [reports, pieces, blockedMs] = [0, 0, 0]
  const hear = (word: Word) => {
    if ('digest' in word) {
      digests.set(word.id, word.digest)
      return
    }
    newest.set(word.id, word)
    blockedMs = Math.max(blockedMs, word.blockedMs)
    if (word.pieces !== null) reports += 1
    pieces = Math.max(pieces, word.pieces ?? 0)
  }
  const spawned = () => {
    const execArgv = ['--import', 'tsx']
    const child = fork(program, [], { cwd: root, execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    child.on('message', hear)
    children.push(child)
    return child
  }
  const childOf = new Map<string, ChildProcess>()
  return {
    of: (id: string) => newest.get(id),
    seen: () => ({ reports, pieces, blockedMs }),
    progress: () => JSON.stringify([...newest.values()]),
    /** What was seen so far is not of the transfer. */
    forget() {
      reports = 0
      pieces = 0
      blockedMs = 0
    },
    async start(id: string, bytes: number): Promise<BigNodeReport> {
      const child = isShared && children.length > 0 ? children[0]! : spawned()
      childOf.set(id, child)
      child.send({ start: { id, bytes }, medium } satisfies Order)
      await until(`${id} to report`, () => newest.has(id), 120_000)
      return newest.get(id)!
    },
    async digest(id: string): Promise<string> {
      childOf.get(id)!.send({ digestOf: id } satisfies Order)
      await until(`the digest of ${id}`, () => digests.has(id), 120_000)
      return digests.get(id)!
    },
    end() {
      for (const child of children) child.kill('SIGKILL')
    },
  }
}
