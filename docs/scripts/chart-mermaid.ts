/** A chart as Mermaid stateDiagram text, for tools that draw it themselves. Its names are those of the code. */
import {
  type Arrow,
  type DrawnChart,
  type DrawnState,
  isWithin,
  type Reaction,
} from '../../inspector/charts/chart-model.ts'

export function mermaidOf(chart: DrawnChart): string {
  const { root, arrows } = chart
  const lines = ['stateDiagram-v2']
  const write = (state: DrawnState, depth: number) => {
    const indent = '  '.repeat(depth)
    if (state.children.length === 0) {
      lines.push(`${indent}state "${state.key}" as ${idOf(state.id)}`)
      return
    }
    lines.push(`${indent}state "${state.key}" as ${idOf(state.id)} {`)
    if (state.initial !== null) lines.push(`${indent}  [*] --> ${idOf(state.initial)}`)
    for (const { from, id } of marksIn(state.id, chart)) {
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
    const start = isWithin(chart, arrow.to, arrow.from) ? markOf(arrow, chart) : idOf(arrow.from)
    const labels = arrow.reactions.map(labelText)
    lines.push(`  ${start} --> ${idOf(arrow.to)} : ${labels.join('<br>')}`)
  }
  return `${lines.join('\n')}\n`
}

function labelText({ event, delay, guard }: Reaction): string {
  const name = delay === null ? event : `${event} ${delay}`
  return guard === null ? name : `${name} [${guard}]`
}

/** Mermaid loses an arrow from a state to one inside it; a mark beside the target stands for its start. */
function marksIn(parent: string, chart: DrawnChart) {
  const own = chart.arrows.filter(
    ({ from, to }) => isWithin(chart, to, from) && chart.parents.get(to) === parent,
  )
  return [
    ...new Map(own.map((arrow) => [arrow.from, { from: arrow.from, id: markOf(arrow, chart) }])).values(),
  ]
}

function markOf({ from, to }: Arrow, { parents, root }: DrawnChart): string {
  return `${idOf(parents.get(to) ?? root.id)}_from_any_${idOf(from)}`
}

function idOf(id: string): string {
  return id.replace(/\W/g, '_')
}
