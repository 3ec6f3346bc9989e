/** A node's place as invariants see it, through all its lives: its state, what it has sent that matters, and who asked for which part of it. */
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import type { Envelope } from '../../actors/ports.ts'
import type { Message } from '../../machines/messages.ts'
import type { NodeId } from '../../machines/node-id.ts'
import type { Invariant, NodeView, SentMessage } from '../check/system.ts'

/** Answers to so many sessions are kept, the newest. */
const sessionsKept = 64

/** One part of a place: its value, and the invariants that have ever asked for it. */
interface Part {
  readonly name: string
  readonly askers: Set<Invariant>
}

/** A place. Parts are `id`, `alive`, `sent`, `state` (value, tags and status) and each entry of the context. */
export class Seat {
  /** The invariant that is being evaluated: what is asked for now is noted as its. */
  static asking: Invariant | null = null

  /** What invariants are handed. */
  readonly face: NodeView
  readonly #parts = new Map<string, Part>()
  readonly #changed = new Set<Part>()
  readonly #sent = new Map<string, SentMessage>()
  #list: readonly SentMessage[] = []
  #context: object = {}
  #id: NodeId = ''
  #alive = false
  #snapshot: AnyMachineSnapshot = unborn

  constructor() {
    const seat = this
    const state = this.#part('state')
    const id = this.#part('id')
    const alive = this.#part('alive')
    const sent = this.#part('sent')
    const snapshot = {
      get context() {
        return seat.#context
      },
      get value() {
        note(state)
        return seat.#snapshot.value
      },
      get status() {
        note(state)
        return seat.#snapshot.status
      },
      hasTag(tag: string) {
        note(state)
        return seat.#snapshot.hasTag(tag as never)
      },
      matches(value: never) {
        note(state)
        return seat.#snapshot.matches(value)
      },
    } as unknown as AnyMachineSnapshot
    this.face = {
      snapshot,
      get id() {
        note(id)
        return seat.#id
      },
      get alive() {
        note(alive)
        return seat.#alive
      },
      get sent() {
        note(sent)
        return seat.#list
      },
    }
    this.#face(unborn.context)
  }

  get viewNumber(): number {
    return (this.#snapshot.context as { view: { number: number } }).view.number
  }

  /** The beginning of a life; whether it is the first here. */
  begin(id: NodeId, snapshot: AnyMachineSnapshot): boolean {
    const isFirst = this.#id === ''
    this.#id = id
    this.#alive = true
    this.#snapshot = snapshot
    this.#face(snapshot.context)
    for (const part of this.#parts.values()) this.#changed.add(part)
    return isFirst
  }

  crash(): void {
    this.#alive = false
    this.#changed.add(this.#part('alive'))
  }

  /** Takes the state after a step. */
  move(after: AnyMachineSnapshot): void {
    const before = this.#snapshot
    this.#snapshot = after
    if (before.value !== after.value || before.status !== after.status) this.#changed.add(this.#part('state'))
    const [old, now] = [before.context, after.context]
    for (const key in now) if (old[key] !== now[key]) this.#changed.add(this.#part(`context.${key}`))
  }

  /** Takes what was sent; false if no invariant asks for its like, or one like it was sent before. */
  send({ from, to, message }: Envelope): boolean {
    const key = keyOf(message)
    if (key === null) return false
    const known = this.#sent.get(key)
    if (known !== undefined && !isNewer(known.message as Message, message)) return false
    // A session's newest answer goes to the end: what is forgotten are the sessions that have long been silent.
    this.#sent.delete(key)
    this.#sent.set(key, { from, to, message: message as EventObject })
    this.#listSent()
    return true
  }

  /** Forgets what speaks of other views, and of sessions that have long been silent. */
  forget(isKept: (viewNumber: number) => boolean): void {
    let sessions = 0
    for (const [key, { message }] of [...this.#sent].reverse()) {
      const number = viewIn(message as Message)
      if (number === null ? ++sessions > sessionsKept : !isKept(number)) this.#sent.delete(key)
    }
    this.#listSent()
  }

  /** The node before and after a step. */
  pair(before: AnyMachineSnapshot, after: AnyMachineSnapshot): readonly [NodeView, NodeView] {
    const [id, alive, sent] = [this.#id, this.#alive, this.#list]
    return [
      { id, alive, sent, snapshot: before },
      { id, alive, sent, snapshot: after },
    ]
  }

  /** Readers of something that has changed since the last call. */
  takeAskers(): Iterable<Invariant> {
    const changed = this.#changed
    if (changed.size === 0) return none
    let askers: Iterable<Invariant> = none
    let isOne = true
    for (const part of changed) {
      if (part.askers.size === 0) continue
      if (askers === none) askers = [...part.askers]
      else {
        if (isOne) askers = new Set(askers)
        isOne = false
        for (const invariant of part.askers) (askers as Set<Invariant>).add(invariant)
      }
    }
    changed.clear()
    return askers
  }

  #listSent(): void {
    this.#list = [...this.#sent.values()]
    this.#changed.add(this.#part('sent'))
  }

  #part(name: string): Part {
    let part = this.#parts.get(name)
    if (part === undefined) {
      part = { name, askers: new Set() }
      this.#parts.set(name, part)
    }
    return part
  }

  /** The context that invariants see: each of its entries notes who asks for it. */
  #face(context: object): void {
    const seat = this
    const face = {}
    for (const key of Object.keys(context)) {
      const part = this.#part(`context.${key}`)
      Object.defineProperty(face, key, {
        enumerable: true,
        get() {
          note(part)
          return (seat.#snapshot.context as Record<string, unknown>)[key]
        },
      })
    }
    this.#context = face
  }
}

const none: readonly Invariant[] = []

function note(part: Part): void {
  if (Seat.asking !== null) part.askers.add(Seat.asking)
}

/** What is seen of a node that has not started yet. */
const unborn = {
  context: { view: { number: 0, primary: null, backup: null }, replica: null },
  value: {},
  status: 'active',
  hasTag: () => false,
  matches: () => false,
} as unknown as AnyMachineSnapshot

/** Invariants read views that were sent, numbers that were pinged, and answers; for nothing else that was sent. */
function keyOf(message: Message): string | null {
  switch (message.type) {
    case 'viewReply':
      return `view ${message.view.number}`
    case 'ping':
      return `ping ${message.viewNumber}`
    case 'reply':
      return message.session === null ? null : `reply ${message.session}`
    default:
      return null
  }
}

function viewIn(message: Message): number | null {
  if (message.type === 'viewReply') return message.view.number
  return message.type === 'ping' ? message.viewNumber : null
}

/** Of the answers to a session the newest one implies the others. */
function isNewer(known: Message, message: Message): boolean {
  return known.type === 'reply' && message.type === 'reply' && message.seq > known.seq
}
