/** Moving the focus within a composite by arrows, so that it is one stop for the Tab key. */

/** Focuses the previous or next element that fits the selector, around the ends; the keys are previous, then next. */
export function roveAmong(
  event: KeyboardEvent,
  selector: string,
  [previous, next]: readonly [string, string],
): void {
  const by = event.key === next ? 1 : event.key === previous ? -1 : 0
  if (by === 0 || event.ctrlKey || event.altKey || event.shiftKey) return
  const items = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>(selector)]
  const index = items.indexOf(document.activeElement as HTMLElement)
  if (index < 0) return
  event.preventDefault()
  event.stopPropagation()
  const item = items[(index + by + items.length) % items.length]!
  item.focus()
}
