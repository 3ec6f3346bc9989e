/** The replicated state of many instances: what each is between two steps, when it is due, what it waits for. */
import type { Json } from '../application.ts'
import { OrderedMap } from '../ordered-map.ts'
import type { SandboxState, Timer } from './sandbox.ts'

/** One instance between two steps. Never changed: a step makes another one. */
export interface Instance {
  readonly machine: string
  readonly id: string
  /** The version of the application that made its snapshot (U2). */
  readonly version: number
  /** The position of the command that started it: tells lives of the same id apart. */
  readonly born: number
  readonly status: string
  /** The JSON text of its snapshot: an instance at rest costs little more than this. */
  readonly text: string
  readonly timers: readonly Timer[]
  readonly ids: number
  readonly invocations: number
  /** Effects without an outcome. */
  readonly effects: number
}

/** All instances. Every change is a new state that shares its structure with the old one. */
export class ActorsState {
  /** By `keyOf`, in code-unit order. */
  readonly instances: OrderedMap<string, Instance>
  /** The keys of instances by their timers, the next one first (M2). */
  readonly due: OrderedMap<string, string>
  /** Instances with effects under way, so that a new primary need not look at all (M4). */
  readonly busy: OrderedMap<string, number>
  /** Numbers timers, over all instances. */
  readonly seq: number

  constructor(
    instances: OrderedMap<string, Instance> = OrderedMap.from(),
    due: OrderedMap<string, string> = OrderedMap.from(),
    busy: OrderedMap<string, number> = OrderedMap.from(),
    seq = 0,
  ) {
    this.instances = instances
    this.due = due
    this.busy = busy
    this.seq = seq
  }

  /** With this instance in the place of the former one of its key; null: without it. */
  with(key: string, next: Instance | null, seq: number): ActorsState {
    const former = this.instances.get(key)
    let { due, busy } = this
    for (const timer of former?.timers ?? []) {
      if (next === null || !next.timers.includes(timer)) due = due.delete(dueKey(timer))
    }
    for (const timer of next?.timers ?? []) {
      if (former === undefined || !former.timers.includes(timer)) due = due.set(dueKey(timer), key)
    }
    const effects = next?.effects ?? 0
    if (effects !== (former?.effects ?? 0)) busy = effects === 0 ? busy.delete(key) : busy.set(key, effects)
    const instances = next === null ? this.instances.delete(key) : this.instances.set(key, next)
    return new ActorsState(instances, due, busy, seq)
  }

  /** The earliest timer and its instance, if any. */
  firstDue(): { readonly key: string; readonly instance: Instance; readonly timer: Timer } | null {
    const first = this.due.first()
    if (first === undefined) return null
    const [moment, key] = first
    const instance = this.instances.get(key)!
    const timer = instance.timers.find((each) => dueKey(each) === moment)!
    return { key, instance, timer }
  }

  toJSON(): Json {
    return { seq: this.seq, instances: this.instances.toJSON() as unknown as Json }
  }
}

/** The key of an instance. A machine's name has no slash. */
export function keyOf(machine: string, id: string): string {
  return `${machine}/${id}`
}

/** In the order in which timers fire: numbers that are compared as text. */
function dueKey({ due, seq }: Timer): string {
  return `${String(due).padStart(17, '0')}:${String(seq).padStart(17, '0')}`
}

/** What the sandbox needs of an instance, from its text. */
export function sandboxStateOf({ text, timers, ids, invocations }: Instance): SandboxState {
  return { snapshot: JSON.parse(text), timers, ids, invocations }
}
