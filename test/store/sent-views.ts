/** What is wrong with views in the order in which they were reported: the numbers of two, and steps back. It asserts nothing. */
import type { View } from '../../machines/view.ts'

/** A sentence for each wrong; none where all is well (V2, V11). */
export function wrongsIn(sentViews: readonly View[]): string[] {
  const found: string[] = []
  const known = new Map<number, string>()
  let newest: View | null = null
  for (const view of sentViews) {
    const text = JSON.stringify(view)
    if ((known.get(view.number) ?? text) !== text) found.push(`two views ${view.number}`)
    known.set(view.number, text)
    if (newest !== null && view.number < newest.number) found.push(`back to view ${view.number}`)
    newest = view
  }
  return found
}
