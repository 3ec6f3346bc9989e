/** Events for charts that are played by hand, and what can be reported of their ends. */
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import type { KeyValueCommand } from '../../machines/application/key-value-store.ts'
import type { Ignore, Send } from '../../machines/effects.ts'
import type { Received } from '../../machines/messages.ts'
import type { PureAction } from '../../machines/step.ts'
import type { ViewServiceContext } from '../../machines/view-service.ts'

const event = (received: Received): EventObject => received as EventObject

export const ping = (from: string, viewNumber: number) => event({ type: 'ping', from, viewNumber })
export const pingCheck: EventObject = { type: 'pingCheck' }
export const viewReply = (number: number, primary: string, backup: string | null) =>
  event({
    type: 'viewReply',
    from: 'view-service',
    view: { number, primary, backup },
  })
export const request = (from: string, session: number | null, seq = 0, ...commands: KeyValueCommand[]) => ({
  ...event({ type: 'request', from, viewNumber: 1, session, seq, commands: commands as never, bytes: 10 }),
})
export const inView = (viewNumber: number, given: EventObject): EventObject =>
  Object.assign({}, given, { viewNumber })
export const transferred = (from: string, viewNumber: number) =>
  event({ type: 'stateTransferAck', from, viewNumber, index: 0 })

/** Why the last event was not taken. */
export function refusal(_snapshot: AnyMachineSnapshot, actions: readonly PureAction[]): string | null {
  const ignored = actions.find(({ type }) => type === 'ignore')
  if (ignored !== undefined) return (ignored.params as Ignore).reason
  const [message] = sentBy(actions).filter(({ type }) => type === 'refusal')
  return (message as { reason?: string } | undefined)?.reason ?? null
}

export function sentBy(actions: readonly PureAction[]) {
  return actions.filter(({ type }) => type === 'send').map(({ params }) => (params as Send).message)
}

/** What the last event was answered with. */
export function outcome(_snapshot: AnyMachineSnapshot, actions: readonly PureAction[]): string | null {
  const [reply] = sentBy(actions).flatMap((message) => (message.type === 'reply' ? [message] : []))
  return reply?.outcome.kind ?? null
}

export function viewOf({ context }: AnyMachineSnapshot): unknown {
  const { number, primary, backup } = (context as ViewServiceContext).view
  return [number, primary, backup]
}
