/** A machine's definition in the terms of XState 4, as a description of ours. */
import type {
  MachineDescription,
  StateDescription,
  TransitionDescription,
} from '../../runtime/trace/definition.ts'

/** A node of a definition as XState 4 writes it; everything may be missing, for anybody may have written it. */
interface Node4 {
  readonly id?: string
  readonly key?: string
  readonly type?: string
  readonly initial?: unknown
  readonly description?: string
  readonly tags?: readonly unknown[]
  readonly entry?: unknown
  readonly exit?: unknown
  readonly transitions?: readonly Transition4[]
  readonly on?: Readonly<Record<string, unknown>>
  readonly states?: Readonly<Record<string, Node4>>
}

interface Transition4 {
  readonly eventType?: string
  readonly event?: string
  readonly target?: unknown
  readonly cond?: unknown
  readonly actions?: unknown
  readonly internal?: boolean
  readonly description?: string
}

const types: readonly string[] = ['atomic', 'compound', 'parallel', 'final', 'history']

/** The description of a definition. */
export function describeDefinition(definition: unknown): MachineDescription {
  const root = (typeof definition === 'object' && definition !== null ? definition : {}) as Node4
  const id = root.id ?? root.key ?? '(machine)'
  return { id, delays: {}, root: describeNode(root, id, id) }
}

function describeNode(node: Node4, key: string, path: string): StateDescription {
  const id = node.id ?? path
  const states = Object.entries(node.states ?? {}).map(([inner, child]) =>
    describeNode(child, inner, `${path}.${inner}`),
  )
  const type = types.includes(node.type ?? '') ? node.type : states.length > 0 ? 'compound' : 'atomic'
  return {
    id,
    key,
    type: type as StateDescription['type'],
    ...(typeof node.description === 'string' ? { description: node.description } : {}),
    tags: (node.tags ?? []).map(String),
    initial: typeof node.initial === 'string' ? node.initial : null,
    entry: listOf(node.entry).map(nameOf),
    exit: listOf(node.exit).map(nameOf),
    transitions: transitionsOf(node, path),
    states,
  }
}

function transitionsOf(node: Node4, path: string): TransitionDescription[] {
  const listed: readonly Transition4[] =
    node.transitions ??
    Object.entries(node.on ?? {}).flatMap(([eventType, given]) =>
      listOf(given).map((one) => ({
        ...(typeof one === 'string' ? { target: one } : (one as object)),
        eventType,
      })),
    )
  return listed.map(({ eventType, event, target, cond, actions, internal, description }) => {
    const type = eventType ?? event ?? ''
    return {
      event: type === '' ? null : renamed(type),
      guard: cond === undefined || cond === null ? null : nameOf(cond),
      target: listOf(target).map((one) => targetId(one, path)),
      actions: listOf(actions).map(nameOf),
      reenter: internal === false,
      ...(typeof description === 'string' ? { description } : {}),
    }
  })
}

/** The names that XState 5 has for the events of delays and invoked actors. */
function renamed(event: string): string {
  return event
    .replace(/^xstate\.after\((.*?)\)#(.*)$/, 'xstate.after.$1.$2')
    .replace(/^done\.invoke\./, 'xstate.done.actor.')
    .replace(/^error\.platform\./, 'xstate.error.actor.')
    .replace(/^done\.state\./, 'xstate.done.state.')
}

/** `#id` is the id itself; anything else names a sibling, or with a dot in front a child. */
function targetId(target: unknown, path: string): string {
  if (typeof target !== 'string') return String((target as { id?: unknown } | null)?.id ?? '')
  if (target.startsWith('#')) return target.slice(1)
  if (target.startsWith('.')) return path + target
  return `${path.split('.').slice(0, -1).join('.')}.${target}`
}

function listOf(value: unknown): readonly unknown[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]
}

function nameOf(named: unknown): string {
  if (typeof named === 'string') return named
  const { name, type } = (named ?? {}) as { name?: unknown; type?: unknown }
  const found = typeof name === 'string' && name !== '' ? name : type
  return typeof found === 'string' ? found : '(inline)'
}
