/** The part of a connection to NATS that the transport uses. */
/** As `@nats-io/transport-node` and `@nats-io/nats-core` give it. */
export interface NatsWire {
  readonly info?: { readonly max_payload: number } | undefined
  publish(subject: string, payload: Uint8Array): void
  subscribe(
    subject: string,
    options: {
      readonly callback: (
        error: Error | null,
        message: { readonly subject: string; readonly data: Uint8Array },
      ) => void
    },
  ): { unsubscribe(): void }
  flush(): Promise<void>
  status(): AsyncIterable<{ readonly type: string; readonly error?: Error }>
  isClosed(): boolean
  close(): Promise<void>
  stats(): { readonly inBytes: number; readonly outBytes: number }
}
