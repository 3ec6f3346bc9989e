/** A JSON value as a tree, with what changed marked member by member; long lists are shown a part at a time. */

import { type Signal, useSignal } from '@preact/signals'
import type { Json } from '../../machines/application/application.ts'
import { collectionIn } from '../../runtime/trace/collections.ts'
import { jsonText } from '../../runtime/trace/json-text.ts'
import { isContainer, kindOf, type Member, membersOf, sizeOf } from '../model/diff.ts'

interface Props {
  readonly label: string
  readonly before: Json | undefined
  readonly after: Json | undefined
}

/** Members shown before a button asks for more. */
const pageSize = 50

export function JsonTree({ label, before, after }: Props) {
  const opened = useSignal<ReadonlyMap<string, boolean>>(new Map())
  return (
    <div class="tree" role="tree" aria-label={label} onKeyDown={moveInTree}>
      <Members before={before} after={after} path="" level={1} opened={opened} />
    </div>
  )
}

interface LevelProps {
  readonly before: Json | undefined
  readonly after: Json | undefined
  readonly path: string
  readonly level: number
  readonly opened: Signal<ReadonlyMap<string, boolean>>
}

function Members({ before, after, path, level, opened }: LevelProps) {
  const limit = useSignal(pageSize)
  const members = membersOf(before, after)
  // What changed is never on a page that is not open.
  const shown = members
    .filter((member, index) => index < limit.value || member.kind !== 'same')
    .slice(0, 2000)
  return (
    <>
      {shown.map((member, index) => (
        <TreeItem
          key={member.key}
          member={member}
          path={`${path}/${member.key}`}
          level={level}
          opened={opened}
          isFirst={level === 1 && index === 0}
        />
      ))}
      {members.length > shown.length ? (
        <button type="button" class="more" onClick={() => (limit.value += 500)}>
          {members.length - shown.length} more
        </button>
      ) : null}
    </>
  )
}

interface ItemProps {
  readonly member: Member
  readonly path: string
  readonly level: number
  readonly opened: LevelProps['opened']
  readonly isFirst: boolean
}

function TreeItem({ member, path, level, opened, isFirst }: ItemProps) {
  const { key, before, after, kind } = member
  const hasMembers = isContainer(after) || (after === undefined && isContainer(before))
  const size = sizeOf(after === undefined ? before : after)
  const isOpen = hasMembers && (opened.value.get(path) ?? (kind !== 'same' || (level === 1 && size <= 8)))
  const toggle = () => {
    if (hasMembers) opened.value = new Map(opened.value).set(path, !isOpen)
  }
  const isInner = hasMembers && isContainer(before) && isContainer(after)
  return (
    <div
      role="treeitem"
      aria-level={level}
      aria-expanded={hasMembers ? isOpen : undefined}
      tabIndex={isFirst ? 0 : -1}
      class={`tree-item ${kind}`}
      onClick={(event) => {
        event.stopPropagation()
        toggle()
      }}
    >
      <span class="line" style={{ paddingLeft: `${(level - 1) * 14}px` }}>
        <span class="sign" aria-hidden="true">
          {signs[kind]}
        </span>
        <span class="twist" aria-hidden="true">
          {hasMembers ? (isOpen ? '▾' : '▸') : ''}
        </span>
        <span class="key">{key}</span>
        {kind === 'same' || isInner ? null : <span class="sr-only">{kind}</span>}
        <Value member={member} isOpen={isOpen} isInner={isInner} />
      </span>
      {isOpen ? (
        <div role="group">
          <Members before={before} after={after} path={path} level={level + 1} opened={opened} />
        </div>
      ) : null}
    </div>
  )
}

function Value({
  member: { kind, before, after },
  isOpen,
  isInner,
}: {
  readonly member: Member
  readonly isOpen: boolean
  readonly isInner: boolean
}) {
  if (isOpen) return <span class="count">{sizeText(after === undefined ? before : after)}</span>
  if (kind === 'changed' && !isInner) {
    return (
      <span class="value">
        <del>{valueText(before)}</del> <span aria-hidden="true">→</span> <ins>{valueText(after)}</ins>
      </span>
    )
  }
  return <span class="value">{valueText(after === undefined ? before : after)}</span>
}

const signs: Record<Member['kind'], string> = { same: '', added: '+', removed: '−', changed: '~' }

function valueText(value: Json | undefined): string {
  if (value === undefined) return 'nothing'
  const collection = collectionIn(value)
  if (collection?.kind === 'set')
    return `{${jsonText(Object.values(collection.members as object), 120).slice(1, -1)}}`
  if (collection !== null) return jsonText(collection.members, 120)
  return isContainer(value) && sizeOf(value) === 0
    ? Array.isArray(value)
      ? '[]'
      : '{}'
    : jsonText(value, 120)
}

function sizeText(value: Json | undefined): string {
  const size = sizeOf(value)
  const collection = collectionIn(value)
  if (collection !== null) return `${collection.kind} of ${size}`
  return Array.isArray(value) ? `[${size}]` : `{${size}}`
}

/** Whether two values differ at all. */
export function differs(before: Json | undefined, after: Json | undefined): boolean {
  return kindOf(before, after) !== 'same'
}

/** Up and down move, right opens, left closes: the arrows belong to the tree while it has the focus. */
function moveInTree(event: KeyboardEvent): void {
  const items = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[role=treeitem]')]
  const index = items.indexOf(document.activeElement as HTMLElement)
  const item = items[index]
  if (item === undefined) return
  const expanded = item.getAttribute('aria-expanded')
  const moves: Record<string, () => void> = {
    ArrowDown: () => items[index + 1]?.focus(),
    ArrowUp: () => items[index - 1]?.focus(),
    ArrowRight: () => (expanded === 'false' ? item.click() : items[index + 1]?.focus()),
    ArrowLeft: () =>
      expanded === 'true'
        ? item.click()
        : item.parentElement?.closest<HTMLElement>('[role=treeitem]')?.focus(),
    Enter: () => item.click(),
    ' ': () => item.click(),
  }
  const move = moves[event.key]
  if (move === undefined || event.ctrlKey || event.altKey) return
  event.preventDefault()
  event.stopPropagation()
  move()
}
