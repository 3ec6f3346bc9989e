/** Names for actor logic that a machine spawns without one, so that its actors can be written down and restored. */
import type { AnyActorLogic } from 'xstate'
import { isMachine } from './inert.ts'
import type { InnerActor } from './xstate-internals.ts'

/** How the name of such logic begins. */
export const inlinePrefix = 'inline:'

/** The logic without a name that this process has seen, by the name that every replica gives it. */
export class InlineLogics {
  readonly #known = new Map<string, AnyActorLogic>()

  /** The name: of its own id for a machine, of its place otherwise. Replicas agree on it. */
  nameOf(logic: AnyActorLogic, parent: InnerActor, id: string): string {
    const owner = isMachine(parent.logic) ? parent.logic.id : parent.id
    const own = isMachine(logic) ? logic.id : id
    const name = `${inlinePrefix}${owner}/${own}`
    this.#known.set(name, logic)
    return name
  }

  /**
   * The logic of a name.
   * @throws Error if this process has not seen it: only an effect can wait for its outcome without its logic.
   */
  logicOf(name: string, snapshot: object): AnyActorLogic {
    const found = this.#known.get(name)
    if (found !== undefined) return found
    if ('invocation' in snapshot) return unknownEffect
    throw new Error(
      `expected actor logic with a name, got ${name}, which another process spawned inline; name it in setup({ actors })`,
    )
  }
}

/** Stands for an effect whose logic was a closure of another process: it can be ended, but not started again. */
export const unknownEffect = {
  start: () => {},
  transition: (snapshot: unknown) => snapshot,
  getInitialSnapshot: () => ({ status: 'active' }),
  getPersistedSnapshot: (snapshot: unknown) => snapshot,
} as unknown as AnyActorLogic
