/** The calls of clients as bars on the diagram's axis, each with the point where it may have taken effect; faults below them. */
import { computed } from '@preact/signals'
import { goTo } from '../app/moves.ts'
import { currentRun, cursor, live } from '../app/state.ts'
import { nameOf } from '../model/filters.ts'
import { type Call, callsOf, type JudgedCalls, judgeCalls } from '../model/operations.ts'
import type { Run } from '../model/run.ts'
import { geometry, width } from './diagram/viewport.ts'

const lineHeight = 22

const judged = computed((): JudgedCalls | null => {
  const current = currentRun()
  if (current === null) return null
  const calls = callsOf(current)
  // A judgement takes time, which a run that still grows needs for itself.
  if (live.value) return { calls, verdict: 'none', reason: '', points: new Map(), breaking: new Set() }
  return judgeCalls(current, calls)
})

interface Line {
  readonly client: string
  readonly calls: Call[]
}

/** Lines of bars that do not overlap, those of a client together. */
const lines = computed((): Line[] => {
  const byClient = new Map<string, Line[]>()
  for (const call of judged.value?.calls ?? []) {
    const client = nameOf(call.client)
    const own = byClient.get(client) ?? []
    byClient.set(client, own)
    const free = own.find((line) => {
      const last = line.calls.at(-1)!
      return last.returnedIn !== null && last.returnedIn < call.calledIn
    })
    if (free !== undefined) free.calls.push(call)
    else if (own.length < linesMax) own.push({ client, calls: [call] })
  }
  const collator = new Intl.Collator('en', { numeric: true })
  return [...byClient].sort(([a], [b]) => collator.compare(a, b)).flatMap(([, own]) => own)
})

/** Lines for calls of one client that overlap; what needs more is left out, and found in the list of steps. */
const linesMax = 6

export function OperationsPanel() {
  const [current, result] = [currentRun(), judged.value]
  if (current === null || result === null) return null
  if (result.calls.length === 0) return <p class="empty">No client calls in this run.</p>
  const shown = lines.value
  const height = shown.length * lineHeight + 34
  return (
    <div class="operations">
      <Verdict result={result} />
      <div class="bars">
        <div class="row-names">
          {shown.map(({ client }, index) => (
            <div key={`${client} ${index}`} class="line-name" style={{ height: `${lineHeight}px` }}>
              {shown[index - 1]?.client === client ? '' : client}
            </div>
          ))}
          <div class="line-name faults">faults</div>
        </div>
        <svg
          class="drawing"
          height={height}
          role="img"
          aria-label="Calls of clients as bars, faults below; the list of steps says the same in words"
        >
          {shown.map((line, index) => (
            <Bars key={`${line.client} ${index}`} line={line} y={index * lineHeight} result={result} />
          ))}
          <Faults current={current} y={shown.length * lineHeight + 6} />
          <CursorLine height={height} />
        </svg>
      </div>
    </div>
  )
}

function Verdict({ result: { verdict, reason, calls, breaking } }: { readonly result: JudgedCalls }) {
  const open = calls.filter(({ outcome }) => outcome === 'open').length
  const text = {
    ok: `✓ Linearizable: ${reason}. Each diamond is a point where the call may have taken effect.`,
    illegal: `✗ Not linearizable: ${reason}.`,
    unknown: `? Undecided: ${reason}.`,
    none: live.value ? 'Judged when the run has ended.' : 'Calls of another application: shown, not judged.',
  }[verdict]
  const first = calls.find(({ key }) => breaking.has(key))
  return (
    <p class={`verdict ${verdict}`}>
      {text} {calls.length} calls{open === 0 ? '' : `, ${open} still open`}.{' '}
      {first === undefined ? null : (
        <button type="button" class="plain link-to" onClick={() => goTo(first.returnedIn ?? first.calledIn)}>
          to the contradiction
        </button>
      )}
    </p>
  )
}

function Bars({
  line,
  y,
  result,
}: {
  readonly line: Line
  readonly y: number
  readonly result: JudgedCalls
}) {
  const shape = geometry.value
  const current = currentRun()
  if (shape === null || current === null) return null
  const right = width.value
  return (
    <g>
      {line.calls.map((call) => {
        const x = shape.x(call.calledIn)
        const end = call.returnedIn === null ? right + 10 : shape.x(call.returnedIn)
        if (end < -20 || x > right + 20) return null
        const length = Math.max(3, end - x)
        const point = result.points.get(call.key)
        const isBreaking = result.breaking.has(call.key)
        const pointX =
          point === undefined ? null : (shape.x(point) + shape.x(Math.min(point + 1, current.end - 1))) / 2
        const isPointFirst = pointX !== null && Math.abs(pointX - Math.max(x, 0)) < 12
        const room = Math.floor((Math.min(end, right) - Math.max(x, 0) - 10) / 5.7)
        return (
          <g
            key={call.key}
            class={`bar-of ${call.outcome.replace(' ', '-')} ${isBreaking ? 'breaking' : ''}`}
            onClick={() => goTo(call.calledIn)}
          >
            <title>{`${call.client}: ${call.text} (${call.outcome}), steps ${call.calledIn} to ${call.returnedIn ?? 'the end'}`}</title>
            <rect x={x} y={y + 3} width={length} height={lineHeight - 6} rx="3" />
            {room < 5 ? null : (
              <text x={Math.max(x, 0) + (isPointFirst ? 14 : 5)} y={y + 15}>
                {isBreaking ? '✗ ' : ''}
                {call.text.length > room ? `${call.text.slice(0, room - 1)}…` : call.text}
              </text>
            )}
            {pointX === null ? null : <Point x={pointX} y={y + lineHeight / 2} />}
          </g>
        )
      })}
    </g>
  )
}

function Point({ x, y }: { readonly x: number; readonly y: number }) {
  return <path class="point" d={`M${x} ${y - 8}l4 8l-4 8l-4 -8Z`} />
}

/** Cut links from the cut to the next heal, nodes from crash to restart. */
function Faults({ current, y }: { readonly current: Run; readonly y: number }) {
  const shape = geometry.value
  if (shape === null) return null
  return (
    <g class="faults">
      {faultsOf(current).map(({ from, to, text }) => {
        const x = shape.x(from)
        const end = to === null ? width.value + 10 : shape.x(to)
        if (end < 0 || x > width.value) return null
        return (
          <g key={from} onClick={() => goTo(from)}>
            <title>{text}</title>
            <rect x={x} y={y} width={Math.max(2, end - x)} height={16} rx="2" />
            {end - Math.max(0, x) > 50 ? (
              <text x={Math.max(0, x) + 5} y={y + 12}>
                {text}
              </text>
            ) : null}
          </g>
        )
      })}
    </g>
  )
}

interface Fault {
  readonly from: number
  readonly to: number | null
  readonly text: string
}

function faultsOf(current: Run): Fault[] {
  const ends = (from: number, kind: 'repair', name: string | null) =>
    current.marks.find((mark) => {
      if (mark.i <= from || mark.kind !== kind) return false
      const node = current.step(mark.i)?.node ?? null
      return name === null ? node === null : node !== null && nameOf(node) === name
    })?.i ?? null
  return current.marks
    .filter(({ kind }) => kind === 'fault')
    .map(({ i, text }) => {
      const node = current.step(i)?.node ?? null
      return { from: i, to: ends(i, 'repair', node === null ? null : nameOf(node)), text }
    })
}

function CursorLine({ height }: { readonly height: number }) {
  const shape = geometry.value
  if (shape === null) return null
  const x = Math.round(shape.x(cursor.value))
  return (
    <g class="overlay">
      <path d={`M${x} 0V${height}`} />
    </g>
  )
}
