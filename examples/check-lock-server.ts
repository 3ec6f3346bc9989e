/**
 * Checks a lock server with a lease: a client holds the lock until it gives it back or its lease is over.
 *
 * `npx tsx examples/check-lock-server.ts` searches everything that can happen, first as it should be, then with a bug: a
 * holder that goes on working when its lease is over. Every client that asks must get the lock at last.
 */
import { always, check, eventually, leadsTo, type SystemView } from 'standby/check'
import { assign, createMachine } from 'xstate'

const clients = ['c1', 'c2']
const send = (to: string, type: string) => ({ type: 'send', params: { to, message: { type } } })

/** The server lends the lock to one client at a time, and takes it back when it learns that the lease is over. */
const server = createMachine({
  id: 'server',
  initial: 'free',
  context: { holder: null as string | null, waiting: [] as string[] },
  states: {
    free: {
      always: {
        guard: ({ context }) => context.waiting.length > 0,
        target: 'lent',
        actions: assign({
          holder: ({ context }) => context.waiting[0]!,
          waiting: ({ context }) => context.waiting.slice(1),
        }),
      },
    },
    lent: {
      entry: {
        type: 'send',
        params: ({ context }: { context: { holder: string } }) => ({
          to: context.holder,
          message: { type: 'granted' },
        }),
      } as never,
      on: {
        released: {
          guard: ({ context, event }) => event.from === context.holder,
          target: 'free',
          actions: assign({ holder: null }),
        },
      },
    },
  },
  on: {
    ask: {
      actions: assign({
        waiting: ({ context, event }) => [...context.waiting, (event as { from?: string }).from!],
      }),
    },
  },
})

/** A client that asks once, works while it holds the lock, and says when it is done or its lease is over. */
function client(careless: boolean) {
  return createMachine({
    id: 'client',
    initial: 'waiting',
    states: {
      waiting: { entry: send('server', 'ask'), on: { granted: 'working' } },
      working: {
        after: {
          10: { target: 'done', actions: send('server', 'released') },
          // The bug: it says that its lease is over, and works on.
          20: careless
            ? { target: 'overdue', actions: send('server', 'released') }
            : { target: 'done', actions: send('server', 'released') },
        },
      },
      overdue: { after: { 10: 'done' } },
      done: {},
    },
  })
}

/** Each message arrives once, as on a connection that is repeated by its ends. */
export function lockServer(careless = false) {
  const isWorking = (system: SystemView, id: string) =>
    ['working', 'overdue'].includes(system.node(id).snapshot.value as string)
  return {
    nodes: [{ id: 'server', machine: server }, ...clients.map((id) => ({ id, machine: client(careless) }))],
    network: 'once' as const,
    invariants: [
      always('one client works at a time', (system) => {
        const working = clients.filter((id) => isWorking(system, id))
        return working.length <= 1 || `${working.join(' and ')} work`
      }),
    ],
    temporal: [
      ...clients.map((id) =>
        leadsTo(
          `${id} gets the lock`,
          (system) => system.node(id).snapshot.value === 'waiting',
          (system) => isWorking(system, id),
        ),
      ),
      eventually('the lock is free again', (system) => system.node('server').snapshot.value === 'free'),
    ],
  }
}

if (process.argv[1]?.endsWith('check-lock-server.ts')) {
  const sound = check(lockServer())
  console.log(`as it should be: ${sound.verdict}, ${sound.states} states`)
  const broken = check(lockServer(true))
  console.log(`with a careless client: ${broken.verdict}`)
  console.log(`  ${broken.violation?.name}: ${broken.violation?.reason}`)
  console.log(broken.violation?.story)
}
