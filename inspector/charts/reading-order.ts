/** In which order a chart's states are best read: it decides which arrows lead down and which lead back. */
import { type DrawnChart, type DrawnState, isWithin } from '../../runtime/trace/exports/chart-model.ts'

/** The children of a state in their order. */
export type Ordered = (state: DrawnState) => readonly DrawnState[]

/**
 * States as they follow each other from the initial one on, in reverse postorder, so that as few arrows as possible lead
 * back; then those that nothing leads to; and last those that nothing leads out of.
 */
export function inReadingOrder(chart: DrawnChart): Ordered {
  return ({ children, initial }) => {
    const indexOf = (id: string) => children.findIndex((child) => isWithin(chart, id, child.id))
    const next = children.map(() => new Set<number>())
    for (const { from, to } of chart.arrows) {
      const [source, target] = [indexOf(from), indexOf(to)]
      if (source >= 0 && target >= 0 && source !== target) next[source]!.add(target)
    }
    const seen = new Set<number>()
    const following = (roots: readonly number[]): number[] => {
      const finished: number[] = []
      const visit = (index: number) => {
        if (seen.has(index)) return
        seen.add(index)
        for (const one of next[index]!) visit(one)
        finished.push(index)
      }
      for (const root of roots) visit(root)
      return finished.reverse()
    }
    const start = Math.max(
      0,
      children.findIndex(({ id }) => id === initial),
    )
    const order = [...following([start]), ...following([...children.keys()].reverse())]
    const isEnd = (index: number) => next[index]!.size === 0 && index !== start
    return [...order.filter((index) => !isEnd(index)), ...order.filter(isEnd)].map(
      (index) => children[index]!,
    )
  }
}
