/** Histories of Jepsen, as EDN or as lines of its log: each process is a client, its operations are calls that are judged. */
import type { Json } from '../../../machines/application/application.ts'
import { keyText } from '../collections.ts'
import type { TraceStep } from '../format.ts'
import { parseEdn } from './edn.ts'
import { type ForeignRun, type NamedText, plainStep } from './foreign-run.ts'

export function isJepsen(head: string): boolean {
  return (
    /^\s*[[(]?\s*(#jepsen\S*\s*)?\{[^}]*:type\s+:(invoke|ok|fail|info)\b/.test(head) || logLine.test(head)
  )
}

/** `... 0 :invoke :write 3`: process, type, operation, value, and perhaps an error. */
const logLine = /(?:^|[\s-])(:nemesis|\d+)\s+:(invoke|ok|fail|info)\s+:([\w-]+)\s+([^\n]*)$/m

interface Operation {
  readonly process: string
  readonly type: string
  readonly f: string
  readonly value: Json
  /** Milliseconds. */
  readonly time: number
  readonly error: Json
}

/** Reads a history. @throws Error if it has no operation. */
export async function readJepsen([file]: readonly NamedText[]): Promise<ForeignRun> {
  const operations = operationsIn(file!.text)
  if (operations.length === 0)
    throw new Error('expected operations of Jepsen, got none; give history.edn or jepsen.log')
  return { options: { origin: 'Jepsen' }, steps: stepsOf(operations), notes: [] }
}

function operationsIn(text: string): Operation[] {
  if (/^\s*[[({#]/.test(text)) {
    const values = parseEdn(text).flatMap((value) => (Array.isArray(value) ? value : [value]))
    return values.flatMap((value, index) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
      const { process, type, f, value: given = null, time, error = null } = value as Record<string, Json>
      const at = typeof time === 'number' ? time / 1e6 : index
      return [{ process: String(process), type: String(type), f: String(f), value: given, time: at, error }]
    })
  }
  return text.split('\n').flatMap((line, index) => {
    const [, process, type, f, rest = ''] = logLine.exec(line.trimEnd()) ?? []
    if (process === undefined) return []
    const [value = null, error = null] = parseEdn(rest.trim() === '' ? 'nil' : rest)
    return [{ process: process.replace(':', ''), type: type!, f: f!, value, time: index, error }]
  })
}

function* stepsOf(operations: readonly Operation[]): Iterable<TraceStep> {
  const open = new Map<string, { readonly id: number; readonly command: Json }>()
  let i = 0
  let calls = 0
  for (const { process, type, f, value, time, error } of operations) {
    if (!/^\d+$/.test(process)) {
      const isFault = /start|kill|partition|stop|pause/.test(f)
      const kind = isFault && type === 'info' ? 'partition' : 'local'
      yield plainStep(i++, null, { kind, t: time, detail: `${process} ${f} ${JSON.stringify(value)}` })
      continue
    }
    const node = `process ${process}`
    if (type === 'invoke') {
      const call = { id: ++calls, command: commandOf(f, value) }
      open.set(node, call)
      yield plainStep(i++, node, { kind: 'call', t: time, call })
      continue
    }
    const call = open.get(node)
    open.delete(node)
    if (call === undefined) continue
    if (type === 'info') {
      // What became of it is not known: it stays open, and the process goes on under another number.
      yield plainStep(i++, node, {
        t: time,
        text: `${f}: outcome unknown${error === null ? '' : ` (${keyText(error)})`}`,
      })
      continue
    }
    yield plainStep(i++, node, {
      kind: 'return',
      t: time,
      call: { ...call, end: endOf(type, f, value, error) },
    })
  }
}

/** Operations on registers as those of a key-value store; `[key value]` is an independent key. Others as they are. */
function commandOf(f: string, value: Json): Json {
  const isKeyed = Array.isArray(value) && value.length === 2 && f !== 'cas' && f !== 'compare-and-set'
  const isKeyedCas = Array.isArray(value) && value.length === 2 && Array.isArray(value[1])
  const [key, content] = isKeyed || isKeyedCas ? (value as [Json, Json]) : ['register', value]
  const name = keyText(key)
  if (f === 'read' || f === 'get') return { op: 'get', key: name }
  if (f === 'write' || f === 'put') return { op: 'put', key: name, value: content }
  if ((f === 'cas' || f === 'compare-and-set') && Array.isArray(content))
    return { op: 'compareAndSet', key: name, expected: content[0] ?? null, value: content[1] ?? null }
  return { op: f, value }
}

function endOf(type: string, f: string, value: Json, error: Json): Json {
  const isCas = f === 'cas' || f === 'compare-and-set'
  // A compare that failed has answered: the value was another one.
  if (type === 'fail' && isCas && error === null) return { value: false }
  if (type === 'fail')
    return { failure: { code: error === null ? 'failed' : keyText(error), mayHaveExecuted: false } }
  if (isCas) return { value: true }
  if (f !== 'read' && f !== 'get') return { value: null }
  return { value: Array.isArray(value) && value.length === 2 ? value[1]! : value }
}
