// The texts that some operation can tell apart, as a trie: a text off the trie is like any other such text.

/** A value that nothing ahead can tell from others: a text (or a missing key) and anything else. */
export const junkText = 0
export const junkOther = 1
/** The value of a missing key. */
export const missing = 2
/** The empty text, root of the trie. */
export const emptyText = 3
const firstFree = 4

/** Edges followed before it is cheaper to try every token. */
const piecesMax = 64

interface TrieNode {
  readonly id: number
  parent: TrieNode | null
  /** The text between the parent and this node. */
  label: string
  readonly depth: number
  /** Some text that passes through this node; its first `depth` characters are the node's own text. */
  readonly sample: string
  children: Map<number, TrieNode> | null
  /** The last event number at which this text or one that continues it matters. */
  until: number
  /** The last operation that requires this text or one that continues it; -1 if none does. */
  lastNeed: number
}

/** Numbers texts; texts are compared by memory, so values of many thousand characters are cheap. */
export class ValueTrie {
  readonly #nodes: TrieNode[] = []
  readonly #root: TrieNode
  #nextId = firstFree
  #cursor: TrieNode

  constructor() {
    this.#root = {
      id: emptyText,
      parent: null,
      label: '',
      depth: 0,
      sample: '',
      children: null,
      until: -1,
      lastNeed: -1,
    }
    this.#nodes[emptyText] = this.#root
    this.#cursor = this.#root
  }

  /** The number of a text that matters until the event `until`; call `settleTimes` after the last one. */
  insert(text: string, until: number): number {
    const from = this.#descend(this.#commonAncestor(text), text)
    const node = from.depth === text.length ? from : this.#grow(from, text)
    node.until = Math.max(node.until, until)
    this.#cursor = node
    return node.id
  }

  /** Tells that the operation `op` requires a text; call `settleTimes` afterwards. */
  need(id: number, op: number): void {
    const node = this.#nodes[id]!
    node.lastNeed = Math.max(node.lastNeed, op)
  }

  lastNeed(id: number): number | undefined {
    const { lastNeed } = this.#nodes[id]!
    return lastNeed < 0 ? undefined : lastNeed
  }

  textOf(id: number): string {
    const { sample, depth } = this.#nodes[id]!
    return sample.slice(0, depth)
  }

  /** Hands down to every prefix how long it matters, and to whom. */
  settleTimes(): void {
    const byDepth = this.#nodes
      .filter((node) => node !== undefined)
      .sort((left, right) => right.depth - left.depth)
    for (const { parent, until, lastNeed } of byDepth) {
      if (parent === null) continue
      parent.until = Math.max(parent.until, until)
      parent.lastNeed = Math.max(parent.lastNeed, lastNeed)
    }
  }

  /** The number of a text if it is on the trie, else `junkText`. Adds no text, though it may name a prefix. */
  find(text: string): number {
    const from = this.#descend(this.#commonAncestor(text), text)
    this.#cursor = from
    if (from.depth === text.length) return from.id
    const child = from.children?.get(text.charCodeAt(from.depth))
    if (child === undefined) return junkText
    const rest = text.length - from.depth
    return rest < child.label.length && child.label.startsWith(text.slice(from.depth))
      ? this.#split(child, rest).id
      : junkText
  }

  /** Where `token` leads from a text of the trie, or `junkText`. */
  walk(id: number, token: string): number {
    let node = this.#nodes[id]!
    let at = 0
    while (at < token.length) {
      const child = node.children?.get(token.charCodeAt(at))
      if (child === undefined) return junkText
      const rest = token.length - at
      if (rest < child.label.length) {
        return child.label.startsWith(token.slice(at)) ? this.#split(child, rest).id : junkText
      }
      if (!token.startsWith(child.label, at)) return junkText
      at += child.label.length
      node = child
    }
    return node.id
  }

  /** Those of `tokens` that lead from a text to one on the trie; `lengthMax` is the longest's length. */
  tokensFrom(id: number, tokens: ReadonlySet<string>, lengthMax: number): string[] {
    const pieces = this.#piecesFrom(id, lengthMax)
    if (pieces === null) return [...tokens].filter((token) => this.walk(id, token) !== junkText)
    const found = new Set<string>(tokens.has('') ? [''] : [])
    for (const { text, from } of pieces) {
      for (let length = from + 1; length <= text.length; length++) {
        const token = text.slice(0, length)
        if (tokens.has(token)) found.add(token)
      }
    }
    return [...found]
  }

  /** The ways on from a text, up to `lengthMax` characters; null when there are too many. */
  #piecesFrom(id: number, lengthMax: number): { text: string; from: number }[] | null {
    const pieces: { text: string; from: number }[] = []
    const open: { node: TrieNode; text: string }[] = [{ node: this.#nodes[id]!, text: '' }]
    for (const { node, text } of open) {
      for (const child of node.children?.values() ?? []) {
        const longer = text + child.label.slice(0, lengthMax - text.length)
        pieces.push({ text: longer, from: text.length })
        if (pieces.length > piecesMax) return null
        if (longer.length < lengthMax) open.push({ node: child, text: longer })
      }
    }
    return pieces
  }

  until(id: number): number {
    return this.#nodes[id]!.until
  }

  /** Whether the text `prefix` begins the text `whole`. */
  isPrefix(prefix: number, whole: number): boolean {
    const [start, end] = [this.#nodes[prefix]!, this.#nodes[whole]!]
    return start.depth <= end.depth && end.sample.startsWith(start.sample.slice(0, start.depth))
  }

  /** The deepest node on the way to the cursor that begins `text`: histories ask for much the same text in a row. */
  #commonAncestor(text: string): TrieNode {
    let node = this.#cursor
    const common = commonLength(node.sample, text, Math.min(node.depth, text.length))
    while (node.depth > common) node = node.parent!
    return node
  }

  #descend(from: TrieNode, text: string): TrieNode {
    let node = from
    for (;;) {
      const child = node.children?.get(text.charCodeAt(node.depth))
      if (child === undefined || !text.startsWith(child.label, node.depth)) return node
      node = child
    }
  }

  /** A leaf for `text` below `from`, with which it shares no whole child. */
  #grow(from: TrieNode, text: string): TrieNode {
    let parent = from
    const child = from.children?.get(text.charCodeAt(from.depth))
    if (child !== undefined) {
      const rest = text.slice(from.depth, from.depth + child.label.length)
      parent = this.#split(child, commonLength(child.label, rest, rest.length))
      if (parent.depth === text.length) return parent
    }
    return this.#create(parent, text, text.length)
  }

  /** A node `length` characters down the edge that leads to `child`. */
  #split(child: TrieNode, length: number): TrieNode {
    const parent = child.parent!
    const middle = this.#create(parent, child.sample, parent.depth + length)
    middle.until = child.until
    middle.lastNeed = child.lastNeed
    child.label = child.label.slice(length)
    child.parent = middle
    middle.children = new Map([[child.label.charCodeAt(0), child]])
    return middle
  }

  #create(parent: TrieNode, sample: string, depth: number): TrieNode {
    const label = sample.slice(parent.depth, depth)
    const node = { id: this.#nextId++, parent, label, depth, sample, children: null, until: -1, lastNeed: -1 }
    parent.children ??= new Map()
    parent.children.set(label.charCodeAt(0), node)
    this.#nodes[node.id] = node
    return node
  }

  /** A fresh number for a value that is no text. */
  reserve(): number {
    return this.#nextId++
  }
}

/** How many characters two texts begin with in common, `limit` at most. */
function commonLength(left: string, right: string, limit: number): number {
  let low = 0
  let high = limit
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (left.slice(low, middle) === right.slice(low, middle)) low = middle
    else high = middle - 1
  }
  return low
}
