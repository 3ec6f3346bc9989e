/** The public door of `standby/inspector`: the page for a system of your own, in Node. */
export { type Inspector, type InspectorOptions, serveInspector } from './serve.ts'
