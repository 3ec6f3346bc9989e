/** Systems with a violation, in a module of their own: threads load what they search. */
import { createMachine } from 'xstate'
import { standbySystem } from '../../runtime/check/standby-system.ts'
import { always, type CheckedSystem } from '../../runtime/check/system.ts'

/** Ours, with an invariant that does not hold: the backup is promoted sooner or later. */
export function brokenSystem(): CheckedSystem {
  return {
    ...standbySystem({ servers: 2, clients: [[{ op: 'put', key: 'a', value: 'x' }]], viewsMax: 3 }),
    invariants: [
      always(
        'the second server never serves',
        (system) => !system.node('s2#1').snapshot.hasTag('answersClients') || 'it does',
      ),
    ],
  }
}

/** An invariant that comes to read its last node only in the state that breaks it. */
export function lateSystem(): CheckedSystem {
  const machine = createMachine({
    initial: 'out',
    states: { out: { on: { go: 'half' } }, half: { on: { go: 'in' } }, in: {} },
  })
  const ids = ['a', 'b', 'c', 'd', 'e']
  return {
    nodes: ids.map((id) => ({ id, machine, script: [{ type: 'go' }, { type: 'go' }] })),
    invariants: [
      always(
        'not all are in',
        (system) =>
          !['c', 'a', 'e', 'b', 'd'].every((id) => system.node(id).snapshot.value === 'in') || 'all are in',
      ),
    ],
  }
}
