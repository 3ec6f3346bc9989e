/** Hosts with ports, as a configuration names them. Nothing is looked up. */
import { isIP } from 'node:net'
import * as v from 'valibot'
import { formatAddress as format } from '../../transport/listening.ts'

/** A host and a port, such as `127.0.0.1:7401` or `[::1]:7401`; port 0 takes a free one. */
export interface Address {
  readonly host: string
  readonly port: number
}

const addressText = 'Expected host:port, such as 127.0.0.1:7401 or [::1]:7401'

/** The schema of an address's text; what comes out is its parts. */
export const address = v.pipe(
  v.string(addressText),
  v.transform(parseAddress),
  v.custom<Address>((parsed) => parsed !== null, addressText),
)

/** As one writes it. */
export function formatAddress({ host, port }: Address): string {
  return format(host, port)
}

/** null if it is none. */
export function parseAddress(given: string): Address | null {
  const parts = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(given)
  if (parts === null) return null
  const port = Number(parts[3])
  const host = parts[1] ?? parts[2]!
  const isValid = port <= 65_535 && (parts[1] === undefined || isIP(host) === 6)
  return isValid ? { host, port } : null
}
