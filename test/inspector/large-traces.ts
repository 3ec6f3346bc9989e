/** Traces of any length with right clocks, made up for tests and benchmarks of size: nodes that pass messages around. Not the protocol. */
import { type Clock, receive, tick, zeroClock } from '../../machines/clocks.ts'

/** How a made-up trace looks. */
export interface LargeTraceOptions {
  readonly steps: number
  /** Default 7. */
  readonly nodes?: number
}

/** The trace as JSON lines. */
export function largeTrace({ steps, nodes = 7 }: LargeTraceOptions): string {
  const ids = Array.from({ length: nodes }, (_, index) => `n${index + 1}#1`)
  const clocks = new Map<string, Clock>()
  const flying: { id: string; from: string; to: string; stamp: Clock; t: number }[] = []
  const lines = [
    JSON.stringify({ format: 'standby-trace', version: 1, seed: null, options: {}, machines: [], nodes: [] }),
  ]
  let t = 0
  const add = (step: Record<string, unknown>, node: string) => {
    const clock = clocks.get(node)!
    lines.push(
      JSON.stringify({
        i: lines.length - 1,
        node,
        t,
        lamport: clock.lamport,
        vector: clock.vector,
        operations: [],
        verdicts: [],
        ...step,
      }),
    )
  }
  for (const id of ids) {
    clocks.set(id, tick(zeroClock, id))
    add({ kind: 'start', machine: 'node', after: { value: 'idle', context: { count: 0, log: [] } } }, id)
  }
  for (let turn = 0; lines.length <= steps; turn++) {
    t += 1
    const arrived = flying.length > 5 ? flying.splice((turn * 7) % flying.length, 1)[0] : undefined
    if (arrived !== undefined) {
      const { id, from, to, stamp } = arrived
      clocks.set(to, receive(clocks.get(to)!, to, stamp))
      const value = ['idle', 'busy', 'waiting'][turn % 3]
      const patch = [{ op: 'replace', path: '/count', value: turn }]
      add(
        {
          kind: 'receive',
          message: { id, copy: 0, type: 'note', from, to, body: { turn }, sentAt: arrived.t },
          before: { value: 'idle' },
          after: { value, patch },
        },
        to,
      )
      continue
    }
    const from = ids[turn % nodes]!
    const to = ids[(turn * 3 + 1) % nodes]!
    clocks.set(from, tick(clocks.get(from)!, from))
    const stamp = clocks.get(from)!
    const id = `${from}@${stamp.lamport}`
    flying.push({ id, from, to, stamp, t })
    add({ kind: 'send', message: { id, copy: 0, type: 'note', from, to, body: { turn }, sentAt: t } }, from)
  }
  lines.push(JSON.stringify({ end: true, steps: lines.length - 1, dropped: 0 }))
  return `${lines.join('\n')}\n`
}
