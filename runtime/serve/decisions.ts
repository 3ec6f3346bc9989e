/** Whether the servers decide commands, as a gateway sees it: by its callers' operations, and by a no-op of its own while it is idle. */
import { randomInt } from 'node:crypto'
import { waitFor } from 'xstate'
import { type ClientActorOptions, createClient } from '../../actors/client.ts'
import { StandbyError } from '../../actors/errors.ts'
import type { Json } from '../../machines/application/application.ts'

/** Watches whether commands are decided. */
export interface Decisions {
  /** A command was decided just now. */
  note(): void
  /** Whether one was decided within the last few seconds. */
  areMade(): boolean
  stop(): void
}

/** What the no-op is sent with; `name` is that of its client, `now` and the timers are the clock's. */
export interface DecisionsOptions {
  readonly name: string
  readonly client: Omit<ClientActorOptions, 'id'>
}

/** A no-op goes out when nothing was decided for this long. */
const idleMs = 1000
/** Nothing decided for this long: commands are not decided. It is longer than a failover. */
const silenceMs = 3000

/** No system has issued so many sessions: a request in it is decided like any other, and executes nothing (S10). */
const neverIssued = 2 ** 52

/** Starts watching. */
export function watchDecisions({ name, client: options }: DecisionsOptions): Decisions {
  const { clock } = options
  let decidedAt = Number.NEGATIVE_INFINITY
  let probes = 0
  let isStopped = false
  let timer: unknown = null

  const note = () => {
    decidedAt = clock.now()
  }
  const probe = async () => {
    probes += 1
    const client = createClient<Json, Json>({
      ...options,
      id: `${name}#${probes}`,
      resume: { session: neverIssued + randomInt(2 ** 40), seq: 0 },
    })
    try {
      await waitFor(client.actor, (snapshot) => snapshot.matches('ready'), { timeout: silenceMs })
      await client.execute(null, { timeoutMs: silenceMs })
    } catch (error) {
      if (error instanceof StandbyError && error.code === 'sessionExpired') note()
    } finally {
      client.stop()
    }
  }
  const look = async () => {
    if (clock.now() - decidedAt >= idleMs) await probe()
    if (!isStopped) timer = clock.setTimeout(look, idleMs)
  }
  void look()
  return {
    note,
    areMade: () => clock.now() - decidedAt < silenceMs,
    stop() {
      isStopped = true
      clock.clearTimeout(timer)
    },
  }
}
