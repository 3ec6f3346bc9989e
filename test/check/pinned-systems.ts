/** Well-known systems whose numbers of states others have counted, too. */
import { assign, createMachine } from 'xstate'
import { always, type CheckedSystem, reachable } from '../../proof/check/system.ts'

const send = (to: string, type: string) => ({ type: 'send', params: { to, message: { type } } })

/** Two-phase commit as Gray and Lamport specify it: a transaction manager and resource managers that may decide alone. */
export function twoPhaseCommit(count: number, impatient = false): CheckedSystem {
  const ids = Array.from({ length: count }, (_, index) => `rm${index + 1}`)
  const toAll = (type: string) => ids.map((id) => send(id, type))
  const hasAll = ({ context, event }: { context: { prepared: string[] }; event: { from: string } }) =>
    new Set([...context.prepared, event.from]).size === count
  const add = assign({
    prepared: ({
      context,
      event,
    }: {
      context: { prepared: string[] }
      event: { type: string; from?: string }
    }) => [...new Set([...context.prepared, event.from!])].sort(),
  })
  const manager = createMachine({
    initial: 'collecting',
    context: { prepared: [] },
    states: {
      collecting: {
        on: { prepared: [{ guard: hasAll, target: 'complete', actions: add }, { actions: add }] },
        after: { 1: 'aborted' },
      },
      complete: { after: { 1: 'aborted', 2: 'committed' } },
      committed: { entry: toAll('commit') },
      aborted: { entry: toAll('abort') },
    },
  } as never)
  const resource = createMachine({
    initial: 'working',
    states: {
      working: {
        on: { commit: 'committed', abort: 'aborted' },
        after: { 1: 'prepared', 2: 'aborted' },
      },
      prepared: {
        entry: send('tm', 'prepared'),
        on: { commit: 'committed', abort: 'aborted' },
        ...(impatient ? { after: { 3: 'aborted' } } : {}),
      },
      committed: {},
      aborted: {},
    },
  } as never)
  return {
    nodes: [{ id: 'tm', machine: manager }, ...ids.map((id) => ({ id, machine: resource }))],
    invariants: [
      always('no manager commits what another aborts', (system) => {
        const values = ids.map((id) => system.node(id).snapshot.value)
        return !(values.includes('committed') && values.includes('aborted')) || values.join()
      }),
    ],
    goals: ['committed', 'aborted'].map((value) =>
      reachable(`all ${value}`, (system) => ids.every((id) => system.node(id).snapshot.value === value)),
    ),
  }
}
