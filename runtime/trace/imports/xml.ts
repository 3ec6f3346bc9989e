/** Elements and attributes of an XML text where there is no DOMParser, as far as SCXML needs them; no entities of one's own. */

import type { XmlElement } from './foreign-run.ts'

const token =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<!DOCTYPE[^>]*>|<\/\s*([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|</g

/** The root element. @throws Error with the line at which the text is no XML. */
export function parseXml(text: string): XmlElement {
  const root = { name: '', attributes: {}, children: [] as XmlElement[] }
  const open: { readonly name: string; readonly children: XmlElement[] }[] = [root]
  for (const match of text.matchAll(token)) {
    const [whole, closing, opening, given = '', isEmpty] = match
    const fail = (what: string): never => {
      const line = text.slice(0, match.index).split('\n').length
      throw new Error(`line ${line}: expected ${what}, got ${whole.slice(0, 40)}; mend the XML`)
    }
    if (whole === '<') fail('an element')
    if (closing !== undefined) {
      if (open.length === 1 || open.pop()!.name !== closing)
        fail(`the end of ${open.at(-1)!.name || 'nothing'}`)
    } else if (opening !== undefined) {
      const element = { name: local(opening), attributes: attributesIn(given), children: [] as XmlElement[] }
      open.at(-1)!.children.push(element)
      if (isEmpty !== '/') open.push({ name: opening, children: element.children })
    }
  }
  if (open.length > 1)
    throw new Error(`expected the end of ${open.at(-1)!.name}, got the end of the file; is it whole?`)
  const [element] = root.children
  if (element === undefined) throw new Error('expected an XML document, got no element')
  return element
}

function attributesIn(text: string): Record<string, string> {
  const attributes: Record<string, string> = Object.create(null)
  for (const [, name, double, single] of text.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g))
    attributes[local(name!)] = unescaped(double ?? single ?? '')
  return attributes
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[name] ?? whole
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal))
  })
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
