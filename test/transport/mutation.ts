/** Random and mutated frames, from a seed that is printed. They break what a reader takes for granted; what must hold is for tests to say. */
import type { Random } from '../../actors/ports.ts'
import { seededRandom } from '../../runtime/schedulers.ts'

/** Words that have a meaning somewhere in a frame. */
const words = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  'null',
  'true',
  '-1',
  '1e999',
  '0.5',
  '9007199254740993',
  '"__proto__"',
  '"frame"',
  '"hello"',
  '"ready"',
  '"nodes"',
  '"from"',
  '"to"',
  '"message"',
  '"stamp"',
  '"lamport"',
  '"vector"',
  '"s1#1"',
  '\n',
  '\u0000',
  '\ud800',
  '"constructor"',
  '[[[[[[[[',
]

/** The seed of this run: STANDBY_SEED, or one drawn from the time. */
export function fuzzSeed(what: string): number {
  const given = process.env.STANDBY_SEED
  const seed = given === undefined ? Date.now() % 1_000_000_007 : Number(given)
  console.log(`${what}: seed ${seed} (STANDBY_SEED=${seed} repeats it)`)
  return seed
}

/** A text with one to four places changed. */
export function mutated(text: string, random: Random): string {
  const below = (n: number) => Math.floor(random() * n)
  let result = text
  for (let change = 0; change <= below(4); change++) {
    const at = below(result.length + 1)
    const end = Math.min(result.length, at + below(12))
    const piece = result.slice(at, end)
    const put = [
      () => '',
      () => piece + piece,
      () => String.fromCharCode(below(300)),
      () => words[below(words.length)]!,
      () => [...piece].reverse().join(''),
      () => '7'.repeat(below(20)),
    ][below(6)]!
    result = result.slice(0, at) + put() + result.slice(end)
  }
  return result
}

/** What no one expects in the place of a value. */
const odd = [
  null,
  true,
  '',
  'x',
  -1,
  0,
  0.5,
  1e308,
  2 ** 53,
  [],
  {},
  [[]],
  { type: 'ping' },
  '__proto__',
  '\ud800',
]

/**
 * The sample with one to three values in it replaced by odd ones; JSON it remains. `outside` is how often that is a value
 * that the transport looks at: what is odd in the message is for a node to refuse.
 */
export function distorted(sample: object, random: Random, outside = 0.3): object {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!
  const result = structuredClone(sample) as Record<string, unknown>
  for (let change = 0; change <= random() * 3; change++) {
    let at = result
    const { message } = result
    const isInside = random() >= outside
    if (isInside && typeof message === 'object' && message !== null) at = message as typeof result
    for (;;) {
      const keys = Object.keys(at).filter((key) => !(isInside && at === message && key === 'type'))
      if (keys.length === 0) break
      const key = pick(keys)
      const value = at[key]
      if (typeof value === 'object' && value !== null && random() < 0.7) at = value as typeof at
      else {
        at[key] = structuredClone(pick(odd))
        break
      }
    }
  }
  return result
}

/** Noise, or a mutation of one of the texts. */
export function fuzzText(texts: readonly string[], random: Random): string {
  if (random() >= 0.1) return mutated(texts[Math.floor(random() * texts.length)]!, random)
  const length = Math.floor(random() * 200)
  return Array.from({ length }, () => String.fromCharCode(Math.floor(random() * 256))).join('')
}

/** Texts that are noise, and mutations of what JSON such things have. */
export function* fuzzTexts(count: number, ...samples: readonly object[]): Generator<string> {
  const random = seededRandom(fuzzSeed(`${count} frames`))
  const texts = samples.map((sample) => JSON.stringify(sample))
  for (let number = 0; number < count; number++) yield fuzzText(texts, random)
}
