/** Unknown options are refused, with the name that was probably meant. */
import { StandbyError } from './errors.ts'

/**
 * Refuses options that nothing looks at: a misspelt name would silently have no effect.
 * @param known the names there are; a record, so that the compiler misses none
 * @throws StandbyError `invalidOption`, naming the option that was probably meant
 */
export function knownOptions<Options extends object>(
  where: string,
  given: Options,
  known: Readonly<Record<keyof Required<Options>, true>>,
): void {
  if (typeof given !== 'object' || given === null)
    throw new StandbyError(
      'invalidOption',
      `${where}: expected an object of options, got ${String(given)}; leave it out for the defaults`,
    )
  const names = Object.keys(known)
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown !== undefined) throw unknownOption(`${where}.${unknown}`, unknown, names)
}

/** The error for an option that does not exist, with the one that was probably meant. */
export function unknownOption(where: string, name: string, names: readonly string[]): StandbyError {
  const meant = nearest(name, names)
  return new StandbyError(
    'invalidOption',
    `${where}: expected ${names.length === 1 ? 'the option' : 'one of the options'} ${names.join(', ')}, got ${JSON.stringify(name)}; ${meant === null ? 'leave it out' : `did you mean ${meant}?`}`,
  )
}

/** The one of these names that was probably meant; null if none is near. */
export function nearest(name: string, names: readonly string[]): string | null {
  const near = names
    .map((other) => ({ other, distance: distanceOf(name.toLowerCase(), other.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0]
  return near !== undefined && near.distance <= Math.max(1, Math.floor(name.length / 3)) ? near.other : null
}

/** Letters to insert, delete, replace or swap with their neighbour (Damerau); the beginning of a name is near it. */
function distanceOf(a: string, b: string): number {
  if (a.length >= 3 && b.startsWith(a)) return 1
  let [last, row] = [[] as number[], Array.from({ length: b.length + 1 }, (_, index) => index)]
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? last[j - 2]! + 1 : replaced
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, replaced, swapped))
    }
    ;[last, row] = [row, next]
  }
  return row[b.length]!
}
