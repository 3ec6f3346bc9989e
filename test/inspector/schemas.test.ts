/** The page's stand-in for Valibot: of whatever comes in it thinks as Valibot does, and says so in the same words. */
import fc from 'fast-check'
import type { GenericSchema } from 'valibot'
import { beforeAll, expect, test, vi } from 'vitest'

/** What each schema of the page says of a value: its output, or the first thing that is wrong. */
type Judge = (name: string, value: unknown) => unknown

/** All modules anew, so that they are made with what `valibot` is at the moment. */
async function createJudge(): Promise<Judge> {
  const v = await import('valibot')
  const { messageSchemas } = await import('../../machines/messages.ts')
  const { schemas } = await import('../../actors/options.ts')
  const { envelopeSchema } = await import('../../actors/envelope.ts')
  const { checkedChoice } = await import('../../proof/stage/choice.ts')
  const { readWorld } = await import('../../proof/stage/world-file.ts')
  const { createTraceLineReader } = await import('../../runtime/trace/read.ts')
  const whole = v.pipe(v.number('expected a number'), v.integer('expected a whole number'), v.minValue(1))
  const known: Readonly<Record<string, GenericSchema>> = {
    ...messageSchemas,
    ...schemas,
    envelope: envelopeSchema,
    numbers: v.strictObject(
      { whole: v.optional(whole), some: v.pipe(v.array(whole), v.maxLength(2)) },
      'numbers',
    ),
  }
  const functions: Record<string, (value: never) => unknown> = {
    choice: (value) => checkedChoice(value, 'choice'),
    world: (value) => readWorld(JSON.stringify(value)).branches.length,
    header: (value) => createTraceLineReader().read(JSON.stringify(value)),
    step(value) {
      const reader = createTraceLineReader()
      reader.read(JSON.stringify(examples.header))
      return reader.read(JSON.stringify(value) ?? 'null')
    },
  }
  return (name, value) => {
    const judge = functions[name]
    if (judge === undefined) {
      const { success, output, issues } = v.safeParse(known[name]!, value)
      return success ? output : [issues[0].message, v.getDotPath(issues[0])]
    }
    try {
      return judge(value as never)
    } catch (error) {
      return (error as Error).message
    }
  }
}

const method = () => {}
const view = { number: 1, primary: 's1#1', backup: null }
const body = { session: 4, seq: 2, commands: ['a', 'b'], bytes: 9 }
const clock = { now: method, setTimeout: method, clearTimeout: method, soon: method }
const examples: Record<string, unknown> = {
  viewReply: { type: 'viewReply', view, founding: true },
  request: { type: 'request', viewNumber: 1, ...body },
  reply: {
    type: 'reply',
    session: null,
    seq: 2,
    outcome: {
      kind: 'results',
      results: [{ value: 1 }, { error: { code: 'applicationError', message: 'no' } }],
    },
  },
  refusal: { type: 'refusal', viewNumber: 1, session: 4, seq: 2, reason: 'overloaded' },
  forward: { type: 'forward', viewNumber: 1, number: 1, requests: [{ client: 'c1#1', ...body }] },
  stateTransfer: { type: 'stateTransfer', view, index: 0, last: true, data: { any: ['json', null] } },
  timing: { pingIntervalMs: 20, pingTimeout: 3 },
  limits: { queueMax: 4, vectorEntriesMax: Number.POSITIVE_INFINITY },
  name: 's1',
  servers: ['s1', 's2'],
  id: 's1#1',
  call: { signal: { aborted: false, addEventListener: method }, timeoutMs: 3 },
  ports: { transport: { attach: method, send: method, close: method }, clock },
  cluster: { seed: 3, observe: method, inspect: { next: method }, clock },
  seed: 3,
  timeoutMs: Number.POSITIVE_INFINITY,
  envelope: {
    from: 's1#1',
    to: 's2#1',
    message: { type: 'getView' },
    stamp: { lamport: 1, vector: { 's1#1': 1 } },
  },
  choice: { kind: 'call', client: 'c1', commands: [{ op: 'get', key: 'k' }], at: 3 },
  numbers: { whole: 3, some: [1] },
  world: {
    format: 'standby-world',
    version: 1,
    title: 'two',
    options: { servers: ['s1', 's2'], clients: ['c1'], timing: { pingIntervalMs: 20 } },
    branches: [{ name: 'main', parent: null, at: 0, own: [2], captions: [{ at: 1, text: 'so' }] }],
    shown: { branch: 0, position: 1 },
  },
  header: { format: 'standby-trace', version: 1, machines: [], nodes: [] },
  step: {
    i: 0,
    node: 's1#1',
    kind: 'send',
    t: 0,
    lamport: 1,
    vector: { 's1#1': 1 },
    message: { id: 's1#1@1', copy: 0, type: 'ping', from: 's1#1', to: 's2#1', more: [1] },
    operations: [],
    verdicts: [],
  },
}

let valibot: Judge
let standIn: Judge

beforeAll(async () => {
  valibot = await createJudge()
  vi.resetModules()
  vi.doMock('valibot', () => import('../../inspector/stand-ins/schemas.ts'))
  standIn = await createJudge()
  expect('safeParseAsync' in (await import('valibot'))).toBe(false)
})

test.each(Object.keys(examples))('%s: an example is taken as Valibot takes it', (name) => {
  expect(standIn(name, examples[name])).toEqual(valibot(name, examples[name]))
})

const odd = fc.constantFrom(
  ...[undefined, null, true, '', 'x', 'results', -1, 0, 1, 1.5, 1e99, Number.NaN, method],
  ...[[], {}, [1], ['s1', 's1'], { kind: 'next' }, { value: 1 }, new Date(0), new Map()],
)

test('whatever is put into an example, taken from it or added to it, the first complaint is the same', () => {
  const change = fc.record({ at: fc.nat(40), how: fc.constantFrom('put', 'take', 'add'), value: odd })
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(examples)),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (name, changes) => {
        const value = changes.reduce<unknown>(changed, examples[name])
        expect(standIn(name, value)).toEqual(valibot(name, value))
      },
    ),
    { numRuns: 3000 },
  )
})

interface Change {
  readonly at: number
  readonly how: 'put' | 'take' | 'add'
  readonly value: unknown
}

/** A copy of a value that is changed at one of its places, counted in depth. */
function changed(value: unknown, { at, how, value: other }: Change): unknown {
  const places = placesIn(value)
  const place = places[at % (places.length + 1)]
  if (place === undefined) return how === 'put' ? other : value
  const visit = (part: unknown, path: readonly string[]): unknown => {
    const [key, ...rest] = path
    if (key === undefined) return other
    const copy = Array.isArray(part) ? [...part] : { ...(part as object) }
    const members = copy as Record<string, unknown>
    if (rest.length === 0 && how === 'take') delete members[key]
    else if (rest.length === 0 && how === 'add') members.added = other
    else members[key] = visit(members[key], rest)
    return copy
  }
  return visit(value, place)
}

function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, part]) => [[...path, key], ...placesIn(part, [...path, key])])
}
