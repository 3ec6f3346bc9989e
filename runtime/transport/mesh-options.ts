/** What every transport between processes can be given: directory, keys, bounds. Checked before anything is opened. */
/// <reference lib="esnext.disposable" preserve="true" />
import * as v from 'valibot'
import { StandbyError } from '../../actors/errors.ts'
import type { Observe, Random, TimeClock, Transport } from '../../actors/ports.ts'
import { type Authentication, checkedAuthentication } from './authentication.ts'
import type { ConnectionLimits } from './connection.ts'
import { type EnvelopeCounters, refuseNoOptions } from './endpoint.ts'
import { defaultFrameLimits } from './frame.ts'

/** The address of a name (`s1`, in every incarnation). Null or absent: the node dials us, and answers use its connection. */
export type Directory = Readonly<Record<string, string>> | ((name: string) => string | null | undefined)

/** Bounds of a transport, each with its default. */
export interface MeshLimits extends ConnectionLimits {
  /** Connections of peers that have proved who they are; default 4,096. */
  readonly connectionsMax: number
  /** Connections whose peers have not proved yet who they are; the oldest makes way for a newcomer. Default 1,024. */
  readonly strangersMax: number
  /** The same from one address; default 256. */
  readonly strangersPerAddressMax: number
  /** Nodes that one connection may speak for; default 10,000. */
  readonly nodesMax: number
  /** How long a connection may take from its first byte until both sides are known; default 5,000. */
  readonly handshakeMs: number
  /** How often a silent connection says that it lives; after three times of silence it is given up. Default 5,000. */
  readonly keepAliveMs: number
  /** After how long a connection without messages is closed, until there is one again; default 300,000. */
  readonly idleMs: number
  /** How long `close` waits for what was sent to leave; default 2,000. */
  readonly drainMs: number
  /** The longest wait before an unreachable peer is dialed again; the first is about 20; default 1,000. */
  readonly backoffMaxMs: number
}

/** The bounds of a transport if no others are given. */
export const defaultMeshLimits: MeshLimits = {
  ...defaultFrameLimits,
  sendBytesMax: 8 * 1024 * 1024,
  framesPerSecondMax: 100_000,
  connectionsMax: 4096,
  strangersMax: 1024,
  strangersPerAddressMax: 256,
  nodesMax: 10_000,
  handshakeMs: 5000,
  keepAliveMs: 5000,
  idleMs: 300_000,
  drainMs: 2000,
  backoffMaxMs: 1000,
}

/** What every transport between processes can be given. */
export interface MeshOptions {
  /** Default: no peer is dialed. */
  readonly directory?: Directory
  /** The system that this process belongs to; peers of another are refused. Default `standby`. */
  readonly system?: string
  /** Default: no peer proves anything, which is for loopback only. */
  readonly authentication?: Authentication
  readonly limits?: Partial<MeshLimits>
  /** Default: real time. */
  readonly clock?: TimeClock
  /** For the jitter of waits; default Math.random. */
  readonly random?: Random
  /** Receives what is lost, and what is refused, once per peer and reason. */
  readonly observe?: Observe
}

/** What a transport has counted since it began. */
export interface TransportCounters extends EnvelopeCounters {
  /** Connections that are open now, and those that were ever begun from here. */
  readonly connections: number
  readonly dialed: number
  /** Bytes that wait to be sent now, on all connections. */
  readonly buffered: number
  /** Bytes of frames so far, both ways, without what TLS and WebSocket add; over WebSocket characters. */
  readonly sentBytes: number
  readonly receivedBytes: number
}

/** A transport between processes. */
export interface MeshTransport extends Transport {
  /** Where it listens, as others write it into their directory; null if it does not. */
  readonly address: string | null
  counters(): TransportCounters
  /**
   * Takes other keys from now on, without a restart. Connections whose peers proved a key that is no longer accepted,
   * or accepted for other names, are closed; they may come back with a key that is.
   * @throws StandbyError `invalidOption`; the keys are then those of before.
   */
  replaceKeys(authentication: Authentication): Promise<void>
  /** Sends what was sent, for at most `drainMs`, then closes; delivers nothing any more. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const positive = v.optional(v.pipe(v.number(), v.minValue(1)))
const limitsSchema = v.strictObject(
  Object.fromEntries(Object.keys(defaultMeshLimits).map((name) => [name, positive])),
)

/** Of every transport between processes; `listen` and `tls` are looked at by those that use them. */
const optionNames = [
  'directory',
  'system',
  'authentication',
  'limits',
  'clock',
  'random',
  'observe',
  'listen',
  'tls',
]

/**
 * Checked before anything looks at an option: a misspelt name would be an option that is not set, such as a server that
 * listens nowhere.
 * @throws StandbyError `invalidOption`
 */
export function refuseOddOptions(options: MeshOptions & { readonly tls?: unknown }): void {
  refuseNoOptions(options)
  const unknown = Object.keys(options).find((name) => !optionNames.includes(name))
  if (unknown !== undefined) {
    throw new StandbyError(
      'invalidOption',
      `options: expected some of ${optionNames.join(', ')}, got ${unknown}; leave it out`,
    )
  }
  const { directory = {}, tls = {} } = options
  if (directory === null || !['object', 'function'].includes(typeof directory)) {
    throw new StandbyError(
      'invalidOption',
      `directory: expected addresses by name, or a function from names to addresses, got ${directory}`,
    )
  }
  if (tls === null || typeof tls !== 'object')
    throw new StandbyError('invalidOption', `tls: expected { listen, dial }, got ${tls}`)
}

/** The bounds with defaults. @throws StandbyError `invalidOption` */
export function checkedMeshLimits(limits: Partial<MeshLimits> = {}): MeshLimits {
  const { success, issues } = v.safeParse(limitsSchema, limits)
  if (!success) {
    const what = `limits.${v.getDotPath(issues[0]) ?? ''}: expected one of ${Object.keys(defaultMeshLimits).join(', ')}, a number from 1 on`
    throw new StandbyError('invalidOption', what)
  }
  const given = Object.entries(limits).filter(([, value]) => value !== undefined)
  return { ...defaultMeshLimits, ...Object.fromEntries(given) }
}

/** The keys; none if none are given. @throws StandbyError `invalidOption` */
export function keysIn({ authentication }: MeshOptions): Authentication {
  return authentication === undefined ? {} : checkedAuthentication(authentication)
}
