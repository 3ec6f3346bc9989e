/** The public door of `standby/inspector/serve`: the page for a running system of your own, in Node. */
export { type Inspector, type InspectorOptions, serveInspector } from './serve.ts'
