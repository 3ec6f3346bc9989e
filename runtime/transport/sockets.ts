/** What all transports over sockets have in common, for those who open one. */
export {
  type AcceptedKey,
  type Authentication,
  generateKeyPair,
  type OwnKey,
  sharedSecret,
} from './authentication.ts'
export type { ListenOptions, TlsOptions } from './listening.ts'
export {
  type Directory,
  defaultMeshLimits,
  type MeshLimits,
  type MeshTransport,
  type TransportCounters,
} from './mesh-options.ts'
