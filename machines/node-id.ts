/** Node ids. A server's id names one incarnation (N2): a restarted server is a different node. */

import { isPrintable } from './printable.ts'

/** `name#incarnation`, as in `s1#1`. A node without incarnations (the view service) is its bare name. */
export type NodeId = string

/** The id of one life of a node. Incarnations of a name start at 1, have at most 15 digits, increase and are never reused (N2). */
export function nodeId(name: string, incarnation: number): NodeId {
  return `${name}#${incarnation}`
}

/**
 * The two parts of a node id; an id without a valid incarnation is a name in its incarnation 0.
 *
 * Only the text that `nodeId` writes is valid: `s1#01` and `s1#0` are names of their own, so that no two ids have the
 * same parts and no server speaks for another.
 */
export function parseNodeId(id: NodeId): NodeIdParts {
  const known = remembered.get(id)
  if (known !== undefined) return known
  const parts = partsOf(id)
  if (id.length > 128) return parts
  if (remembered.size >= rememberedMax) remembered.clear()
  remembered.set(id, parts)
  return parts
}

interface NodeIdParts {
  readonly name: string
  readonly incarnation: number
}

/** The same few ids come with every message: their parts are remembered, of so many short ids at most. */
const rememberedMax = 4096
const remembered = new Map<NodeId, NodeIdParts>()

function partsOf(id: NodeId): NodeIdParts {
  const hash = id.lastIndexOf('#')
  const digits = id.slice(hash + 1)
  if (hash < 0 || !/^[1-9]\d{0,14}$/.test(digits)) return { name: id, incarnation: 0 }
  return { name: id.slice(0, hash), incarnation: Number(digits) }
}

/** Orders node ids by name in code units, then by incarnation: the deterministic choice of V9. */
export function compareNodeIds(a: NodeId, b: NodeId): number {
  const x = parseNodeId(a)
  const y = parseNodeId(b)
  if (x.name !== y.name) return x.name < y.name ? -1 : 1
  return x.incarnation - y.incarnation
}

/** Characters that a name may have at most. */
export const nameLengthMax = 200
/** Those of an id: a name, `#`, and an incarnation of 15 digits. */
const idLengthMax = nameLengthMax + 16

/** Whether a text can be a node's name: 1 to 200 printable characters without `#`, which separates the incarnation. */
export function isName(text: string): boolean {
  return text.length > 0 && text.length <= nameLengthMax && !text.includes('#') && isPrintable(text)
}

/** Whether a text can be a node's id. Every door asks this before it shows, keeps or compares an id. */
export function isNodeId(text: string): boolean {
  if (valid.has(text)) return true
  if (text.length === 0 || text.length > idLengthMax || !isPrintable(text)) return false
  if (valid.size >= rememberedMax) valid.clear()
  valid.add(text)
  return true
}

const valid = new Set<string>()
