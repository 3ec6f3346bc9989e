/** Text of peers and callers, made safe for a terminal and a log: one line, and nothing that hides or reorders it. */

/**
 * Control characters, format characters (bidirectional marks, zero widths, tags), line and paragraph
 * separators, and halves of surrogate pairs.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
const allUnprintable = new RegExp(unprintable.source, 'gu')

/** Whether a text has characters that a terminal or a log would not show as they are. */
export function isPrintable(text: string): boolean {
  return !unprintable.test(text)
}

/** The text with each unprintable character as an escape: `\n`, `\t`, `\r` or `\u{202e}`. */
export function printable(text: string): string {
  if (isPrintable(text)) return text
  return text.replace(allUnprintable, (character) => {
    const short = shortEscapes[character]
    return short ?? `\\u{${character.codePointAt(0)!.toString(16)}}`
  })
}

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
