/** Systems in a module of their own: threads load what they search. */
import { createMachine } from 'xstate'
import { always, type CheckedSystem, reachable, type SystemView } from '../../proof/check/system.ts'
import { standbySystem } from '../../proof/protocol/standby-system.ts'

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

const ids = ['a', 'b', 'c', 'd', 'e']

/** Five nodes that each come in by two steps. */
function visitors(): CheckedSystem['nodes'] {
  const machine = createMachine({
    initial: 'out',
    states: { out: { on: { go: 'half' } }, half: { on: { go: 'in' } }, in: {} },
  })
  return ids.map((id) => ({ id, machine, script: [{ type: 'go' }, { type: 'go' }] }))
}

function areAll(system: SystemView, nodes: readonly string[], value: 'half' | 'in'): boolean {
  return nodes.every((id) => system.node(id).snapshot.value === value)
}

/** An invariant that reaches read its last node only in the state that breaks it. */
export function lateSystem(): CheckedSystem {
  return {
    nodes: visitors(),
    invariants: [
      always('not all are in', (system) => !areAll(system, ['c', 'a', 'e', 'b', 'd'], 'in') || 'all are in'),
    ],
  }
}

/** Searched behind a goal of its own, with more goals than that one. */
export function goalsSystem(): CheckedSystem {
  return {
    nodes: visitors(),
    begin: [reachable('a is on its way', (system) => areAll(system, ['a'], 'half'))],
    goals: [
      reachable('a is in', (system) => areAll(system, ['a'], 'in')),
      reachable('all but e are half way', (system) => areAll(system, ['a', 'b', 'c', 'd'], 'half')),
      reachable('all are in', (system) => areAll(system, ids, 'in')),
    ],
  }
}
