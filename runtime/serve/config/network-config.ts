/** The part of a configuration that says how a process reaches the others, and how they know each other. It opens nothing. */
import * as v from 'valibot'
import { StandbyError } from '../../../actors/errors.ts'
import { schemas } from '../../../actors/options.ts'
import { defaultViewServiceId } from '../../../actors/view-service.ts'
import { isHost, isLoopback, parseAddress } from '../../transport/address.ts'
import type { Authentication } from '../../transport/authentication.ts'
import { asksForCertificates, type TlsOptions } from '../../transport/listening.ts'
import { type Address, address } from './address.ts'
import { authenticationIn, type GivenKeys, secretIn, textIn, tlsIn } from './secrets.ts'

/** The ways of messages between processes. */
export const transports = ['tcp', 'websocket', 'nats'] as const

const text = v.pipe(v.string(), v.minLength(1))
const path = v.pipe(v.string(), v.minLength(1, 'Expected a path'))
const systemText = 'Expected up to 100 letters, digits, - and _'

/** Its fields in a configuration file. */
export const networkEntries = {
  transport: v.optional(v.picklist(transports, `Expected one of ${transports.join(', ')}`)),
  system: v.optional(v.pipe(v.string(systemText), v.regex(/^[\w-]{1,100}$/, systemText))),
  listen: v.optional(address),
  peers: v.optional(v.record(schemas.name, address)),
  servers: v.optional(schemas.serverNames),
  secret: v.optional(v.pipe(v.string(), v.minLength(16, 'Expected a secret of 16 characters or more'))),
  secretFile: v.optional(path),
  keysFile: v.optional(path),
  authentication: v.optional(v.unknown()),
  tlsCertFile: v.optional(path),
  tlsKeyFile: v.optional(path),
  tlsCaFile: v.optional(path),
  tlsClientCertificates: v.optional(
    v.picklist(['required', 'ignored'], 'Expected required or ignored, for those who dial in'),
  ),
  natsServers: v.optional(v.pipe(v.array(text), v.minLength(1, 'Expected a server'))),
  natsUser: v.optional(text),
  natsPasswordFile: v.optional(path),
  natsTokenFile: v.optional(path),
  natsNkeyFile: v.optional(path),
  natsCredentialsFile: v.optional(path),
  insecure: v.optional(v.boolean()),
  origins: v.optional(v.array(text)),
}
const schema = v.object(networkEntries)
type Given = v.InferOutput<typeof schema>

/** Who a process is for a NATS server. */
export interface NatsConfig {
  readonly servers: readonly string[]
  readonly user: string | null
  readonly password: string | null
  readonly token: string | null
  /** The seed of an nkey. */
  readonly seed: string | null
  /** The text of a `.creds` file. */
  readonly credentials: string | null
}

/** How a process reaches the others. */
export interface NetworkConfig {
  readonly transport: (typeof transports)[number]
  /** Peers of another system are refused. */
  readonly system: string
  /** null: it only dials. */
  readonly listen: Address | null
  /** Where the others are, by name; NATS needs none of them. */
  readonly peers: Readonly<Record<string, Address>>
  /** The names of the servers of the system (N6); null if none are declared: then any name may be one. */
  readonly servers: readonly string[] | null
  /** null: no peer proves anything. */
  readonly authentication: Authentication | null
  /** The file of its keys or its secret, which is read again when it changes; null if they come from elsewhere. */
  readonly keyFile: Pick<GivenKeys, 'keysFile' | 'secretFile'> | null
  /** null: what travels can be read and changed on the way. */
  readonly tls: TlsOptions | null
  /** null: another transport. */
  readonly nats: NatsConfig | null
  readonly insecure: boolean
  /** Origins whose pages may speak to this process. */
  readonly origins: readonly string[]
}

/**
 * A network that can be opened. A process that only dials gives `listen: null`.
 * @throws StandbyError `invalidOption`, naming the field; a secret's text is never in it
 */
export function networkIn(given: Given, defaults: { readonly listen: Address | null }): NetworkConfig {
  const { transport = 'tcp' } = given
  const isNats = transport === 'nats'
  const network: NetworkConfig = {
    transport,
    system: given.system ?? 'standby',
    listen: given.listen ?? (isNats ? null : defaults.listen),
    peers: given.peers ?? {},
    servers: serversIn(given),
    authentication: authenticationIn(given),
    keyFile: keyFileIn(given),
    tls: tlsIn(given),
    nats: natsIn(given),
    insecure: given.insecure ?? false,
    origins: given.origins ?? [],
  }
  if (isNats) refuseBesidesNats(network)
  else refuseUnreachable(network)
  return network
}

function keyFileIn({ keysFile, secretFile }: Given): NetworkConfig['keyFile'] {
  if (keysFile !== undefined) return { keysFile }
  return secretFile === undefined ? null : { secretFile }
}

/** The declared servers; without a declaration, the peers that are not the view service. */
function serversIn({ servers, peers = {} }: Given): readonly string[] | null {
  if (servers !== undefined) return servers
  const names = Object.keys(peers).filter((name) => name !== defaultViewServiceId)
  return names.length === 0 ? null : names
}

/**
 * The servers of a process of a system; `own` is its name if it is a server. A system that knows who is who has to say
 * who is a server, too (N6). With one shared secret, or none, every process can be anyone, and a declaration is optional.
 * @throws StandbyError `invalidOption`
 */
export function declaredServers(network: NetworkConfig, own: string | null): readonly string[] | null {
  const { servers, nats } = network
  if (servers?.includes(defaultViewServiceId))
    throw invalid(`servers: expected names of servers, got ${defaultViewServiceId}; leave it out`)
  if (servers !== null) return servers
  if (!knowsNames(network)) return null
  if (own !== null && nats === null) return [own]
  throw invalid(
    'servers: expected the names of the servers, as a key, a certificate or a user of NATS makes no server; give --servers s1,s2,s3, or the servers as peers',
  )
}

/** Whether a peer has to prove a name of its own. */
function knowsNames({ authentication, tls, nats }: NetworkConfig): boolean {
  const keys = Object.values(authentication?.accepts ?? {})
  if (keys.some(({ names }) => !names.includes('*'))) return true
  const ways = nats === null ? [] : [nats.user, nats.seed, nats.credentials]
  return asksForCertificates(tls ?? undefined) || ways.some((way) => way !== null)
}

/** The network of a process that only dials; fields of other parts of a configuration are left alone. */
export function dialingNetworkIn(given: unknown): NetworkConfig {
  const { success, output, issues } = v.safeParse(schema, given)
  if (!success) throw invalid(`${v.getDotPath(issues[0]) ?? 'configuration'}: ${issues[0].message}`)
  const { listen: _, ...dialing } = output
  const network = networkIn(dialing, { listen: null })
  if (network.nats === null && network.peers[defaultViewServiceId] === undefined) {
    throw invalid(
      `peers: expected the address of ${defaultViewServiceId}; give it and those of the servers with --peer, STANDBY_PEERS or --config`,
    )
  }
  return network
}

/** Any peer that reaches a process without keys can speak for any node of the system. */
export function refuseUnsafeNetwork({ listen, authentication, tls, nats, insecure }: NetworkConfig): void {
  if (insecure) return
  const proves = authentication?.accepts !== undefined || asksForCertificates(tls ?? undefined)
  if (listen !== null && !isLoopback(listen.host) && !proves) {
    throw invalid(
      `listen: expected a secret where ${listen.host} can be reached from elsewhere; give --secret-file, --keys-file or --tls-ca-file, listen on 127.0.0.1, or say --insecure`,
    )
  }
  if (nats === null) return
  const isKnown = [nats.user, nats.token, nats.seed, nats.credentials].some((way) => way !== null)
  const remote = nats.servers.find((server) => !isLoopback(hostOf(server)!))
  if (remote !== undefined && !isKnown && tls?.listen === undefined) {
    throw invalid(
      `natsServers: expected credentials for ${remote}, where anybody else could be anybody; give --nats-credentials-file, --nats-nkey-file, --nats-token-file, --nats-user or a certificate, or say --insecure`,
    )
  }
}

function natsIn(given: Given): NatsConfig | null {
  const { transport, natsServers, natsUser, natsPasswordFile, natsTokenFile, natsNkeyFile } = given
  const { natsCredentialsFile } = given
  const ways = { natsUser, natsTokenFile, natsNkeyFile, natsCredentialsFile }
  const all = { natsServers, natsPasswordFile, ...ways }
  const named = Object.entries(all).find(([, value]) => value !== undefined)?.[0]
  if (transport !== 'nats') {
    if (named === undefined) return null
    throw invalid(`${named}: expected the transport nats with it; give --transport nats`)
  }
  if (natsServers === undefined)
    throw invalid('natsServers: expected a server, such as 127.0.0.1:4222; give it with --nats')
  // The arguments of a process can be read by everybody on its machine.
  if (natsServers.some((server) => server.includes('@')))
    throw invalid('natsServers: expected addresses without passwords; give those in files')
  const odd = natsServers.find((server) => hostOf(server) === null)
  if (odd !== undefined)
    throw invalid(`natsServers: expected addresses such as 127.0.0.1:4222, got ${JSON.stringify(odd)}`)
  if ((natsUser === undefined) !== (natsPasswordFile === undefined))
    throw invalid('natsUser, natsPasswordFile: expected both, got one of them')
  const used = Object.keys(ways).filter((way) => ways[way as keyof typeof ways] !== undefined)
  if (used.length > 1)
    throw invalid(
      `natsServers: expected one way to say who it is, got ${used.join(' and ')}; leave all but one out`,
    )
  return {
    servers: natsServers,
    user: natsUser ?? null,
    password: natsPasswordFile === undefined ? null : textIn('natsPasswordFile', natsPasswordFile).trim(),
    token: secretIn('natsTokenFile', natsTokenFile),
    seed: seedIn(natsNkeyFile),
    credentials: credentialsIn(natsCredentialsFile),
  }
}

/** The seed of a user, alone in its file or on a line of its own. */
function seedIn(file: string | undefined): string | null {
  if (file === undefined) return null
  const [seed] = /^SU[A-Z2-7]{56}$/m.exec(textIn('natsNkeyFile', file).replaceAll('\r', '')) ?? []
  if (seed !== undefined) return seed
  throw invalid(`natsNkeyFile: expected ${file} to hold the seed of a user, SU and 56 letters and digits`)
}

function credentialsIn(file: string | undefined): string | null {
  if (file === undefined) return null
  const text = textIn('natsCredentialsFile', file)
  if (/BEGIN NATS USER JWT/.test(text) && /BEGIN USER NKEY SEED/.test(text)) return text
  throw invalid(
    `natsCredentialsFile: expected ${file} to hold a user's JWT and the seed of its key, as nsc writes them`,
  )
}

function refuseBesidesNats({ listen, authentication }: NetworkConfig): void {
  if (listen !== null)
    throw invalid('listen: expected none with the transport nats, where all dial its servers; leave it out')
  if (authentication !== null)
    throw invalid(
      'authentication: expected no secret and no keys with the transport nats, whose accounts and permissions say who is who; leave them out',
    )
}

function refuseUnreachable({ listen, tls }: NetworkConfig): void {
  if (listen === null || tls === null || tls.listen !== undefined) return
  throw invalid('tlsCertFile: expected a certificate for the listener; give --tls-cert-file, --tls-key-file')
}

/** The host of a server of NATS, with or without a port: `nats://[::1]:4222` is `::1`; null if it is not an address. */
export function hostOf(server: string): string | null {
  const rest = server.replace(/^[a-z]{2,8}:\/\//, '').replace(/\/$/, '')
  const bare = /^\[([^\]]+)\]$/.exec(rest)?.[1] ?? rest
  return parseAddress(rest)?.host ?? (isHost(bare) ? bare : null)
}

function invalid(message: string): StandbyError {
  return new StandbyError('invalidOption', message)
}
