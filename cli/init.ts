/** `standby init`: the first record of a new system, in the data folder of its view service; every start after that finds one (V11). */
import type { Command } from 'commander'
import { openDataFolder } from '../runtime/serve/data-folder.ts'
import { nodeFileSystem } from '../runtime/store/file-system.ts'
import { openViewRecord, viewRecordFile } from '../runtime/store/view-record.ts'
import { exitCodes } from './remote-client.ts'

/** Adds the command to the program. */
export function registerInit(program: Command): void {
  program
    .command('init')
    .argument('<folder>', 'the data folder that its view service will be given')
    .description('found a new system, once, so that its view service can be started without --new-system')
    .addHelpText('after', '\nRefuses where a record is, with exit code 1: then there is a system already.')
    .action(async (folder: string) => {
      try {
        const unlock = await openDataFolder(folder, nodeFileSystem)
        openViewRecord(viewRecordFile(folder), { isNew: true })
        await unlock()
        process.stdout.write(`${folder} holds the record of a new system\n`)
      } catch (error) {
        process.stderr.write(`standby: ${(error as Error).message}\n`)
        process.exitCode = exitCodes.failed
      }
    })
}
