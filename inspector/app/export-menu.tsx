/** The menu of formats in the bar: one Tab stop, arrows within, each entry a command. */
import { useRef } from 'preact/hooks'
import { commands, isEnabled, runCommand } from './commands.ts'
import { exportCommandIds } from './export-commands.ts'

export function ExportMenu() {
  const details = useRef<HTMLDetailsElement>(null)
  const entries = commands.value.filter(({ id }) => exportCommandIds.includes(id))
  const close = () => {
    if (details.current === null) return
    details.current.open = false
    details.current.querySelector('summary')?.focus()
  }
  const move = (event: KeyboardEvent) => {
    const items = [...(details.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])]
    const index = items.indexOf(document.activeElement as HTMLElement)
    const next = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: items.length - 1 }[event.key]
    if (event.key === 'Escape') close()
    else if (next !== undefined) items.at(next % items.length)?.focus()
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  const leave = ({ relatedTarget }: FocusEvent) => {
    if (details.current?.contains(relatedTarget as Node | null) === false) details.current.open = false
  }
  return (
    <details class="menu" ref={details} onKeyDown={move} onFocusOut={leave}>
      <summary title="Take the run elsewhere">export</summary>
      <div role="menu" aria-label="Export">
        {entries.map((command) => (
          <button
            type="button"
            role="menuitem"
            tabIndex={-1}
            key={command.id}
            disabled={!isEnabled(command)}
            onClick={() => {
              close()
              runCommand(command.id)
            }}
          >
            {command.title.replace(/^Save as /, '')}
          </button>
        ))}
      </div>
    </details>
  )
}
