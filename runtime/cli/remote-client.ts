/** A client of a running system for one command of the command line: opened, used, and closed again. */
import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import * as v from 'valibot'
import { createClient, type KeyValueClient, withKeyValueMethods } from '../../actors/client.ts'
import { StandbyError } from '../../actors/errors.ts'
import type { Transport } from '../../actors/ports.ts'
import { defaultViewServiceId } from '../../actors/view-service.ts'
import type { KeyValueCommand, KeyValueResult } from '../../machines/key-value-store.ts'
import { keyValueStore } from '../../machines/key-value-store.ts'
import type { NodeId } from '../../machines/node-id.ts'
import { authenticationIn, checkedPeers } from '../process/config.ts'
import { openNetwork } from '../process/network.ts'
import { schedulerClock } from '../schedulers.ts'
import { gatheredConfig, type NetworkFlags } from './process-options.ts'

/** How commands of a client end: 1 if it surely was not executed, 3 if it may have been. */
export const exitCodes = { failed: 1, wrongOption: 2, mayHaveExecuted: 3 } as const

const secrets = v.object({
  secret: v.optional(v.string()),
  secretFile: v.optional(v.string()),
  authentication: v.optional(v.unknown()),
})

/** The network that flags, environment and file lead to, and an id that nobody has used on it. */
export async function openRemote(
  flags: NetworkFlags,
  command: Command,
): Promise<{ readonly transport: Transport; readonly id: NodeId }> {
  try {
    const given = gatheredConfig(flags, process.env)
    const peers = checkedPeers(given.peers)
    if (peers[defaultViewServiceId] === undefined) {
      throw new StandbyError(
        'invalidOption',
        `peers: expected the address of ${defaultViewServiceId}; give it and those of the servers with --peer, STANDBY_PEERS or --config`,
      )
    }
    const authentication = authenticationIn(v.parse(secrets, given))
    const clock = schedulerClock()
    const transport = await openNetwork({ listen: null, peers, authentication, insecure: false, clock })
    return { transport, id: `cli-${randomBytes(6).toString('hex')}#1` }
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
  const { transport, id } = await openRemote(flags, command)
  const client = withKeyValueMethods(
    createClient<KeyValueCommand, KeyValueResult>({
      id,
      transport,
      clock: schedulerClock(),
      application: keyValueStore,
      timeoutMs: flags.timeout,
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
    await transport.close()
  }
}
