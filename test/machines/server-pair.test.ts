/** A primary and a backup together (S4 to S8, T1 to T5), over a network that loses, repeats and reorders what they send. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Application, defineApplication, type Json } from '../../machines/application/application.ts'
import type { Message } from '../../machines/messages.ts'
import type { ServerEvent, ServerOptions } from '../../machines/server/context.ts'
import type { View } from '../../machines/view.ts'
import {
  alice,
  bob,
  carol,
  executedBy,
  journal,
  me,
  opening,
  partner,
  request,
  roleOf,
  type ServerSeen,
  type ServerSnapshot,
  servers,
  third,
  view,
  viewReply,
} from './servers.ts'

interface Packet {
  readonly to: string
  readonly event: ServerEvent
}

/** Two servers, each with a chart of its own, and what is under way between them. Messages travel as JSON text. */
function pairOf(application: Application = journal as Application, options: Partial<ServerOptions> = {}) {
  const charts: Record<string, ReturnType<typeof servers>> = {
    [me]: servers(options, application),
    [partner]: servers(options, application),
  }
  const snapshots: Record<string, ServerSnapshot> = {
    [me]: charts[me]!.start(me).snapshot,
    [partner]: charts[partner]!.start(partner).snapshot,
  }
  const network: Packet[] = []
  const toClients: { readonly to: string; readonly message: Message }[] = []
  const note = (from: string, seen: ServerSeen) => {
    snapshots[from] = seen.snapshot
    for (const { to, message } of seen.sent) {
      const event = { ...(JSON.parse(JSON.stringify(message)) as Message), from } as ServerEvent
      if (to in snapshots) network.push({ to, event })
      else if (message.type === 'reply' || message.type === 'refusal') toClients.push({ to, message })
    }
  }
  const pair = {
    network,
    toClients,
    of: (id: string) => snapshots[id]!,
    send: (to: string, ...events: readonly ServerEvent[]) => {
      for (const event of events) note(to, charts[to]!.step(snapshots[to]!, event))
    },
    /** Delivers the packet at this place; a copy may stay under way. */
    deliver: (index: number, staysToo = false) => {
      const packet = network[index]
      if (packet === undefined) return
      if (!staysToo) network.splice(index, 1)
      pair.send(packet.to, packet.event)
    },
    /** The resend timer, where one is set. */
    resend: (id: string) => {
      const snapshot = snapshots[id]!
      const isSet = snapshot._nodes.some((node) =>
        node.after.some(({ eventType }) => eventType.includes('resend')),
      )
      if (isSet) note(id, charts[id]!.fire(snapshot, 'resendInterval'))
    },
    /** Delivers everything, in order, until nothing is under way. */
    settle: () => {
      while (network.length > 0) pair.deliver(0)
    },
  }
  return pair
}

/** The pair in view 5, the transfer done. */
function servingPair(application?: Application, options?: Partial<ServerOptions>) {
  const pair = pairOf(application, options)
  pair.send(me, viewReply(view(me, null, 1)), viewReply(view(me, null, 4)), viewReply(view(me, partner)))
  pair.settle()
  return pair
}

const jsonOf = (value: unknown) => JSON.stringify(value)
const replicaTextOf = (snapshot: ServerSnapshot) => jsonOf(snapshot.context.replica)

describe('an application that throws', () => {
  it('S6 the error is the same on both replicas, typed, and the state is that without the command', () => {
    const pair = servingPair()

    pair.send(me, opening())
    pair.settle()
    pair.send(me, request({ commands: ['a', 'throw', 'b'] }))
    pair.settle()

    const error = { code: 'applicationError', message: 'thrown after 1 commands' }
    expect(pair.toClients.at(-1)?.message).toMatchObject({
      outcome: { kind: 'results', results: [{ value: 1 }, { error }, { value: 2 }] },
    })
    expect(executedBy(pair.of(me))).toEqual(['a', 'b'])
    expect(replicaTextOf(pair.of(partner))).toBe(replicaTextOf(pair.of(me)))
  })

  it('S6 a result that JSON cannot carry is the same error on both replicas', () => {
    const application: Application = { ...(journal as Application), execute: () => [['changed'], 1n] }
    const pair = servingPair(application)

    pair.send(me, opening())
    pair.settle()
    pair.send(me, request())
    pair.settle()

    expect(pair.toClients.at(-1)?.message).toMatchObject({
      outcome: { results: [{ error: { code: 'applicationError' } }] },
    })
    expect(roleOf(pair.of(me))).toBe('primary.serving')
    expect(replicaTextOf(pair.of(partner))).toBe(replicaTextOf(pair.of(me)))
  })
})

describe('an application that is not deterministic', () => {
  const diverge = () => {
    const pair = servingPair(dice())
    pair.send(me, opening(alice))
    pair.settle()
    pair.send(me, request(), opening(bob))
    pair.settle()
    return pair
  }

  it('S6 both replicas stop', () => {
    const pair = diverge()

    expect([roleOf(pair.of(me)), roleOf(pair.of(partner))]).toEqual(['replicaDiverged', 'replicaDiverged'])
  })

  it('S6 no client is answered with a result, and waiting clients are refused', () => {
    const { toClients } = diverge()

    expect(toClients.map(({ to, message }) => [to, message.type])).toEqual([
      [alice, 'reply'],
      [alice, 'refusal'],
      [bob, 'refusal'],
    ])
    expect(toClients.slice(1).map(({ message }) => message)).toMatchObject([
      { reason: 'replicaDiverged' },
      { reason: 'replicaDiverged' },
    ])
  })

  it('S6 the primary has not executed what it did not answer', () => {
    const { replica } = diverge().of(me).context

    expect(replica?.sessions.get(1)?.seq).toBe(0)
  })

  it('S6 a lost notice is sent again until the backup stops, too', () => {
    const pair = servingPair(dice())
    pair.send(me, opening(alice))
    pair.settle()
    pair.send(me, request())
    pair.deliver(0)
    pair.deliver(0)
    pair.network.length = 0
    const before = roleOf(pair.of(partner))

    pair.resend(me)
    pair.settle()

    expect([before, roleOf(pair.of(partner))]).toEqual(['backup.serving', 'replicaDiverged'])
  })
})

describe('primary and backup over a bad network', () => {
  const options: Partial<ServerOptions> = {
    transferBytesMax: 25,
    batchMax: 2,
    queueMax: 3,
    sessionsMax: 2,
  }

  it('S6 both apply the same forwards: once everything has arrived, their replicas are identical', () => {
    fc.assert(
      fc.property(fc.array(stepOf(), { maxLength: 120 }), (steps) => {
        const pair = misbehave(steps, options)

        heal(pair)

        expect(pair.toClients.at(-1)).toMatchObject({
          to: newcomer,
          message: { outcome: { kind: 'opened' } },
        })
        expect(roleOf(pair.of(partner))).toBe('backup.serving')
        expect(replicaTextOf(pair.of(partner))).toBe(replicaTextOf(pair.of(me)))
      }),
    )
  })

  it('I5 in one view, with the state installed, the backup has what the primary has, or the outstanding forward more', () => {
    fc.assert(
      fc.property(fc.array(stepOf(), { maxLength: 120 }), (steps) => {
        misbehave(steps, options, ({ of }) => {
          const primary = of(me)
          const backup = of(partner)
          if (backup.context.replica === null) return
          if (primary.context.view.number !== backup.context.view.number) return
          const { forwards, outstanding } = primary.context
          const committed = forwards - (outstanding === null ? 0 : 1)

          expect([committed, forwards]).toContain(backup.context.applied.number)
          if (backup.context.applied.number === committed) {
            expect(replicaTextOf(backup)).toBe(replicaTextOf(primary))
          }
        })
      }),
    )
  })

  it('S8 every result that was answered is that of its command in the end, and no command took effect twice (I6)', () => {
    fc.assert(
      fc.property(fc.array(stepOf(), { maxLength: 120 }), (steps) => {
        const pair = misbehave(steps, options)

        heal(pair)

        const executed = executedBy(pair.of(me))!
        expect(new Set(executed).size).toBe(executed.length)
        for (const { to, message } of pair.toClients) {
          if (message.type !== 'reply' || message.outcome.kind !== 'results') continue
          const values = message.outcome.results.map((result) => ('value' in result ? result.value : null))
          const commands = commandsOf(to, message.session!, message.seq)
          expect(values.map((value) => executed[(value as number) - 1])).toEqual(commands)
        }
      }),
    )
  })

  it('S6 forwards go out and come back on the way: the walk is not idle', () => {
    const forwards = fc
      .sample(fc.array(stepOf(), { minLength: 100, maxLength: 120 }), { numRuns: 20, seed: 1 })
      .map((steps) => executedBy(misbehave(steps, options).of(me))!.length)

    expect(Math.max(...forwards)).toBeGreaterThan(3)
  })
})

const newcomer = 'newcomer#1'

type Step =
  | { readonly kind: 'request'; readonly client: string; readonly session: number; readonly seq: number }
  | { readonly kind: 'open'; readonly client: string }
  | { readonly kind: 'deliver' | 'repeat' | 'lose'; readonly at: number }
  | { readonly kind: 'resend'; readonly id: string }
  | { readonly kind: 'tell'; readonly id: string }
  | { readonly kind: 'changeView'; readonly backup: boolean }

function stepOf(): fc.Arbitrary<Step> {
  const client = fc.constantFrom(alice, bob, carol)
  const id = fc.constantFrom(me, partner)
  const at = fc.nat(6)
  const weighted = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary })
  return fc.oneof(
    weighted(8, fc.record({ kind: fc.constant('deliver' as const), at })),
    weighted(2, fc.record({ kind: fc.constantFrom('repeat' as const, 'lose' as const), at })),
    weighted(3, fc.record({ kind: fc.constant('resend' as const), id })),
    weighted(2, fc.record({ kind: fc.constant('open' as const), client })),
    weighted(
      5,
      fc.record({
        kind: fc.constant('request' as const),
        client,
        session: fc.integer({ min: 1, max: 4 }),
        seq: fc.integer({ min: 1, max: 4 }),
      }),
    ),
    weighted(1, fc.record({ kind: fc.constant('changeView' as const), backup: fc.boolean() })),
    weighted(3, fc.record({ kind: fc.constant('tell' as const), id })),
  )
}

/** What a client asks under a number is always the same. */
function commandsOf(client: string, session: number, seq: number): readonly Json[] {
  return [`${client} ${session}/${seq}/0`, `${client} ${session}/${seq}/1`]
}

type Pair = ReturnType<typeof pairOf> & { readonly views: readonly View[] }

/** Takes the steps; the view service lets the same server stay primary, and gives it backups and takes them away. */
function misbehave(
  steps: readonly Step[],
  options: Partial<ServerOptions>,
  look: (pair: Pair) => void = () => {},
): Pair {
  const views = [view(me, null, 1)]
  const pair: Pair = { ...pairOf(journal as Application, options), views }
  pair.send(me, viewReply(views[0]!))
  for (const step of steps) {
    const newest = views.at(-1)!
    const { number } = pair.of(me).context.view
    switch (step.kind) {
      case 'open':
        pair.send(me, opening(step.client, number))
        break
      case 'request': {
        const { client, session, seq } = step
        const commands = commandsOf(client, session, seq)
        pair.send(me, request({ client, session, seq, commands, viewNumber: number }))
        break
      }
      case 'deliver':
        pair.deliver(step.at % Math.max(1, pair.network.length))
        break
      case 'repeat':
        pair.deliver(step.at % Math.max(1, pair.network.length), true)
        break
      case 'lose':
        pair.network.splice(step.at, 1)
        break
      case 'resend':
        pair.resend(step.id)
        break
      case 'tell':
        pair.send(step.id, viewReply(newest))
        break
      case 'changeView': {
        const backup = newest.backup === null ? partner : step.backup ? null : third
        views.push(view(me, backup, newest.number + 1))
        break
      }
    }
    look(pair)
  }
  return pair
}

/** The partner is backup again, nothing is lost any more, and a caller new comes. */
function heal(pair: Pair): void {
  const last = view(me, partner, pair.views.at(-1)!.number + 1)
  pair.send(me, viewReply(last))
  const isDone = () => {
    const { outstanding, sending, queue } = pair.of(me).context
    return pair.network.length === 0 && outstanding === null && sending === null && queue.size === 0
  }
  const settle = () => {
    for (let round = 0; round < 1_000 && !isDone(); round++) {
      pair.settle()
      pair.resend(me)
    }
    pair.settle()
  }
  settle()
  pair.send(me, opening(newcomer, last.number))
  settle()
}

function dice(): Application {
  let calls = 0
  return defineApplication({
    name: 'dice',
    initialState: 0,
    execute: (state: number) => {
      calls += 1
      return [state, calls]
    },
  }) as Application
}
