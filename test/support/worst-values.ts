/** The JSON values that take an event loop longest within the bounds of a command. It asserts nothing. */
import { defaultLimits } from '../../actors/options.ts'

/** What the command and its key take. */
const bytesMax = defaultLimits.commandBytesMax - 200
const valuesMax = defaultLimits.commandValuesMax - 10

const list = <Item>(length: number, item: (index: number) => Item): Item[] =>
  Array.from({ length: Math.floor(length) }, (_, index) => item(index))
const filled = (text: string) => text.repeat(Math.floor(bytesMax / JSON.stringify(text).length))
const longKeyLength = Math.floor((bytesMax / valuesMax) * 2 - 20)

/** A list of as deep objects as fit, with keys that no other object has. */
const deep = () =>
  list(valuesMax / 151, (index) => {
    let value: unknown = 0
    for (let level = 0; level < 150; level++) value = { [`k${index}_${level}`]: value }
    return value
  })

/** By name; each is made when it is asked for. */
export const worstValues: Readonly<Record<string, () => unknown>> = {
  'empty lists': () => list(valuesMax, () => []),
  'empty objects': () => list(valuesMax, () => ({})),
  fractions: () => list(valuesMax, (index) => (index + 1) / 1024),
  'an object of many keys': () => Object.fromEntries(list(valuesMax, (index) => [`k${index}`, index])),
  'objects with keys of their own': () => list(valuesMax / 2, (index) => ({ [`k${index}`]: 1 })),
  'objects with long keys of their own': () =>
    list(valuesMax / 2, (index) => ({ [`${index}${'x'.repeat(longKeyLength)}`]: 1 })),
  'deep objects': deep,
  'deep lists': () =>
    list(valuesMax / 151, () => {
      let value: unknown = 0
      for (let level = 0; level < 150; level++) value = [value]
      return value
    }),
  'a long text': () => 'x'.repeat(bytesMax),
  'a text of escapes': () => filled('"\\\n\u0001'),
  'a text beyond Latin': () => '€'.repeat(bytesMax / 3),
  'a text of pairs': () => '😀'.repeat(bytesMax / 4),
  'a text of halves of pairs': () => filled('\ud83d'),
}
