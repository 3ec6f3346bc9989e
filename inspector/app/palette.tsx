/** All commands by name, and the sheet of their keys: both made from the one list of commands. */
import { useSignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { type Command, commands, isEnabled } from './commands.ts'
import { palette } from './state.ts'

export function Palette() {
  if (palette.value === 'closed') return null
  return (
    <Dialog label={palette.value === 'commands' ? 'All commands' : 'Sheet of keys'}>
      {palette.value === 'commands' ? <CommandList /> : <KeySheet />}
    </Dialog>
  )
}

function Dialog({
  label,
  children,
}: {
  readonly label: string
  readonly children: preact.ComponentChildren
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  // Before the next key arrives, so that fast typing loses nothing.
  useLayoutEffect(() => {
    dialog.current!.showModal()
  }, [])
  const close = () => {
    palette.value = 'closed'
  }
  return (
    <dialog
      ref={dialog}
      aria-label={label}
      class="dialog"
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      {children}
    </dialog>
  )
}

function CommandList() {
  const query = useSignal('')
  const index = useSignal(0)
  const words = query.value.toLowerCase().split(/\s+/).filter(Boolean)
  const found = commands.value.filter(
    (command) =>
      command.id !== 'palette' &&
      isEnabled(command) &&
      words.every((word) => `${command.title} ${command.group}`.toLowerCase().includes(word)),
  )
  const chosen = found[Math.min(index.value, found.length - 1)]
  const run = (command: Command | undefined) => {
    if (command === undefined) return
    palette.value = 'closed'
    command.run()
  }
  const move = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (by !== 0) index.value = (Math.min(index.value, found.length - 1) + by + found.length) % found.length
    else if (event.key === 'Enter') run(chosen)
    else return
    event.preventDefault()
    event.stopPropagation()
    document.getElementById(`command-${found[index.value]?.id}`)?.scrollIntoView({ block: 'nearest' })
  }
  return (
    <>
      <input
        class="query"
        role="combobox"
        aria-label="Find a command"
        aria-expanded="true"
        aria-controls="command-list"
        aria-activedescendant={chosen === undefined ? undefined : `command-${chosen.id}`}
        placeholder="Find a command"
        autofocus
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value
          index.value = 0
        }}
        onKeyDown={move}
      />
      <ul id="command-list" aria-label="Commands" class="commands">
        {found.map((command) => (
          <li
            key={command.id}
            id={`command-${command.id}`}
            tabIndex={-1}
            aria-selected={command === chosen}
            onClick={() => run(command)}
          >
            <span>{command.title}</span>
            <Keys keys={command.keys} />
          </li>
        ))}
        {found.length === 0 ? <li class="empty">No command is called that.</li> : null}
      </ul>
    </>
  )
}

function KeySheet() {
  const listed = commands.value.filter(({ keys }) => keys !== undefined)
  const groups = [...new Set(listed.map(({ group }) => group))]
  return (
    <div class="key-sheet" tabIndex={0} autofocus>
      <h2>Keys</h2>
      <div class="groups">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {listed
                .filter((command) => command.group === group)
                .map((command) => (
                  <div key={command.id}>
                    <dt>
                      <Keys keys={command.keys} />
                    </dt>
                    <dd>{command.title}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </div>
  )
}

const keyNames: Readonly<Record<string, string>> = {
  ArrowRight: '→',
  ArrowLeft: '←',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  PageDown: 'PgDn',
  PageUp: 'PgUp',
}

function Keys({ keys = [] }: { readonly keys?: readonly string[] }) {
  return (
    <span class="keys">
      {keys.slice(0, 2).map((key) => (
        <kbd key={key}>
          {key
            .split(/\+(?=.)/)
            .map(
              (part) => keyNames[part] ?? (part.length === 1 && key.length > 1 ? part.toUpperCase() : part),
            )
            .join(' ')}
        </kbd>
      ))}
    </span>
  )
}
