/** A world that lives in one process and is driven by pages in others: what they ask for, and what they are sent. */
import * as v from 'valibot'
import type { TraceHeader, TraceStep } from '../../runtime/trace/format.ts'
import { readTrace } from '../../runtime/trace/read.ts'
import { checkedChoice } from './choice.ts'
import { type Choices, choicesOf } from './choices.ts'
import { liftTrace } from './lift.ts'
import type { Made } from './made.ts'
import type { Staged } from './staged.ts'
import type { World } from './world.ts'
import { isWorldText, readWorld } from './world-file.ts'
import type { Branch, Caption, WorldInfo } from './world-tree.ts'

/** What pages are sent. `page` names the one that it is for; the others ignore it. */
export type WorldMessage =
  | {
      readonly kind: 'world'
      readonly info: WorldInfo
      readonly header: TraceHeader
      readonly branches: readonly Branch[]
      readonly shown: { readonly branch: string; readonly position: number }
    }
  | (Pick<Branch, 'id' | 'name' | 'parent' | 'at'> & { readonly kind: 'branch' })
  | {
      readonly kind: 'growth'
      readonly branch: string
      readonly made: readonly Made[]
      readonly steps: readonly TraceStep[]
      /** How many steps there are after each of `made`. */
      readonly ends: readonly number[]
      readonly captions: readonly Caption[]
    }
  | { readonly kind: 'name'; readonly branch: string; readonly name: string }
  | (Point & { readonly kind: 'shown'; readonly page: string })
  | (Point & { readonly kind: 'choices'; readonly page: string; readonly choices: Choices })

interface Point {
  readonly branch: string
  readonly position: number
}

const text = v.pipe(v.string(), v.maxLength(200))
const point = { page: text, branch: text, position: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) }
const bounds = v.strictObject({ steps: v.optional(v.number()), ms: v.optional(v.number()) })
const askSchema = v.variant('kind', [
  /** What can be chosen at a point. */
  v.strictObject({ kind: v.literal('look'), ...point }),
  v.strictObject({ kind: v.literal('choose'), ...point, choice: v.unknown() }),
  v.strictObject({ kind: v.literal('run'), ...point, aim: v.nullable(text), bounds }),
  v.strictObject({ kind: v.literal('fork'), ...point }),
  v.strictObject({ kind: v.literal('rename'), branch: text, name: text }),
  /** A saved world of this system, or a trace of it to be lifted, in place of what is there. */
  v.strictObject({ kind: v.literal('open'), text: v.string() }),
])

/** What a page asks for. */
export type WorldAsk = v.InferOutput<typeof askSchema>

type AskAtPoint = Exclude<WorldAsk, { kind: 'open' | 'rename' }>

interface Known {
  made: number
  captions: number
  name: string
}

/** Keeps all pages up to date; each looks where it likes. */
export class SharedWorld {
  #world: World
  readonly #pages = new Set<(message: WorldMessage) => void>()
  #known = new Map<string, Known>()

  constructor(world: World) {
    this.#world = world
    this.#remember()
  }

  /** A page comes; returns how it goes. It is sent everything there is. */
  join(send: (message: WorldMessage) => void): () => void {
    this.#pages.add(send)
    send(this.#whole())
    return () => void this.#pages.delete(send)
  }

  /**
   * Does what a page asks for, and sends what it changed before it returns.
   * @throws Error with why it cannot be done, for a person
   */
  ask(asked: unknown): void {
    const { success, output, issues } = v.safeParse(askSchema, asked)
    if (!success)
      throw new Error(`expected something to do in a world, got ${v.getDotPath(issues[0]) ?? 'another kind'}`)
    switch (output.kind) {
      case 'open':
        this.#open(output.text)
        break
      case 'rename':
        this.#world.rename(output.branch, output.name)
        this.#sync()
        break
      default:
        this.#act(output)
    }
  }

  #act(asked: AskAtPoint): void {
    const { page } = asked
    if (!this.#world.branches.some(({ id }) => id === asked.branch))
      throw new Error(`expected a branch of this world, got ${asked.branch}; load the page again`)
    this.#world.switchTo(asked.branch, asked.position)
    const why = this.#carryOut(asked)
    if (why !== null) throw new Error(why)
    this.#sync()
    const { branch, position } = this.#world
    if (asked.kind !== 'look') this.#send({ kind: 'shown', page, branch: branch.id, position })
    const choices = choicesOf(this.#world.run())
    this.#send({ kind: 'choices', page, branch: branch.id, position, choices })
  }

  #carryOut(asked: AskAtPoint): string | null {
    switch (asked.kind) {
      case 'look':
        return null
      case 'choose':
        return this.#world.choose(checkedChoice(asked.choice, 'the choice'))
      case 'fork':
        this.#world.fork()
        return null
      case 'run': {
        const { ms = 5000, steps = 2000 } = asked.bounds
        this.#world.runUntil(asked.aim, { ms, steps: Math.min(steps, stepsMax) })
        return null
      }
    }
  }

  #open(opened: string): void {
    const { staged, info } = this.#world
    this.#world = isWorldText(opened) ? readWorld(opened, staged) : liftedText(opened, info.title, staged)
    this.#remember()
    for (const send of this.#pages) send(this.#whole())
  }

  #whole(): WorldMessage {
    const { info, header, branches, branch, position } = this.#world
    return { kind: 'world', info, header, branches, shown: { branch: branch.id, position } }
  }

  #remember(): void {
    this.#known = new Map(
      this.#world.branches.map(({ id, made, captions, name }) => [
        id,
        { made: made.length, captions: captions.length, name },
      ]),
    )
  }

  #sync(): void {
    for (const { id, name, parent, at, made, steps, ends, captions } of this.#world.branches) {
      let known = this.#known.get(id)
      if (known === undefined) {
        this.#send({ kind: 'branch', id, name, parent, at })
        known = { made: at, captions: captions.length, name }
        this.#known.set(id, known)
      }
      if (known.name !== name) this.#send({ kind: 'name', branch: id, name })
      known.name = name
      if (known.made === made.length && known.captions === captions.length) continue
      this.#send({
        kind: 'growth',
        branch: id,
        made: made.slice(known.made),
        steps: steps.slice(ends[known.made]!),
        ends: ends.slice(known.made + 1),
        captions: captions.slice(known.captions),
      })
      known.made = made.length
      known.captions = captions.length
    }
  }

  #send(message: WorldMessage): void {
    for (const send of this.#pages) send(message)
  }
}

const stepsMax = 20_000

/**
 * A world in which the trace of this system was repeated, as far as it fits.
 * @throws Error for a text that is no trace
 */
export function liftedText(trace: string, title: string, staged: Staged): World {
  const { header, steps } = readTrace(trace, { partial: true })
  const { world, misfit } = liftTrace(header, steps, title, staged)
  if (misfit !== null && world.branch.made.length === 0)
    throw new Error(`expected a trace of this system; at step ${misfit.step}, ${misfit.why}`)
  return world
}
