/** The XState setup that all states of a server share: its delays, and the guards and actions of every rule. */
import { setup } from 'xstate'
import type { Application } from '../application/application.ts'
import { effects, isMessage } from '../effects.ts'
import { commandRules } from './commands.ts'
import { type ServerOptions, serverTypes } from './context.ts'
import { transferRules } from './transfer.ts'
import { viewRules } from './views.ts'

/** The setup of a server that replicates `application`, which stays out of contexts, so that they are plain data. */
export function serverSetup(application: Application, options: ServerOptions) {
  const views = viewRules(application)
  const transfer = transferRules(application, options)
  const commands = commandRules(application, options)
  return setup({
    types: serverTypes,
    delays: { pingInterval: options.pingIntervalMs, resendInterval: options.resendIntervalMs },
    guards: { isMessage, ...views.guards, ...transfer.guards, ...commands.guards },
    actions: { ...effects, ...views.actions, ...transfer.actions, ...commands.actions },
  })
}

/** The setup, as the states of a server take it. */
export type ServerSetup = ReturnType<typeof serverSetup>
