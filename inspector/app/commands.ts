/** The one list of what can be done: it feeds the keyboard, the palette and the sheet of keys. */
import { signal } from '@preact/signals'

export interface Command {
  /** Unique, such as `step.next`. */
  readonly id: string
  readonly title: string
  /** The heading that it stands under on the sheet of keys. */
  readonly group: string
  /** As in `KeyboardEvent.key`, after modifiers: `Shift+ArrowLeft`, `Ctrl+k`, `j`, `?`. */
  readonly keys?: readonly string[]
  /** Works while a text field has the focus, too. */
  readonly everywhere?: boolean
  run(): void
  /** Default: always. */
  enabled?(): boolean
}

export const commands = signal<readonly Command[]>([])

/** Adds commands; one with a known id takes the place of the former. */
export function registerCommands(...added: readonly Command[]): void {
  const ids = new Set(added.map(({ id }) => id))
  commands.value = [...commands.value.filter(({ id }) => !ids.has(id)), ...added]
}

export function isEnabled(command: Command): boolean {
  return command.enabled?.() ?? true
}

/** Runs the command if it can be run now. */
export function runCommand(id: string): void {
  const command = commands.value.find((one) => one.id === id)
  if (command !== undefined && isEnabled(command)) command.run()
}

/** Runs the command of a key; returns whether there was one. */
export function takeKey(event: KeyboardEvent): boolean {
  const isTheirs = belongsToField(event)
  const names = namesOf(event)
  // `J` means what is bound to it, and only then what is bound to `j`.
  const command = names
    .map((name) => commands.value.find((one) => one.keys?.includes(name) && isEnabled(one)))
    .find((one) => one !== undefined && (!isTheirs || one.everywhere))
  if (command === undefined) return false
  event.preventDefault()
  command.run()
  return true
}

/** Keys typed into a text field belong to it; Space and Enter belong to the button that has the focus. */
function belongsToField({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.closest('input:not([type=checkbox], [type=file]), textarea, select, [contenteditable]') !== null)
    return true
  return (key === ' ' || key === 'Enter') && target.closest('button, input, [role=tab]') !== null
}

function namesOf({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): string[] {
  const name = key === ' ' ? 'Space' : key
  const modifiers = `${ctrlKey || metaKey ? 'Ctrl+' : ''}${altKey ? 'Alt+' : ''}`
  // A character says itself whether Shift was held.
  const isCharacter = name.length === 1
  const shift = shiftKey && !isCharacter ? 'Shift+' : ''
  return [`${modifiers}${shift}${name}`, ...(isCharacter ? [`${modifiers}${name.toLowerCase()}`] : [])]
}
