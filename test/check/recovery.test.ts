/** A server that crashes and goes on from its disk under its old id, in every order with everything else (D1, D2). */

import { describe, expect, test } from 'vitest'
import { type AnyStateMachine, assign, createMachine } from 'xstate'
import { RequestQueue } from '../../machines/application/request-queue.ts'
import { initialServerContext, type ServerContext } from '../../machines/server/context.ts'
import { check } from '../../proof/check/check.ts'
import { type CheckedSystem, type Goal, reachable } from '../../proof/check/system.ts'
import { acknowledgedView, standbySystem } from '../../proof/protocol/standby-system.ts'

interface Recovery {
  /** What of the context is not as it was. */
  readonly context: (before: ServerContext) => Partial<ServerContext>
  /** Where the role goes on, if not where it was: with a forward outstanding, or anywhere. */
  readonly outstanding?: string
  readonly anywhere?: string
}

/** D2: only what nothing depends on that was sent may be gone, and that is requests that wait. */
const sound: Recovery = { context: () => ({ queue: RequestQueue.empty }) }

/** The system, with servers that recover, each once at any moment. A crashed server that is not back yet is a slow one. */
function recovering({ context, outstanding, anywhere }: Recovery, begin: readonly Goal[]): CheckedSystem {
  const recover = assign(({ context: before }: { context: ServerContext }) => context(before) as never)
  const change = (machine: AnyStateMachine) => {
    const transitions = [
      ...(outstanding === undefined
        ? []
        : [{ guard: 'isOutstanding', target: outstanding, actions: 'recover' }]),
      { ...(anywhere && { target: anywhere }), actions: 'recover' },
    ]
    const { guards, actions, ...implementations } = machine.implementations
    // The role takes every event that it does not know; so the role must know this one.
    const { role, ...states } = machine.config.states as Record<string, { readonly on: object }>
    const config = {
      ...machine.config,
      states: { ...states, role: { ...role, on: { ...role!.on, recover: transitions } } },
    }
    return createMachine(
      config as never,
      {
        ...implementations,
        actions: { ...actions, recover },
        guards: {
          ...guards,
          isOutstanding: ({ context: now }: { context: ServerContext }) => now.outstanding !== null,
        },
      } as never,
    ) as AnyStateMachine
  }
  const system = standbySystem({
    servers: 2,
    clients: [[{ op: 'append', key: 'k', value: 'x' }], [{ op: 'append', key: 'k', value: 'y' }]],
    viewsMax: 3,
    begin,
    charts: { server: change },
  })
  return {
    ...system,
    nodes: system.nodes.map((node) =>
      node.id.startsWith('s') ? { ...node, script: [{ type: 'recover' }] } : node,
    ),
  }
}

const withBackup = acknowledgedView('view-service', 2)
/** Both clients have opened their sessions. */
const withSessions = reachable('two sessions', (system) =>
  ['s1#1', 's2#1'].every((id) => system.node(id).snapshot.context.replica?.sessions.size === 2),
)

const bounds = { states: 300_000 }

describe('D1: recovery under the old id', () => {
  test.each([
    ['from the start', []],
    ['with a backup', [withBackup]],
    ['with sessions', [withBackup, withSessions]],
  ])('breaks no invariant, %s', (_, begin) => {
    const { violation, states } = check(recovering(sound, begin), { bounds })
    expect(violation).toBeNull()
    expect(states).toBeGreaterThan(10_000)
  })

  test('D2: a primary that sent its forward before it was durable is caught', () => {
    const { violation } = check(
      recovering(
        {
          context: ({ outstanding, forwards }) => ({
            queue: RequestQueue.empty,
            outstanding: null,
            forwards: outstanding === null ? forwards : forwards - 1,
          }),
          outstanding: '.primary.serving',
        },
        [withBackup, withSessions],
      ),
      { bounds },
    )
    expect(violation).not.toBeNull()
  })

  test('N2: a server that comes back empty under its old id is caught', () => {
    const { violation } = check(
      recovering(
        {
          context: initialServerContext,
          anywhere: '.idle',
        },
        [],
      ),
      { bounds },
    )
    expect(violation).not.toBeNull()
  })
})
