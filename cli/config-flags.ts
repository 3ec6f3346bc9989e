/** Every flag of a process and of the commands that dial one, written down once: flag, environment variable, field of the file, help. */
import { InvalidArgumentError } from 'commander'
import { duration } from './options.ts'

/** One setting, with its flag, variable and field. */
export interface ConfigFlag {
  /** Its name in a configuration file. */
  readonly field: string
  /** As Commander reads it. */
  readonly flag: string
  /** Its environment variable. */
  readonly env: string
  /** Stands alone: a line of `--help` is found by searching for any word of it. */
  readonly help: string
  /** Of a text, and what was given before it, for flags that can be repeated; default: the text. */
  readonly parse?: (text: string, before?: never) => unknown
  /** Taken by the commands that dial a running system, too. */
  readonly dials?: true
}

const list = (text: string, before: readonly string[] = []) => [...before, ...itemsIn(text)]

/** The settings, in the order of `--help`. */
export const configFlags: readonly ConfigFlag[] = [
  {
    field: 'peers',
    flag: '--peer <name=host:port>',
    env: 'STANDBY_PEERS',
    help: 'name and address of another process; repeat it, or separate with commas',
    parse: (text, before: Readonly<Record<string, string>> = {}) => ({ ...before, ...peersIn(text) }),
    dials: true,
  },
  {
    field: 'servers',
    flag: '--servers <names>',
    env: 'STANDBY_SERVERS',
    help: 'names of all servers of the system, such as s1,s2,s3; default: all peers but the view service',
    parse: list,
    dials: true,
  },
  {
    field: 'transport',
    flag: '--transport <transport>',
    env: 'STANDBY_TRANSPORT',
    help: 'transport between processes: tcp, websocket or nats; default: tcp',
    dials: true,
  },
  {
    field: 'system',
    flag: '--system <name>',
    env: 'STANDBY_SYSTEM',
    help: 'name of the system; peers of another system are refused; default: standby',
    dials: true,
  },
  {
    field: 'secretFile',
    flag: '--secret-file <file>',
    env: 'STANDBY_SECRET_FILE',
    help: 'file with the secret that all processes of the system share',
    dials: true,
  },
  {
    field: 'keysFile',
    flag: '--keys-file <file>',
    env: 'STANDBY_KEYS_FILE',
    help: "JSON file with this process's key and the keys it accepts",
    dials: true,
  },
  {
    field: 'tlsCertFile',
    flag: '--tls-cert-file <file>',
    env: 'STANDBY_TLS_CERT_FILE',
    help: 'PEM file with the TLS certificate of this process',
    dials: true,
  },
  {
    field: 'tlsKeyFile',
    flag: '--tls-key-file <file>',
    env: 'STANDBY_TLS_KEY_FILE',
    help: 'PEM file with the key of the TLS certificate',
    dials: true,
  },
  {
    field: 'tlsCaFile',
    flag: '--tls-ca-file <file>',
    env: 'STANDBY_TLS_CA_FILE',
    help: 'PEM file with the certificate authority of the peers',
    dials: true,
  },
  {
    field: 'natsServers',
    flag: '--nats <host:port>',
    env: 'STANDBY_NATS',
    help: 'address of a NATS server; repeat it, or separate with commas',
    parse: list,
    dials: true,
  },
  { field: 'natsUser', flag: '--nats-user <user>', env: 'STANDBY_NATS_USER', help: 'NATS user', dials: true },
  {
    field: 'natsPasswordFile',
    flag: '--nats-password-file <file>',
    env: 'STANDBY_NATS_PASSWORD_FILE',
    help: 'file with the password of the NATS user',
    dials: true,
  },
  {
    field: 'natsTokenFile',
    flag: '--nats-token-file <file>',
    env: 'STANDBY_NATS_TOKEN_FILE',
    help: 'file with a NATS token',
    dials: true,
  },
  {
    field: 'natsNkeyFile',
    flag: '--nats-nkey-file <file>',
    env: 'STANDBY_NATS_NKEY_FILE',
    help: 'file with the seed of a NATS nkey',
    dials: true,
  },
  {
    field: 'natsCredentialsFile',
    flag: '--nats-credentials-file <file>',
    env: 'STANDBY_NATS_CREDENTIALS_FILE',
    help: 'NATS .creds file',
    dials: true,
  },
  {
    field: 'name',
    flag: '--name <name>',
    env: 'STANDBY_NAME',
    help: 'name of this process in the system, such as s1; a server needs one',
  },
  {
    field: 'listen',
    flag: '--listen <host:port>',
    env: 'STANDBY_LISTEN',
    help: 'address for peers to dial; default: 127.0.0.1 and a free port; a gateway only dials',
  },
  {
    field: 'data',
    flag: '--data <folder>',
    env: 'STANDBY_DATA',
    help: 'data folder of a view service or a server, kept across restarts',
  },
  {
    field: 'durability',
    flag: '--durability <what>',
    env: 'STANDBY_DURABILITY',
    help: 'durability of a server: flush (to disk before each answer; the default), os, or memory (keeps nothing)',
  },
  {
    field: 'application',
    flag: '--application <module>',
    env: 'STANDBY_APPLICATION',
    help: 'JavaScript module that exports the replicated application; default: the key-value store',
  },
  {
    field: 'http',
    flag: '--http <host:port>',
    env: 'STANDBY_HTTP',
    help: "HTTP address for health, status and metrics; a gateway's serves the store too; default of a gateway: 127.0.0.1:8080",
  },
  {
    field: 'httpTokenFile',
    flag: '--http-token-file <file>',
    env: 'STANDBY_HTTP_TOKEN_FILE',
    help: 'file with the bearer token that HTTP requests must carry',
  },
  {
    field: 'origins',
    flag: '--origin <origin>',
    env: 'STANDBY_ORIGINS',
    help: 'web origin whose pages may send requests; repeat it, or separate with commas',
    parse: list,
  },
  {
    field: 'tlsClientCertificates',
    flag: '--tls-client-certificates <which>',
    env: 'STANDBY_TLS_CLIENT_CERTIFICATES',
    help: 'certificates of peers that dial in: required (default with --tls-ca-file) or ignored',
  },
  {
    field: 'insecure',
    flag: '--insecure',
    env: 'STANDBY_INSECURE',
    help: 'allow listening beyond this machine without a secret or token',
    parse: booleanIn,
  },
  {
    field: 'drainMs',
    flag: '--drain <duration>',
    env: 'STANDBY_DRAIN',
    help: 'longest graceful shutdown, such as 5s (the default)',
    parse: duration,
  },
  {
    field: 'logLevel',
    flag: '--log-level <level>',
    env: 'STANDBY_LOG_LEVEL',
    help: 'log level: error, warn, info (the default) or debug',
  },
  {
    field: 'logFormat',
    flag: '--log-format <format>',
    env: 'STANDBY_LOG_FORMAT',
    help: 'log format: text (the default) or json',
  },
]

/** Settings without a flag, whose arguments every user of the machine could read: field and environment variable. */
export const secretVariables = { secret: 'STANDBY_SECRET', httpToken: 'STANDBY_HTTP_TOKEN' } as const

function itemsIn(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((item) => item !== '')
}

function peersIn(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    itemsIn(text).map((item) => {
      const at = item.indexOf('=')
      if (at > 0) return [item.slice(0, at), item.slice(at + 1)]
      throw new InvalidArgumentError('Expected name=host:port, such as s1=127.0.0.1:7401.')
    }),
  )
}

function booleanIn(text: string): boolean {
  if (text === 'true' || text === '1') return true
  if (text === 'false' || text === '0') return false
  throw new InvalidArgumentError(`Expected true or false, got ${JSON.stringify(text)}.`)
}
