/** A report of coverage as text and as a page. */
import { type CoverageKind, coverageKinds, percent, type Share, sharesOf } from './merge.ts'
import type { MachineCoverage, StateCount } from './recorder.ts'

/** Thresholds that fail a run, in percent. */
export type CoverageThresholds = Readonly<Partial<Record<CoverageKind, number>>>

/** A line for each machine, then what it misses. */
export function coverageText(coverage: readonly MachineCoverage[]): string {
  if (coverage.length === 0) return 'chart coverage: no machine was run'
  const width = Math.max(...coverage.map(({ machine }) => machine.length))
  return [
    'chart coverage',
    ...coverage.flatMap((one) => {
      const shares = sharesOf(one)
      const figures = coverageKinds.map((kind) => `${kind} ${figure(shares[kind])}`).join('   ')
      const missed = coverageKinds.flatMap((kind) => shares[kind].missed.map((id) => `    ${kind}: ${id}`))
      return [`  ${one.machine.padEnd(width)}   ${figures}`, ...missed]
    }),
  ].join('\n')
}

/** Sentences for thresholds that are missed, machine by machine. */
export function missedThresholds(
  coverage: readonly MachineCoverage[],
  thresholds: CoverageThresholds,
): readonly string[] {
  return coverage.flatMap((one) => {
    const shares = sharesOf(one)
    return coverageKinds
      .filter((kind) => thresholds[kind] !== undefined && percent(shares[kind]) < thresholds[kind])
      .map(
        (kind) =>
          `chart coverage: expected at least ${thresholds[kind]} % of the ${kind} of ${one.machine}, got ${percent(shares[kind]).toFixed(1)} %`,
      )
  })
}

/** One page without scripts: each chart as nested boxes, what was not reached marked. */
export function coverageHtml(coverage: readonly MachineCoverage[]): string {
  const charts = coverage.map((one) => {
    const shares = sharesOf(one)
    const figures = coverageKinds.map((kind) => `<li>${kind} <b>${figure(shares[kind])}</b></li>`).join('')
    return `<section><h2>${escaped(one.machine)}</h2><ul class="figures">${figures}</ul>${box(one.states[0]!, one)}</section>`
  })
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Chart coverage</title><style>${style}</style><h1>Chart coverage</h1>
<p class="key"><span class="state missed">state never entered</span> <span class="transition missed">transition never taken</span>
<span class="transition half">guard that gave one answer only</span></p>
${charts.join('\n')}</html>\n`
}

function box(state: StateCount, coverage: MachineCoverage): string {
  const children = coverage.states.filter(({ id }) => parentOf(id, coverage) === state.id)
  const transitions = coverage.transitions.filter(({ source }) => source === state.id)
  const rows = transitions.map(({ id, taken, guard }) => {
    const half = guard !== null && (guard.passed === 0 || guard.refused === 0)
    const kind = taken === 0 ? 'missed' : half ? 'half' : 'covered'
    const answers = guard === null ? '' : ` (${guard.passed} yes, ${guard.refused} no)`
    return `<li class="transition ${kind}">${escaped(id.slice(state.id.length + 2))}<i>${taken}x${answers}</i></li>`
  })
  const own = state.entered === 0 ? 'missed' : 'covered'
  const name = state.id.split('.').at(-1)!
  return `<div class="state ${own} ${state.type}"><h3>${escaped(name)}<i>${state.entered}x</i></h3>${
    rows.length > 0 ? `<ul>${rows.join('')}</ul>` : ''
  }${children.length > 0 ? `<div class="inside">${children.map((child) => box(child, coverage)).join('')}</div>` : ''}</div>`
}

/** The state with the longest id that this one's begins with; a state with an id of its own stands below the root. */
function parentOf(id: string, { states }: MachineCoverage): string | null {
  const [root] = states
  if (id === root?.id) return null
  const ancestors = states.filter((state) => id.startsWith(`${state.id}.`)).map((state) => state.id)
  return ancestors.sort((left, right) => right.length - left.length)[0] ?? root?.id ?? null
}

function figure(share: Share): string {
  return `${share.covered}/${share.all} (${Math.floor(percent(share))} %)`
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}

const style = `
:root{color-scheme:light dark;--line:#8886;--miss:#c62828;--half:#b26a00;--ink:#222;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--miss:#ff8a80;--half:#ffcc80;--ink:#ddd;--paper:#181a1f}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{margin-top:2.5rem;font-size:1.2rem}h3{font-size:.95rem;margin:0}
ul{list-style:none;margin:.3rem 0;padding:0}.figures{display:flex;gap:2rem}
.state{border:1px solid var(--line);border-radius:8px;padding:.5rem .8rem;margin:.4rem 0}
.parallel>.inside>.state{border-style:dashed}
.inside{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:.2rem .8rem}
.transition{font:13px/1.6 ui-monospace,monospace;overflow-wrap:anywhere}
.missed{border-color:var(--miss)}.missed>h3,li.missed,span.missed{color:var(--miss)}li.missed::before{content:"✗ "}
.half{color:var(--half)}li.half::before{content:"◐ "}li.covered::before{content:"✓ "}
i{font-style:normal;opacity:.6;font-weight:400;margin-left:.7em}.key span{display:inline-block;padding:.1rem .6rem;margin-right:.6rem}
`
