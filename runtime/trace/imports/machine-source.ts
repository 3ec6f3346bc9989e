/** Machines in TypeScript or JavaScript source, read and never run: object literals as configs, code by its text. */
import type { MachineConfig } from './machine-config.ts'

export interface FoundConfigs {
  readonly configs: readonly MachineConfig[]
  readonly notes: readonly string[]
}

/** The configs of all calls of `createMachine` in a source. @throws Error if there is none that can be read. */
export function configsIn(source: string): FoundConfigs {
  const text = withoutComments(source)
  const configs: MachineConfig[] = []
  const notes: string[] = []
  for (const { index, 0: whole } of text.matchAll(/\bcreateMachine\s*(<[^(]*>)?\s*\(/g)) {
    const reader = new LiteralReader(text, index + whole.length)
    const value = reader.value()
    if (isRecord(value)) configs.push(configOf(value) as MachineConfig)
    else if (value instanceof Code)
      notes.push(`A machine is given as ${value.text}: paste its config in its place.`)
    if (reader.spreads > 0)
      notes.push(
        `Parts that are spread in (...) are not shown: ${reader.spreads}. Paste them in their places.`,
      )
  }
  if (configs.length > 0) return { configs, notes }
  throw new Error(notes[0] ?? 'expected a call of createMachine with its config as an object, got none')
}

/** An expression that is no literal: a function, a name, a call. */
class Code {
  constructor(readonly text: string) {}
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Code)

/** What of a config is behaviour becomes its name: guards, actions, actors, delays. */
function configOf(value: unknown): unknown {
  if (value instanceof Code) return nameOf(value)
  if (Array.isArray(value)) return value.map(configOf)
  if (!isRecord(value)) return value
  const config: Record<string, unknown> = Object.create(null)
  for (const [key, item] of Object.entries(value)) {
    if (key === 'context' || key === 'input' || key === 'output' || key === 'types' || key === 'schemas')
      continue
    if (key === 'params' && item instanceof Code) continue
    config[key] = configOf(item)
  }
  return config
}

function nameOf({ text }: Code): string {
  if (/^(async\s+)?(function\b|\([^)]*\)\s*(:[^=]*)?=>|\w+\s*=>)/.test(text)) return '(inline)'
  const [, call] = /^([\w.]+)\s*\(/.exec(text) ?? []
  const isGuard = ['not', 'and', 'or', 'stateIn'].includes(call ?? '')
  if (call !== undefined && !isGuard) return argumentOf(text, call)
  return text.replaceAll(/\s+/g, ' ').slice(0, 80)
}

/** `sendTo('a', { type: 'b' })` as `sendTo b`. */
function argumentOf(text: string, call: string): string {
  const [, type] = /type:\s*['"`]([^'"`]+)/.exec(text) ?? []
  return type === undefined ? call : `${call} ${type}`
}

class LiteralReader {
  spreads = 0
  #at: number
  readonly #text: string

  constructor(text: string, at: number) {
    this.#text = text
    this.#at = at
  }

  /** The value at the reader's place; what follows it, such as `as const`, is passed over. */
  value(): unknown {
    this.#skipSpace()
    const start = this.#at
    const value = this.#literal()
    const rest = this.#skipExpression()
    if (value === undefined || /^\s*[^\s]/.test(rest.replace(/^\s*(as|satisfies)\b[\s\S]*/, ''))) {
      const text = this.#text.slice(start, this.#at).trim()
      if (text === 'undefined') return undefined
      return new Code(text)
    }
    return value
  }

  #literal(): unknown {
    const character = this.#text[this.#at]
    if (character === '{') return this.#object()
    if (character === '[') return this.#list()
    if (character === "'" || character === '"' || character === '`') return this.#string()
    const [word] =
      /^(-?\d[\d_]*(\.\d+)?|true\b|false\b|null\b)/.exec(this.#text.slice(this.#at, this.#at + 40)) ?? []
    if (word === undefined) return undefined
    this.#at += word.length
    return JSON.parse(word.replaceAll('_', ''))
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = Object.create(null)
    this.#at += 1
    for (;;) {
      this.#skipSpace()
      const character = this.#text[this.#at]
      if (character === undefined) throw new Error('expected }, got the end')
      if (character === '}') {
        this.#at += 1
        return object
      }
      if (character === ',') {
        this.#at += 1
        continue
      }
      if (this.#text.startsWith('...', this.#at)) {
        this.spreads += 1
        this.#skipExpression()
        continue
      }
      const key = this.#key()
      this.#skipSpace()
      if (this.#text[this.#at] === ':') {
        this.#at += 1
        object[key] = this.value()
      } else {
        // A method, or a name that stands for itself.
        const rest = this.#skipExpression()
        object[key] = new Code(rest.trim().startsWith('(') ? `() => {}` : key)
      }
    }
  }

  #key(): string {
    const character = this.#text[this.#at]
    if (character === "'" || character === '"' || character === '`') return this.#string() as string
    if (character === '[') {
      const start = this.#at
      this.#skipBalanced()
      return this.#text.slice(start + 1, this.#at - 1).trim()
    }
    const [word] = /^(?:async\s+|get\s+)?[\w$]+/.exec(this.#text.slice(this.#at, this.#at + 200)) ?? []
    if (word === undefined)
      throw new Error(`expected a key, got ${JSON.stringify(this.#text.slice(this.#at, this.#at + 20))}`)
    this.#at += word.length
    return word.replace(/^(async|get)\s+/, '')
  }

  #list(): unknown[] {
    const list: unknown[] = []
    this.#at += 1
    for (;;) {
      this.#skipSpace()
      const character = this.#text[this.#at]
      if (character === undefined) throw new Error('expected ], got the end')
      if (character === ']') {
        this.#at += 1
        return list
      }
      if (character === ',') this.#at += 1
      else if (this.#text.startsWith('...', this.#at)) {
        this.spreads += 1
        this.#skipExpression()
      } else list.push(this.value())
    }
  }

  /** A string without values in it; undefined for a template with some. */
  #string(): string | undefined {
    const start = this.#at
    this.#skipString()
    const inner = this.#text.slice(start + 1, this.#at - 1)
    if (this.#text[start] === '`' && inner.includes('${')) return undefined
    return inner.replace(/\\(.)/g, (_, character) => ({ n: '\n', t: '\t' })[character as string] ?? character)
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1
  }

  /** Up to the next comma or bracket that ends the expression; gives what was passed over. */
  #skipExpression(): string {
    const start = this.#at
    while (this.#at < this.#text.length && !/[,}\])]/.test(this.#text[this.#at]!)) {
      const character = this.#text[this.#at]!
      if (/['"`]/.test(character)) this.#skipString()
      else if (/[([{]/.test(character)) this.#skipBalanced()
      else this.#at += 1
    }
    return this.#text.slice(start, this.#at)
  }

  #skipBalanced(): void {
    let depth = 0
    do {
      const character = this.#text[this.#at]
      if (character === undefined) throw new Error('expected a bracket, got the end')
      if (/['"`]/.test(character)) {
        this.#skipString()
        continue
      }
      if (/[([{]/.test(character)) depth += 1
      if (/[)\]}]/.test(character)) depth -= 1
      this.#at += 1
    } while (depth > 0)
  }

  #skipString(): void {
    const quote = this.#text[this.#at]
    this.#at += 1
    while (this.#text[this.#at] !== quote) {
      if (this.#text[this.#at] === undefined) throw new Error('expected a quote, got the end')
      if (quote === '`' && this.#text.startsWith('${', this.#at)) {
        this.#at += 1
        this.#skipBalanced()
      } else this.#at += this.#text[this.#at] === '\\' ? 2 : 1
    }
    this.#at += 1
  }
}

/** Strings keep what looks like a comment in them. */
function withoutComments(source: string): string {
  return source.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (whole, text) => (text === undefined ? ' ' : whole),
  )
}
