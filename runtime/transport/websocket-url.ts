/** Addresses in a directory of WebSockets, checked before any of them is dialed. */
import { StandbyError } from '../../actors/errors.ts'
import { isHost, parseAddress } from './address.ts'
import type { Directory } from './mesh-options.ts'

/** @throws StandbyError `invalidOption` for an address that is not the URL of a WebSocket. */
export function checkedUrls(directory: Directory | undefined): void {
  if (typeof directory !== 'object') return
  for (const [name, url] of Object.entries(directory)) checkedUrl(url, `directory.${name}`)
}

/** The URL, if it is one of a WebSocket. @throws StandbyError `invalidOption` */
export function checkedUrl(url: string, where = 'directory'): string {
  const [, authority, path] = /^wss?:\/\/([^/?#]+)([/?][!-~]*)?$/.exec(url) ?? []
  const isUrl = authority !== undefined && isAuthority(authority) && URL.canParse(`ws://x${path ?? ''}`)
  if (isUrl) return url
  const what = `${where}: expected an address such as ws://127.0.0.1:7000, got ${JSON.stringify(url)}`
  throw new StandbyError('invalidOption', what)
}

/** A host with or without a port. */
function isAuthority(text: string): boolean {
  const [, v6] = /^\[([^\]]+)\]$/.exec(text) ?? []
  return parseAddress(text) !== null || (v6 === undefined ? isHost(text) && !text.includes(':') : isHost(v6))
}
