/** A world that lives in another process, as a page has it: the same tree, driven by asking. */
import type { Choice } from './choice.ts'
import type { Choices } from './choices.ts'
import type { WorldAsk, WorldMessage } from './shared-world.ts'
import { forked, type GrowingBranch, type RunBounds, WorldTree } from './world-tree.ts'

/** Asks the process that has the world. Rejects with why it cannot be done. */
export type AskWorld = (asked: WorldAsk) => Promise<void>

export class RemoteWorld extends WorldTree {
  /** What can be chosen at the point that is looked at; null until it is known. */
  choices: Choices | null = null
  readonly #ask: AskWorld
  readonly #page: string

  /** @param page a name that no other page has */
  constructor(whole: Extract<WorldMessage, { kind: 'world' }>, page: string, ask: AskWorld) {
    super(whole.info, whole.header)
    this.#ask = ask
    this.#page = page
    this.list.push(...(whole.branches as GrowingBranch[]))
    this.shown = this.list.find(({ id }) => id === whole.shown.branch) ?? this.list[0]!
    this.position = whole.shown.position
  }

  /** Takes what the other process sends; messages about another world are a new RemoteWorld's. */
  take(message: Exclude<WorldMessage, { kind: 'world' }>): void {
    switch (message.kind) {
      case 'branch': {
        const parent = this.list.find(({ id }) => id === message.parent)
        if (parent !== undefined) this.list.push(forked(parent, message.at, message.id, message.name))
        this.report('tree')
        break
      }
      case 'growth': {
        const branch = this.list.find(({ id }) => id === message.branch)
        if (branch === undefined) break
        branch.made.push(...message.made)
        branch.steps.push(...message.steps)
        branch.ends.push(...message.ends)
        branch.captions.push(...message.captions)
        this.report(branch === this.shown ? 'steps' : 'tree')
        break
      }
      case 'name': {
        const branch = this.list.find(({ id }) => id === message.branch)
        if (branch !== undefined) branch.name = message.name
        this.report('tree')
        break
      }
      case 'shown':
        if (message.page === this.#page) this.switchTo(message.branch, message.position)
        break
      case 'choices':
        if (message.page !== this.#page) break
        if (message.branch !== this.branch.id || message.position !== this.position) break
        this.choices = message.choices
        this.report('choices')
    }
  }

  /** Asks what can be chosen at the point that is looked at. */
  look(): Promise<string | null> {
    return this.#try({ kind: 'look', ...this.#here() })
  }

  /** Resolves with why the choice cannot be made, or null when it was made. */
  choose(choice: Choice): Promise<string | null> {
    return this.#try({ kind: 'choose', ...this.#here(), choice })
  }

  /** Resolves with why it failed, or null; whether the aim was reached is to be seen. */
  runUntil(aim: string | null, bounds: RunBounds = {}): Promise<string | null> {
    return this.#try({ kind: 'run', ...this.#here(), aim, bounds })
  }

  fork(): Promise<string | null> {
    return this.#try({ kind: 'fork', ...this.#here() })
  }

  rename(branch: string, name: string): Promise<string | null> {
    return this.#try({ kind: 'rename', branch, name })
  }

  /** A saved world, or a trace to be lifted, in place of this one. */
  open(text: string): Promise<string | null> {
    return this.#try({ kind: 'open', text })
  }

  #here() {
    return { page: this.#page, branch: this.branch.id, position: this.position }
  }

  #try(asked: WorldAsk): Promise<string | null> {
    return this.#ask(asked).then(
      () => null,
      (error: Error) => error.message,
    )
  }
}
