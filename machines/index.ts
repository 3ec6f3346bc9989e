/** The protocol as data-in, data-out statecharts: nothing in here keeps time, sends anything or rolls dice. */
export * from './application.ts'
export type { Outcome, Replica, Result, Session } from './at-most-once.ts'
export * from './client.ts'
export * from './clocks.ts'
export * from './effects.ts'
export { copyJson, jsonSize } from './json.ts'
export * from './key-value-store.ts'
export {
  invalidMessage,
  type Message,
  type MessageType,
  messageSchemas,
  operationsOf,
  type Received,
  type RefusalReason,
  type Request,
  refusalReasons,
} from './messages.ts'
export * from './node-id.ts'
export { OrderedMap } from './ordered-map.ts'
export * from './pure-transition.ts'
export * from './replicated.ts'
export * from './server.ts'
export {
  type ServerContext,
  type ServerEvent,
  type ServerInput,
  type ServerOptions,
  serverDefaults,
} from './server-setup.ts'
export * from './view.ts'
export * from './view-service.ts'
