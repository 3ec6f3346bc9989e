/** A chart as Mermaid stateDiagram text, for tools that draw it themselves. Its names are those of the code. */
import type { Arrow, DrawnChart, DrawnState } from './chart-model.ts'

export function mermaidOf({ root, arrows }: DrawnChart): string {
  const lines = ['stateDiagram-v2']
  const write = (state: DrawnState, depth: number) => {
    const indent = '  '.repeat(depth)
    if (state.children.length === 0) {
      lines.push(`${indent}state "${state.key}" as ${idOf(state.path)}`)
      return
    }
    lines.push(`${indent}state "${state.key}" as ${idOf(state.path)} {`)
    if (state.initial !== null) lines.push(`${indent}  [*] --> ${idOf(state.initial)}`)
    for (const { from, id } of marksIn(state.path, arrows)) {
      lines.push(`${indent}  state "from any ${from.split('.').at(-1)}" as ${id}`)
    }
    for (const [index, child] of state.children.entries()) {
      if (state.kind === 'parallel' && index > 0) lines.push(`${indent}  --`)
      write(child, depth + 1)
    }
    lines.push(`${indent}}`)
  }
  write(root, 1)
  for (const arrow of arrows) {
    const start = entersItself(arrow) ? markOf(arrow) : idOf(arrow.from)
    const labels = arrow.labels.map(({ event, guard }) => (guard === null ? event : `${event} [${guard}]`))
    lines.push(`  ${start} --> ${idOf(arrow.to)} : ${labels.join('<br>')}`)
  }
  return `${lines.join('\n')}\n`
}

/** Mermaid loses an arrow from a state to one inside it; a mark beside the target stands for its start. */
function entersItself({ from, to }: Arrow): boolean {
  return to.startsWith(`${from}.`)
}

function marksIn(parent: string, arrows: readonly Arrow[]) {
  const own = arrows.filter((arrow) => entersItself(arrow) && parentOf(arrow.to) === parent)
  return [...new Map(own.map((arrow) => [markOf(arrow), { from: arrow.from, id: markOf(arrow) }])).values()]
}

function markOf({ from, to }: Arrow): string {
  return `${idOf(parentOf(to))}_from_any_${idOf(from)}`
}

function parentOf(path: string): string {
  return path.split('.').slice(0, -1).join('.')
}

function idOf(path: string): string {
  return path === '' ? 'root' : path.replaceAll('.', '_')
}
