/** Reads an ITF trace as Apalache's own reader does: by the types of `#meta.varTypes`. What it would refuse is an error. */

type Type =
  | { readonly kind: 'Int' | 'Str' | 'Bool' }
  | { readonly kind: 'const'; readonly name: string }
  | { readonly kind: 'Seq' | 'Set'; readonly of: Type }
  | { readonly kind: 'fun'; readonly from: Type; readonly to: Type }
  | { readonly kind: 'record' | 'variant'; readonly fields: Readonly<Record<string, Type>> }
  | { readonly kind: 'tuple'; readonly parts: readonly Type[] }

/** @throws Error for the first thing that the reader refuses. */
export function readAsApalache(text: string): number {
  const { '#meta': meta, vars, states } = JSON.parse(text)
  const types = new Map<string, Type>()
  for (const name of vars) {
    if (typeof meta?.varTypes?.[name] !== 'string') throw new Error(`no type for ${name}`)
    types.set(name, parseType(meta.varTypes[name]))
  }
  if (Object.keys(meta.varTypes).length !== vars.length) throw new Error('spurious types')
  for (const [index, { '#meta': _, ...state }] of states.entries()) {
    if (Object.keys(state).sort().join() !== [...vars].sort().join())
      throw new Error(`state ${index}: variables`)
    for (const name of vars) check(state[name], types.get(name)!, `state ${index}, ${name}`)
  }
  return states.length
}

/** The grammar of ADR-002, as far as values have types. */
function parseType(text: string): Type {
  const tokens = text.match(/->|<<|>>|[(){}|,:]|[A-Za-z_][A-Za-z0-9_]*|\S/g) ?? []
  let at = 0
  const next = () => tokens[at++]
  const eat = (token: string) => {
    if (next() !== token) throw new Error(`expected ${token} at token ${at - 1} of ${text}`)
  }
  const list = (end: string): Type[] => {
    const types: Type[] = []
    while (tokens[at] !== end) {
      types.push(type())
      if (tokens[at] !== end) eat(',')
    }
    eat(end)
    return types
  }
  const variant = (): Type => {
    const fields: Record<string, Type> = {}
    for (;;) {
      const tag = next()!
      eat('(')
      fields[tag] = type()
      eat(')')
      if (tokens[at] !== '|') return { kind: 'variant', fields }
      at += 1
    }
  }
  const simple = (): Type => {
    const token = tokens[at]
    const isTag = tokens[at + 1] === '(' && token !== 'Seq' && token !== 'Set'
    if (isTag && /^\w+$/.test(token!)) return variant()
    at += 1
    if (token === '(') {
      const inner = type()
      eat(')')
      return inner
    }
    if (token === '<<') return { kind: 'tuple', parts: list('>>') }
    if (token === '{') {
      const fields: Record<string, Type> = Object.create(null)
      while (tokens[at] !== '}') {
        const name = next()!
        if (!/^[A-Za-z_]\w*$/.test(name)) throw new Error(`expected a field, got ${name}`)
        eat(':')
        fields[name] = type()
        if (tokens[at] !== '}') eat(',')
      }
      eat('}')
      return { kind: 'record', fields }
    }
    if (token === 'Seq' || token === 'Set') {
      eat('(')
      const of = type()
      eat(')')
      return { kind: token, of }
    }
    if (token === 'Int' || token === 'Str' || token === 'Bool') return { kind: token }
    if (/^[A-Z_][A-Z0-9_]*$/.test(token ?? '')) return { kind: 'const', name: token! }
    throw new Error(`expected a type, got ${token} in ${text}`)
  }
  const type = (): Type => {
    const from = simple()
    if (tokens[at] !== '->') return from
    at += 1
    return { kind: 'fun', from, to: type() }
  }
  const whole = type()
  if (at < tokens.length) throw new Error(`expected the end, got ${tokens[at]} in ${text}`)
  return whole
}

function check(value: unknown, type: Type, place: string): void {
  const refuse = (): never => {
    throw new Error(
      `${place}: expected ${JSON.stringify(type).slice(0, 80)}, got ${String(JSON.stringify(value)).slice(0, 80)}`,
    )
  }
  const only = (key: string): unknown[] => {
    const entries = Object.entries((value ?? {}) as object)
    return entries.length === 1 && entries[0]![0] === key && Array.isArray(entries[0]![1])
      ? entries[0]![1]
      : refuse()
  }
  switch (type.kind) {
    case 'Bool':
      if (typeof value !== 'boolean') refuse()
      return
    case 'Str':
      if (typeof value !== 'string' || /^[a-zA-Z0-9_]+_OF_[A-Z_][A-Z0-9_]*$/.test(value)) refuse()
      return
    case 'const':
      if (typeof value !== 'string' || !`${value}`.endsWith(`_OF_${type.name}`)) refuse()
      return
    case 'Int':
      if (!/^\{"#bigint":"-?\d+"\}$/.test(JSON.stringify(value))) refuse()
      return
    case 'Seq':
      if (!Array.isArray(value)) refuse()
      for (const item of value as unknown[]) check(item, type.of, place)
      return
    case 'Set':
      for (const item of only('#set')) check(item, type.of, place)
      return
    case 'tuple': {
      const items = only('#tup')
      if (items.length !== type.parts.length) refuse()
      for (const [index, item] of items.entries()) check(item, type.parts[index]!, place)
      return
    }
    case 'fun':
      for (const pair of only('#map') as [unknown, unknown][]) {
        if (pair.length !== 2) refuse()
        check(pair[0], type.from, place)
        check(pair[1], type.to, place)
      }
      return
    case 'variant': {
      const { tag, value: inner, ...more } = value as { readonly tag: string; readonly value: unknown }
      if (Object.keys(more).length > 0 || !Object.hasOwn(type.fields, tag)) refuse()
      check(inner, type.fields[tag]!, `${place}.${tag}`)
      return
    }
    case 'record': {
      const names = Object.keys((value ?? {}) as object)
      if (names.length === 0 || names.sort().join() !== Object.keys(type.fields).sort().join()) refuse()
      for (const name of names)
        check((value as Record<string, unknown>)[name], type.fields[name]!, `${place}.${name}`)
    }
  }
}
