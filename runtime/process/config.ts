/** What a process of a system is told: its name, where it listens, whom it knows. Checked as a whole before anything starts. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import * as v from 'valibot'
import { StandbyError } from '../../actors/errors.ts'
import {
  checkedLimits,
  checkedTiming,
  type LimitOptions,
  schemas,
  type TimingOptions,
} from '../../actors/options.ts'
import { defaultViewServiceId } from '../../actors/view-service.ts'
import { type Authentication, checkedAuthentication, sharedSecret } from '../transport/authentication.ts'
import { formatAddress as format, isLoopback } from '../transport/listening.ts'

/** The parts that a process can play. */
export const roles = ['view-service', 'server', 'client-gateway'] as const
/** What a process is in its system. */
export type ProcessRole = (typeof roles)[number]

/** A host and a port, such as `127.0.0.1:7401` or `[::1]:7401`; port 0 takes a free one. */
export interface Address {
  readonly host: string
  readonly port: number
}

const addressText = 'Expected host:port, such as 127.0.0.1:7401 or [::1]:7401'
const address = v.pipe(
  v.string(addressText),
  v.transform(parseAddress),
  v.custom<Address>((parsed) => parsed !== null, addressText),
)
const text = v.pipe(v.string(), v.minLength(1))
const path = v.pipe(v.string(), v.minLength(1, 'Expected a path'))
const durationText = 'Expected milliseconds from 0 to 3600000'

/** How much a process says of what happens. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const

const entries = {
  name: v.optional(schemas.name),
  listen: v.optional(address),
  peers: v.optional(v.record(schemas.name, address)),
  data: v.optional(path),
  http: v.optional(address),
  secret: v.optional(v.pipe(v.string(), v.minLength(16, 'Expected a secret of 16 characters or more'))),
  secretFile: v.optional(path),
  httpToken: v.optional(v.pipe(v.string(), v.minLength(16, 'Expected a token of 16 characters or more'))),
  httpTokenFile: v.optional(path),
  insecure: v.optional(v.boolean()),
  drainMs: v.optional(
    v.pipe(v.number(durationText), v.minValue(0, durationText), v.maxValue(3_600_000, durationText)),
  ),
  logLevel: v.optional(v.picklist(logLevels, `Expected one of ${logLevels.join(', ')}`)),
  logFormat: v.optional(v.picklist(['text', 'json'], 'Expected text or json')),
  origins: v.optional(v.array(text)),
  monitoring: v.optional(v.array(address)),
  authentication: v.optional(v.unknown()),
  timing: v.optional(v.unknown()),
  limits: v.optional(v.unknown()),
}
const schema = v.strictObject(entries)

/** The names that a configuration file may use; the flags of `standby serve` are the same in kebab-case. */
export const configKeys: readonly string[] = Object.keys(entries)

/** A configuration that can be started. */
export interface ProcessConfig {
  readonly role: ProcessRole
  readonly name: string
  /** null: it only dials, which is for a gateway. */
  readonly listen: Address | null
  /** Where the others are, by name. */
  readonly peers: Readonly<Record<string, Address>>
  /** null: keeps nothing on disk, which only a gateway may. */
  readonly data: string | null
  /** null: no HTTP. */
  readonly http: Address | null
  /** null: nobody proves anything. */
  readonly authentication: Authentication | null
  readonly httpToken: string | null
  readonly insecure: boolean
  /** How long a process that was asked to leave may take. */
  readonly drainMs: number
  readonly logLevel: (typeof logLevels)[number]
  readonly logFormat: 'text' | 'json'
  /** Origins whose pages may speak to the gateway. */
  readonly origins: readonly string[]
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
  const config: ProcessConfig = {
    role,
    name: output.name ?? defaultName(role),
    listen: output.listen ?? (role === 'client-gateway' ? null : { host: '127.0.0.1', port: 0 }),
    peers: output.peers ?? {},
    data: output.data ?? null,
    http: output.http ?? (role === 'client-gateway' ? { host: '127.0.0.1', port: 8080 } : null),
    authentication: authenticationIn(output),
    httpToken: output.httpToken ?? secretIn('httpTokenFile', output.httpTokenFile),
    insecure: output.insecure ?? false,
    drainMs: output.drainMs ?? 5000,
    logLevel: output.logLevel ?? 'info',
    logFormat: output.logFormat ?? 'text',
    origins: output.origins ?? [],
    timing: checkedTiming(output.timing),
    limits: checkedLimits(output.limits),
  }
  refuseUnstartable(config)
  refuseUnsafe(config)
  return config
}

/** Where the others are, by name. @throws StandbyError `invalidOption` */
export function checkedPeers(given: unknown): Readonly<Record<string, Address>> {
  return checkedPart('peers', v.record(schemas.name, address), given ?? {})
}

/** @throws StandbyError `invalidOption` */
export function checkedAddresses(given: unknown): readonly Address[] {
  return checkedPart('addresses', v.array(address, 'Expected a list of host:port'), given)
}

function checkedPart<Output>(where: string, part: v.GenericSchema<unknown, Output>, given: unknown): Output {
  const { success, output, issues } = v.safeParse(part, given)
  if (success) return output
  throw invalid(`${[where, v.getDotPath(issues[0])].filter(Boolean).join('.')}: ${issues[0].message}`)
}

function refuseUnstartable({ role, name, data, peers }: ProcessConfig): void {
  if (role === 'server' && name === '')
    throw invalid('name: expected a name, such as s1; give it with --name')
  if (role !== 'client-gateway' && data === null) {
    throw invalid('data: expected a folder for what must survive a restart; give it with --data')
  }
  if (role !== 'view-service' && name === defaultViewServiceId) {
    throw invalid(`name: expected another name than the view service's, got ${name}`)
  }
  if (role !== 'view-service' && peers[defaultViewServiceId] === undefined) {
    throw invalid(
      `peers: expected the address of ${defaultViewServiceId}; give it with --peer ${defaultViewServiceId}=127.0.0.1:7400`,
    )
  }
}

/** Whoever can reach a process that asks for no secret can be anybody in the system. */
function refuseUnsafe({ listen, http, authentication, httpToken, insecure }: ProcessConfig): void {
  if (insecure) return
  if (listen !== null && !isLoopback(listen.host) && authentication?.accepts === undefined) {
    throw invalid(
      `listen: expected a secret where ${listen.host} can be reached from elsewhere; give --secret-file, listen on 127.0.0.1, or say --insecure`,
    )
  }
  if (http !== null && !isLoopback(http.host) && httpToken === null) {
    throw invalid(
      `http: expected a token where ${http.host} can be reached from elsewhere; give --http-token-file, listen on 127.0.0.1, or say --insecure`,
    )
  }
}

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

/** Keys of one's own, or one secret for all. */
export function authenticationIn({
  authentication,
  secret,
  secretFile,
}: {
  readonly authentication?: unknown
  readonly secret?: string | undefined
  readonly secretFile?: string | undefined
}): Authentication | null {
  const shared = secret ?? secretIn('secretFile', secretFile)
  if (authentication !== undefined && shared !== null)
    throw invalid('authentication: expected keys or a shared secret, got both; leave one of them out')
  if (authentication !== undefined) return checkedAuthentication(authentication)
  return shared === null ? null : sharedSecret(shared)
}

function defaultName(role: ProcessRole): string {
  if (role === 'view-service') return defaultViewServiceId
  return role === 'client-gateway' ? 'gateway' : ''
}

/** A secret from a file; null where none is named. @throws StandbyError `invalidOption` */
export function secretIn(option: string, file: string | undefined): string | null {
  if (file === undefined) return null
  let secret: string
  try {
    secret = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw invalid(`${option}: expected a file that can be read, got ${(error as Error).message}`)
  }
  if (secret.length >= 16) return secret
  throw invalid(`${option}: expected ${file} to hold 16 characters or more; draw them at random`)
}

function invalid(message: string): StandbyError {
  return new StandbyError('invalidOption', message)
}
