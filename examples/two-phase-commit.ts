/**
 * Two-phase commit as two small statecharts, and the system of a coordinator and two participants.
 *
 * `npx tsx examples/check-two-phase-commit.ts` searches everything that can happen in it;
 * `npx tsx cli/main.ts explore examples/two-phase-commit.ts` opens it in the inspector, to be driven by hand.
 */
import { always, type CheckedSystem, reachable, type SystemView } from 'standby/check'
import { createMachine, enqueueActions } from 'xstate'

const participants = ['p1', 'p2']

/** A message goes out through an action `send` with `to` and `message`; it arrives as an event with `from`. */
const send = (to: string, type: string) => ({ type: 'send', params: { to, message: { type } } })
const toAll = (type: string) => participants.map((to) => send(to, type))

const coordinator = createMachine({
  id: 'coordinator',
  initial: 'collecting',
  context: { yes: [] as string[] },
  states: {
    collecting: {
      entry: toAll('prepare'),
      on: {
        yes: [
          {
            guard: ({ context, event }) => new Set([...context.yes, event.from]).size === participants.length,
            target: 'committed',
          },
          {
            actions: enqueueActions(({ context, event, enqueue }) => {
              enqueue.assign({ yes: [...new Set([...context.yes, event.from])].sort() })
            }),
          },
        ],
        no: { target: 'aborted' },
      },
      after: { 1000: { target: 'aborted' } },
    },
    committed: { entry: toAll('commit') },
    aborted: { entry: toAll('abort') },
  },
})

const participant = (impatient: boolean) =>
  createMachine({
    id: 'participant',
    initial: 'working',
    states: {
      working: {
        on: {
          prepare: { target: 'prepared', actions: send('coordinator', 'yes') },
          fail: { target: 'aborted', actions: send('coordinator', 'no') },
          abort: 'aborted',
        },
      },
      prepared: {
        on: { commit: 'committed', abort: 'aborted' },
        // The bug: having voted yes, it may not decide alone.
        ...(impatient ? { after: { 500: { target: 'aborted' } } } : {}),
      },
      committed: {},
      aborted: {},
    },
  })

function systemOf(impatient: boolean): CheckedSystem {
  const all = ['coordinator', ...participants]
  const isIn = (system: SystemView, state: string) => (id: string) => system.node(id).snapshot.value === state
  return {
    nodes: [
      { id: 'coordinator', machine: coordinator },
      // At any moment the work of a participant may fail: a script says what may come from outside.
      ...participants.map((id) => ({ id, machine: participant(impatient), script: [{ type: 'fail' }] })),
    ],
    invariants: [
      always('no node commits what another aborts', (system) => {
        const [committed, aborted] = [
          all.filter(isIn(system, 'committed')),
          all.filter(isIn(system, 'aborted')),
        ]
        return committed.length === 0 || aborted.length === 0 || `${committed} committed, ${aborted} aborted`
      }),
    ],
    goals: [
      reachable('all commit', (system) => all.every(isIn(system, 'committed'))),
      reachable('all abort', (system) => all.every(isIn(system, 'aborted'))),
    ],
  }
}

/** As it should be. */
export const system = systemOf(false)

/** With a bug: a participant that has voted yes loses patience and aborts. */
export const impatient = systemOf(true)
