/** The live actor is the chart and nothing else: on every sequence of events both take the same steps. Clocks are the live one's own. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AnyMachineSnapshot, type AnyStateMachine, createActor, type EventObject } from 'xstate'
import { nodeLogic } from '../../actors/node.ts'
import type { Envelope, TimeClock, Transport } from '../../actors/ports.ts'
import { emptyReplica, executeAll, snapshotReplica } from '../../machines/application/at-most-once.ts'
import { digest } from '../../machines/application/digest.ts'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import { type ClientContext, createClientMachine } from '../../machines/client/index.ts'
import { type Message, refusalReasons } from '../../machines/messages.ts'
import type { ServerContext } from '../../machines/server/context.ts'
import { createServerMachine } from '../../machines/server/index.ts'
import type { PureAction } from '../../machines/step.ts'
import { createViewServiceMachine, type ViewServiceContext } from '../../machines/view-service.ts'
import { chart } from '../support/chart.ts'
import { strangerStamp } from '../support/world.ts'

type Step =
  | { readonly message: Message; readonly from: string }
  | { readonly local: EventObject }
  /** Fires one of the timers that are set, counted from the oldest. */
  | { readonly timer: number }

/** Makes random numbers into steps that a chart in this state has something to do with. */
type Plan<Context> = (context: Context, dice: () => number) => Step

const me = 's1#1'
const servers = [me, 's2#1', 's3#1']
const clients = ['c1#1', 'c2#1']
const options = {
  pingIntervalMs: 10,
  resendIntervalMs: 20,
  queueMax: 2,
  batchMax: 2,
  sessionsMax: 2,
  transferBytesMax: 60,
}

/** A node on a transport that goes nowhere and on a clock that stands still, and the bare chart of it. */
function pair<Context>(machine: AnyStateMachine, id: string, input: object) {
  const timers: { run: () => void; ms: number }[] = []
  const clock: TimeClock = {
    now: () => 0,
    setTimeout(run, ms) {
      const timer = { run, ms }
      timers.push(timer)
      return timer
    },
    clearTimeout(timer) {
      const index = timers.indexOf(timer as (typeof timers)[number])
      if (index >= 0) timers.splice(index, 1)
    },
    soon: (run) => run(),
  }
  let deliver: (envelope: Envelope) => void = () => {}
  let sent: { to: string; message: Message }[] = []
  let ignored: string[] = []
  let settled: unknown[] = []
  const transport: Transport = {
    attach(_, receive) {
      deliver = receive
      return () => {}
    },
    send: ({ to, message }) => void sent.push({ to, message }),
    close() {},
  }
  const logic = nodeLogic(machine, {
    id,
    transport,
    clock,
    observe: (observation) => void ignored.push(...(observation.ignored ?? [])),
    carryOut: ({ params }) => void settled.push(params),
  })
  const actor = createActor(logic, { id, input: { id, ...input }, clock }).start()
  const bare = chart(machine)
  let bareTimers: { sendId: string; event: EventObject; ms: number }[] = []
  const take = (seen: ReturnType<typeof bare.start>) => {
    for (const { type, params } of seen.actions) bareTimers = withTimer(bareTimers, type, params)
    return seen
  }
  let last = take(bare.start({ id, ...input } as never))

  return {
    context: () => last.snapshot.context as Context,
    /** Takes the step on both sides and says what each of them did; null for a timer where none is set. */
    step(step: Step) {
      sent = []
      ignored = []
      settled = []
      if ('timer' in step) {
        if (timers.length === 0) return null
        const index = step.timer % timers.length
        const [timer] = timers.splice(index, 1)
        const [bareTimer] = bareTimers.splice(index, 1)
        timer!.run()
        last = take(bare.step(last.snapshot, bareTimer!.event as never))
      } else if ('local' in step) {
        actor.send(step.local as never)
        last = take(bare.step(last.snapshot, step.local as never))
      } else {
        const { from, message } = step
        deliver({ from, to: id, message, stamp: strangerStamp })
        last = take(bare.step(last.snapshot, { ...message, from } as never))
      }
      return this.seen()
    },
    seen: () => ({
      live: shown(actor.getSnapshot(), sent, ignored, settled, timers),
      bare: shown(last.snapshot, last.sent, last.ignored, paramsOf(last.actions, 'settle'), bareTimers),
    }),
    stop: () => actor.stop(),
  }
}

function withTimer<Timer extends { sendId: string }>(
  timers: Timer[],
  type: string,
  params: unknown,
): Timer[] {
  if (type === 'xstate.cancel') {
    const { sendId } = params as { sendId: string }
    return timers.filter((timer) => timer.sendId !== sendId)
  }
  const { id, event, delay } = (params ?? {}) as { id: string; event: EventObject; delay?: number }
  if (type !== 'xstate.raise' || delay === undefined) return timers
  return [...timers, { sendId: id, event, ms: delay } as unknown as Timer]
}

function shown(
  snapshot: AnyMachineSnapshot,
  sent: readonly { to: string; message: Message }[],
  ignored: readonly string[],
  settled: readonly unknown[],
  timers: readonly { ms: number }[],
) {
  const { clock: _, ...context } = snapshot.context
  const messages = sent.map(({ to, message }) => ({ to, message }))
  const shape = { value: snapshot.value, status: snapshot.status, context, settled, messages }
  return JSON.stringify({ ...shape, ignored, timers: timers.map(({ ms }) => ms) })
}

function paramsOf(actions: readonly PureAction[], wanted: string): unknown[] {
  return actions.filter(({ type }) => type === wanted).map(({ params }) => params)
}

const pick = <Item>(items: readonly Item[], dice: () => number): Item => items[dice() % items.length]!

/** Views that go on from the one that is known, and now and then do not. */
function someView(number: number, dice: () => number) {
  const primary = pick([me, me, me, 's2#1', 's2#1', null], dice)
  const backup = pick([null, 's2#1', 's2#1', 's3#1', me], dice)
  return {
    number: Math.max(0, number + (dice() % 4) - 1),
    primary,
    backup: backup === primary ? null : backup,
  }
}

const serverPlan: Plan<ServerContext> = (context, dice) => {
  const { view, outstanding, applied, sending } = context
  const mostly = <Value>(value: Value, ...others: Value[]) => (dice() % 8 > 0 ? value : pick(others, dice))
  const viewNumber = mostly(view.number, 0, 1, 2, 3)
  const primary = mostly(view.primary ?? me, ...servers)
  const backup = mostly(view.backup ?? me, ...servers)
  switch (dice() % (view.number === 0 ? 4 : 24)) {
    case 0:
      return {
        from: 'view-service',
        message: { type: 'viewReply', view: someView(view.number, dice) },
      }
    case 1:
      return dice() % 3 === 0
        ? { from: primary, message: { type: 'replicaDiverged', viewNumber } }
        : { from: primary, message: { type: 'ping', viewNumber } }
    case 2:
    case 3:
    case 4: {
      const sender = pick(['s2#1', 's3#1'], dice)
      const { data } = snapshotReplica(keyValueStore, emptyReplica(keyValueStore), null, 1000)
      const next = dice() % 2 === 0 ? view : { number: view.number + 1, primary: sender, backup: me }
      const piece = { index: dice() % 2, last: dice() % 2 === 0, data }
      return { from: mostly(primary, sender), message: { type: 'stateTransfer', view: next, ...piece } }
    }
    case 5:
    case 6:
    case 7:
    case 8: {
      const index = mostly(sending?.index ?? 0, 0, 1, 2)
      return { from: backup, message: { type: 'stateTransferAck', viewNumber, index } }
    }
    case 9:
    case 10:
    case 11:
    case 12: {
      const isRight = dice() % 16 > 0
      const text = isRight ? digestOfOutcomes(context) : 'another'
      return {
        from: backup,
        message: {
          type: 'forwardAck',
          viewNumber,
          number: mostly(outstanding?.number ?? 0, 0, 1, 2),
          digest: text,
        },
      }
    }
    case 13:
    case 14:
    case 15: {
      const number = applied.number + (dice() % 3)
      const requests = [{ client: pick(clients, dice), ...someRequest(context, dice) }]
      return { from: primary, message: { type: 'forward', viewNumber, number, requests } }
    }
    case 16:
    case 17:
      return { timer: dice() }
    default:
      return {
        from: pick(clients, dice),
        message: { type: 'request', viewNumber, ...someRequest(context, dice) },
      }
  }
}

/** Opens a session, or uses one of those that there are, with the next sequence number or another one. */
function someRequest({ replica }: ServerContext, dice: () => number) {
  const known = [...(replica?.sessions.entriesAfter() ?? [])]
  const [session, { seq }] = known.length === 0 ? [null, { seq: 0 }] : pick(known, dice)
  if (session === null || dice() % 4 === 0) return { session: null, seq: 0, commands: [], bytes: 0 }
  const command = { op: 'append', key: pick(['a', '__proto__'], dice), value: 'x' }
  return {
    session: session + (dice() % 8 === 0 ? 1 : 0),
    seq: seq + (dice() % 3),
    commands: [command],
    bytes: 40,
  }
}

function digestOfOutcomes({ replica, outstanding }: ServerContext): string {
  if (replica === null || outstanding === null) return ''
  return digest(executeAll(keyValueStore, replica, outstanding.requests, options.sessionsMax).outcomes)
}

const clientPlan: Plan<ClientContext> = (context, dice) => {
  const { view, session, seq, outstanding } = context
  const ids = [dice() % 20, dice() % 20]
  const mine =
    dice() % 4 > 0 ? { session: outstanding === null ? null : session, seq: outstanding ? seq : 0 } : null
  const about = mine ?? { session: pick([null, 1, 2], dice), seq: dice() % 3 }
  switch (dice() % 8) {
    case 0:
    case 1:
      return { timer: dice() }
    case 2:
    case 3: {
      const calls = ids.map((id) => ({
        id: id + 20 * (dice() % 50),
        command: { op: 'get', key: 'a' },
        bytes: 20,
      }))
      return { local: { type: 'call', calls: calls.slice(dice() % 2) } as EventObject }
    }
    case 4: {
      const known = [...context.queue, ...(outstanding ?? [])].map(({ id }) => id ?? 0)
      const gone = dice() % 2 === 0 ? known : ids
      return {
        local: { type: 'abandon', ids: gone, code: pick(['timedOut', 'aborted'], dice) } as EventObject,
      }
    }
    case 5:
      return {
        from: 'view-service',
        message: { type: 'viewReply', view: someView(view.number, dice) },
      }
    case 6: {
      const results = (outstanding ?? []).map(() => ({ value: null }))
      const opened = { kind: 'opened', session: 1 + (dice() % 30) } as const
      const answer = pick([{ kind: 'sessionExpired' }, { kind: 'results', results }] as const, dice)
      return {
        from: me,
        message: { type: 'reply', ...about, outcome: about.session === null ? opened : answer },
      }
    }
    default:
      if (dice() % 5 === 0) return { from: me, message: { type: 'getView' } }
      return {
        from: me,
        message: { type: 'refusal', viewNumber: view.number, ...about, reason: pick(refusalReasons, dice) },
      }
  }
}

const viewServicePlan: Plan<ViewServiceContext> = ({ view }, dice) => {
  const from = pick(['s1#1', 's2#1', 's3#1', 's1#2', 's2#2'], dice)
  const viewNumber = dice() % 3 === 0 ? dice() % 5 : view.number
  switch (dice() % 6) {
    case 0:
    case 1:
      return { timer: dice() }
    case 2:
      return { from: pick(clients, dice), message: { type: 'getView' } }
    case 3:
      return dice() % 4 > 0 && view.primary !== null
        ? { from: view.primary, message: { type: 'ping', viewNumber: view.number } }
        : { from, message: { type: 'replicaDiverged', viewNumber } }
    default:
      return { from, message: { type: 'ping', viewNumber } }
  }
}

/** Runs dice through a plan on both sides; gives the first step on which they differ, and which states were reached. */
function walk<Context>(
  nodes: ReturnType<typeof pair<Context>>,
  plan: Plan<Context>,
  numbers: readonly number[],
) {
  const reached = new Set<string>()
  let rest = numbers
  const dice = () => {
    const [first = 0, ...others] = rest
    rest = others
    return first
  }
  try {
    let last = nodes.seen()
    while (rest.length > 0 && last.live === last.bare) {
      last = nodes.step(plan(nodes.context(), dice)) ?? last
      reached.add(JSON.stringify(JSON.parse(last.bare).value))
    }
    return { ...last, reached }
  } finally {
    nodes.stop()
  }
}

const numbers = fc.array(fc.noBias(fc.nat(999)), { minLength: 200, maxLength: 600, size: 'max' })
const charts = {
  'view service': () => [pair(createViewServiceMachine(), 'view-service', {}), viewServicePlan] as const,
  server: () =>
    [
      pair(createServerMachine(keyValueStore, options), me, { viewService: 'view-service' }),
      serverPlan,
    ] as const,
  client: () =>
    [
      pair(createClientMachine({ queueMax: 3, batchMax: 2 }), 'c1#1', { viewService: 'view-service' }),
      clientPlan,
    ] as const,
}
const stateCounts = { 'view service': 3, server: 7, client: 4 }
const runs = { 'view service': 40, server: 100, client: 60 }

describe('a live actor and its bare chart', () => {
  test.each(Object.keys(charts) as (keyof typeof charts)[])(
    '%s: the same states, sends, ignores, effects and timers on every sequence of events, and every state is reached',
    (name) => {
      const reached = new Set<string>()
      fc.assert(
        fc.property(numbers, (dice) => {
          const [nodes, plan] = charts[name]()
          const { live, bare, reached: states } = walk(nodes as never, plan as never, dice)
          for (const state of states) reached.add(state)
          expect(live).toBe(bare)
        }),
        { numRuns: runs[name] },
      )
      expect(reached.size).toBe(stateCounts[name])
    },
  )
})
