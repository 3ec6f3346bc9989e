/** The protocol as data-in, data-out statecharts: no file here keeps time, sends anything or uses chance. */
export * from './application/application.ts'
export type { Outcome, Replica, Result, Session } from './application/at-most-once.ts'
export { copyJson, jsonCost, jsonSize } from './application/json.ts'
export * from './application/key-value-store.ts'
export { OrderedMap } from './application/ordered-map.ts'
export * from './application/replicated/index.ts'
export * from './client/index.ts'
export * from './clocks.ts'
export * from './effects.ts'
export {
  invalidMessage,
  type Message,
  type MessageType,
  messageRoles,
  messageSchemas,
  type NodeRole,
  operationsOf,
  type Received,
  type RefusalReason,
  type Request,
  refusalReasons,
} from './messages.ts'
export * from './node-id.ts'
export { isPrintable, printable } from './printable.ts'
export {
  type ServerContext,
  type ServerEvent,
  type ServerInput,
  type ServerOptions,
  serverDefaults,
} from './server/context.ts'
export * from './server/index.ts'
export * from './step.ts'
export * from './view.ts'
export * from './view-service.ts'
