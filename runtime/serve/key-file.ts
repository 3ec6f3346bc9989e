/** Keys that are replaced without a restart: the file that holds them is read again when it changes. */
import { unwatchFile, watchFile } from 'node:fs'
import type { MeshTransport } from '../transport/mesh-options.ts'
import type { NetworkConfig } from './config/network-config.ts'
import { authenticationIn } from './config/secrets.ts'
import type { ProcessLog } from './log.ts'

/** How often the file is looked at, in milliseconds. */
const lookMs = 1000

/** Watches the file of the keys until the returned function is called. A file that cannot be used changes nothing. */
export function watchKeyFile(
  keyFile: NonNullable<NetworkConfig['keyFile']>,
  transport: Pick<MeshTransport, 'replaceKeys'>,
  log: Pick<ProcessLog, 'write'>,
): () => void {
  const path = keyFile.keysFile ?? keyFile.secretFile!
  const reread = async () => {
    try {
      await transport.replaceKeys(authenticationIn(keyFile)!)
      log.write('info', `took new keys from ${path}`)
    } catch (error) {
      log.write('error', `keeps its old keys: ${(error as Error).message}`)
    }
  }
  const onChange = () => void reread()
  watchFile(path, { interval: lookMs, persistent: false }, onChange)
  return () => unwatchFile(path, onChange)
}
