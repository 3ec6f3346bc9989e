/** A log for people: one line for each event that matters, aligned in columns. */
import picocolors from 'picocolors'
import * as v from 'valibot'
import { checked } from '../../actors/checked.ts'
import { printable } from '../../machines/printable.ts'
import { formatOperations } from '../trace/correlation.ts'
import { createStory, type StoryEvent, type StoryKind, type StoryOptions } from './story.ts'
import { type Sink, tee } from './tee.ts'

/** Where the log is written, and how. */
export interface LogOptions extends StoryOptions {
  /** Takes one line at a time, without its line feed; default: the console. */
  readonly write?: (line: string) => void
  /** Default: only on a terminal that shows colours. */
  readonly colour?: boolean
}

const optionsSchema = v.strictObject(
  {
    // The story checks it.
    level: v.optional(v.unknown()),
    slowMs: v.optional(
      v.pipe(v.number('expected milliseconds from 0 on'), v.minValue(0, 'expected milliseconds from 0 on')),
    ),
    write: v.optional(v.function('expected a function that takes a line')),
    colour: v.optional(v.boolean('expected true or false')),
  },
  'expected some of level, slowMs, write, colour',
)

/**
 * Writes what happens as lines: time, node, its chart state, Lamport time, operations, and a sentence.
 * @throws StandbyError `invalidOption` for an option that is wrong or unknown
 * @example
 * await using cluster = createCluster({ observe: createLog({ level: 'debug' }).observe })
 */
export function createLog(options: LogOptions = {}): Sink {
  checked('createLog', optionsSchema, options)
  const { write = (line) => console.log(line) } = options
  const { level = 'story', slowMs = 150 } = options
  const story = createStory({ level, slowMs })
  const format = createLineFormat({ colour: options.colour ?? isColourTerminal() })
  // An error in writing a line must not reach the node that the line describes.
  return tee((observation) => {
    const event = story(observation)
    if (event !== null) write(format(event))
  })
}

export interface LineFormatOptions {
  readonly colour: boolean
  /** Columns of the terminal; shorter lines leave out what matters less, and are cut. Default: as wide as need be. */
  readonly width?: number
  /** The moment from which times count, in milliseconds of the system's clock; default: the first event. */
  readonly start?: number
}

/** Formats events as lines. */
export function createLineFormat(options: LineFormatOptions): (event: StoryEvent) => string {
  const { colour, width = Number.POSITIVE_INFINITY } = options
  const styles = stylesOf(picocolors.createColors(colour))
  let { start } = options
  return (event) => {
    start ??= event.t
    return formatLine(event, event.t - start, styles, width)
  }
}

type Style = (text: string) => string
type Styles = Readonly<Record<StoryKind, Style>> & { readonly dim: Style; readonly plain: Style }

function formatLine(event: StoryEvent, ms: number, styles: Styles, width: number): string {
  const { kind, node, state, lamport, operations, text } = event
  const time = `${(ms / 1000).toFixed(3)}s`.padStart(9)
  if (kind === 'scene') return `${styles.dim(time)} ${styles.scene(fit(`-- ${text}`, width - 10))}`
  const cells: [text: string, size: number, style: Style][] = [[time, 9, styles.dim]]
  if (width >= 40) cells.push([node ?? 'network', 12, styles[kind]])
  if (width >= 130) cells.push([state ?? '-', 25, styles.dim])
  if (width >= 75) cells.push([lamport === null ? '-' : `L${lamport}`, 7, styles.dim])
  if (width >= 90) cells.push([formatOperations(operations, 1) || '-', 11, styles.dim])
  const prefix = cells.map(([cell, size, style]) => style(fit(cell, size).padEnd(size))).join(' ')
  const used = cells.reduce((sum, [, size]) => sum + size + 1, 0)
  return `${prefix} ${styles[kind](fit(text, width - used))}`
}

/** Cut to `size` columns, with a mark if it was longer; unprintable characters become escapes. */
export function fit(text: string, size: number): string {
  const clean = printable(text)
  if (clean.length <= size) return clean
  return size <= 1 ? clean.slice(0, Math.max(0, size)) : `${clean.slice(0, size - 1)}…`
}

/** Weight and hue, never hue alone: the sentences say what happened. */
function stylesOf(colours: ReturnType<typeof picocolors.createColors>): Styles {
  const plain: Style = (text) => text
  return {
    plain,
    dim: colours.dim,
    start: colours.dim,
    view: (text) => colours.bold(colours.cyan(text)),
    role: colours.cyan,
    client: plain,
    operation: plain,
    refusal: colours.magenta,
    fault: (text) => colours.bold(colours.red(text)),
    repair: colours.green,
    scene: colours.bold,
    note: colours.dim,
    debug: colours.dim,
  }
}

function isColourTerminal(): boolean {
  const { process } = globalThis as { process?: { stdout?: { isTTY?: boolean } } }
  return picocolors.isColorSupported && process?.stdout?.isTTY === true
}
