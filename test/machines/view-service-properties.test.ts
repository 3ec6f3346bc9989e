/** The view service under random steps, against the oracle and against what each rule forbids. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createViewServiceMachine, type ViewRecord } from '../../machines/view-service.ts'
import {
  aliveOf,
  type Belief,
  believe,
  expectedOf,
  ignorance,
  pingOf,
  recordOf,
  type Snapshot,
  type Step,
  service,
  situationOf,
  violations,
} from './view-service-oracle.ts'

const pingTimeouts = [1, 2, 3, 5]
const services = new Map(pingTimeouts.map((n) => [n, service(createViewServiceMachine({ pingTimeout: n }))]))
const ids = ['s1#1', 's1#2', 's1#10', 's2#1', 's3#1', 's3#2', 's3#01', '__proto__#1', '1', '']

describe('random steps', () => {
  test('I1 I2 no step breaks a rule of V2 to V8 or V11', () => {
    fc.assert(
      fc.property(history, ({ taken }) => {
        for (const { before, step, after } of taken) expect(violations(before, step, after)).toEqual([])
      }),
    )
  })

  test('V1 to V11 every state is the one that the sentences describe', () => {
    fc.assert(
      fc.property(history, ({ taken, pingTimeout }) => {
        let belief: Belief = ignorance
        for (const { step, after } of taken) {
          belief = believe(belief, step, pingTimeout)
          expect(situationOf(after.snapshot)).toEqual(expectedOf(belief))
        }
      }),
    )
  })

  test('I1 a number has one primary and one backup for ever, restarts included', () => {
    fc.assert(
      fc.property(history, ({ taken }) => {
        const pairs = new Map<number, string>()
        for (const { after } of taken) {
          const { number, primary, backup } = after.snapshot.context.view
          const pair = JSON.stringify([primary, backup])
          expect(pairs.get(number) ?? pair).toBe(pair)
          pairs.set(number, pair)
        }
      }),
    )
  })

  test('I2 who becomes primary after view 1 was backup of an acknowledged view', () => {
    fc.assert(
      fc.property(history, ({ taken }) => {
        const heirs = new Set<string | null>()
        for (const { before, step, after } of taken) {
          const { view } = before.context
          if (acknowledges(step, before)) heirs.add(view.backup)
          const { primary } = after.snapshot.context.view
          if (view.number === 0) heirs.add(primary)
          if (primary !== null) expect(heirs).toContain(primary)
        }
      }),
    )
  })

  test('I7 the view number never decreases', () => {
    fc.assert(
      fc.property(history, ({ taken }) => {
        const numbers = taken.map(({ after }) => after.snapshot.context.view.number)
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
      }),
    )
  })

  test('N5 V4 the primary of a later view has acknowledged view 1, or got its state from such a server', () => {
    fc.assert(
      fc.property(history, ({ taken }) => {
        const holders = new Set<string | null>()
        for (const { before, step, after } of taken) {
          const { view } = before.context
          if (acknowledges(step, before)) for (const id of [view.primary, view.backup]) holders.add(id)
          const { number, primary } = after.snapshot.context.view
          if (number > 1) expect(holders).toContain(primary)
        }
      }),
    )
  })

  test('V7 alive is who has pinged within the last checks, and no newer life since', () => {
    fc.assert(
      fc.property(history, ({ taken, pingTimeout }) => {
        const steps = taken.map(({ step }) => step)
        fc.pre(!steps.includes('restart'))
        const alive = ids.filter((id) => silenceOf(id, steps) < pingTimeout)
        expect(aliveOf(taken.at(-1)!.after.snapshot)).toBe(
          alive
            .sort()
            .map((id) => `${id} silent ${silenceOf(id, steps)}`)
            .join(', '),
        )
      }),
    )
  })

  test('V7 from any state, a server that has just pinged is dead at the pingTimeout-th check and not before', () => {
    fc.assert(
      fc.property(history, fc.constantFrom('s1#10', 's2#1', '__proto__#1', ''), (past, id) => {
        const { play } = services.get(past.pingTimeout)!
        let { snapshot } = play(past.taken.at(-1)!.after.snapshot, `${id}:0`)
        const lives: boolean[] = []
        for (let check = 1; check <= past.pingTimeout; check += 1) {
          snapshot = play(snapshot, 'check').snapshot
          lives.push(snapshot.context.servers.some((server) => server.id === id))
        }
        expect(lives).toEqual([...Array<boolean>(past.pingTimeout - 1).fill(true), false])
      }),
    )
  })

  test('V10 a second copy of a ping changes no view', () => {
    fc.assert(
      fc.property(history, ({ taken, pingTimeout }) => {
        const { play } = services.get(pingTimeout)!
        for (const { step, after } of taken) {
          if (!step.includes(':')) continue
          expect(play(after.snapshot, step).snapshot.context.view).toBe(after.snapshot.context.view)
        }
      }),
    )
  })

  test('V11 what is reported is in the record that is made durable first', () => {
    fc.assert(
      fc.property(history, ({ taken }) => {
        for (const { after } of taken) {
          const { view } = recordOf(after.snapshot)
          for (const { message } of after.sent) expect(message).toEqual({ type: 'viewReply', view })
        }
      }),
    )
  })

  test('V11 a restart resumes exactly what the record says, however often', () => {
    fc.assert(
      fc.property(history, ({ taken, pingTimeout }) => {
        const { play } = services.get(pingTimeout)!
        for (const { after } of taken) {
          const resumed = play(after.snapshot, 'restart').snapshot
          expect(recordOf(resumed)).toEqual(recordOf(after.snapshot))
          expect(play(resumed, 'restart').snapshot.context).toEqual(resumed.context)
        }
      }),
    )
  })
})

describe('no trace of anything else', () => {
  test('N3 the same steps lead to the same states and the same effects', () => {
    fc.assert(
      fc.property(history, ({ taken, pingTimeout }) => {
        const { start, play } = service(createViewServiceMachine({ pingTimeout }))
        let { snapshot } = start()
        for (const { step, after } of taken) {
          const again = play(snapshot, step)
          expect(JSON.stringify([again.snapshot.value, again.snapshot.context, again.actions])).toBe(
            JSON.stringify([after.snapshot.value, after.snapshot.context, after.actions]),
          )
          snapshot = again.snapshot
        }
      }),
    )
  })

  test('N3 no step touches the state that it starts from', () => {
    fc.assert(
      fc.property(history, ({ taken, pingTimeout }) => {
        const { play } = services.get(pingTimeout)!
        for (const { before, step } of taken) {
          const text = JSON.stringify(before.context)
          play(before, step)
          expect(JSON.stringify(before.context)).toBe(text)
        }
      }),
    )
  })

  test('N3 the order in which servers volunteer leaves no trace once both roles are taken', () => {
    const scene = fc
      .record({ record, pings: fc.array(idlePing, { maxLength: 8 }) })
      .chain(({ record, pings }) =>
        fc.record({
          record: fc.constant(record),
          pings: fc.constant(pings),
          shuffled: fc.shuffledSubarray(pings, { minLength: pings.length }),
        }),
      )
    fc.assert(
      fc.property(scene, ({ record, pings, shuffled }) => {
        const { start, play } = services.get(2)!
        const { snapshot } = start(record)
        const one = play(snapshot, ...pings).snapshot
        const other = play(snapshot, ...shuffled).snapshot
        expect(JSON.stringify([other.value, other.context])).toBe(JSON.stringify([one.value, one.context]))
      }),
    )
  })

  test('N3 the order of the incarnations in a record leaves no trace', () => {
    const scene = record.chain((record) =>
      fc
        .shuffledSubarray([...record.incarnations], { minLength: record.incarnations.length })
        .map((incarnations) => ({ record, shuffled: { ...record, incarnations } })),
    )
    fc.assert(
      fc.property(scene, ({ record, shuffled }) => {
        const { start } = services.get(2)!
        expect(JSON.stringify(start(shuffled).snapshot.context)).toBe(
          JSON.stringify(start(record).snapshot.context),
        )
      }),
    )
  })

  test('N4 nothing grows but the view number: what repeats itself comes back to the same context', () => {
    const withoutNumber = ({ value, context }: Snapshot) =>
      JSON.stringify([value, { ...context, view: { ...context.view, number: 0 } }])
    fc.assert(
      fc.property(history, fc.array(move, { minLength: 1, maxLength: 4 }), (past, moves) => {
        const { play } = services.get(past.pingTimeout)!
        let { snapshot } = past.taken.at(-1)!.after
        const steps = moves.map((each) => stepOf(each, snapshot))
        const seen = new Set<string>()
        while (!seen.has(withoutNumber(snapshot)) && seen.size < 50) {
          seen.add(withoutNumber(snapshot))
          snapshot = play(snapshot, ...steps).snapshot
        }
        expect(seen.size).toBeLessThan(50)
      }),
    )
  })
})

interface Taken {
  readonly before: Snapshot
  readonly step: Step
  readonly after: ReturnType<ReturnType<typeof service>['play']>
}

/** Whose ping, with which number, in terms of the view at that moment: so that acknowledgements are not rare. */
type Move =
  | { readonly kind: 'ping'; readonly who: string; readonly number: number | 'current' | 'next' }
  | { readonly kind: 'check' | 'getView' | 'restart' | 'foreign' }

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('ping' as const),
      who: fc.oneof(fc.constantFrom('the primary', 'the backup'), fc.constantFrom(...ids)),
      number: fc.oneof(fc.constantFrom('current' as const, 'next' as const), fc.nat({ max: 20 })),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'check' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('getView' as const, 'restart' as const, 'foreign' as const),
    }),
  },
)

function stepOf(move: Move, { context: { view } }: Snapshot): Step {
  if (move.kind !== 'ping') return move.kind
  const roles: Record<string, string | null> = { 'the primary': view.primary, 'the backup': view.backup }
  const from = (move.who.startsWith('the ') ? roles[move.who] : move.who) ?? 's2#1'
  if (move.number === 'current') return `${from}:${view.number}`
  return `${from}:${move.number === 'next' ? view.number + 1 : move.number % (view.number + 2)}`
}

/** A view service from its start, with every step that it took. */
const history = fc
  .record({
    pingTimeout: fc.constantFrom(...pingTimeouts),
    moves: fc.array(move, { minLength: 1, maxLength: 40, size: 'max' }),
  })
  .map(({ pingTimeout, moves }) => {
    const { start, play } = services.get(pingTimeout)!
    const taken: Taken[] = []
    let before = start().snapshot
    for (const each of moves) {
      const step = stepOf(each, before)
      const after = play(before, step)
      taken.push({ before, step, after })
      before = after.snapshot
    }
    return { pingTimeout, taken, [fc.toStringMethod]: () => taken.map(({ step }) => step).join(' ') }
  })

/** Any record of a view with both roles taken. */
const record: fc.Arbitrary<ViewRecord> = fc
  .record({ number: fc.integer({ min: 2, max: 9 }), acknowledged: fc.boolean() })
  .map(({ number, acknowledged }) => ({
    view: { number, primary: 's1#1', backup: '__proto__#1' },
    acknowledged,
    incarnations: ['s1', '__proto__', 's9', 'b'].map((name) => ({ name, incarnation: 1 })),
  }))

const idlePing = fc
  .tuple(
    fc.constantFrom('s1#1', '__proto__#1', 's2#1', 's3#1', 's3#2', 's3#01', '1', ''),
    fc.nat({ max: 10 }),
  )
  .map(([id, number]) => `${id}:${number}`)

function acknowledges(step: Step, { context: { view } }: Snapshot): boolean {
  if (!step.includes(':')) return false
  const { from, viewNumber } = pingOf(step)
  return from === view.primary && viewNumber === view.number
}

/** Checks since the last ping that counted, counted from the whole past; Infinity if there was none. */
function silenceOf(id: string, steps: readonly Step[]): number {
  const [name, life] = partsOf(id)
  let silence = Number.POSITIVE_INFINITY
  let newest = 0
  for (const step of steps) {
    if (step === 'check') silence += 1
    if (!step.includes(':')) continue
    const { from } = pingOf(step)
    const [pingName, pingLife] = partsOf(from)
    if (pingName !== name) continue
    newest = Math.max(newest, pingLife)
    if (newest > life) silence = Number.POSITIVE_INFINITY
    else if (from === id) silence = 0
  }
  return silence
}

function partsOf(id: string): readonly [string, number] {
  const [name, life] = id.split('#')
  return life === undefined || life.startsWith('0') ? [id, 0] : [name!, Number(life)]
}
