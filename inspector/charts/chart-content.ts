/** What is written in a state and beside an arrow, line by line, and how much room that takes. Nothing here knows where. */
import type { DrawnState, Level, Reaction, TransitionKey } from '../../runtime/trace/exports/chart-model.ts'
import { textWidth, wrap } from './text-width.ts'

/** A chart without texts is drawn small, and so its titles are larger. */
export const fontSizes = { title: 14, mapTitle: 18, text: 11.5, chip: 10.5 } as const
export const lineHeight = 16
const padding = 14
const chipHeight = 16
/** Where guards of an event stand, and left of them the marks that say what they said. */
const indent = 12
const contentWidth = 260
const labelWidth = 124
const smallestWidth = 96
const describedWidth = 196
/** Digits of a delay for which room is reserved. */
const delayRoom = '00000 ms'
const charactersMax = 48

/** `delay` is the name of a delay whose length is drawn in its place. */
export interface Piece {
  readonly style: 'event' | 'guard' | 'action' | 'delay'
  readonly text: string
}

/** One line of text; coordinates are those of its baseline, relative to the box or label that it is in. */
export interface Line {
  readonly x: number
  readonly y: number
  /** What the line describes; null if it is no transition. */
  readonly transition: TransitionKey | null
  readonly pieces: readonly Piece[]
}

/** What is written in a state. Its coordinates are relative to the state's upper left corner. */
export interface Content {
  readonly title: string
  readonly titleSize: number
  readonly description: readonly { readonly x: number; readonly y: number; readonly text: string }[]
  readonly chips: readonly {
    readonly x: number
    readonly y: number
    readonly width: number
    readonly text: string
  }[]
  /** Where the line between what a state is and what it does is drawn. */
  readonly rule: number | null
  readonly lines: readonly Line[]
}

/** Content with the least room that it takes. */
export interface Measured {
  readonly content: Content
  readonly width: number
  readonly height: number
}

/** What is written in a state that may be as wide as `widthMax` for its description; lines of code are not broken for it. */
export function contentOf(state: DrawnState, level: Level, widthMax = 0): Measured {
  const titleSize = level === 'map' ? fontSizes.mapTitle : fontSizes.title
  const title = shorten(state.key)
  const unplaced = linesOf(state)
  const icon = state.kind === 'final' ? 20 : 0
  const least = Math.max(
    smallestWidth - 2 * padding,
    textWidth(title, titleSize, 'bold') + icon,
    ...unplaced.map(widthOfLine),
    ...state.tags.map((tag) => chipWidth(tag)),
    state.description === '' ? 0 : describedWidth,
  )
  const inside = Math.max(least, widthMax - 2 * padding)
  let y = 14 + titleSize
  const kept = state.description.replace(/\([^)]{1,24}\)/g, (rules) => rules.replaceAll(' ', '\u00a0'))
  const description = wrap(kept, inside, fontSizes.text)
    .slice(0, 8)
    .map((text) => {
      y += lineHeight
      return { x: padding, y, text }
    })
  const chips = chipsOf(state.tags, inside, y + 8)
  y = Math.max(y, ...chips.map((chip) => chip.y + chipHeight - 2))
  const rule = unplaced.length > 0 ? y + 9 : null
  if (rule !== null) y += 11
  const lines = unplaced.map((line): Line => {
    y += lineHeight
    return { ...line, x: padding + line.x, y }
  })
  const used = Math.max(least, ...description.map(({ text }) => textWidth(text, fontSizes.text)))
  return {
    content: { title, titleSize, description, chips, rule, lines },
    width: Math.ceil((widthMax === 0 ? least : used) * 1.02 + 2 * padding),
    height: y + 12,
  }
}

/** What is written beside an arrow. */
export interface Label {
  readonly width: number
  readonly height: number
  readonly lines: readonly Line[]
}

/** The label of an arrow, or null if it has none. */
export function labelOf(reactions: readonly Reaction[]): Label | null {
  const lines: Line[] = []
  const add = (transition: TransitionKey, pieces: readonly Piece[]) => {
    lines.push({ x: indent, y: 12 + lines.length * lineHeight, transition, pieces })
  }
  for (const [index, reaction] of reactions.entries()) {
    const { transition, guard, actions } = reaction
    const previous = reactions[index - 1]
    const isSame = previous?.event === reaction.event && previous.delay === reaction.delay
    if (!isSame && reaction.event !== '') add(transition, eventPieces(reaction))
    const guardLines = guard === null ? [] : wrap(guardText(guard), labelWidth, fontSizes.text)
    for (const text of guardLines) add(transition, [{ style: 'guard', text }])
    const actionLines = actions.length === 0 ? [] : wrap(`/ ${listed(actions)}`, labelWidth, fontSizes.text)
    for (const text of actionLines) add(transition, [{ style: 'action', text }])
  }
  if (lines.length === 0) return null
  const width = Math.max(...lines.map((line) => line.x + widthOfLine({ ...line, x: 0 })))
  return { width: Math.ceil(width * 1.02) + 4, height: lines.length * lineHeight, lines }
}

type Unplaced = Omit<Line, 'y'>

/** What happens inside a state: actors, entry and exit actions, then each event with the reactions to it. */
function linesOf({ invokes, entry, exit, inner }: DrawnState): Unplaced[] {
  const lines: Unplaced[] = [
    ...listing('invokes', invokes),
    ...listing('on entry', entry),
    ...listing('on exit', exit),
  ]
  const named = inner.map((reaction) => ({
    reaction,
    name: JSON.stringify([reaction.event, reaction.delay]),
  }))
  for (const name of new Set(named.map((one) => one.name))) {
    const reactions = named.filter((one) => one.name === name).map(({ reaction }) => reaction)
    const [first] = reactions as [Reaction]
    if (reactions.length === 1 && first.guard === null) {
      lines.push(...reactionLines(eventPieces(first), first, 0))
      continue
    }
    lines.push({ x: 0, transition: null, pieces: eventPieces(first) })
    for (const reaction of reactions) {
      const guard = reaction.guard === null ? [] : [piece('guard', guardText(reaction.guard))]
      lines.push(...reactionLines(guard, reaction, indent))
    }
  }
  return lines
}

function listing(what: string, names: readonly string[]): Unplaced[] {
  if (names.length === 0) return []
  const texts = wrap(
    listed(names),
    contentWidth - textWidth(`${what} `, fontSizes.text, 'bold'),
    fontSizes.text,
  )
  return texts.map((text, index) => ({
    x: index === 0 ? 0 : indent,
    transition: null,
    pieces: index === 0 ? [piece('event', what), piece('action', text)] : [piece('action', text)],
  }))
}

/** The line of one reaction; actions that do not fit into it stand below. */
function reactionLines(start: readonly Piece[], reaction: Reaction, x: number): Unplaced[] {
  const { transition, actions, reenters } = reaction
  const done = [...(actions.length > 0 ? [listed(actions)] : []), ...(reenters ? ['↻'] : [])].join(' ')
  const whole = { x, transition, pieces: done === '' ? start : [...start, piece('action', done)] }
  if (start.length === 0 || widthOfLine(whole) <= contentWidth) return [whole]
  const below = wrap(done, contentWidth - 2 * indent, fontSizes.text)
  return [
    { x, transition, pieces: start },
    ...below.map((text) => ({ x: x + indent, transition, pieces: [piece('action', text)] })),
  ]
}

function eventPieces({ event, delay }: Reaction): Piece[] {
  if (delay === null) return [piece('event', shorten(event))]
  if (/^\d+$/.test(delay)) return [piece('event', `after ${delay} ms`)]
  return [piece('event', `after ${shorten(delay)}`), piece('delay', delay)]
}

function chipsOf(tags: readonly string[], inside: number, top: number): Content['chips'] {
  let [x, y] = [0, top]
  return tags.map((tag) => {
    const width = chipWidth(tag)
    if (x > 0 && x + width > inside) [x, y] = [0, y + chipHeight + 4]
    const chip = { x: padding + x, y, width, text: shorten(tag) }
    x += width + 6
    return chip
  })
}

function chipWidth(tag: string): number {
  return Math.ceil(textWidth(shorten(tag), fontSizes.chip)) + 14
}

function piece(style: Piece['style'], text: string): Piece {
  return { style, text }
}

/** `namesMeBackup` as `[names me backup]`. */
function guardText(guard: string): string {
  return `[${shorten(guard.replace(/[a-z][A-Z]/g, ([low, high]) => `${low} ${high!.toLowerCase()}`))}]`
}

function listed(names: readonly string[]): string {
  return names.map(shorten).join(', ')
}

/** Names of any length may come from elsewhere; whole ones are in the text alternative. */
export function shorten(text: string): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 1)}…`
}

function widthOfLine({ x, pieces }: Unplaced): number {
  const space = textWidth(' ', fontSizes.text)
  return pieces.reduce((sum, { text, style }, index) => {
    const shown = style === 'delay' ? delayRoom : text
    const weight = style === 'event' ? 'bold' : 'regular'
    return sum + (index === 0 ? 0 : space) + textWidth(shown, fontSizes.text, weight)
  }, x)
}
