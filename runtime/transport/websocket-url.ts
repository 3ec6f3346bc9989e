/** The addresses in a directory of WebSockets, checked before anyone is dialed. */
import { StandbyError } from '../../actors/errors.ts'
import type { Directory } from './mesh.ts'

/** @throws StandbyError `invalidOption` for an address that is no URL of a WebSocket. */
export function checkedUrls(directory: Directory | undefined): void {
  if (typeof directory !== 'object') return
  for (const [name, url] of Object.entries(directory)) {
    if (/^wss?:\/\/[^\s/]+/.test(url)) continue
    const what = `directory.${name}: expected an address such as ws://127.0.0.1:7000, got ${url}`
    throw new StandbyError('invalidOption', what)
  }
}
