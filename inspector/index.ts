/** The door to the inspector for apps: watching any XState 5 system, and taking runs elsewhere. The page itself is inspector.html. */

export type { RunSink } from '../runtime/trace/actors/actor-run.ts'
export * from '../runtime/trace/exports/index.ts'
export type { Feed, FeedSink, Messages } from './feeds/feed.ts'
export {
  createServiceMessages,
  type ServiceMessage,
  type ServiceMessages,
  type ServiceMessagesOptions,
} from './feeds/service-messages.ts'
export {
  defaultInspectorUrl,
  type StandbyInspector,
  type StandbyInspectorOptions,
  standbyInspector,
} from './feeds/standby-inspector.ts'
export { statelyFeed } from './feeds/stately.ts'
export { xstateInspectFeed } from './feeds/xstate-inspect.ts'
