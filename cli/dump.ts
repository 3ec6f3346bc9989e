/** `standby dump` and `standby restore`: the state of a system that runs to a file, and back. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { StandbyError } from '../actors/errors.ts'
import { readDump } from '../runtime/serve/dump.ts'
import type { NodeStatus } from '../runtime/serve/node-status.ts'
import { restoreEntries, restoreMark } from '../runtime/serve/restore.ts'
import { readInput } from './input.ts'
import { addMonitoringFlags, askEach, type MonitoringFlags, placesIn } from './monitoring.ts'
import { duration } from './options.ts'
import { addNetworkFlags, type NetworkFlags } from './process-options.ts'
import { exitCodes, withRemoteClient } from './remote-client.ts'

/** Adds the commands to the program. */
export function registerDump(program: Command): void {
  const dump = program
    .command('dump')
    .argument('<file>', 'the file to write; - writes to standard output')
    .argument('[addresses...]', 'where the servers serve HTTP, host:port each (STANDBY_MONITORING)')
    .description('write the state of a running system at one moment to a file, while the system goes on')
    .addHelpText(
      'after',
      `
The primary gives it only after the others have confirmed that it still is one; its view is in the first line. A state
that a restore has left half done is written, with a warning and exit code 1.`,
    )
  addMonitoringFlags(dump).action(
    async (file: string, addresses: string[], options: MonitoringFlags, command: Command) => {
      const { places, token } = placesIn(addresses, options, command)
      const rows = await askEach(places, token, options.timeout)
      const primaries = rows.filter(({ status }) => status?.role === 'primary')
      const newest = primaries.sort((a, b) => viewNumber(b.status) - viewNumber(a.status))[0]
      if (newest === undefined)
        return fail('expected a primary among those that answer, got none; see standby status')
      try {
        const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
        const response = await fetch(`http://${newest.address}/dump`, { headers })
        const text = response.ok ? null : await response.text()
        if (text !== null)
          return fail(`expected a dump of ${newest.address}, got HTTP ${response.status}: ${text.trim()}`)
        const target = file === '-' ? process.stdout : createWriteStream(file, { mode: 0o600 })
        await pipeline(Readable.fromWeb(response.body as never), target, { end: file !== '-' })
        const isHalf = response.headers.get('standby-half-restored') !== null
        if (isHalf)
          fail(
            `expected a whole state, got one that a restore has not finished; finish the restore, then dump again`,
          )
      } catch (error) {
        fail(`expected to write a whole dump to ${file}, got ${(error as Error).message}`)
      }
    },
  )
  const restore = program
    .command('restore')
    .argument('<file>', 'a file that standby dump has written; - reads standard input')
    .description('put every key of a dump into a running system; keys that are not in it stay as they are')
    .option('--timeout <duration>', 'how long to wait for each answer', duration, 10_000)
    .addHelpText(
      'after',
      `
Refuses a file that is not whole before it writes anything. While it writes, the key ${JSON.stringify(restoreMark)}
says so; if it is cut short, that key stays, no other file can be restored, and the same file given again goes on.
Giving a file twice is harmless.`,
    )
  addNetworkFlags(restore).action(
    async (file: string, options: NetworkFlags & { timeout: number }, command: Command) => {
      let entries: ReturnType<typeof readDump>
      let text: string
      try {
        text = readInput(file)
        entries = readDump(text)
      } catch (error) {
        return fail(error instanceof StandbyError ? `${file}: ${error.message}` : (error as Error).message)
      }
      await withRemoteClient(options, command, async (client) => {
        await restoreEntries(client, entries, createHash('sha256').update(text).digest('hex'))
        process.stdout.write(`${entries.length} keys restored\n`)
      })
    },
  )
}

function viewNumber(status: NodeStatus | null): number {
  return status?.view.number ?? 0
}

function fail(message: string): void {
  process.stderr.write(`standby: ${message}\n`)
  process.exitCode = exitCodes.failed
}
