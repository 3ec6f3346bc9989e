/** Values as TLC prints them, as JSON: sets and functions as collections, records and sequences as they are. */
import type { Json } from '../../../machines/application/application.ts'
import { mapOf, setOf } from '../collections.ts'

/** A value; an unreadable text is shown as it is. */
export function parseTla(text: string): Json {
  try {
    const reader = new TlaReader(text)
    const value = reader.value()
    if (reader.isAtEnd()) return value
  } catch {
    // What TLC prints of unknown values is text.
  }
  return text.trim().replaceAll(/\s+/g, ' ')
}

class TlaReader {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(text: string) {
    this.#tokens = text.match(/"(?:\\.|[^"\\])*"|\|->|:>|@@|<<|>>|\.\.|[{}[\](),]|-?\d+|[\w!$]+|\S/g) ?? []
  }

  isAtEnd = () => this.#at === this.#tokens.length

  value(): Json {
    const first = this.#simple()
    if (this.#tokens[this.#at] !== '..') return first
    this.#at += 1
    const last = this.#simple()
    return `${first}..${last}`
  }

  #simple(): Json {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw new Error('expected a value')
    if (token === '{') return setOf(this.#list('}'))
    if (token === '<<') return this.#list('>>')
    if (token === '[') return this.#record()
    if (token === '(') return this.#function()
    if (token.startsWith('"')) return JSON.parse(token) as string
    if (/^-?\d+$/.test(token)) return Number.isSafeInteger(Number(token)) ? Number(token) : token
    if (token === 'TRUE' || token === 'FALSE') return token === 'TRUE'
    if (/^[\w!$]+$/.test(token)) return token
    throw new Error(`unexpected ${token}`)
  }

  #list(end: string): Json[] {
    const items: Json[] = []
    while (this.#tokens[this.#at] !== end) {
      items.push(this.value())
      if (this.#tokens[this.#at] === ',') this.#at += 1
      else if (this.#tokens[this.#at] !== end) throw new Error(`expected ${end}`)
    }
    this.#at += 1
    return items
  }

  #record(): Json {
    const record: Record<string, Json> = Object.create(null)
    while (this.#tokens[this.#at] !== ']') {
      const name = this.#tokens[this.#at++]!
      if (this.#tokens[this.#at++] !== '|->') throw new Error('expected |->')
      record[name] = this.value()
      if (this.#tokens[this.#at] === ',') this.#at += 1
    }
    this.#at += 1
    return record
  }

  /** `(k :> v @@ k :> v)`, or a value in parentheses. */
  #function(): Json {
    const entries: [Json, Json][] = []
    for (;;) {
      const key = this.value()
      if (this.#tokens[this.#at] !== ':>') {
        if (this.#tokens[this.#at++] !== ')' || entries.length > 0) throw new Error('expected :>')
        return key
      }
      this.#at += 1
      entries.push([key, this.value()])
      const next = this.#tokens[this.#at++]
      if (next === ')') return mapOf(entries)
      if (next !== '@@') throw new Error('expected @@')
    }
  }
}
