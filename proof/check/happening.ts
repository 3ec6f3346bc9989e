/** One step of a run as a search names it: enough to repeat it. */
import type { EventObject } from 'xstate'
import type { SentMessage } from './system.ts'

/** What can happen at one node. */
export type Happening =
  /** `kept`: the network delivers the message once more later on. */
  | { readonly kind: 'deliver'; readonly node: string; readonly message: SentMessage; readonly kept?: true }
  | { readonly kind: 'lose'; readonly node: string; readonly message: SentMessage }
  | { readonly kind: 'timer'; readonly node: string; readonly event: EventObject }
  | { readonly kind: 'script'; readonly node: string; readonly event: EventObject }
  | { readonly kind: 'crash'; readonly node: string }
  | { readonly kind: 'restart'; readonly node: string; readonly id: string }
