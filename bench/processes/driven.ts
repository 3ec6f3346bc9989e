/** What a driver can put under load: the systems of the benchmarks across processes, behind one face. */

/** One call of one caller: resolves when its operation is answered. */
export type Call = (serial: number) => Promise<unknown>

/** A system under load, from the side of its callers. */
export interface Driven {
  /** How the caller of this number makes calls. */
  callOf(caller: number): Call
  /** Messages that left and came since the beginning, where they are counted. */
  messages?(): number
  /** Does what stands for so many clients that come once and leave. */
  passBy?(clients: number): Promise<void>
}

/** Addresses by node name, as a directory of the transports. */
export type Directory = Readonly<Record<string, string>>

/** What a driver drives. */
export type DrivenConfig =
  | {
      readonly kind: 'standby'
      readonly directory: Directory
      readonly clients?: number
      readonly connections?: number
      /** Default: that of the library. */
      readonly retryIntervalMs?: number
    }
  | { readonly kind: 'by-hand'; readonly directory: Directory }
  | {
      readonly kind: 'redis'
      readonly port: number
      readonly connections: number
      readonly manner: RedisManner
    }
  | { readonly kind: 'echo'; readonly port: number }
  | { readonly kind: 'standby-nats'; readonly url: string; readonly clients?: number }
  | { readonly kind: 'nats-chain'; readonly url: string }

/** `inTurn`: WAIT after SET is answered; `pipelined`: both at once; `shared`: one WAIT for all SETs of a turn. */
export type RedisManner = 'inTurn' | 'pipelined' | 'shared'

/** A thousand keys. */
export function keyOf(serial: number): string {
  return `key-${(serial * 7919) % 1000}`
}
