/** A client of a running system for one command of the command line: opened, used, and closed again. */
import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { createClient, type KeyValueClient, withKeyValueMethods } from '../actors/client.ts'
import { StandbyError } from '../actors/errors.ts'
import type { Transport } from '../actors/ports.ts'
import type { KeyValueCommand, KeyValueResult } from '../machines/application/key-value-store.ts'
import type { NodeId } from '../machines/node-id.ts'
import { schedulerClock } from '../runtime/schedulers.ts'
import { dialingNetworkIn, type NetworkConfig } from '../runtime/serve/config/network-config.ts'
import { openNetwork } from '../runtime/serve/network.ts'
import { flushed, loadTracing } from '../runtime/serve/tracing.ts'
import { flagsOf, gatheredConfig, type NetworkFlags } from './process-options.ts'

/** How commands of a client end: 1 if it surely was not executed, 3 if it may have been. */
export const exitCodes = { failed: 1, wrongOption: 2, mayHaveExecuted: 3 } as const

/** The network that flags, environment and file lead to, and an id that is new on it. */
export async function openRemote(
  command: Command,
): Promise<
  Pick<NetworkConfig, 'system' | 'servers'> & { readonly transport: Transport; readonly id: NodeId }
> {
  try {
    const network = dialingNetworkIn(gatheredConfig(flagsOf(command), process.env))
    const transport = await openNetwork(network, schedulerClock(), {
      write: (_, line) => void process.stderr.write(`standby: ${line}\n`),
    })
    const { system, servers } = network
    return { transport, id: `cli-${randomBytes(6).toString('hex')}#1`, system, servers }
  } catch (error) {
    return command.error(`error: ${(error as Error).message}`)
  }
}

/** Runs `use` with a client; an error of the library becomes a sentence on standard error and an exit code. */
export async function withRemoteClient(
  flags: NetworkFlags & { readonly timeout: number },
  command: Command,
  use: (client: KeyValueClient) => Promise<void>,
): Promise<void> {
  const { transport, id, system, servers } = await openRemote(command)
  const tracing = await loadTracing(system, process.env)
  const client = withKeyValueMethods(
    createClient<KeyValueCommand, KeyValueResult>({
      id,
      transport,
      clock: schedulerClock(),
      timeoutMs: flags.timeout,
      ...(servers && { servers }),
      ...(tracing && { observe: tracing.observe }),
    }),
  )
  try {
    await use(client)
  } catch (error) {
    if (!(error instanceof StandbyError)) throw error
    process.stderr.write(`standby: ${error.code}: ${error.message}\n`)
    const isExecuted = error.mayHaveExecuted && error.code !== 'applicationError'
    process.exitCode = isExecuted ? exitCodes.mayHaveExecuted : exitCodes.failed
  } finally {
    client.stop()
    await Promise.all([transport.close(), flushed(tracing)])
  }
}
