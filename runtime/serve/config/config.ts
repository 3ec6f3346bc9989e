/** The configuration of a process: name, addresses, peers. Validated as a whole before anything starts. */
import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { StandbyError } from '../../../actors/errors.ts'
import {
  checkedLimits,
  checkedTiming,
  type LimitOptions,
  schemas,
  type TimingOptions,
} from '../../../actors/options.ts'
import { defaultViewServiceId } from '../../../actors/view-service.ts'
import { isLoopback } from '../../transport/address.ts'
import { type Address, address } from './address.ts'
import {
  declaredServers,
  type NetworkConfig,
  networkEntries,
  networkIn,
  refuseUnsafeNetwork,
} from './network-config.ts'
import { secretIn } from './secrets.ts'

/** The parts that a process can play. */
export const roles = ['view-service', 'server', 'client-gateway'] as const
/** What a process is in its system. */
export type ProcessRole = (typeof roles)[number]

const path = v.pipe(v.string(), v.minLength(1, 'Expected a path'))
const durationText = 'Expected milliseconds from 0 to 3600000'

/** How much a process says of what happens. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const

/** What a server waits for before it sends: the disk, the operating system, or nothing. */
export const durabilities = ['flush', 'os', 'memory'] as const

const entries = {
  name: v.optional(schemas.name),
  ...networkEntries,
  data: v.optional(path),
  durability: v.optional(v.picklist(durabilities, `Expected one of ${durabilities.join(', ')}`)),
  application: v.optional(path),
  http: v.optional(address),
  httpToken: v.optional(v.pipe(v.string(), v.minLength(16, 'Expected a token of 16 characters or more'))),
  httpTokenFile: v.optional(path),
  drainMs: v.optional(
    v.pipe(v.number(durationText), v.minValue(0, durationText), v.maxValue(3_600_000, durationText)),
  ),
  logLevel: v.optional(v.picklist(logLevels, `Expected one of ${logLevels.join(', ')}`)),
  logFormat: v.optional(v.picklist(['text', 'json'], 'Expected text or json')),
  monitoring: v.optional(v.array(address)),
  timing: v.optional(v.unknown()),
  limits: v.optional(v.unknown()),
}
const schema = v.strictObject(entries)

/** The names that a configuration file may use; the flags of `standby serve` are the same in kebab-case. */
export const configKeys: readonly string[] = Object.keys(entries)

/** A configuration that can be started. */
export interface ProcessConfig extends NetworkConfig {
  readonly role: ProcessRole
  readonly name: string
  /** null: keeps nothing on disk, which only a gateway may. */
  readonly data: string | null
  /** Of a server's state; a view service always waits for the disk. */
  readonly durability: (typeof durabilities)[number]
  /** The module of what is replicated; null: the key-value store. */
  readonly application: string | null
  /** null: no HTTP. */
  readonly http: Address | null
  readonly httpToken: string | null
  /** How long a process that was asked to leave may take. */
  readonly drainMs: number
  readonly logLevel: (typeof logLevels)[number]
  readonly logFormat: 'text' | 'json'
  readonly timing: Required<TimingOptions>
  readonly limits: Required<LimitOptions>
}

/** Reads a configuration file: a JSON object. @throws StandbyError `invalidOption` */
export function readConfigFile(file: string): Readonly<Record<string, unknown>> {
  let given: unknown
  try {
    given = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw invalid(`expected ${file} to be a JSON file, got ${(error as Error).message}`)
  }
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return { ...given }
  throw invalid(`expected ${file} to hold a JSON object, such as {"name": "s1"}`)
}

/**
 * A configuration with its defaults, if it is one that can be started and is safe to start.
 * @throws StandbyError `invalidOption`, naming the field; a secret's text is never in it
 */
export function checkedConfig(role: ProcessRole, given: unknown): ProcessConfig {
  const { success, output, issues } = v.safeParse(schema, given)
  if (!success) {
    const [issue] = issues
    const where = v.getDotPath(issue) ?? 'configuration'
    const isKnown = configKeys.includes(where.split('.')[0]!)
    throw invalid(
      isKnown ? `${where}: ${issue.message}` : `${where}: expected one of ${configKeys.join(', ')}`,
    )
  }
  const name = output.name ?? defaultName(role)
  const network = networkIn(output, {
    listen: role === 'client-gateway' ? null : { host: '127.0.0.1', port: 0 },
  })
  const config: ProcessConfig = {
    ...network,
    servers: serversOf(network, role === 'server' ? name : null, output.servers !== undefined),
    role,
    name,
    data: output.data ?? null,
    durability: output.durability ?? 'flush',
    application: output.application ?? null,
    http: output.http ?? (role === 'client-gateway' ? { host: '127.0.0.1', port: 8080 } : null),
    httpToken: output.httpToken ?? secretIn('httpTokenFile', output.httpTokenFile),
    drainMs: output.drainMs ?? 5000,
    logLevel: output.logLevel ?? 'info',
    logFormat: output.logFormat ?? 'text',
    timing: checkedTiming(output.timing),
    limits: checkedLimits(output.limits),
  }
  refuseUnstartable(config)
  if (role !== 'server' && output.durability !== undefined)
    throw invalid(`durability: expected none for a ${role}, which holds no state; leave it out`)
  refuseSlow(config)
  refuseUnsafe(config)
  return config
}

/** A server's own name need not be among its peers. */
function serversOf(
  network: NetworkConfig,
  own: string | null,
  isExplicit: boolean,
): readonly string[] | null {
  const servers = declaredServers(network, own)
  if (servers === null || own === null || isExplicit || servers.includes(own)) return servers
  return [...servers, own]
}

const addresses = v.array(address, 'Expected a list of host:port')

/** @throws StandbyError `invalidOption` */
export function checkedAddresses(given: unknown): readonly Address[] {
  const { success, output, issues } = v.safeParse(addresses, given)
  if (success) return output
  throw invalid(`${['addresses', v.getDotPath(issues[0])].filter(Boolean).join('.')}: ${issues[0].message}`)
}

function refuseUnstartable({ role, name, data, peers, nats, application, servers }: ProcessConfig): void {
  if (role === 'view-service' && application !== null)
    throw invalid('application: expected none for a view service, which replicates nothing; leave it out')
  if (role === 'server' && name === '')
    throw invalid('name: expected a name, such as s1; give it with --name')
  if (role !== 'client-gateway' && data === null) {
    throw invalid('data: expected a folder for what must survive a restart; give it with --data')
  }
  if (role !== 'view-service' && name === defaultViewServiceId) {
    throw invalid(`name: expected another name than the view service's, got ${name}`)
  }
  if (role === 'server' && servers !== null && !servers.includes(name)) {
    throw invalid(`servers: expected ${name} to be among them, got ${servers.join(', ')}; add it`)
  }
  if (role === 'client-gateway' && servers?.includes(name)) {
    throw invalid(`name: expected another name than a server's, got ${name}; choose one for the gateway`)
  }
  if (role !== 'view-service' && nats === null && peers[defaultViewServiceId] === undefined) {
    throw invalid(
      `peers: expected the address of ${defaultViewServiceId}; give it with --peer ${defaultViewServiceId}=127.0.0.1:7400`,
    )
  }
}

/** What an event loop handles in a millisecond, on slow machines too: 1,280 KiB of text, or 8,192 values, in 100 ms. */
const perMs = { bytes: 13_108, values: 82 } as const
const ofMessages = {
  commandBytesMax: 'bytes',
  commandValuesMax: 'values',
  batchBytesMax: 'bytes',
  transferBytesMax: 'bytes',
} as const

/** Handling one message must not make pings so late that a server looks dead (V7). */
function refuseSlow({ timing, limits }: ProcessConfig): void {
  const { pingCheckIntervalMs, pingTimeout } = timing
  for (const [name, unit] of Object.entries(ofMessages) as [keyof typeof ofMessages, 'bytes' | 'values'][]) {
    const max = Math.floor(perMs[unit] * pingCheckIntervalMs * (pingTimeout - 1))
    if (limits[name] <= max) continue
    throw invalid(
      `limits.${name}: expected at most ${max} ${unit} with a pingCheckIntervalMs of ${pingCheckIntervalMs}, got ${limits[name]}; handling more delays pings until a server looks dead; lower it, or raise timing.pingCheckIntervalMs`,
    )
  }
}

/** Any caller that reaches a gateway without tokens has the rights of all callers. */
function refuseUnsafe(config: ProcessConfig): void {
  refuseUnsafeNetwork(config)
  const { http, httpToken, insecure } = config
  if (insecure) return
  if (http !== null && !isLoopback(http.host) && httpToken === null) {
    throw invalid(
      `http: expected a token where ${http.host} can be reached from elsewhere; give --http-token-file, listen on 127.0.0.1, or say --insecure`,
    )
  }
}

function defaultName(role: ProcessRole): string {
  if (role === 'view-service') return defaultViewServiceId
  return role === 'client-gateway' ? 'gateway' : ''
}

function invalid(message: string): StandbyError {
  return new StandbyError('invalidOption', message)
}
