/** Draws from chance what a plan is made of. */
import type { Random } from '../../actors/ports.ts'

export type Drawing = ReturnType<typeof drawing>

/** Chance, as a plan needs it. */
export function drawing(random: Random) {
  const integer = (min: number, max: number) => min + Math.floor(random() * (max - min + 1))
  return {
    random,
    integer,
    chance: (probability: number) => random() < probability,
    one: <Item>(items: readonly Item[]): Item => items[integer(0, items.length - 1)]!,
  }
}
