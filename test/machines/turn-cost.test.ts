/** What the worst permitted value costs an event loop: of the 100 ms that a ping may be late, at most a part in each turn. */
import { describe, expect, test } from 'vitest'
import { defaultTiming } from '../../actors/options.ts'
import type { Application, Json } from '../../machines/application/application.ts'
import { digestOf, emptyReplica, executeAll } from '../../machines/application/at-most-once.ts'
import { jsonCost } from '../../machines/application/json.ts'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import type { Request } from '../../machines/messages.ts'
import { decodeFrame, encodeEnvelope } from '../../runtime/transport/frame.ts'
import { worstValues } from '../support/worst-values.ts'

const application = keyValueStore as Application
const { replica: opened } = executeAll(
  application,
  emptyReplica(application),
  [{ client: 'c#1', session: null, seq: 0, commands: [], bytes: 0 }],
  10,
)

const requestOf = (seq: number, command: Json): Request => ({
  client: 'c#1',
  session: 1,
  seq,
  commands: [command],
  bytes: jsonCost(command),
})
const envelopeOf = (requests: readonly Request[]) => ({
  from: 's1#1',
  to: 's2#1',
  message: { type: 'forward', viewNumber: 1, number: 1, requests } as const,
  stamp: { lamport: 1, vector: { 's1#1': 1 } },
})

/** What a backup does in one turn: a frame is read, its commands are executed, and their outcomes compared. */
function turn(frame: string) {
  const decoded = decodeFrame(frame, { depthMax: 256 })
  if (decoded.frame !== 'envelope' || decoded.envelope.message.type !== 'forward')
    throw new Error('no forward')
  const { outcomes, happened, replica } = executeAll(
    application,
    opened,
    decoded.envelope.message.requests,
    10,
  )
  return { replica, digest: digestOf(outcomes, happened) }
}

/** Milliseconds of processor time; the least of several, because other threads of the process count too. */
function leastCpu(act: () => unknown): number {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 8; round++) {
    const before = process.cpuUsage()
    act()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
  }
  return least
}

describe('the worst permitted value', () => {
  test.each(Object.entries(worstValues))(
    '%s: each turn of a server is shorter than a check interval',
    (_, make) => {
      const put = requestOf(1, { op: 'put', key: 'a', value: make() } as Json)
      const frame = encodeEnvelope(envelopeOf([put]))
      const { replica } = turn(frame)
      const reading = [requestOf(2, { op: 'get', key: 'a' })]

      const writes = leastCpu(() => turn(frame))
      const sends = leastCpu(() => encodeEnvelope(envelopeOf([put])))
      const answers = leastCpu(() => {
        const { outcomes, happened } = executeAll(application, replica, reading, 10)
        digestOf(outcomes, happened)
        JSON.stringify(outcomes)
      })

      expect(Math.max(writes, sends, answers)).toBeLessThan(defaultTiming.pingCheckIntervalMs)
    },
  )
})
