/** JSON on one line, cut in the middle if it is long. Never throws. */
export function jsonText(value: unknown, lengthMax = 80): string {
  const text = safely(() => JSON.stringify(value) ?? String(value))
  if (text.length <= lengthMax) return text
  const end = Math.floor(lengthMax / 3)
  return `${text.slice(0, lengthMax - end - 1)}…${text.slice(-end)}`
}

function safely(text: () => string): string {
  try {
    return text()
  } catch {
    return 'something'
  }
}
