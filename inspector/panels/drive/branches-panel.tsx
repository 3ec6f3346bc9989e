/** The tree of branches: each with its name and how it ends, to be shown, renamed and compared. */
import { useSignal } from '@preact/signals'
import { type Comparison, compareBranches, type Outcome, outcomeOf } from '../../../proof/stage/comparison.ts'
import { formatWorld } from '../../../proof/stage/world-file.ts'
import type { Branch, WorldTree } from '../../../proof/stage/world-tree.ts'
import { branchHere, switchTo, world, worldVersion } from './session.ts'

export function BranchesPanel() {
  worldVersion.value
  const compared = useSignal<string | null>(null)
  const current = world.value
  if (current === null) return null
  const comparison =
    compared.value === null || compared.value === current.branch.id
      ? null
      : compareBranches(current, compared.value, current.branch.id)
  return (
    <div class="branches-panel">
      <div class="panel-head">
        <span>
          {current.branches.length === 1 ? 'one run' : `${current.branches.length} branches`}; choosing
          otherwise in the past begins another
        </span>
      </div>
      <ul class="branch-tree">{roots(current).map((branch) => twig(current, branch, compared))}</ul>
      <div class="branch-acts">
        <button type="button" onClick={branchHere} title="Begin a branch at the cursor (b)">
          branch here
        </button>
        <button
          type="button"
          onClick={() => save(current)}
          title="Every branch, as a file to open here again"
        >
          save
        </button>
      </div>
      {comparison === null ? null : <ComparisonTable comparison={comparison} />}
    </div>
  )
}

const roots = ({ branches }: WorldTree) => branches.filter(({ parent }) => parent === null)

function twig(current: WorldTree, branch: Branch, compared: { value: string | null }) {
  const children = current.branches.filter(({ parent }) => parent === branch.id)
  return (
    <li key={branch.id}>
      <BranchRow branch={branch} isShown={branch.id === current.branch.id} compared={compared} />
      {children.length === 0 ? null : <ul>{children.map((child) => twig(current, child, compared))}</ul>}
    </li>
  )
}

function BranchRow({
  branch,
  isShown,
  compared,
}: {
  readonly branch: Branch
  readonly isShown: boolean
  readonly compared: { value: string | null }
}) {
  // The branch is the same object when it has grown.
  worldVersion.value
  const isRenaming = useSignal(false)
  const outcome = outcomeOf(branch)
  const isCompared = compared.value === branch.id
  const rename = (name: string) => {
    isRenaming.value = false
    world.value?.rename(branch.id, name)
  }
  return (
    <div class={`branch ${isShown ? 'shown' : ''}`}>
      {isRenaming.value ? (
        <input
          aria-label="Name of the branch"
          value={branch.name}
          autofocus
          onKeyDown={(event) => {
            if (event.key === 'Enter') rename(event.currentTarget.value)
            if (event.key === 'Escape') isRenaming.value = false
          }}
          onBlur={(event) => isRenaming.value && rename(event.currentTarget.value)}
        />
      ) : (
        <button
          type="button"
          class="branch-name"
          aria-current={isShown}
          onClick={() => switchTo(branch.id)}
          onKeyDown={(event) => {
            if (event.key === 'F2') isRenaming.value = true
          }}
        >
          <b>{branch.name}</b>
          <small>
            {branch.parent === null ? '' : `from step ${branch.ends[branch.at]! - 1} · `}
            {outcome.steps} steps{outcome.view > 0 ? ` · view ${outcome.view}` : ''}
            {outcome.unanswered > 0 ? ` · ${outcome.unanswered} unanswered` : ''}
          </small>
          {outcome.violation === null ? null : <em class="bad">✗ {outcome.violation}</em>}
        </button>
      )}
      <button
        type="button"
        class="small"
        onClick={() => (isRenaming.value = true)}
        aria-label={`Rename ${branch.name}`}
      >
        rename
      </button>
      {isShown ? null : (
        <button
          type="button"
          class="small"
          aria-pressed={isCompared}
          aria-label={`Compare ${branch.name} with the shown branch`}
          onClick={() => (compared.value = isCompared ? null : branch.id)}
        >
          compare
        </button>
      )}
    </div>
  )
}

function ComparisonTable({ comparison: { shared, outcomes } }: { readonly comparison: Comparison }) {
  const [a, b] = outcomes
  const nodes = [...new Set([...Object.keys(a.states), ...Object.keys(b.states)])]
  const rows: readonly [string, (one: Outcome) => string][] = [
    ['then', (one) => one.first ?? 'nothing more'],
    ['steps', (one) => `${one.steps}`],
    ['ends at', (one) => `${Math.round(one.ms)} ms`],
    ...(a.view + b.view > 0 ? [row('view', (one) => `${one.view}`)] : []),
    ...(a.answered + b.answered + a.unanswered + b.unanswered > 0
      ? [
          row(
            'answered',
            (one) => `${one.answered}${one.unanswered > 0 ? `, ${one.unanswered} waiting` : ''}`,
          ),
        ]
      : []),
    ['broken', (one) => one.violation ?? 'nothing'],
    ...nodes.map((node): [string, (one: Outcome) => string] => [
      node,
      (one) => one.states[node] ?? 'not started',
    ]),
  ]
  return (
    <table class="comparison">
      <caption>The first {shared} steps are the same.</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">{a.name}</th>
          <th scope="col">{b.name}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([title, text]) => (
          <tr key={title} class={text(a) === text(b) ? '' : 'differs'}>
            <th scope="row">{title}</th>
            <td>{text(a)}</td>
            <td>{text(b)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const row = (title: string, text: (one: Outcome) => string): [string, (one: Outcome) => string] => [
  title,
  text,
]

function save(current: WorldTree): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([formatWorld(current)], { type: 'application/json' }))
  link.download = `${current.info.scenario ?? 'world'}.standby-world.json`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}
