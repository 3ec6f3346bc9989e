/** A client: it brings calls to the primary, wherever that is, and settles each exactly once (C1 to C3). */
export { type ClientMachine, createClientMachine } from './chart.ts'
export {
  type Call,
  type CallFailure,
  type ClientContext,
  type ClientInput,
  type ClientOptions,
  clientDefaults,
  type ResumedSession,
  type Settle,
} from './context.ts'
