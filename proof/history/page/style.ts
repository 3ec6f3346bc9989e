// The look of the history page, light and dark.

export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1d2127; --soft: #646c78; --line: #e4e2dc; --rule: #efede7;
  --put: #dbe7fb; --put-edge: #7c9fd8; --append: #d8efe6; --append-edge: #6bae92;
  --get: #f0ece1; --get-edge: #b5aa8d; --delete: #f6e3d3; --delete-edge: #cf9a6b;
  --cas: #eadff5; --cas-edge: #a98acb; --state: #f4f2ec; --thread: #39414d;
  --bad: #b3261e; --bad-soft: #fbe9e7; --good: #1b6e45; --good-soft: #e4f3ea; --unsure: #8a5a00; --unsure-soft: #fbf0d9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --card: #1b1f25; --ink: #e7e9ec; --soft: #98a1ad; --line: #2d333b; --rule: #242a31;
    --put: #20324f; --put-edge: #5d86c6; --append: #1c3b30; --append-edge: #4f9a7b;
    --get: #33302a; --get-edge: #857b63; --delete: #452f1e; --delete-edge: #b37d4e;
    --cas: #382a48; --cas-edge: #9173b5; --state: #232930; --thread: #c8ced6;
    --bad: #ff8a80; --bad-soft: #3a1f1d; --good: #7ed3a5; --good-soft: #17322540; --unsure: #f0c267; --unsure-soft: #3a2e14;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 36px 28px 64px; }
h1 { font-size: 24px; font-weight: 650; letter-spacing: -0.01em; margin: 0 0 14px; }
h2 { font-size: 15px; font-weight: 650; margin: 36px 0 10px; }
code { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.verdict { border: 1px solid var(--line); border-left: 5px solid var(--tone); background: var(--tone-soft); border-radius: 8px; padding: 14px 18px; }
.verdict strong { color: var(--tone); font-size: 17px; }
.verdict p { margin: 4px 0 0; overflow-wrap: anywhere; }
.ok { --tone: var(--good); --tone-soft: var(--good-soft); }
.illegal { --tone: var(--bad); --tone-soft: var(--bad-soft); }
.unknown { --tone: var(--unsure); --tone-soft: var(--unsure-soft); }
.facts { display: flex; flex-wrap: wrap; gap: 4px 26px; margin: 14px 2px 0; padding: 0; list-style: none; color: var(--soft); }
.facts b { color: var(--ink); font-weight: 600; font-variant-numeric: tabular-nums; }
.picture { display: flex; background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.picture .names { flex: none; border-right: 1px solid var(--line); }
.picture .scroll { overflow-x: auto; flex: 1; }
.picture .scroll:focus-visible { outline: 2px solid var(--put-edge); outline-offset: -2px; }
.picture svg { display: block; }
.names text { text-anchor: end; font-size: 12px; fill: var(--ink); }
.names .strip-name { fill: var(--soft); font-style: italic; }
.plot text { font: 11.5px ui-monospace, "SF Mono", Menlo, Consolas, monospace; fill: var(--ink); }
.plot .row { stroke: var(--line); stroke-dasharray: 1 4; }
.plot .tick { stroke: var(--rule); }
.plot .event, .plot .skipped { text-anchor: middle; font-size: 10px; fill: var(--soft); }
.plot .gap { fill: var(--paper); }
.plot .state { fill: var(--state); }
.plot .value { fill: var(--ink); }
.plot .body { fill: var(--get); stroke: var(--get-edge); }
.plot .op-put .body { fill: var(--put); stroke: var(--put-edge); }
.plot .op-append .body { fill: var(--append); stroke: var(--append-edge); }
.plot .op-delete .body { fill: var(--delete); stroke: var(--delete-edge); }
.plot .op-compareAndSet .body { fill: var(--cas); stroke: var(--cas-edge); }
.plot .open .body { stroke-dasharray: 4 3; }
.plot .breaking .body { stroke: var(--bad); stroke-width: 2; }
.plot .hatched { fill: url(#hatch); }
.plot .hatch { stroke: var(--bad); stroke-width: 1.6; opacity: 0.28; }
.plot .last .label { font-weight: 700; fill: var(--bad); }
.badge { fill: var(--bad); }
.plot .letter, .letter { text-anchor: middle; font-weight: 700; fill: var(--card); }
.plot .thread { fill: none; stroke: var(--thread); stroke-width: 1.1; opacity: 0.45; }
.plot .point path { fill: var(--thread); stroke: var(--card); stroke-width: 1.2; }
.plot .point text { text-anchor: middle; font-size: 9px; fill: var(--soft); paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
.note { color: var(--soft); margin: 8px 2px 0; font-size: 13.5px; }
table { border-collapse: collapse; width: 100%; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
th, td { text-align: left; padding: 6px 12px; border-top: 1px solid var(--rule); vertical-align: baseline; }
th { font-weight: 600; color: var(--soft); font-size: 13px; border-top: 0; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
td b { display: inline-block; min-width: 1.7em; text-align: center; color: var(--card); background: var(--bad); border-radius: 9px; font-size: 12px; }
details { margin-top: 20px; } summary { cursor: pointer; font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: 6px 22px; margin: 12px 2px 0; padding: 0; list-style: none; font-size: 13px; color: var(--soft); }
.legend svg { vertical-align: -4px; margin-right: 7px; }
@media print { .picture .scroll { overflow: visible; } }
`
