/** The page with a trace inside: one file to mail, which opens from disk and makes no connection at all. */
import type { ReadTrace } from '../../runtime/observe/read-trace.ts'
import type { TraceEnd } from '../../runtime/observe/trace.ts'

/** The element that the page reads its trace from. */
const traceId = 'trace'

const policy =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'"

/**
 * The story of a trace.
 * @param page the text of `inspector.html`
 * @throws Error for a page that is not the inspector's.
 */
export function toStory(trace: ReadTrace, page: string): string {
  const head = /<head[^>]*>/i.exec(page)
  if (head === null || page.search(/<script/i) < 0) {
    throw new Error(
      'expected the page inspector.html, got a text without head and script; build it with npm run build',
    )
  }
  const scripts = /<meta[^>]+http-equiv=["']?content-security-policy["']?[^>]*>/gi
  const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}">`
  const data = `<script type="application/jsonl" id="${traceId}">\n${inScript(traceText(trace))}</script>`
  const at = head.index + head[0].length
  const isolated = `${page.slice(0, at)}\n${meta}${page.slice(at).replaceAll(scripts, '')}`
  // Before the page's own script, which may run as soon as it is read. Not `replace`: data is full of `$`.
  const begin = at + meta.length + 1
  return `${isolated.slice(0, begin)}\n${data}${isolated.slice(begin)}`
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
