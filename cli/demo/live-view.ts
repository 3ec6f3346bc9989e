/** The live view as lines of text: who is what, how operations fare, and what happened. It draws; it owns no terminal. */
import picocolors from 'picocolors'
import { createLineFormat, fit } from '../../runtime/observe/log.ts'
import type { StoryEvent } from '../../runtime/observe/story.ts'
import { counted } from './summary.ts'

export interface LiveNode {
  readonly id: string
  readonly kind: 'viewService' | 'server' | 'client'
  /** `primary`, `backup`, `idle`, `crashed` ... */
  readonly role: string
  readonly state: string
  readonly view: number
  /** Commands applied by a server; null if it has no state. */
  readonly applied: number | null
  readonly lamport: number
}

export interface LiveModel {
  readonly seconds: number
  readonly seed: number
  /** Of the page that shows the run; null without one. */
  readonly address: string | null
  readonly paused: boolean
  readonly playing: boolean
  readonly view: { readonly number: number; readonly primary: string | null; readonly backup: string | null }
  readonly acknowledged: boolean
  /** What the network does not carry; null while it is whole. */
  readonly cut: string | null
  /** Why nothing can go on any more; null while it can. */
  readonly stuck: string | null
  readonly scene: string | null
  readonly nodes: readonly LiveNode[]
  readonly answered: number
  readonly unanswered: number
  readonly problems: number
  readonly failovers: number
  readonly longestWaitMs: number
  /** How long the call that waits longest has been waiting. */
  readonly waitingMs: number
  /** Answers of each past second, the newest last. */
  readonly rates: readonly number[]
  readonly events: readonly StoryEvent[]
  readonly startedAt: number
}

export interface LiveSize {
  readonly columns: number
  readonly rows: number
  readonly colour: boolean
}

type Style = (text: string) => string
type Segment = readonly [text: string, style?: Style]
type Colours = ReturnType<typeof picocolors.createColors>

/** How many seconds of rates are drawn, at most. */
export const ratesShown = 30

/** A frame: at most `rows - 1` lines of at most `columns` characters each. */
export function renderLiveView(model: LiveModel, { columns, rows, colour }: LiveSize): string[] {
  const colours = picocolors.createColors(colour)
  const width = Math.max(10, columns - 2)
  const line = (...segments: Segment[]) => ` ${cut(segments, width)}`
  const room = rows - 1
  const keys = keyLines(model, colours, width).map((segments) => line(...segments))

  const head = [line(...headline(model, colours, width))]
  const now = [line(...viewLine(model, colours)), line(...sceneLine(model, colours))]
  const fixed = head.length + now.length + 2 + keys.length
  const isTight = room < 24
  const blank = isTight ? [] : ['']
  const tableRoom = Math.max(1, room - fixed - blank.length * 5 - (isTight ? 3 : 6))
  const table = tableLines(model, colours, width, tableRoom).map((segments) => line(...segments))
  const pulse = [line(...pulseLine(model, colours, width))]

  const above = [...head, ...blank, ...now, ...blank, ...table, ...blank, ...pulse, ...blank]
  const eventRoom = Math.max(0, room - above.length - blank.length - keys.length)
  const format = createLineFormat({ colour, width, start: model.startedAt })
  const events = eventRoom === 0 ? [] : model.events.slice(-eventRoom).map((event) => ` ${format(event)}`)
  const filler = Array.from({ length: Math.max(0, eventRoom - events.length) }, () => '')
  return [...above, ...events, ...filler, ...blank, ...keys].slice(0, Math.max(1, room))
}

function headline({ seconds, seed, paused, address }: LiveModel, colours: Colours, width: number): Segment[] {
  const time = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`
  const right = `${paused ? 'paused   ' : ''}seed ${seed}   ${time}`
  const left = 'standby'
  const room = width - left.length - right.length - 2
  const isSeen = address !== null && address.length + 3 <= room
  const about = isSeen ? `   ${address}` : '   a replicated key-value store, all in this process'
  const text = fit(about, Math.max(0, width - left.length - right.length - 2))
  const gap = ' '.repeat(Math.max(1, width - left.length - text.length - right.length))
  return [[left, colours.bold], [text, colours.dim], [gap], [right, paused ? colours.magenta : colours.dim]]
}

function viewLine({ view, acknowledged, cut: broken }: LiveModel, colours: Colours): Segment[] {
  if (view.number === 0) return [['View 0', colours.bold], ['   no server has offered itself yet']]
  const segments: Segment[] = [
    [`View ${view.number}`, colours.bold],
    [`   primary ${view.primary}`],
    [view.backup === null ? ', no backup' : `, backup ${view.backup}`],
    [
      acknowledged ? ', acknowledged' : ', not acknowledged yet',
      acknowledged ? colours.dim : colours.magenta,
    ],
  ]
  if (broken !== null) segments.push([`   network: ${broken}`, colours.red])
  return segments
}

function sceneLine({ scene, playing, stuck }: LiveModel, colours: Colours): Segment[] {
  if (stuck !== null)
    return [
      ['Stuck    ', colours.bold],
      [stuck, colours.red],
    ]
  if (!playing)
    return [['Now      ', colours.bold], ['the script rests: the faults are yours (s plays it again)']]
  return [['Now      ', colours.bold], [scene ?? '']]
}

interface Column {
  readonly title: string
  readonly size: number
  readonly right?: true
  readonly cell: (node: LiveNode) => string
}

const columnsOfTable: readonly Column[] = [
  { title: 'node', size: 13, cell: ({ id }) => id },
  { title: 'role', size: 13, cell: (node) => `${markOf(node)} ${node.role}` },
  { title: 'state of its chart', size: 24, cell: ({ state }) => state },
  { title: 'view', size: 6, right: true, cell: ({ view }) => `${view}` },
  {
    title: 'commands',
    size: 10,
    right: true,
    cell: ({ applied }) => (applied === null ? '-' : `${applied}`),
  },
  { title: 'clock', size: 9, right: true, cell: ({ lamport }) => `L${lamport}` },
]

/** Which columns fit, the most important first. */
function columnsFor(width: number): Column[] {
  const kept = [0, 1, 3, 2, 4, 5]
  const chosen: number[] = []
  let used = 0
  for (const index of kept) {
    used += columnsOfTable[index]!.size
    if (used <= width) chosen.push(index)
  }
  return chosen.sort((a, b) => a - b).map((index) => columnsOfTable[index]!)
}

function tableLines(model: LiveModel, colours: Colours, width: number, room: number): Segment[][] {
  const columns = columnsFor(width)
  const cellsOf = (text: (column: Column) => string) =>
    columns
      .map((column) => {
        const cell = fit(text(column), column.size - 1)
        return column.right ? `${cell.padStart(column.size - 1)} ` : `${cell.padEnd(column.size - 1)} `
      })
      .join('')
  const shown = chosenNodes(model.nodes, room - 1)
  const lines: Segment[][] = [[[cellsOf(({ title }) => title), colours.dim]]]
  for (const node of shown) lines.push([[cellsOf(({ cell }) => cell(node)), styleOf(node, colours)]])
  const hidden = model.nodes.length - shown.length
  if (hidden > 0) lines.push([[`and ${hidden} more`, colours.dim]])
  return lines
}

/** When not all fit, servers matter most. */
function chosenNodes(nodes: readonly LiveNode[], room: number): readonly LiveNode[] {
  if (nodes.length <= room) return nodes
  const order = ['server', 'viewService', 'client']
  const chosen = new Set(
    [...nodes].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind)).slice(0, Math.max(1, room - 1)),
  )
  return nodes.filter((node) => chosen.has(node))
}

function markOf({ role }: LiveNode): string {
  const marks: Record<string, string> = { primary: '●', backup: '◐', idle: '○', crashed: '×', stopped: '×' }
  return marks[role] ?? '·'
}

function styleOf({ role, state }: LiveNode, colours: Colours): Style {
  if (role === 'crashed' || role === 'replicaDiverged') return colours.red
  if (state === 'transferringState' || state === 'awaitingState') return colours.magenta
  if (role === 'primary') return (text) => colours.bold(colours.green(text))
  if (role === 'backup') return colours.cyan
  return role === 'client' || role === 'decides' ? (text) => text : colours.dim
}

const bars = '▁▂▃▄▅▆▇█'

function pulseLine(model: LiveModel, colours: Colours, width: number): Segment[] {
  const { rates, answered, problems, unanswered, failovers, longestWaitMs, waitingMs } = model
  const verdict =
    problems > 0
      ? `${problems} WRONG`
      : unanswered > 0
        ? `${unanswered} without an answer`
        : 'all as they must be'
  const words: Segment[] = [
    [`${rates.at(-1) ?? 0}/s`.padStart(4), colours.bold],
    [`   ${answered} answered, `],
    [verdict, problems > 0 ? (text) => colours.bold(colours.red(text)) : colours.green],
    [`   longest wait ${Math.round(longestWaitMs)} ms`],
    [`   ${counted(failovers, 'failover')}`],
    [waitingMs < 150 ? '' : `   waiting ${(waitingMs / 1000).toFixed(1)} s`, colours.magenta],
  ]
  const used = words.reduce((sum, [text]) => sum + text.length, 0)
  return [[graphOf(rates, width - used), colours.cyan], ...words]
}

/** The rates as bars, if there is room. */
function graphOf(rates: readonly number[], room: number): string {
  const size = Math.min(ratesShown, room - 2)
  if (size < 5) return ''
  const top = Math.max(1, ...rates)
  const shown = rates.slice(-size)
  const graph = shown.map((rate) => (rate === 0 ? ' ' : bars[Math.min(7, Math.floor((rate / top) * 7.99))]!))
  return `${graph.join('').padStart(size)}  `
}

function keyLines({ paused, playing }: LiveModel, colours: Colours, width: number): Segment[][] {
  const keys: [key: string, what: string][] = [
    ['c', 'crash primary'],
    ['b', 'backup'],
    ['1-9', 'a server'],
    ['r', 'restart'],
    ['p', 'partition'],
    ['h', 'heal'],
    ['space', paused ? 'go on' : 'pause'],
    ...(playing ? [] : ([['s', 'script']] as [string, string][])),
    ['q', 'quit'],
  ]
  const lines: Segment[][] = [[]]
  let used = 0
  for (const [key, what] of keys) {
    const size = key.length + what.length + 4
    if (used + size > width + 3 && lines.at(-1)!.length > 0) {
      if (lines.length === 2) break
      lines.push([])
      used = 0
    }
    lines.at(-1)!.push([key, colours.bold], [` ${what}   `, colours.dim])
    used += size
  }
  return lines
}

/** Segments one after another, cut at `width` characters. */
function cut(segments: readonly Segment[], width: number): string {
  let used = 0
  return segments
    .map(([text, style]) => {
      const shown = fit(text, width - used)
      used += shown.length
      return shown === '' ? '' : (style?.(shown) ?? shown)
    })
    .join('')
}
