/** The page with a trace inside: one file to mail, which opens from disk and makes no connection at all. */

import type { TraceEnd } from '../format.ts'
import type { ReadTrace } from '../read.ts'

/** The element that the page reads its trace from. */
const traceId = 'trace'

/** What a page without a policy of its own may do. */
const policyDefault =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"

/**
 * The story of a trace.
 * @param page the text of `inspector.html`
 * @throws Error for a page that is not the inspector's.
 */
export function toStory(trace: ReadTrace, page: string): string {
  const head = /<head[^>]*>/i.exec(page)
  const script = page.search(/<script/i)
  if (head === null || script < head.index) {
    throw new Error(
      'expected the page inspector.html, got a text without head and script; build it with npm run build',
    )
  }
  const at = head.index + head[0].length
  // Only before the script, which may speak of such an element itself.
  const meta = /<meta[^>]+http-equiv=["']?content-security-policy["']?[^>]*>/i.exec(page.slice(at, script))
  const own = meta?.[0].match(/content="([^"]*)"/)?.[1] ?? policyDefault
  const [from, to] = meta === null ? [at, at] : [at + meta.index, at + meta.index + meta[0].length]
  const policy = `<meta http-equiv="Content-Security-Policy" content="${withoutConnections(own)}">`
  const data = `<script type="application/jsonl" id="${traceId}">\n${inScript(traceText(trace))}</script>`
  // The trace stands before the page's own script, which may run as soon as it is read.
  return `${page.slice(0, from)}${policy}\n${data}${page.slice(to)}`
}

/** The page's own policy, which says by hash what may run; connections fall back to `'none'`. */
function withoutConnections(policy: string): string {
  const kept = policy
    .split(';')
    .map((directive) => directive.trim())
    .filter((directive) => directive !== '' && !/^(default|connect)-src/.test(directive))
  return ["default-src 'none'", ...kept].join('; ')
}

/** The trace as JSON lines, as `readTrace` reads them. */
export function traceText({ header, steps, complete, dropped }: ReadTrace): string {
  const end: TraceEnd = { end: true, steps: steps.length, dropped }
  const lines = [header, ...steps, ...(complete ? [end] : [])].map((line) => JSON.stringify(line))
  return `${lines.join('\n')}\n`
}

/** JSON says the same with `<` written as an escape, and no text in it can end the script or open a comment. */
function inScript(json: string): string {
  return json.replaceAll('<', '\\u003c')
}
