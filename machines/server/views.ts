/** The views of a server: which it adopts, what it pings, and which primary it accepts (S1, S2, S5, N5). */
import type { Application } from '../application/application.ts'
import { emptyReplica } from '../application/at-most-once.ts'
import { RequestQueue } from '../application/request-queue.ts'
import { sendTo } from '../effects.ts'
import { noView, type View } from '../view.ts'
import { assign, enqueueActions, guard, type ServerContext, type ServerEvent } from './context.ts'

/** The guards and actions of views. */
export function viewRules(application: Application) {
  return {
    guards: {
      isNotFromViewService: guard('viewReply', ({ viewService }, { from }) => from !== viewService),
      isNotNewer: guard('viewReply', (context, { view }) => view.number <= context.view.number),
      /** N5: only the primary of view 1 starts from the empty state. */
      namesMePrimaryWithoutState: guard(
        'viewReply',
        ({ id, replica }, { view }) => view.primary === id && replica === null && view.number !== 1,
      ),
      namesMePrimary: guard('viewReply', ({ id }, { view }) => view.primary === id && view.backup === null),
      namesMePrimaryWithBackup: guard(
        'viewReply',
        ({ id }, { view }) => view.primary === id && view.backup !== null,
      ),
      namesMeBackup: guard('viewReply', ({ id }, { view }) => view.backup === id),
      isOfMyView: ({ context, event }: Step) => isFromMyPrimary(context, event),
      isForeign: ({ context, event }: Step) => !isFromMyPrimary(context, event),
    },
    actions: {
      ping: enqueueActions(({ context, enqueue }) => {
        enqueue(sendTo(context.viewService, { type: 'ping', viewNumber: pingedBy(context) }))
      }),
      /** S1: before the adoption of a view, a ping at once if the view changes the number that is pinged. */
      pingNewNumber: enqueueActions(({ context, event, enqueue }) => {
        const view = viewIn(event)
        const viewNumber = numberPinged(view, view.primary === context.id && view.backup !== null)
        if (viewNumber !== pingedBy(context))
          enqueue(sendTo(context.viewService, { type: 'ping', viewNumber }))
      }),
      /** S2: the only place where a view is adopted. What belongs to the old view ends here (S8). */
      adoptView: assign(({ context, event }) => {
        const view = viewIn(event)
        const stays = view.primary === context.id
        return {
          view,
          replica: stays ? (context.replica ?? emptyReplica(application)) : null,
          queue: stays
            ? RequestQueue.from([...(context.outstanding?.requests ?? []), ...context.queue])
            : RequestQueue.empty,
          outstanding: null,
          forwards: 0,
          sending: stays && view.backup !== null ? { index: 0, cursor: null } : null,
          arriving: null,
          applied: { number: 0, digest: '' },
        }
      }),
    },
  }
}

interface Step {
  readonly context: ServerContext
  readonly event: ServerEvent
}

/** The view that a message brings; view 0, which is newer than none, for a message without one. */
function viewIn(event: ServerEvent): View {
  return event.type === 'viewReply' || event.type === 'stateTransfer' ? event.view : noView
}

/** S1: the newest view adopted, or the one before while this view's state transfer is not confirmed. */
function numberPinged({ number }: View, transfers: boolean): number {
  return transfers ? number - 1 : number
}

function pingedBy({ view, sending }: ServerContext): number {
  return numberPinged(view, sending !== null)
}

/** A forward, a transfer or a notice counts only from the primary of the view whose backup the receiver is (S5). */
export function isFromMyPrimary({ id, view }: ServerContext, event: ServerEvent): boolean {
  if (event.from !== view.primary || view.backup !== id) return false
  switch (event.type) {
    case 'stateTransfer':
      return event.view.number === view.number && event.view.backup === id
    case 'forward':
    case 'replicaDiverged':
      return event.viewNumber === view.number
    default:
      return false
  }
}
