/** What is the same in all transports over sockets of Node, for whoever opens one. */
export { type AcceptedKey, type Authentication, sharedSecret } from './authentication.ts'
export type { ListenOptions, TlsOptions } from './listening.ts'
export {
  type Directory,
  defaultMeshLimits,
  type MeshLimits,
  type MeshTransport,
  type TransportCounters,
} from './mesh.ts'
