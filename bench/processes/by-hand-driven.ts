/** A client of the protocol by hand, over lines on TCP. */
import { schedulerClock } from '../../runtime/schedulers.ts'
import { Client } from '../baseline.ts'
import { type Driven, type DrivenConfig, keyOf } from './driven.ts'
import { openLines } from './lines.ts'

export async function openByHand({ directory }: Extract<DrivenConfig, { kind: 'by-hand' }>): Promise<Driven> {
  const transport = await openLines({ directory, port: null })
  const client = new Client(`c-${process.pid}#1`, { transport, clock: schedulerClock() })
  await client.execute({ op: 'get', key: 'k' })
  return { callOf: () => (serial) => client.execute({ op: 'put', key: keyOf(serial), value: serial }) }
}
