/** Checks of handlers: that each is deterministic, changes nothing it is given, and takes a message twice as it takes it once. */
import { mersenne } from 'pure-rand/generator/mersenne'
import type { AnyActorScope, AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate'
import { createStepper, type PureAction, type Stepper } from '../../machines/step.ts'
import { confirmed, happeningsTo, minimise, type Run, replay, type Step } from './counterexample.ts'
import type { Search } from './engine/search.ts'
import type { Happening } from './happening.ts'
import type { CheckedNode, CheckedSystem } from './system.ts'

/** Which handlers are checked; none by default. */
export interface HandlerChecks {
  /**
   * Every question that the search has asked (this snapshot, this event?) is asked once more at the end, of fresh
   * steppers and in another order: the answer must be the same. Nor may a step change the snapshot or the event it is given.
   */
  readonly deterministic?: boolean
  /**
   * A message that arrives twice in a row leaves a node in the state in which it leaves it once, and the second time
   * causes nothing but sends. Messages for which `except` is true, or whose types it lists, may do otherwise.
   */
  readonly idempotent?:
    | boolean
    | { readonly except: readonly string[] | ((delivered: EventObject) => boolean) }
}

/** The names under which handlers fail. */
export const handlerProperties = {
  deterministic: 'handlers are deterministic',
  pure: 'handlers change nothing that they are given',
  idempotent: 'messages may arrive twice',
} as const

/** Something that XState was asked, and what it said. */
interface Question {
  readonly place: number
  /** Null: how the node starts. */
  readonly before: AnyMachineSnapshot | null
  readonly event: EventObject
  readonly snapshot: AnyMachineSnapshot
  readonly actions: readonly PureAction[]
  /** The text of what came of it. */
  readonly answer: string
}

interface Fault {
  readonly name: string
  readonly reason: string
  readonly question: Question
}

/** Listens to every step of a system's machines while it is searched. */
export interface Interrogation {
  /** The system to search. A question that was asked before gets the answer that it got then, so that the search itself is deterministic. */
  readonly system: CheckedSystem
  /** Asks everything again; what is wrong, with a run to it. */
  verdict(search: Search, plain: Search): HandlerFault | null
}

export interface HandlerFault {
  readonly name: string
  readonly reason: string
  readonly run: Run
}

export function interrogated(system: CheckedSystem, checks: HandlerChecks): Interrogation {
  const questions: Question[] = []
  const faults: Fault[] = []
  const nodes = system.nodes.map((node, place) => ({
    ...node,
    machine: listening(node.machine, place, questions, checks.deterministic === true ? faults : []),
  }))
  return {
    system: { ...system, nodes },
    verdict(search, plain) {
      const fault =
        faults[0] ??
        (checks.deterministic ? askedAgain(system.nodes, questions) : null) ??
        (checks.idempotent ? twice(system.nodes, questions, exceptionsOf(checks.idempotent)) : null)
      if (fault === null) return null
      const { name, reason, question } = fault
      return { name, reason, run: runTo(search, plain, question) }
    },
  }
}

/** The machine, with its steps written down. */
function listening(
  machine: AnyStateMachine,
  place: number,
  questions: Question[],
  faults: Fault[],
): AnyStateMachine {
  const stepper = createStepper(machine)
  const known = new Map<string, Question>()
  const ask = (
    before: AnyMachineSnapshot | null,
    event: EventObject,
    { actionExecutor }: Pick<AnyActorScope, 'actionExecutor'>,
  ): AnyMachineSnapshot => {
    const given = [textOf(before), JSON.stringify(event)] as const
    const asked = given.join(' ')
    let question = known.get(asked)
    if (question === undefined) {
      const { snapshot, actions } = again(stepper, before, event)
      question = { place, before, event, snapshot, actions, answer: answerText(snapshot, actions) }
      known.set(asked, question)
      questions.push(question)
      const changed =
        textOf(before) !== given[0] ? 'snapshot' : JSON.stringify(event) !== given[1] ? 'event' : null
      if (changed !== null) {
        const reason = `the step that takes ${event.type} has changed the ${changed} that it was given`
        faults.push({ name: handlerProperties.pure, reason, question })
      }
    }
    for (const action of question.actions) actionExecutor(action as never)
    return question.snapshot
  }
  return Object.assign(Object.create(machine), {
    getInitialSnapshot: (scope: AnyActorScope, input: unknown) =>
      ask(null, { type: 'xstate.init', input } as EventObject, scope),
    transition: (before: AnyMachineSnapshot, event: EventObject, scope: AnyActorScope) =>
      ask(before, event, scope),
  }) as AnyStateMachine
}

/** Everything once more, in an order of its own. */
function askedAgain(nodes: readonly CheckedNode[], questions: readonly Question[]): Fault | null {
  const steppers = nodes.map(({ machine }) => createStepper(machine))
  for (const question of shuffled(questions)) {
    const { place, before, event, answer } = question
    const { snapshot, actions } = again(steppers[place]!, before, event)
    const now = answerText(snapshot, actions)
    if (now !== answer) {
      const reason = `${event.type} at ${nodes[place]!.id} differs: ${difference(answer, now)}`
      return { name: handlerProperties.deterministic, reason, question }
    }
  }
  return null
}

function again(stepper: Stepper<AnyStateMachine>, before: AnyMachineSnapshot | null, event: EventObject) {
  const { snapshot, actions } =
    before === null
      ? stepper.start((event as EventObject & { input: never }).input)
      : stepper.step(before as never, event as never)
  return { snapshot: snapshot as AnyMachineSnapshot, actions }
}

/** Every message right after itself. */
function twice(
  nodes: readonly CheckedNode[],
  questions: readonly Question[],
  isExcepted: (delivered: EventObject) => boolean,
): Fault | null {
  const steppers = nodes.map(({ machine }) => createStepper(machine))
  for (const question of questions) {
    const { place, before, event, snapshot } = question
    const { id, script = [] } = nodes[place]!
    const isDelivered =
      before !== null && typeof (event as { from?: unknown }).from === 'string' && !script.includes(event)
    if (!isDelivered || isExcepted(event)) continue
    const second = again(steppers[place]!, snapshot, event)
    const others = second.actions.filter(({ type }) => !harmless.has(type))
    const [once, repeated] = [textOf(snapshot), textOf(second.snapshot)]
    if (once === repeated && others.length === 0) continue
    const reason =
      once === repeated
        ? `${event.type} at ${id}, arriving again, causes ${others[0]!.type} again`
        : `${event.type} at ${id}, arriving again, leads to ${difference(once, repeated)}`
    return { name: handlerProperties.idempotent, reason, question }
  }
  return null
}

/** A message may make a node answer again, and say why it does nothing. */
const harmless = new Set(['send', 'ignore', 'xstate.raise', 'xstate.cancel'])

function exceptionsOf(
  idempotent: NonNullable<HandlerChecks['idempotent']>,
): (delivered: EventObject) => boolean {
  if (typeof idempotent === 'boolean') return () => false
  const { except } = idempotent
  return typeof except === 'function' ? except : ({ type }) => except.includes(type)
}

/** A run that ends with the step in question: to the first state in which it can be taken. */
function runTo(search: Search, plain: Search, { place, before, event }: Question): Run {
  const state = new Int32Array(search.width)
  const wanted = JSON.stringify(event)
  const from = textOf(before)
  const matching = new Map<number, boolean>()
  const isThere = (local: number) => {
    let known = matching.get(local)
    if (known === undefined) {
      known = textOf(search.model.states.view(local).snapshot) === from
      matching.set(local, known)
    }
    return known
  }
  const isAsked = (happening: Happening) => eventText(happening) === wanted
  for (let number = 0; before !== null && number < search.store.size; number++) {
    search.store.read(number, state)
    if (!isThere(state[place]!)) continue
    const { id } = search.model.states.view(state[place]!)
    const found = search.happenings(state).find((happening) => happening.node === id && isAsked(happening))
    if (found === undefined) continue
    const asks = (last: Step | null | undefined) =>
      last != null && isAsked(last.happening) && textOf(last.before.snapshot) === from
    const way = [...happeningsTo(search, number), found]
    const { absorbing } = search
    const run = confirmed(plain, { name: event.type, ways: () => [way], absorbing }, (_, last) => asks(last))
    return minimise(plain, run, ({ steps }) => asks(steps.at(-1)))
  }
  return replay(plain, [])!
}

function eventText(happening: Happening): string | null {
  switch (happening.kind) {
    case 'deliver': {
      const { from, message } = happening.message
      return JSON.stringify({ ...message, from })
    }
    case 'timer':
    case 'script':
      return JSON.stringify(happening.event)
    default:
      return null
  }
}

function textOf(snapshot: AnyMachineSnapshot | null): string {
  if (snapshot === null) return 'null'
  const { value, context, status, output } = snapshot
  return JSON.stringify([value, context, status, output])
}

function answerText(snapshot: AnyMachineSnapshot, actions: readonly PureAction[]): string {
  return `${textOf(snapshot)} ${JSON.stringify(actions)}`
}

/** Where two texts part, with a little around it. */
function difference(one: string, other: string): string {
  let at = 0
  while (at < one.length && one[at] === other[at]) at++
  const part = (text: string) => `…${text.slice(Math.max(0, at - 24), at + 24)}…`
  return `${part(one)} once and to ${part(other)} once`
}

/** In an order that has nothing to do with that of the search (Fisher and Yates), the same every time. */
function shuffled<Item>(items: readonly Item[]): Item[] {
  const generator = mersenne(items.length)
  const result = [...items]
  for (let left = result.length - 1; left > 0; left--) {
    const other = (generator.next() >>> 0) % (left + 1)
    ;[result[left], result[other]] = [result[other]!, result[left]!]
  }
  return result
}
