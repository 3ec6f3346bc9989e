/** SCXML documents as configs of machines: states, transitions, history, invocations; executable content by name. */

import type { XmlElement } from './foreign-run.ts'
import type { MachineConfig } from './machine-config.ts'

/** @throws Error for a document that is no SCXML, or one without states. */
export function configOfScxml(root: XmlElement): MachineConfig {
  if (root.name !== 'scxml') throw new Error(`expected the element scxml, got ${root.name}`)
  const config = stateOf(root, { count: 0 })
  if (config.states === undefined) throw new Error('expected states in the SCXML document, got none')
  return { ...config, id: root.attributes.name ?? 'scxml' }
}

/** The elements of a text, as browsers parse it. @throws Error with the browser's reason. */
export function parseInBrowser(text: string): XmlElement {
  const { documentElement: root } = new DOMParser().parseFromString(text, 'application/xml')
  const problem = root.querySelector('parsererror')
  if (problem !== null) throw new Error(`expected an XML document: ${problem.textContent}`)
  const plain = (element: Element): XmlElement => ({
    name: element.localName,
    attributes: Object.fromEntries([...element.attributes].map(({ localName, value }) => [localName, value])),
    children: [...element.children].map(plain),
  })
  return plain(root)
}

const stateNames: ReadonlySet<string> = new Set(['state', 'parallel', 'final', 'history'])

interface Names {
  count: number
}

function stateOf(element: XmlElement, names: Names): Record<string, unknown> {
  const { name, attributes, children } = element
  const states = children.filter((child) => stateNames.has(child.name))
  const own = states.map((child) => [child.attributes.id ?? `state${++names.count}`, child] as const)
  const initial =
    attributes.initial ??
    children.find((child) => child.name === 'initial')?.children.find((child) => child.name === 'transition')
      ?.attributes.target
  const transitions = children.filter((child) => child.name === 'transition')
  const type = name === 'scxml' || name === 'state' ? null : name
  return {
    ...(type !== null && { type }),
    ...(name === 'history' && { history: attributes.type ?? 'shallow', ...historyTarget(transitions) }),
    ...(name !== 'scxml' && attributes.id !== undefined && { id: attributes.id }),
    ...(states.length > 0 && type !== 'parallel' && { initial: initialKey(own, initial) }),
    ...(states.length > 0 && {
      states: Object.fromEntries(own.map(([id, child]) => [keyOf(id), stateOf(child, names)])),
    }),
    ...(name !== 'history' && transitionsOf(transitions)),
    ...actionsIn(children, 'onentry', 'entry'),
    ...actionsIn(children, 'onexit', 'exit'),
    ...invocations(children),
  }
}

/** Keys of states may not have dots, which separate them in ids. */
const keyOf = (id: string) => id.replaceAll('.', '_')

/** The child that is entered, or that holds the state that is. */
function initialKey(own: readonly (readonly [string, XmlElement])[], initial: string | undefined): string {
  const wanted = initial?.trim().split(/\s+/)[0]
  const holds = (element: XmlElement): boolean =>
    element.attributes.id === wanted || element.children.some((child) => holds(child))
  const found = wanted === undefined ? undefined : own.find(([, child]) => holds(child))
  return keyOf((found ?? own.find(([, child]) => child.name !== 'history') ?? own[0]!)[0])
}

function historyTarget([transition]: readonly XmlElement[]) {
  const target = transition?.attributes.target
  return target === undefined ? {} : { target: `#${target}` }
}

function transitionsOf(transitions: readonly XmlElement[]) {
  const on: Record<string, object[]> = Object.create(null)
  const always: object[] = []
  for (const { attributes, children } of transitions) {
    const { event, cond, target, type } = attributes
    const targets = target
      ?.trim()
      .split(/\s+/)
      .map((id) => `#${id}`)
    const actions = children.map(actionName)
    const transition = {
      ...(targets !== undefined && { target: targets, ...(type !== 'internal' && { reenter: true }) }),
      ...(cond !== undefined && { guard: cond }),
      ...(actions.length > 0 && { actions }),
    }
    if (event === undefined) always.push(transition)
    for (const name of event?.trim().split(/\s+/) ?? []) {
      const descriptor = name.replace(/\.$/, '')
      on[descriptor] = [...(on[descriptor] ?? []), transition]
    }
  }
  return { ...(Object.keys(on).length > 0 && { on }), ...(always.length > 0 && { always }) }
}

function actionsIn(children: readonly XmlElement[], name: string, key: string) {
  const actions = children
    .filter((child) => child.name === name)
    .flatMap((child) => child.children.map(actionName))
  return actions.length === 0 ? {} : { [key]: actions }
}

/** An action in a few words: what it is and what it is about. */
function actionName({ name, attributes }: XmlElement): string {
  const about =
    attributes.event ?? attributes.location ?? attributes.label ?? attributes.cond ?? attributes.sendid
  return about === undefined ? name : `${name} ${about}`
}

function invocations(children: readonly XmlElement[]) {
  const invoke = children
    .filter((child) => child.name === 'invoke')
    .map(({ attributes }) => ({
      src: attributes.src ?? attributes.type ?? 'invoke',
      ...(attributes.id !== undefined && { id: attributes.id }),
    }))
  return invoke.length === 0 ? {} : { invoke }
}
