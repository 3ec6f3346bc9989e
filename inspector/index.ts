/** The door to the inspector for apps: watching any XState 5 system, and taking runs elsewhere. The page itself is inspector.html. */
export * from './exports/index.ts'
export {
  defaultInspectorUrl,
  type StandbyInspector,
  type StandbyInspectorOptions,
  standbyInspector,
} from './feeds/standby-inspector.ts'
