/** Hosts with ports, the only parser of them, and which hosts are this machine. It looks nothing up and runs in browsers. */

/** A host and a port, such as `127.0.0.1:7401` or `[::1]:7401`; port 0 takes a free one. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** What `parseAddress` takes, for error messages. */
export const addressText = 'host:port, such as 127.0.0.1:7401 or [::1]:7401'

/** The parts of `host:port` or `[IPv6]:port`; null if the text is not an address. */
export function parseAddress(text: string): Address | null {
  const [, v6, name, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65_535) return null
  if (v6 !== undefined) return isIPv6(v6) ? { host: v6, port } : null
  return isHostName(name!) ? { host: name!, port } : null
}

/** The text of an address, with brackets around IPv6. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Whether a text can be a host: a name, an IPv4 address, or an IPv6 address without brackets. */
export function isHost(text: string): boolean {
  return isIPv6(text) || isHostName(text)
}

/** Whether a host is this machine and no other. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  if (name === 'localhost') return true
  if (isIPv6(name)) return /^\[(::1|::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4})\]$/.test(canonicalIPv6(name) ?? '')
  const octets = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(name)?.slice(1)
  return octets?.every((octet) => Number(octet) <= 255) ?? false
}

/** Letters and digits of any script, dots, hyphens and underscores; nothing that a URL or a terminal would read as more. */
function isHostName(text: string): boolean {
  return /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_.-]{0,252}$/u.test(text)
}

/** A zone such as `%eth0` may follow. */
function isIPv6(text: string): boolean {
  return text.includes(':') && canonicalIPv6(text.replace(/%[\w.-]{1,32}$/, '')) !== null
}

/** As URLs write it, in brackets; null if it is not one. */
function canonicalIPv6(text: string): string | null {
  try {
    return /^[\da-f:.]+$/i.test(text) ? new URL(`http://[${text}]`).hostname : null
  } catch {
    return null
  }
}
