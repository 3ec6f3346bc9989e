/** A client: sends calls to the current primary and settles each exactly once (C1 to C3). */
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
