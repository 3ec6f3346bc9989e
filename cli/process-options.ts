/** Where a process's configuration comes from: flags, then the environment, then a file, then the defaults. It checks nothing but their form. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readConfigFile } from '../runtime/serve/config/config.ts'
import { duration } from './options.ts'

/** What the flags of a process and of a client of a running system have in common. */
export interface NetworkFlags {
  readonly config?: string
  readonly peer?: readonly (readonly [string, string])[]
  readonly servers?: readonly string[]
  readonly transport?: string
  readonly system?: string
  readonly secretFile?: string
  readonly keysFile?: string
  readonly tlsCertFile?: string
  readonly tlsKeyFile?: string
  readonly tlsCaFile?: string
  readonly nats?: readonly string[]
  readonly natsUser?: string
  readonly natsPasswordFile?: string
  readonly natsTokenFile?: string
  readonly natsNkeyFile?: string
  readonly natsCredentialsFile?: string
}

/** The flags of `standby serve`; names as in the file, but for `peer`, `nats`, `origin` and `drain`. */
export interface ProcessFlags extends NetworkFlags {
  readonly name?: string
  readonly listen?: string
  readonly data?: string
  readonly application?: string
  readonly http?: string
  readonly httpTokenFile?: string
  readonly tlsClientCertificates?: string
  readonly insecure?: true
  readonly drain?: number
  readonly logLevel?: string
  readonly logFormat?: string
  readonly origin?: readonly string[]
}

/** Adds `--config`, `--transport`, `--peer`, and what secrets, TLS and NATS need. */
export function addNetworkFlags(command: Command): Command {
  return command
    .option('--config <file>', 'a JSON file with what is not given here (STANDBY_CONFIG)')
    .addOption(
      new Option(
        '--peer <name=host:port>',
        'where another process listens; once for each (STANDBY_PEERS)',
      ).argParser((text: string, before: NetworkFlags['peer'] = []) => [...before, peerIn(text)]),
    )
    .option(
      '--servers <names>',
      'the names of all servers, such as s1,s2,s3; default: the peers but the view service (STANDBY_SERVERS)',
      (text: string) => text.split(',').map((name) => name.trim()),
    )
    .option('--transport <transport>', 'tcp, websocket or nats (STANDBY_TRANSPORT)')
    .option('--system <name>', 'the system it belongs to; others are refused (STANDBY_SYSTEM)')
    .option('--secret-file <file>', 'a secret that all processes share (STANDBY_SECRET_FILE, STANDBY_SECRET)')
    .option('--keys-file <file>', 'its own key, and whom it accepts, in JSON (STANDBY_KEYS_FILE)')
    .option('--tls-cert-file <file>', 'its certificate, in PEM (STANDBY_TLS_CERT_FILE)')
    .option('--tls-key-file <file>', "its certificate's key, in PEM (STANDBY_TLS_KEY_FILE)")
    .option('--tls-ca-file <file>', 'the authority of the others, in PEM (STANDBY_TLS_CA_FILE)')
    .option('--nats <host:port>', 'a server of NATS; once for each (STANDBY_NATS)', listed)
    .option('--nats-user <user>', 'who it is there (STANDBY_NATS_USER)')
    .option('--nats-password-file <file>', 'its password there (STANDBY_NATS_PASSWORD_FILE)')
    .option('--nats-token-file <file>', 'or a token (STANDBY_NATS_TOKEN_FILE)')
    .option('--nats-nkey-file <file>', 'or the seed of an nkey (STANDBY_NATS_NKEY_FILE)')
    .option('--nats-credentials-file <file>', 'or a .creds file (STANDBY_NATS_CREDENTIALS_FILE)')
}

/** Adds the other flags of a process. */
export function addProcessFlags(command: Command): Command {
  return addNetworkFlags(command)
    .option('--name <name>', 'its name in the system, such as s1 (STANDBY_NAME)')
    .option('--listen <host:port>', 'where the others reach it (STANDBY_LISTEN)')
    .option('--data <folder>', 'for what must survive a restart (STANDBY_DATA)')
    .option(
      '--application <module>',
      'what is replicated, in place of the key-value store: a module that exports it (STANDBY_APPLICATION)',
    )
    .option(
      '--http <host:port>',
      'health, readiness, status and metrics; of a gateway the store, too (STANDBY_HTTP)',
    )
    .option(
      '--http-token-file <file>',
      'what HTTP requests must carry (STANDBY_HTTP_TOKEN_FILE, STANDBY_HTTP_TOKEN)',
    )
    .option('--origin <origin>', 'an origin whose pages may ask; once for each (STANDBY_ORIGINS)', listed)
    .option(
      '--tls-client-certificates <which>',
      'of those who dial in: required (default with --tls-ca-file) or ignored (STANDBY_TLS_CLIENT_CERTIFICATES)',
    )
    .option('--insecure', 'listen beyond this machine without a secret or token (STANDBY_INSECURE=true)')
    .option('--drain <duration>', 'how long it may take to leave, such as 5s (STANDBY_DRAIN)', duration)
    .option('--log-level <level>', 'error, warn, info or debug (STANDBY_LOG_LEVEL)')
    .option('--log-format <format>', 'text or json (STANDBY_LOG_FORMAT)')
}

type Fields = Record<string, unknown>

/** Fields that take each other's place. */
const alternatives = [
  ['secret', 'secretFile', 'keysFile', 'authentication'],
  ['httpToken', 'httpTokenFile'],
  ['natsUser', 'natsPasswordFile', 'natsTokenFile', 'natsNkeyFile', 'natsCredentialsFile'],
] as const

/** Fields that are texts, as they are in the environment: `tlsCaFile` is `STANDBY_TLS_CA_FILE`. */
const texts = [
  ...['name', 'listen', 'data', 'application', 'http', 'transport', 'system', 'logLevel', 'logFormat'],
  ...['secret', 'secretFile', 'keysFile', 'httpToken', 'httpTokenFile'],
  ...['tlsCertFile', 'tlsKeyFile', 'tlsCaFile', 'tlsClientCertificates'],
  ...['natsUser', 'natsPasswordFile', 'natsTokenFile', 'natsNkeyFile', 'natsCredentialsFile'],
]

/**
 * All that was given, the nearest source first; peers are joined.
 * @throws StandbyError `invalidOption` for a file that is none; Error for a variable that has no meaning
 */
export function gatheredConfig(flags: ProcessFlags, environment: NodeJS.ProcessEnv): Fields {
  const path = flags.config ?? environment.STANDBY_CONFIG
  const file = path === undefined ? {} : readConfigFile(path)
  const { config: _, peer, nats, origin, drain, ...named } = flags
  const given = withoutUndefined({
    ...named,
    peers: peer && Object.fromEntries(peer),
    natsServers: nats,
    origins: origin,
    drainMs: drain,
  })
  const around = fromEnvironment(environment)
  const peers = { ...fieldsIn(file.peers), ...fieldsIn(around.peers), ...fieldsIn(given.peers) }
  const gathered: Fields = { ...file, ...around, ...given, peers }
  // A nearer source of a secret takes the place of a farther one, whichever way each gives it.
  for (const ways of alternatives) {
    const nearest = [given, around, file].find((fields) => ways.some((way) => way in fields))
    if (nearest === undefined) continue
    for (const way of ways) {
      delete gathered[way]
      if (way in nearest) gathered[way] = nearest[way]
    }
  }
  return gathered
}

function fromEnvironment(environment: NodeJS.ProcessEnv): Fields {
  const text = (name: string) => environment[`STANDBY_${name}`] || undefined
  const list = (name: string) =>
    text(name)
      ?.split(/[\s,]+/)
      .filter((item) => item !== '')
  const peers = list('PEERS')?.map(peerIn)
  const drain = text('DRAIN')
  return withoutUndefined({
    ...Object.fromEntries(texts.map((field) => [field, text(upperCase(field))])),
    natsServers: list('NATS'),
    servers: list('SERVERS'),
    insecure: flagIn('STANDBY_INSECURE', text('INSECURE')),
    drainMs: drain === undefined ? undefined : duration(drain),
    origins: list('ORIGINS'),
    peers: peers && Object.fromEntries(peers),
  })
}

/** `tlsCaFile` as `TLS_CA_FILE`. */
function upperCase(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

function flagIn(name: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined
  if (text === 'true' || text === '1') return true
  if (text === 'false' || text === '0') return false
  throw new InvalidArgumentError(`${name}: expected true or false, got ${JSON.stringify(text)}`)
}

function peerIn(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new InvalidArgumentError('Expected name=host:port, such as s1=127.0.0.1:7401.')
}

function listed(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

function fieldsIn(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

function withoutUndefined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
