/** A function that remembers what it came to last. */

/** Whoever asks for the same value as the one before gets the very same: the last one is kept. Pure as seen from outside. */
export function rememberLast<Args extends readonly unknown[], Value>(
  compute: (...args: Args) => Value,
): (...args: Args) => Value {
  let last: { readonly args: Args; readonly value: Value } | null = null
  return (...args) => {
    if (last === null || !last.args.every((arg, index) => arg === args[index])) {
      last = { args, value: compute(...args) }
    }
    return last.value
  }
}
