// Over a NATS server: our system, beside a bare chain of requests and replies that takes the same hops.
import { startNatsServer } from '../test/transport/nats-server.ts'
import { type BenchOptions, interleaved, type Measurement, median, medianRatio } from './measurement.ts'
import type { LoadAnswer } from './processes/driver.ts'
import type { Program } from './processes/programs.ts'
import { startDriver, startNatsChain, startStandbyOverNats, warmUp } from './processes/systems.ts'

const loads = [
  { callers: 1, clients: 1 },
  { callers: 64, clients: 1 },
  { callers: 64, clients: 64 },
] as const

export async function natsBench({ quick }: BenchOptions): Promise<Measurement[]> {
  const server = await startNatsServer()
  const { url } = server
  const systems = [await startStandbyOverNats(url), await startNatsChain(url)]
  const chain = await startDriver({ kind: 'nats-chain', url })
  const measurements: Measurement[] = []
  for (const { callers, clients } of loads) {
    const standby = await startDriver({ kind: 'standby-nats', url, clients })
    await warmUp(standby, callers, { quick })
    await warmUp(chain, callers, { quick })
    const perSecond = (driver: Program) => async () =>
      (await driver.ask<LoadAnswer>({ ask: 'load', callers, ms: quick ? 150 : 500 })).perSecond
    const rates = await interleaved({ standby: perSecond(standby), chain: perSecond(chain) }, quick ? 5 : 11)
    await standby.stop()
    const name =
      callers === 1
        ? 'over NATS, 1 caller'
        : `over NATS, ${callers} callers, ${clients} client${clients > 1 ? 's' : ''}`
    measurements.push(
      { name, value: median(rates.standby), unit: 'operations/s' },
      { name: `${name}: bare chain of requests`, value: median(rates.chain), unit: 'operations/s' },
      {
        name: `${name}: of the chain`,
        value: medianRatio(rates.standby, rates.chain),
        unit: 'x',
        target: { atLeast: 0.7 },
      },
    )
  }
  await chain.stop()
  for (const system of systems) await system.stop()
  await server.stop()
  return measurements
}
