/** Broken view services, and an empty server that it makes primary. */
import { assign } from 'xstate'
import { createViewServiceMachine, type ViewServiceContext } from '../../machines/view-service.ts'
import { reachable } from '../../proof/check/system.ts'
import {
  type Any,
  actions,
  assignedBy,
  both,
  type Change,
  guardOf,
  guards,
  hearing,
  type Mutant,
  put,
  reconfigured,
} from './changes.ts'
import { ping, pingCheck, viewOf } from './played-events.ts'

export const viewServiceMutants: readonly Mutant[] = [
  {
    name: 'an empty server starts as primary of any view',
    rule: 'N5',
    charts: {
      server: guards({ namesMePrimaryWithoutState: () => false }),
      viewService: (machine) => promotingAnyone(machine),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 3 },
  },
  {
    name: 'the primary is replaced although it has not acknowledged its view',
    rule: 'V4',
    charts: {
      viewService: both(
        (machine) =>
          guards({
            mustChangeView: (step) => guardOf(machine, 'mustChangeView')(step, { acknowledged: true }),
          })(machine),
        (machine) =>
          actions({
            changeView: assign((step: Any) =>
              assignedBy(machine, 'changeView')(step, { acknowledged: true }),
            ),
          })(machine),
      ),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 4, begin: [] },
  },
  {
    name: 'the ping of a backup acknowledges the view',
    rule: 'V4',
    charts: {
      viewService: guards({
        acknowledges: ({ context, event }) =>
          event.type === 'ping' && event.viewNumber === context.view.number,
      }),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 4, begin: [] },
  },
  {
    name: 'an old number acknowledges the view',
    rule: 'V4',
    charts: {
      viewService: guards({
        acknowledges: ({ context, event }) => event.type === 'ping' && event.from === context.view.primary,
      }),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 4, begin: [] },
  },
  {
    name: 'view numbers are left out',
    rule: 'V2',
    charts: {
      viewService: (machine) =>
        actions({
          changeView: assign((step: Any, params: Any) => {
            const next = assignedBy(machine, 'changeView')(step, params) as ViewServiceContext
            return next.view.number < 2
              ? next
              : { ...next, view: { ...next.view, number: next.view.number + 1 } }
          }),
        })(machine),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 4, begin: [] },
  },
  {
    name: 'promotion and the appointment of a backup are two changes',
    rule: 'V5',
    charts: {
      viewService: (machine) =>
        actions({
          changeView: assign((step: Any, params: Any) => {
            const next = assignedBy(machine, 'changeView')(step, params) as ViewServiceContext
            const isPromotion =
              next.view.primary !== step.context.view.primary && step.context.view.number > 0
            return isPromotion ? { ...next, view: { ...next.view, backup: null } } : next
          }),
        })(machine),
    },
    system: { servers: 3, clients: [], viewsMax: 3 },
  },
  {
    name: 'a missing backup is added before the acknowledgement',
    rule: 'V4',
    charts: {
      viewService: (machine) =>
        both(
          guards({
            mustChangeView: (step, params) =>
              appointsEarly(step) || guardOf(machine, 'mustChangeView')(step, params),
          }),
          actions({
            changeView: assign((step: Any, params: Any) => {
              const next = assignedBy(machine, 'changeView')(step, params) as ViewServiceContext
              if (!appointsEarly(step)) return next
              const { number, primary } = (step.context as ViewServiceContext).view
              return { ...next, view: { number: number + 1, primary, backup: step.event.from } }
            }),
          }),
        )(machine),
    },
    system: { servers: 2, clients: [], viewsMax: 3, begin: [] },
  },
  {
    name: 'the first server to ping is not made primary',
    rule: 'V1',
    charts: {
      viewService: reconfigured((config) => {
        const { on } = config.states.views.states.awaitingFirstPing
        on.ping = { actions: on.ping.actions.slice(1) }
      }),
    },
    system: { servers: 1, clients: [[put('x')]], viewsMax: 2, begin: [] },
    means: 'goal',
  },
  {
    name: 'an idle server is promoted in the place of the backup',
    rule: 'V3',
    charts: {
      viewService: changingView((next, { view }) =>
        view.number > 0 && next.view.primary !== view.primary && next.view.backup !== null
          ? { ...next, view: { ...next.view, primary: next.view.backup, backup: next.view.primary } }
          : next,
      ),
    },
    system: { servers: 3, clients: [], viewsMax: 3 },
  },
  {
    name: 'a dead backup stays until the view is acknowledged',
    rule: 'V4',
    charts: {
      viewService: (machine) =>
        guards({
          mustChangeView: (step, params) =>
            params.acknowledged && guardOf(machine, 'mustChangeView')(step, params),
        })(machine),
    },
    system: { servers: 2, clients: [], viewsMax: 3, begin: [] },
  },
  {
    name: 'a ping check changes no view',
    rule: 'V5',
    charts: {
      viewService: reconfigured((config) => {
        const { awaitingAcknowledgement, acknowledged } = config.states.views.states
        for (const { on } of [awaitingAcknowledgement, acknowledged]) on.pingCheck = on.pingCheck.slice(1)
      }),
    },
    system: { servers: 2, clients: [], viewsMax: 3 },
  },
  {
    name: 'no idle server is appointed while the lone primary looks dead',
    rule: 'V6',
    charts: {
      viewService: (machine) =>
        guards({
          mustChangeView: (step, params) => {
            const { view, servers } = step.context as ViewServiceContext
            const looksAlive = servers.some(({ id }) => id === view.primary)
            return (looksAlive || view.backup !== null) && guardOf(machine, 'mustChangeView')(step, params)
          },
        })(machine),
    },
    system: { servers: 2, clients: [], viewsMax: 3, begin: [] },
  },
  {
    name: 'an idle server that fell silent is appointed',
    rule: 'V7',
    charts: {
      viewService: (machine) =>
        actions({
          countLiveness: assign((step: Any) => {
            const next = assignedBy(machine, 'countLiveness')(step) as ViewServiceContext
            const { view, servers } = step.context as ViewServiceContext
            const silent = servers.filter(
              ({ id }) =>
                ![view.primary, view.backup].includes(id) && !next.servers.some((other) => other.id === id),
            )
            return {
              ...next,
              servers: [...next.servers, ...silent.map(({ id }) => ({ id, silentChecks: 0 }))],
            }
          }),
        })(machine),
    },
    played: {
      chart: 'viewService',
      events: [
        ...pairOf('s1#1', 's2#1'),
        ping('s3#1', 0),
        pingCheck,
        ping('s1#1', 2),
        ping('s2#1', 2),
        pingCheck,
      ].concat([ping('s1#1', 2), pingCheck, ping('s1#1', 2), pingCheck]),
      tell: viewOf,
      sound: [3, 's1#1', null],
    },
  },
  {
    name: 'one lost ping is death',
    rule: 'V7',
    charts: { viewService: () => createViewServiceMachine({ pingTimeout: 1 }) },
    played: {
      chart: 'viewService',
      events: [...pairOf('s1#1', 's2#1'), pingCheck, ping('s1#1', 2)],
      tell: viewOf,
      sound: [2, 's1#1', 's2#1'],
    },
  },
  {
    name: 'a late ping of an older life takes the place of the newer one',
    rule: 'V7',
    charts: {
      viewService: both(
        changingView((next) => ({ ...next, incarnations: [] })),
        (machine) =>
          actions({
            countLiveness: assign((step: Any) => ({
              ...assignedBy(machine, 'countLiveness')(step),
              incarnations: [],
            })),
          })(machine),
      ),
    },
    played: {
      chart: 'viewService',
      events: [...pairOf('s1#1', 's2#2'), ping('s2#1', 0)],
      tell: viewOf,
      sound: [2, 's1#1', 's2#2'],
    },
  },
  {
    name: 'a question for the view counts as a ping',
    rule: 'V8',
    charts: {
      viewService: hearing((event) =>
        event.type === 'getView' ? { type: 'ping', viewNumber: 0, from: event.from } : event,
      ),
    },
    system: { servers: 2, clients: [[put('x')]], viewsMax: 2, begin: [] },
  },
  {
    name: 'only a ping of 0 volunteers',
    rule: 'V8',
    charts: {
      viewService: hearing((event, { context }) => {
        const { primary, backup } = (context as ViewServiceContext).view
        const isStranger = event.type === 'ping' && ![primary, backup].includes(event.from)
        return isStranger && event.viewNumber > 0 ? { type: 'nothing' } : event
      }),
    },
    system: { servers: 2, clients: [], viewsMax: 4 },
    means: 'liveness',
    goals: [
      reachable('the view has a backup', (system) => {
        const { view } = system.node('view-service').snapshot.context as ViewServiceContext
        return view.backup !== null
      }),
    ],
  },
  {
    name: 'the order in which idle servers are considered is left to chance',
    rule: 'V9',
    charts: {
      viewService: changingView((next) => ({
        ...next,
        servers: Math.random() < 0.5 ? next.servers : [...next.servers].reverse(),
      })),
    },
    system: { servers: 3, clients: [], viewsMax: 2, begin: [] },
    means: 'handlers',
  },
  {
    name: 'a number above the current view acknowledges it',
    rule: 'V10',
    charts: {
      viewService: guards({
        acknowledges: ({ context, event }) =>
          event.type === 'ping' &&
          event.from === context.view.primary &&
          event.viewNumber >= context.view.number,
      }),
    },
    played: {
      chart: 'viewService',
      events: [ping('s1#1', 0), pingCheck, ping('s1#1', 7)],
      tell: (snapshot) => snapshot.hasTag('acknowledged'),
      sound: false,
    },
  },
  {
    name: 'a view that was not acknowledged is taken up as acknowledged',
    rule: 'V11',
    charts: {
      viewService: guards({
        resumes: ({ context }, { acknowledged }) => context.record !== null && acknowledged,
      }),
    },
    played: {
      chart: 'viewService',
      input: {
        record: {
          view: { number: 1, primary: 's1#1', backup: null },
          acknowledged: false,
          incarnations: [],
        },
      },
      events: [],
      tell: (snapshot) => snapshot.hasTag('acknowledged'),
      sound: false,
    },
  },
]

/** The view service after it has appointed a pair, in view 2, acknowledged. */
function pairOf(primary: string, backup: string) {
  return [ping(primary, 0), ping(primary, 1), ping(backup, 0), ping(primary, 2), ping(backup, 2)]
}

/** A ping of an idle server while the view has no backup, acknowledged or not. */
function appointsEarly({ context, event }: Any): boolean {
  const { view } = context as ViewServiceContext
  return event.type === 'ping' && view.number > 0 && view.backup === null && event.from !== view.primary
}

/** A view service whose new views, and what goes with them, are changed. */
function changingView(
  change: (next: ViewServiceContext, before: ViewServiceContext) => Partial<ViewServiceContext>,
): Change {
  return (machine) =>
    actions({
      changeView: assign((step: Any, params: Any) =>
        change(
          { ...step.context, ...assignedBy(machine, 'changeView')(step, params) },
          step.context as ViewServiceContext,
        ),
      ),
    })(machine)
}

/** A view service that makes an idle server primary when primary and backup are gone. */
function promotingAnyone(machine: Parameters<Change>[0]): ReturnType<Change> {
  const isOrphaned = ({ context, event }: Any) => {
    const { view, servers } = context as ViewServiceContext
    const alive = servers.map(({ id }) => id)
    return (
      event.type === 'ping' &&
      view.number > 1 &&
      view.primary !== null &&
      !alive.includes(view.primary) &&
      event.from !== view.primary
    )
  }
  return machine.provide({
    guards: {
      mustChangeView: (step: Any, params: Any) =>
        isOrphaned(step) || guardOf(machine, 'mustChangeView')(step, params),
    },
    actions: {
      changeView: assign((step: Any, params: Any) => {
        const next = assignedBy(machine, 'changeView')(step, params) as ViewServiceContext
        if (!isOrphaned(step)) return next
        return {
          ...next,
          view: { number: step.context.view.number + 1, primary: step.event.from, backup: null },
        }
      }),
    },
  } as never)
}
