/** A view service that kills itself before step `argv[3]` of writing its record: a program for killed-at.ts. */
import { readFileSync } from 'node:fs'
import { checkedConfig } from '../../runtime/serve/config/config.ts'
import { startProcess } from '../../runtime/serve/run-process.ts'
import { type FileSystem, nodeFileSystem } from '../../runtime/store/file-system.ts'
import { viewRecordFile } from '../../runtime/store/view-record.ts'

const [, , configFile, killAtText, isNewText] = process.argv
const config = checkedConfig('view-service', JSON.parse(readFileSync(configFile!, 'utf8')))
const killAt = Number(killAtText)

let steps = 0
const step = () => {
  steps += 1
  if (steps === killAt) process.kill(process.pid, 'SIGKILL')
}
const files: FileSystem = {
  ...nodeFileSystem,
  create(path) {
    step()
    const file = nodeFileSystem.create(path)
    return {
      ...file,
      write(bytes) {
        file.write(bytes.subarray(0, bytes.length >> 1))
        step()
        file.write(bytes.subarray(bytes.length >> 1))
      },
      sync() {
        step()
        file.sync()
      },
    }
  },
  rename(from, to) {
    step()
    nodeFileSystem.rename(from, to)
  },
  syncFolder(folder) {
    step()
    nodeFileSystem.syncFolder(folder)
  },
}

await startProcess(config, {
  isNew: isNewText === 'new',
  store: viewRecordFile(config.data!, files),
  line: (text) => void process.stderr.write(`${text}\n`),
  onFailure: () => process.exit(1),
})
process.stdout.write('ready\n')
