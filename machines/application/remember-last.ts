/** Memoizes the last call of a function. */

/** Identical arguments return the identical result as the call before. Pure as seen from outside. */
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
