/** The inbox of one node: its mail, timers, script and faults as buttons; one that cannot be pressed says why. */

import type { Inbox, InboxMessage, InboxScript, InboxTimer, Option } from '../../../proof/stage/inbox.ts'
import { announcement } from '../../app/state.ts'
import { choose } from './session.ts'

export function InboxView({
  inbox,
  now,
  color,
}: {
  readonly inbox: Inbox
  readonly now: number
  readonly color: number
}) {
  const { id, state, isAlive, messages, timers, script, links } = inbox
  const cut = links.filter(({ isCut }) => isCut)
  return (
    <section
      class={`inbox ${isAlive ? '' : 'down'}`}
      aria-label={`Inbox of ${id}`}
      style={{ '--own': `var(--node-${color % 8})` }}
    >
      <h3>
        <b>{id}</b> <small>{state}</small>
      </h3>
      <ul>
        {messages.map((message) => (
          <MessageItem key={`${message.id}/${message.copy}`} message={message} now={now} />
        ))}
        {timers.map((timer) => (
          <TimerItem key={timer.name} timer={timer} now={now} />
        ))}
        {script === null ? null : <ScriptItem script={script} />}
        {messages.length + timers.length === 0 && script === null ? (
          <li class="nothing">nothing in flight to it</li>
        ) : null}
      </ul>
      <div class="faults">
        {isAlive && inbox.crash !== null ? (
          <Act option={inbox.crash} label={`Crash ${id}`}>
            crash
          </Act>
        ) : null}
        {!isAlive && inbox.restart !== null ? (
          <Act option={inbox.restart} label={`Restart ${id}`}>
            restart
          </Act>
        ) : null}
        <Act option={inbox.isolate} label={`Cut off ${id} from everyone`}>
          cut off
        </Act>
        {links.length === 0 ? null : (
          <span class="links" role="group" aria-label={`Links from ${id}`}>
            {links.map(({ to, isCut, toggle }) => (
              <Act
                key={to}
                option={toggle}
                label={`${isCut ? 'Heal' : 'Cut'} the link from ${id} to ${shortName(to)}`}
                pressed={isCut}
              >
                {isCut ? '⇸' : '→'} {shortName(to)}
              </Act>
            ))}
          </span>
        )}
        {cut.length > 0 ? <span class="sr-only">{cut.length} links are cut</span> : null}
      </div>
    </section>
  )
}

function MessageItem({ message, now }: { readonly message: InboxMessage; readonly now: number }) {
  const { type, from, to, copy, text, due, deliver, drop, duplicate, delay } = message
  const keys: Readonly<Record<string, Option>> = { Delete: drop, x: drop, d: duplicate, l: delay }
  const detail = text.startsWith(type) ? text.slice(type.length).replace(/^: /, '').trim() : text
  return (
    <li class={deliver.isNext || drop.isNext ? 'is-next' : ''}>
      <button
        type="button"
        class="main"
        tabIndex={-1}
        data-drive
        aria-disabled={deliver.why !== null}
        aria-keyshortcuts="Delete d l"
        title={
          deliver.why ??
          `${text}\nfrom ${from} to ${to}, by itself at ${ms(due)}; Delete loses it, d duplicates it, l makes it late`
        }
        onClick={() => press(deliver)}
        onKeyDown={(event) => {
          const option = keys[event.key]
          if (option === undefined) return
          event.preventDefault()
          event.stopPropagation()
          press(option)
        }}
      >
        <span class="sr-only">
          Deliver {type} from {from} to {to}:{' '}
        </span>
        <b>{type}</b>
        {detail === '' ? null : <span class="detail">{detail}</span>}
        <small>
          {shortName(from)}
          {copy > 0 ? ` · copy ${copy}` : ''} · {untilDue(due, now)}
        </small>
      </button>
      <span class="more">
        <Act option={drop} label={`Lose ${type} from ${from}`} small>
          ✕
        </Act>
        <Act option={duplicate} label={`Duplicate ${type} from ${from}`} small>
          ⧉
        </Act>
        <Act option={delay} label={`Make ${type} from ${from} 100 ms late`} small>
          +100
        </Act>
      </span>
      {deliver.why === null ? null : <p class="why">{deliver.why}</p>}
    </li>
  )
}

function TimerItem({
  timer: { name, due, fire },
  now,
}: {
  readonly timer: InboxTimer
  readonly now: number
}) {
  return (
    <li class={`timer ${fire.isNext ? 'is-next' : ''}`}>
      <button
        type="button"
        class="main"
        tabIndex={-1}
        data-drive
        aria-disabled={fire.why !== null}
        title={fire.why ?? `due at ${ms(due)}`}
        onClick={() => press(fire)}
      >
        <span class="sr-only">Fire the timer </span>
        <span aria-hidden="true">◷</span> <span class="detail">{name}</span>
        <small>{untilDue(due, now)}</small>
      </button>
      {fire.why === null ? null : <p class="why">{fire.why}</p>}
    </li>
  )
}

function ScriptItem({ script: { text, left, play } }: { readonly script: InboxScript }) {
  return (
    <li class={`script ${play.isNext ? 'is-next' : ''}`}>
      <button
        type="button"
        class="main"
        tabIndex={-1}
        data-drive
        aria-disabled={play.why !== null}
        title={play.why ?? `the next event of its script${left === 0 ? '' : `; ${left} more after it`}`}
        onClick={() => press(play)}
      >
        <span class="sr-only">Take the event </span>
        <span aria-hidden="true">▸</span> <span class="detail">{text}</span>
        <small>from its script</small>
      </button>
      {play.why === null ? null : <p class="why">{play.why}</p>}
    </li>
  )
}

function Act({
  option,
  label,
  pressed,
  small = false,
  children,
}: {
  readonly option: Option
  readonly label: string
  readonly pressed?: boolean
  readonly small?: boolean
  readonly children: preact.ComponentChildren
}) {
  return (
    <button
      type="button"
      class={small ? 'small' : 'act'}
      tabIndex={-1}
      {...(small ? {} : { 'data-drive': true })}
      aria-label={label}
      aria-disabled={option.why !== null}
      aria-pressed={pressed}
      title={option.why === null ? label : `${label}: not now, ${option.why}`}
      onClick={() => press(option)}
    >
      {children}
    </button>
  )
}

function press({ choice, why }: Option): void {
  if (why === null) choose(choice)
  else announcement.value = `Not possible: ${why}`
}

function untilDue(due: number, now: number): string {
  return due <= now ? 'due' : `in ${ms(due - now)}`
}

function ms(value: number): string {
  return `${Math.round(value * 10) / 10} ms`
}

function shortName(id: string): string {
  return id === 'view-service' ? 'views' : id
}
