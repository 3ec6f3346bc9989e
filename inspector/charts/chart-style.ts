/** How charts look, as CSS: in the page with the page's colours, in a drawing of its own with the same ones written out. */
import { fontSizes } from './chart-content.ts'

/** Colours are custom properties of the page; classes begin with `chart-`. */
export const chartStyle = `
.chart-drawing { font: ${fontSizes.text}px Helvetica, Arial, 'Liberation Sans', sans-serif; }
.chart-drawing text { fill: var(--ink); }
.chart-box { fill: var(--panel); stroke: var(--ink-soft); stroke-width: 1; }
.chart-root > .chart-box { fill: var(--paper); stroke: var(--line); }
.chart-compound > .chart-box, .chart-parallel > .chart-box { fill: color-mix(in srgb, var(--ink) 4%, var(--panel)); stroke: color-mix(in srgb, var(--ink) 22%, var(--panel)); }
.chart-region > .chart-box { fill: color-mix(in srgb, var(--ink) 2%, var(--panel)); stroke: color-mix(in srgb, var(--ink) 34%, var(--panel)); stroke-dasharray: 6 4; }
.chart-anywhere > .chart-box { stroke-dasharray: 4 3; }
.chart-title { font-size: ${fontSizes.title}px; font-weight: 700; }
.chart-anywhere .chart-title { font-size: ${fontSizes.text}px; }
.chart-drawing .chart-soft, .chart-drawing .chart-guard { fill: var(--ink-soft); }
.chart-guard { font-style: italic; }
.chart-drawing .chart-event { font-weight: 700; fill: var(--accent); }
.chart-drawing .chart-delay { fill: var(--ink-soft); }
.chart-chip { fill: color-mix(in srgb, var(--accent) 14%, var(--panel)); }
.chart-chip-text { font-size: ${fontSizes.chip}px; }
.chart-rule { stroke: color-mix(in srgb, var(--ink) 14%, var(--panel)); }
.chart-path { fill: none; stroke: color-mix(in srgb, var(--ink) 55%, var(--panel)); stroke-width: 1.3; }
.chart-head { fill: color-mix(in srgb, var(--ink) 55%, var(--panel)); }
.chart-dot { fill: var(--ink); }
.chart-icon { fill: none; stroke: var(--ink); stroke-width: 1.3; }
.chart-plate { fill: none; }
.chart-halo { paint-order: stroke; stroke: color-mix(in srgb, var(--ink) 3%, var(--panel)); stroke-width: 4px; stroke-linejoin: round; }
.chart-active > .chart-box { stroke: var(--accent); stroke-width: 2.5; }
.chart-atomic.chart-active > .chart-box, .chart-final.chart-active > .chart-box { fill: color-mix(in srgb, var(--accent) 13%, var(--panel)); }
.chart-root.chart-active > .chart-box { stroke: var(--line); stroke-width: 1; }
.chart-taken > .chart-path { stroke: var(--accent); stroke-width: 3; }
.chart-taken > .chart-head { fill: var(--accent); }
.chart-taken-line { fill: color-mix(in srgb, var(--accent) 20%, var(--panel)); }
.chart-drawing .chart-yes { fill: var(--ok); font-weight: 700; }
.chart-drawing .chart-no { fill: var(--bad); font-weight: 700; }
.chart-marker > circle { stroke: var(--panel); stroke-width: 2; }
.chart-drawing .chart-marker > text { fill: var(--paper); font-weight: 700; font-size: 12.5px; text-anchor: middle; }
.chart-diverged > circle { stroke: var(--bad); stroke-width: 3; stroke-dasharray: 4 2; }
.chart-drawing .chart-diverged > .chart-unequal { fill: var(--bad); font-size: 16px; paint-order: stroke; stroke: var(--panel); stroke-width: 3px; }
.chart-floating > .chart-label { display: none; }
.chart-floating .chart-plate { fill: var(--panel); stroke: var(--line); }
.chart-floating.chart-taken > .chart-label, .chart-floating.chart-near > .chart-label, .chart-floating:hover > .chart-label { display: inline; }
.chart-near > .chart-path { stroke: var(--ink); stroke-width: 2; }
`

/** What only a chart in the page needs: where it lies, and that it can be pressed. */
export const chartPageStyle = `
.chart { position: relative; width: 100%; height: 100%; min-height: 120px; overflow: hidden; }
.chart > .chart-drawing { display: block; width: 100%; height: 100%; touch-action: pan-y pinch-zoom; user-select: none; }
.chart-tools { position: absolute; right: 8px; bottom: 8px; display: flex; gap: 4px; }
.chart-tools > button { min-width: 26px; padding: 1px 7px; color: var(--ink-soft); }
.chart-tools > button:hover { color: var(--ink); }
.chart-state:focus, .chart-enabled:focus { outline: none; }
.chart-state:focus-visible > .chart-box { stroke: var(--accent); stroke-width: 3; stroke-dasharray: 2 3; }
.chart-open > .chart-path { stroke: var(--accent); stroke-width: 2; stroke-dasharray: 5 3; }
.chart-floating.chart-open > .chart-label, .chart[data-far] .chart-edge.chart-open > .chart-label { display: inline; opacity: 0; pointer-events: none; }
.chart-edge.chart-open.chart-taken > .chart-label, .chart-edge.chart-open.chart-near > .chart-label, .chart-edge.chart-open:hover > .chart-label, .chart-edge.chart-open:focus-within > .chart-label { opacity: 1 !important; pointer-events: auto !important; }
.chart-enabled { cursor: pointer; }
.chart-enabled > .chart-plate { fill: color-mix(in srgb, var(--accent) 9%, var(--panel)); stroke: var(--accent); stroke-dasharray: 3 2; }
.chart-enabled:hover > .chart-plate, .chart-enabled:focus-visible > .chart-plate { fill: color-mix(in srgb, var(--accent) 28%, var(--panel)); stroke-dasharray: none; stroke-width: 2; }
.chart-edge:hover > .chart-path { stroke: var(--ink); stroke-width: 2; }
.chart-edge:hover > .chart-label { display: inline; }
.chart[data-far] .chart-leaf-text, .chart[data-far] .chart-edge > .chart-label { display: none; }
.chart[data-far] .chart-edge.chart-near > .chart-label, .chart[data-far] .chart-edge:hover > .chart-label, .chart[data-far] .chart-edge.chart-taken > .chart-label { display: inline; }
.chart-frame { display: grid; grid-template-rows: auto minmax(0, 1fr); height: 100%; min-height: 0; }
.chart-head { display: flex; align-items: center; gap: 8px; padding: 6px 12px 4px; }
.chart-head > b { flex: 1; }
.chart-large { width: 96vw; height: 94vh; max-width: none; max-height: none; padding: 0; border: 1px solid var(--line); border-radius: 10px; background: var(--panel); color: inherit; }
.chart-large[open] { display: grid; grid-template-rows: auto minmax(0, 1fr); }
.chart-large::backdrop { background: rgb(0 0 0 / 35%); }
.chart-undrawn { overflow: auto; }
.node-chart { display: grid; grid-template-rows: minmax(0, 1fr) auto; height: 100%; }
.chart-tried { display: flex; flex-direction: column; gap: 1px; max-height: 84px; overflow: auto; padding: 6px 12px; border-top: 1px solid var(--line); font-size: 12px; color: var(--ink-soft); }
.chart-tried b, .chart-tried-taken { color: var(--ink); }
.chart-tried .chart-yes, .chart-nodes .chart-yes { color: var(--ok); }
.chart-tried .chart-no, .chart-nodes .chart-no { color: var(--bad); }
.charts-panel { display: grid; grid-template-columns: minmax(150px, auto) minmax(0, 1fr); height: 100%; }
.chart-nodes { padding: 10px 12px; border-right: 1px solid var(--line); overflow: auto; }
.chart-nodes ul { margin: 8px 0; padding: 0; list-style: none; line-height: 1.9; }
.chart-nodes svg { vertical-align: -4px; margin-right: 6px; }
.chart-nodes svg text { fill: var(--paper); font-size: 11px; font-weight: 700; }
.chart-outline { margin: 0; padding: 4px 0 4px 18px; line-height: 1.6; }
.chart-outline .chart-outline-active > span { font-weight: 700; color: var(--accent); }
@media (prefers-reduced-motion: no-preference) {
  .chart-box, .chart-path { transition: stroke 120ms, fill 120ms; }
}
`

/** The page's colours for a drawing that stands by itself, light or dark as its reader has it. */
export const ownColours = `
.chart-drawing { --ink: #1c2430; --ink-soft: #5b6778; --paper: #f7f8fa; --panel: #ffffff; --line: #d4d9e1; --accent: #2f5fd0; --ok: #1a7f4b; --bad: #c0322b; --warn: #9a6400; }
@media (prefers-color-scheme: dark) {
  .chart-drawing { --ink: #e6ebf2; --ink-soft: #9aa8bb; --paper: #0f141b; --panel: #18202a; --line: #3a4657; --accent: #8fb1ff; --ok: #5fd39a; --bad: #ff8f85; --warn: #e5b567; }
}
`
