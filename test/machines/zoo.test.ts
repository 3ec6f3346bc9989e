/** A step is XState's own step on foreign machines of every kind, as data and in a live actor. */
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import {
  type AnyActorLogic,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventObject,
  type InspectionEvent,
  initialTransition,
  transition,
} from 'xstate'
import { takeStepOf } from '../../machines/step/take-step.ts'
import { createStepper } from '../../machines/step.ts'
import { type Animal, zoo } from './zoo/index.ts'

type Step = readonly [AnyMachineSnapshot, readonly { readonly type: string; readonly params?: unknown }[]]
type Steps = { start(): Step; step(snapshot: AnyMachineSnapshot, event: EventObject): Step }

function byStepper({ machine, input }: Animal): Steps {
  const stepper = createStepper(machine)
  return {
    start: () => asStep(stepper.start(input)),
    step: (snapshot, event) => asStep(stepper.step(snapshot, event)),
  }
}
const asStep = ({ snapshot, actions }: ReturnType<ReturnType<typeof createStepper>['start']>): Step => [
  snapshot as AnyMachineSnapshot,
  actions,
]

function byXState({ machine, input }: Animal): Steps {
  return {
    start: () => initialTransition(machine, input) as unknown as Step,
    step: (snapshot, event) => transition(machine, snapshot, event) as unknown as Step,
  }
}

/** As text: every own part of a snapshot, in its order. */
function seenOf(snapshot: AnyMachineSnapshot): string {
  const { value, context, status, output, error, historyValue, children, tags, _nodes } = snapshot
  const nodes = (_nodes as unknown as readonly { id: string }[]).map(({ id }) => id)
  const history = Object.entries(historyValue).map(([id, states]) => [id, states.map((state) => state.id)])
  const actors = Object.entries(children).map(([id, child]) => [
    id,
    String((child as { readonly src?: unknown } | undefined)?.src),
  ])
  return textOf({
    value,
    context,
    status,
    output,
    error,
    history,
    actors,
    tags: [...tags],
    nodes,
    meta: snapshot.getMeta(),
  })
}

/** Functions by their names, errors by their messages, actors by their ids; those of roots are counted by XState. */
function textOf(value: unknown): string {
  const text = JSON.stringify(value, (_, part) => {
    if (typeof part === 'function') return `function ${part.name}`
    if (part instanceof Error) return `error ${part.message}`
    if (part === undefined) return 'undefined'
    return part
  })
  return text.replaceAll(/"x:\d+"/g, '"a root"')
}

/** What can happen to a machine next: its events, its timers, and the ends of its children. */
function nextEvents({ events }: Animal, snapshot: AnyMachineSnapshot): readonly EventObject[] {
  const nodes = snapshot._nodes as unknown as readonly { after: readonly { eventType: string }[] }[]
  const timers = nodes.flatMap(({ after }) => after.map(({ eventType }) => ({ type: eventType })))
  const ends = Object.keys(snapshot.children).flatMap((id) => [
    { type: `xstate.done.actor.${id}`, output: 7, actorId: id },
    { type: `xstate.error.actor.${id}`, error: new Error('child'), actorId: id },
    { type: `xstate.snapshot.${id}`, snapshot: { status: 'active', context: 1 } },
  ])
  return [...events, ...timers, ...ends]
}

/** Each step as text, or the error that it threw; after an error the next step starts from the same snapshot. */
function played(animal: Animal, steps: Steps, choices: readonly number[]): readonly string[] {
  let [snapshot, actions] = steps.start()
  const seen = [`${seenOf(snapshot)} ${textOf(actions.map(({ type, params }) => [type, params]))}`]
  for (const choice of choices) {
    const possible = nextEvents(animal, snapshot)
    const event = possible[choice % possible.length]!
    const before = snapshot
    try {
      ;[snapshot, actions] = steps.step(before, event)
      const done = textOf(actions.map(({ type, params }) => [type, params]))
      seen.push(`${event.type}: ${before === snapshot ? 'the same' : seenOf(snapshot)} ${done}`)
    } catch (error) {
      seen.push(`${event.type}: threw ${(error as Error).message}`)
    }
  }
  return seen
}

const choices = fc.array(fc.nat(10_000), { maxLength: 40, size: 'max' })

/** XState warns of timers without a delay and the like; a warning of ours would mean that XState takes all steps. */
function quietly<Result>(run: () => Result): Result {
  const warn = vi.spyOn(console, 'warn').mockReturnValue()
  try {
    const result = run()
    const ours = warn.mock.calls.map(([text]) => String(text)).filter((text) => text.startsWith('standby'))
    expect(ours).toEqual([])
    return result
  } finally {
    warn.mockRestore()
  }
}

test('the zoo has at least 40 machines, each with a name of its own', () => {
  expect(new Set(zoo.map(({ name }) => name)).size).toBe(zoo.length)
  expect(zoo.length).toBeGreaterThanOrEqual(40)
})

describe('a pure step is that of XState: snapshot, actions as data, errors, and what stays the same object', () => {
  test.each(zoo.map((animal) => [animal.name, animal] as const))('%s', (_, animal) => {
    quietly(() =>
      fc.assert(
        fc.property(choices, (numbers) => {
          expect(played(animal, byStepper(animal), numbers)).toEqual(
            played(animal, byXState(animal), numbers),
          )
        }),
        { numRuns: 60 },
      ),
    )
  })
})

/** Everything that an actor shows from outside while it takes events. */
function lived(animal: Animal, takes: AnyActorLogic['transition'], choices: readonly number[]) {
  const { machine, input } = animal
  const seen: string[] = []
  const logic = Object.assign(Object.create(machine), {
    transition: (snapshot: never, event: never, scope: { actionExecutor: (action: never) => void }) => {
      const actionExecutor = (action: { readonly type: string; readonly params: unknown }) => {
        seen.push(`does ${action.type} ${textOf(action.params)}`)
        scope.actionExecutor(action as never)
      }
      return takes(snapshot, event, { ...scope, actionExecutor } as never)
    },
  }) as AnyStateMachine
  const inspect = (inspected: InspectionEvent) => {
    if (inspected.type !== '@xstate.microstep' || inspected.actorRef !== actor) return
    const taken = inspected._transitions.map(({ source, target, eventType }) => [
      source.id,
      target?.map(({ id }) => id),
      eventType,
    ])
    seen.push(
      `microstep ${inspected.event.type} ${textOf(taken)} ${seenOf(inspected.snapshot as AnyMachineSnapshot)}`,
    )
  }
  vi.useFakeTimers()
  const actor = createActor(logic, { inspect, input, logger: () => {} } as never)
  try {
    actor.subscribe({ error: (error) => seen.push(`failed: ${(error as Error).message}`) })
    actor.on('*', (event) => seen.push(`emitted ${textOf(event)}`))
    actor.start()
    for (const choice of choices) {
      const snapshot = actor.getSnapshot() as AnyMachineSnapshot
      if (snapshot.status !== 'active') break
      const possible = animal.events
      actor.send(possible[choice % possible.length] as never)
      seen.push(seenOf(actor.getSnapshot() as AnyMachineSnapshot))
      vi.advanceTimersByTime(choice % 13)
    }
    actor.stop()
    return seen
  } finally {
    vi.useRealTimers()
  }
}

describe('a live step is that of XState: executed actions, emitted events and microsteps', () => {
  test.each(zoo.map((animal) => [animal.name, animal] as const))('%s', (_, animal) => {
    const ours = takeStepOf(animal.machine) as AnyActorLogic['transition']
    const theirs = animal.machine.transition as unknown as AnyActorLogic['transition']
    quietly(() =>
      fc.assert(
        fc.property(choices, (numbers) => {
          expect(lived(animal, ours, numbers)).toEqual(lived(animal, theirs, numbers))
        }),
        { numRuns: 25 },
      ),
    )
  })
})
