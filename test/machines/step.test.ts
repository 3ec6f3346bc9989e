/** The stepper does what XState's own pure functions do, on our charts and on a foreign one; it is only faster. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  assign,
  createMachine,
  emit,
  enqueueActions,
  fromCallback,
  initialTransition,
  raise,
  setup,
  spawnChild,
  transition,
} from 'xstate'
import { keyValueStore } from '../../machines/application/key-value-store.ts'
import { createClientMachine } from '../../machines/client/index.ts'
import { refusalReasons } from '../../machines/messages.ts'
import { createServerMachine } from '../../machines/server/index.ts'
import { createStepper, type PureAction } from '../../machines/step.ts'
import { createViewServiceMachine } from '../../machines/view-service.ts'

const servers = ['s1#1', 's2#1', 's3#1']
const node = fc.constantFrom(...servers, 'view-service', 'c1#1')
const small = fc.integer({ min: 0, max: 3 })
const session = fc.constantFrom(null, 1, 2)
const view = fc.record({
  number: small,
  primary: fc.constantFrom(...servers, null),
  backup: fc.constantFrom(...servers, null),
})
const commands = fc.array(
  fc.oneof(
    fc.constant({ op: 'put', key: 'a', value: 1 } as const),
    fc.constant({ op: 'get', key: 'a' } as const),
  ),
  { maxLength: 2 },
)
const requestFields = { session, seq: small, commands, bytes: fc.constant(10) }

/** A message of any type, with few values, so that they meet. */
const message: fc.Arbitrary<AnyEventObject> = fc.oneof(
  fc.record({ type: fc.constant('ping'), from: node, viewNumber: small }),
  fc.record({ type: fc.constant('getView'), from: node }),
  fc.record({ type: fc.constant('viewReply'), from: node, view }),
  fc.record({ type: fc.constant('request'), from: node, viewNumber: small, ...requestFields }),
  fc.record({
    type: fc.constant('reply'),
    from: node,
    session,
    seq: small,
    outcome: fc.oneof(
      fc.record({ kind: fc.constant('opened'), session: small }),
      fc.constant({ kind: 'results', results: [{ value: 1 }] }),
      fc.constant({ kind: 'sessionExpired' }),
    ),
  }),
  fc.record({
    type: fc.constant('refusal'),
    from: node,
    viewNumber: small,
    session,
    seq: small,
    reason: fc.constantFrom(...refusalReasons),
  }),
  fc.record({
    type: fc.constant('forward'),
    from: node,
    viewNumber: small,
    number: small,
    requests: fc.array(fc.record({ client: fc.constant('c1#1'), ...requestFields }), { maxLength: 2 }),
  }),
  fc.record({
    type: fc.constant('forwardAck'),
    from: node,
    viewNumber: small,
    number: small,
    digest: fc.constant(''),
  }),
  fc.record({
    type: fc.constant('stateTransfer'),
    from: node,
    view,
    index: fc.integer({ min: 0, max: 1 }),
    last: fc.boolean(),
    data: fc.constant({ position: 3, sessions: [], state: [['a', 1]] }),
  }),
  fc.record({ type: fc.constant('stateTransferAck'), from: node, viewNumber: small, index: small }),
  fc.record({ type: fc.constant('replicaDiverged'), from: node, viewNumber: small }),
)

const clientEvent = fc.oneof(
  fc.record({
    type: fc.constant('call'),
    calls: fc.array(fc.record({ id: fc.nat(5), command: fc.nat(5), bytes: fc.constant(1) }), {
      maxLength: 2,
    }),
  }),
  fc.record({ type: fc.constant('abandon'), ids: fc.array(fc.nat(5)), code: fc.constant('aborted') }),
)

/** Stands for the timer that is set at this place among those of the current states, if it is set. */
const timer = fc.record({ type: fc.constant('timer'), index: fc.integer({ min: 0, max: 2 }) })

/** Nested, parallel and history states, eventless and delayed transitions, and every way for an action to arise. */
const foreign = setup({
  types: {
    context: {} as { count: number; log: readonly string[] },
    events: {} as { type: 'go' | 'back' | 'tick' | 'pause' | 'resume' | 'end' } | { type: 'add'; by: number },
    input: {} as { count: number },
    emitted: {} as { type: 'counted'; count: number },
    tags: {} as 'busy' | 'idle',
  },
  actions: {
    say: (_, _params: { what: string }) => {},
    note: assign(({ context, event }) => ({ log: [...context.log, event.type] })),
  },
  guards: { isBig: ({ context }, { than }: { than: number }) => context.count > than },
  delays: { aWhile: ({ context }) => 10 * context.count },
}).createMachine({
  id: 'foreign',
  context: ({ input }) => ({ count: input.count, log: [] }),
  type: 'parallel',
  entry: { type: 'say', params: { what: 'hello' } },
  states: {
    work: {
      initial: 'off',
      exit: 'note',
      on: {
        pause: { target: '.paused', actions: 'note' },
        add: {
          actions: [
            assign(({ context, event }) => ({ count: context.count + event.by })),
            emit(({ context }) => ({ type: 'counted' as const, count: context.count })),
            { type: 'say', params: ({ context }) => ({ what: `now ${context.count}` }) },
          ],
        },
      },
      states: {
        off: { tags: 'idle', on: { go: 'on' } },
        on: {
          tags: 'busy',
          initial: 'first',
          entry: raise({ type: 'tick' }),
          after: { aWhile: { target: 'off', actions: 'note' }, 500: 'paused' },
          states: {
            first: { on: { tick: { target: 'second', actions: 'note' } } },
            second: {
              entry: raise({ type: 'back' }, { delay: 20, id: 'later' }),
              on: { back: 'first', tick: { target: 'second', reenter: true } },
            },
            last: { type: 'history', history: 'deep' },
          },
        },
        paused: { on: { resume: 'on.last', go: [{ guard: 'isUnknown' as never, target: 'off' }] } },
      },
    },
    watch: {
      initial: 'small',
      states: {
        small: { always: { guard: { type: 'isBig', params: { than: 5 } }, target: 'big' } },
        big: {
          entry: enqueueActions(({ context, enqueue, check }) => {
            enqueue('note')
            if (check({ type: 'isBig', params: { than: 9 } })) enqueue.raise({ type: 'end' })
            enqueue.emit({ type: 'counted', count: context.count })
            enqueue({ type: 'say', params: { what: 'big' } })
          }),
          on: { end: 'done', back: { target: 'small', actions: assign({ count: 0 }) } },
        },
        done: { type: 'final', output: ({ context }) => context.count },
      },
      onDone: { actions: 'note' },
    },
  },
})

const foreignEvent: fc.Arbitrary<AnyEventObject> = fc.oneof(
  fc.record({ type: fc.constantFrom('go', 'back', 'tick', 'pause', 'resume', 'end', 'unheard') }),
  fc.record({ type: fc.constant('add'), by: fc.integer({ min: -2, max: 4 }) }),
)

interface Subject {
  readonly machine: AnyStateMachine
  readonly input: unknown
  readonly event: fc.Arbitrary<AnyEventObject>
  /** Events that lead to where chance alone hardly comes. */
  readonly path?: readonly AnyEventObject[]
  /** States that are left in the step in which they are entered. */
  readonly transient?: readonly string[]
}

const serving = { number: 2, primary: 's1#1', backup: 's2#1' }

const charts: Record<string, Subject> = {
  createViewServiceMachine: {
    machine: createViewServiceMachine({ pingTimeout: 2, pingCheckIntervalMs: 100 }),
    input: { id: 'view-service' },
    event: message,
    transient: ['viewService.views.starting'],
  },
  createServerMachine: {
    machine: createServerMachine(keyValueStore),
    input: { id: 's1#1', viewService: 'view-service' },
    event: message,
    path: [
      {
        type: 'viewReply',
        from: 'view-service',
        view: { ...serving, number: 1, backup: null },
      },
      { type: 'viewReply', from: 'view-service', view: serving },
      { type: 'stateTransferAck', from: 's2#1', viewNumber: 2, index: 0 },
      { type: 'request', from: 'c1#1', viewNumber: 2, session: null, seq: 0, commands: [], bytes: 0 },
    ],
  },
  createClientMachine: {
    machine: createClientMachine({ queueMax: 2 }),
    input: { id: 'c1#1', viewService: 'view-service' },
    event: fc.oneof(message, clientEvent),
  },
  'a foreign machine': { machine: foreign, input: { count: 3 }, event: foreignEvent },
}

/** What one step resulted in, as text: the whole snapshot, and the actions by type and params. */
function text(
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  actions: readonly PureAction[],
): string {
  return JSON.stringify({
    persisted: machine.getPersistedSnapshot(snapshot),
    tags: [...snapshot.tags],
    actions: actions.map(({ type, params }) => ({ type, params })),
  })
}

type Transition = readonly [AnyMachineSnapshot, readonly PureAction[]]

/** Each step's text, or the error that it threw; after an error the next step starts from the same snapshot. */
function* stepping(
  machine: AnyStateMachine,
  [initial, actions]: Transition,
  step: (snapshot: AnyMachineSnapshot, event: AnyEventObject) => Transition,
  events: readonly AnyEventObject[],
): Generator<string> {
  let snapshot = initial
  yield text(machine, initial, actions)
  for (const event of events) {
    let came: string
    try {
      const [next, done] = step(snapshot, named(snapshot, event))
      snapshot = next
      came = text(machine, next, done)
    } catch (error) {
      came = String(error)
    }
    yield came
  }
}

function named(snapshot: AnyMachineSnapshot, event: AnyEventObject): AnyEventObject {
  if (event.type !== 'timer') return event
  const nodes = snapshot._nodes as unknown as { after: { eventType: string }[] }[]
  const timers = nodes.flatMap(({ after }) => after.map(({ eventType }) => eventType))
  return { type: timers[event.index] ?? 'unheard' }
}

type Steps = (subject: Subject, events: readonly AnyEventObject[]) => Generator<string>

const ours: Steps = ({ machine, input }, events) => {
  const stepper = createStepper(machine)
  const asPair = ({ snapshot, actions }: ReturnType<typeof stepper.start>): Transition => [snapshot, actions]
  return stepping(
    machine,
    asPair(stepper.start(input)),
    (snapshot, event) => asPair(stepper.step(snapshot, event)),
    events,
  )
}

const theirs: Steps = ({ machine, input }, events) =>
  stepping(
    machine,
    initialTransition(machine, input) as unknown as Transition,
    (snapshot, event) => transition(machine, snapshot, event) as unknown as Transition,
    events,
  )

/** Random events, half of the time behind the chart's own path. */
const eventsFor = ({ event, path = [] }: Subject) =>
  fc
    .tuple(
      fc.constantFrom(path, []),
      fc.array(fc.oneof({ weight: 5, arbitrary: event }, { weight: 1, arbitrary: timer }), {
        maxLength: 40,
        size: 'max',
      }),
    )
    .map((parts) => parts.flat())

function nodesUnder(state: AnyStateMachine['root']): AnyStateMachine['root'][] {
  return [state, ...Object.values(state.states).flatMap(nodesUnder)]
}

describe('createStepper', () => {
  for (const [name, subject] of Object.entries(charts)) {
    it(`agrees with XState's initialTransition and transition on ${name}`, () => {
      fc.assert(
        fc.property(eventsFor(subject), (events) => {
          expect([...ours(subject, events)]).toEqual([...theirs(subject, events)])
        }),
        { numRuns: 100 },
      )
    })

    it(`passes through every state of ${name} on the way`, () => {
      const stepper = createStepper(subject.machine)
      const reached = new Set<string>(subject.transient)
      const visit = (snapshot: AnyMachineSnapshot) => {
        for (const { id } of snapshot._nodes) reached.add(id)
        return snapshot
      }
      for (const events of fc.sample(eventsFor(subject), { numRuns: 400, seed: 1 })) {
        let snapshot = visit(stepper.start(subject.input).snapshot)
        for (const event of events) {
          try {
            snapshot = visit(stepper.step(snapshot, named(snapshot, event)).snapshot)
          } catch {
            // That both throw alike is the test before this one.
          }
        }
      }

      const states = nodesUnder(subject.machine.root).filter(({ type }) => type !== 'history')
      expect(states.map(({ id }) => id).filter((id) => !reached.has(id))).toEqual([])
    })
  }

  it('keeps two steppers apart whose steps are interleaved', () => {
    const subject = charts['a foreign machine']!
    fc.assert(
      fc.property(eventsFor(subject), (events) => {
        const alone = [...ours(subject, events)]
        const [one, other] = [ours(subject, events), ours(subject, events)]
        const both = alone.map(() => [one.next().value, other.next().value])
        expect(both).toEqual(alone.map((text) => [text, text]))
      }),
      { numRuns: 50 },
    )
  })

  it('keeps the actions of a step apart from those of a step taken within it', () => {
    const inner = createStepper(
      createMachine({ entry: { type: 'innerEntry' }, on: { go: { actions: { type: 'innerGo' } } } }),
    )
    const innerActions: string[][] = []
    const machine = createMachine({
      entry: { type: 'entered' },
      on: {
        go: {
          guard: () => {
            const { snapshot, actions } = inner.start({})
            innerActions.push(typesOf(actions), typesOf(inner.step(snapshot, { type: 'go' }).actions))
            return true
          },
          actions: [
            { type: 'before' },
            assign(() => {
              innerActions.push(typesOf(outer.start({}).actions))
              return {}
            }),
            { type: 'after' },
          ],
        },
      },
    })
    const outer = createStepper(machine)

    const seen = outer.step(outer.start({}).snapshot, { type: 'go' })

    expect([typesOf(seen.actions), innerActions]).toEqual([
      ['before', 'after'],
      [['innerEntry'], ['innerGo'], ['entered']],
    ])
  })

  it('goes on with the enqueueActions in which a step of another machine was taken', () => {
    const inner = createStepper(
      createMachine({ on: { go: { actions: enqueueActions(({ enqueue }) => enqueue({ type: 'inner' })) } } }),
    )
    const outer = createStepper(
      createMachine({
        on: {
          go: {
            actions: enqueueActions(({ enqueue, check }) => {
              enqueue({ type: 'before' })
              inner.step(inner.start({}).snapshot, { type: 'go' })
              if (check(() => true)) enqueue({ type: 'after' })
            }),
          },
        },
      }),
    )

    const { actions } = outer.step(outer.start({}).snapshot, { type: 'go' })

    expect(typesOf(actions)).toEqual(['before', 'after'])
  })

  it.each(['guard', 'assignment', 'params', 'enqueued action'])(
    'is as good as new after a step in which the %s threw',
    (culprit) => {
      const fail = (name: string) => {
        if (name === culprit) throw new Error('no')
        return {}
      }
      const machine = setup({
        types: { context: {} as { count: number } },
        guards: { isFine: () => fail('guard') !== null },
        actions: {
          first: () => {},
          second: assign(() => fail('assignment')),
          third: (_, _params: unknown) => {},
          fourth: enqueueActions(() => fail('enqueued action')),
          count: assign({ count: 1 }),
        },
      }).createMachine({
        context: { count: 0 },
        on: {
          bad: {
            guard: 'isFine',
            actions: ['first', 'second', { type: 'third', params: () => fail('params') }, 'fourth'],
          },
          good: { actions: ['count', 'first'] },
        },
      })
      const stepper = createStepper(machine)
      const { snapshot } = stepper.start({})
      expect(() => stepper.step(snapshot, { type: 'bad' })).toThrow('no')

      const seen = stepper.step(snapshot, { type: 'good' })

      expect([typesOf(seen.actions), seen.snapshot.context]).toEqual([['first'], { count: 1 }])
    },
  )

  it('hands back the very same snapshot and the very same empty list when nothing happens', () => {
    const stepper = createStepper(foreign)
    const { snapshot } = stepper.start({ count: 1 })

    const first = stepper.step(snapshot, { type: 'resume' })
    const second = stepper.step(snapshot, { type: 'resume' })

    expect([first.snapshot === snapshot, first.actions === second.actions, first.actions]).toEqual([
      true,
      true,
      [],
    ])
  })

  it('does not mix the actions of one step into those handed back before', () => {
    const stepper = createStepper(foreign)
    const { snapshot, actions } = stepper.start({ count: 1 })
    const before = [...actions]

    stepper.step(snapshot, { type: 'add', by: 1 })

    expect(actions).toEqual(before)
  })

  it('executes no action, neither at the start nor in a step', () => {
    const executed: string[] = []
    const stepper = createStepper(
      createMachine({
        entry: () => executed.push('entry'),
        on: { go: { actions: () => executed.push('go') } },
      }),
    )

    stepper.step(stepper.start({}).snapshot, { type: 'go' })

    expect(executed).toEqual([])
  })

  it('starts with the input it is given, and each time again', () => {
    const stepper = createStepper(foreign)

    const counts = [4, 7].map((count) => stepper.start({ count }).snapshot.context.count)

    expect(counts).toEqual([4, 7])
  })

  it('restores a persisted snapshot of a machine that cannot start without its input', () => {
    const machine = createMachine({
      types: {} as { input: { names: string[] }; context: { first: string | undefined } },
      context: ({ input }) => ({ first: input.names[0] }),
      on: { go: { actions: { type: 'went' } } },
    })
    const persisted = JSON.parse(
      JSON.stringify(machine.getPersistedSnapshot(createStepper(machine).start({ names: ['a'] }).snapshot)),
    )
    const stepper = createStepper(machine)

    const seen = stepper.step(stepper.restore(persisted), { type: 'go' })

    expect([seen.snapshot.context, typesOf(seen.actions)]).toEqual([{ first: 'a' }, ['went']])
  })

  it('goes on from a restored snapshot as from the one that was persisted, history included', () => {
    const stepper = createStepper(foreign)
    const events = ['go', 'tick', 'pause'].map((type) => ({ type }) as { type: 'go' })
    let { snapshot } = stepper.start({ count: 1 })
    for (const event of events) snapshot = stepper.step(snapshot, event).snapshot
    const restored = stepper.restore(JSON.parse(JSON.stringify(foreign.getPersistedSnapshot(snapshot))))

    const [one, other] = [snapshot, restored].map((from) => stepper.step(from, { type: 'resume' }))

    expect(text(foreign, other!.snapshot, other!.actions)).toBe(text(foreign, one!.snapshot, one!.actions))
  })

  it('can take the same step twice, also one that spawns an actor with a system id', () => {
    const machine = createMachine({
      on: {
        go: {
          actions: spawnChild(
            fromCallback(() => {}),
            { id: 'a', systemId: 'only' },
          ),
        },
      },
    })
    const stepper = createStepper(machine)
    const { snapshot } = stepper.start({})

    const children = [1, 2].map(() => Object.keys(stepper.step(snapshot, { type: 'go' }).snapshot.children))

    expect(children).toEqual([['a'], ['a']])
  })
})

function typesOf(actions: readonly PureAction[]): string[] {
  return actions.map(({ type }) => type)
}
