// Texts for readers: short, and with nothing invisible in them.

/** Controls, zero-width characters and those that turn the direction of text: they would hide or forge what is shown. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Spells out the characters of a text that a reader would not see, or that would act on a terminal. */
export function spellOut(text: string): string {
  return text.replace(unseen, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

/** Cuts a long text in the middle: what was appended last is at its end. */
export function shorten(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text
  const end = Math.floor((lengthMax - 1) * 0.6)
  return `${text.slice(0, lengthMax - 1 - end)}…${text.slice(text.length - end)}`
}
