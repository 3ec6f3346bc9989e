/** EDN, as Clojure writes data, as JSON: keywords and symbols as their names, vectors and lists as lists, sets as sets. */
import type { Json } from '../../../machines/application/application.ts'
import { keyText, setOf } from '../collections.ts'

/** All values of a text. @throws Error for a bracket without its end. */
export function parseEdn(text: string): Json[] {
  const tokens = text.match(/;[^\n]*|"(?:\\.|[^"\\])*"|#\{|#_|#[\w./-]+|[()[\]{}]|[^\s,()[\]{}"]+/g) ?? []
  let at = 0
  const list = (end: string): Json[] => {
    const items: Json[] = []
    for (;;) {
      const token = tokens[at]
      if (token === undefined) throw new Error(`expected ${end}, got the end of the text; is the file whole?`)
      if (token === end) {
        at += 1
        return items
      }
      const value = next()
      if (value !== undefined) items.push(value)
    }
  }
  /** Undefined for what is no value: comments. */
  const next = (): Json | undefined => {
    const token = tokens[at++]!
    if (token.startsWith(';')) return undefined
    if (token === '#_') {
      next()
      return undefined
    }
    if (token === '(' || token === '[') return list(token === '(' ? ')' : ']')
    if (token === '#{') return setOf(list('}'))
    if (token === '{') {
      const record: Record<string, Json> = Object.create(null)
      const items = list('}')
      for (let index = 0; index < items.length; index += 2)
        record[keyText(items[index]!)] = items[index + 1] ?? null
      return record
    }
    // A tagged value is shown as the value.
    if (token.startsWith('#')) return next()
    if (token.startsWith('"')) return JSON.parse(token) as string
    if (token === 'nil') return null
    if (token === 'true' || token === 'false') return token === 'true'
    if (/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?[NM]?$/.test(token)) return Number(token.replace(/[NM]$/, ''))
    return token.replace(/^:/, '')
  }
  const values: Json[] = []
  while (at < tokens.length) {
    const value = next()
    if (value !== undefined) values.push(value)
  }
  return values
}
