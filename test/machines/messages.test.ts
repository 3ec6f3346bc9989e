/** The messages of the protocol: which values are messages, and which operations they serve. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  invalidMessage,
  type Message,
  type MessageType,
  messageSchemas,
  operationsOf,
} from '../../machines/messages.ts'
import { watchMessages } from '../support/watch-messages.ts'

const view = { number: 1, primary: 's1#1', backup: null }
const requestBody = { session: 4, seq: 2, commands: ['a', 'b'], bytes: 9 }
const results = {
  kind: 'results',
  results: [{ value: 1 }, { error: { code: 'applicationError', message: 'no' } }],
} as const

/** One of each type; the record has to have all of them. */
const examples: { readonly [Type in MessageType]: Message & { readonly type: Type } } = {
  ping: { type: 'ping', viewNumber: 0 },
  getView: { type: 'getView' },
  viewReply: { type: 'viewReply', view },
  request: { type: 'request', viewNumber: 1, ...requestBody },
  reply: { type: 'reply', session: 4, seq: 2, outcome: results },
  refusal: { type: 'refusal', viewNumber: 1, session: 4, seq: 2, reason: 'overloaded' },
  forward: { type: 'forward', viewNumber: 1, number: 1, requests: [{ client: 'c1#1', ...requestBody }] },
  forwardAck: { type: 'forwardAck', viewNumber: 1, number: 1, digest: 'd' },
  stateTransfer: { type: 'stateTransfer', view, index: 0, last: true, data: { any: ['json', null] } },
  stateTransferAck: { type: 'stateTransferAck', viewNumber: 1, index: 0 },
  replicaDiverged: { type: 'replicaDiverged', viewNumber: 1 },
  ...watchMessages,
}
const all = Object.entries(examples) as [MessageType, Message][]

describe('which values are messages', () => {
  it.each(all)('%s is one', (_, message) => {
    expect(invalidMessage(message)).toBeNull()
  })

  it.each(all)('%s is one after its way through JSON', (_, message) => {
    expect(invalidMessage(JSON.parse(JSON.stringify(message)))).toBeNull()
  })

  it.each(all)('%s may carry more, such as its sender', (_, message) => {
    expect(invalidMessage({ ...message, from: 's1#1', clock: { lamport: 1 } })).toBeNull()
  })

  it.each(
    all.flatMap(([type, message]) =>
      Object.keys(message)
        .filter((key) => key !== 'type')
        .map((key) => [type, key] as const),
    ),
  )('%s is none without its %s, and the text says so', (type, key) => {
    const { [key]: _, ...rest } = examples[type] as unknown as Record<string, unknown>

    expect(invalidMessage(rest)).toMatch(new RegExp(`^${type} at ${key}`))
  })

  it.each<readonly [string, unknown]>([
    ['a negative count', { type: 'ping', viewNumber: -1 }],
    ['a count that is no integer', { type: 'ping', viewNumber: 0.5 }],
    ['a count beyond the safe integers', { type: 'ping', viewNumber: 2 ** 53 }],
    ['a count that is NaN', { type: 'ping', viewNumber: Number.NaN }],
    ['a count as text', { type: 'ping', viewNumber: '1' }],
    ['an unknown reason', { ...examples.refusal, reason: 'tired' }],
    ['an unknown outcome', { ...examples.reply, outcome: { kind: 'staleSequence' } }],
    ['a command that is undefined', { ...examples.request, commands: [undefined] }],
    ['a view without a number', { ...examples.viewReply, view: { primary: null, backup: null } }],
    [
      'a view with one server in both roles',
      { ...examples.viewReply, view: { ...view, backup: view.primary } },
    ],
    ['a primary that is no text', { ...examples.viewReply, view: { ...view, primary: 1 } }],
    ['a forwarded request without a client', { ...examples.forward, requests: [requestBody] }],
    [
      'a result that is neither value nor error',
      { ...examples.reply, outcome: { kind: 'results', results: [{}] } },
    ],
    ['data that is undefined', { ...examples.stateTransfer, data: undefined }],
  ])('N3 %s makes no message', (_, value) => {
    expect(invalidMessage(value)).toEqual(expect.any(String))
  })

  it.each<readonly [string, unknown, string]>([
    ['an unknown type', { type: 'hello' }, '"hello"'],
    ['__proto__', { type: '__proto__' }, '"__proto__"'],
    ['a method of objects', { type: 'toString' }, '"toString"'],
    ['a wildcard', { type: '*' }, '"*"'],
    ['a number', { type: 17 }, 'number'],
    ['a bigint', { type: 1n }, 'bigint'],
    ['an object without a type', {}, 'none'],
    ['null', null, 'none'],
    ['undefined', undefined, 'none'],
    ['a text', 'ping', 'none'],
    ['an array', [], 'none'],
  ])('N3 %s is no message: the text says what was expected and got', (_, value, got) => {
    expect(invalidMessage(value)).toBe(
      `expected a message of type ${Object.keys(messageSchemas).join(', ')}, got ${got}`,
    )
  })

  it('N3 any input is accepted or ignored, and nothing throws', () => {
    const type = fc.oneof(fc.constantFrom(...Object.keys(messageSchemas)), fc.anything())
    fc.assert(
      fc.property(
        fc.oneof(fc.anything(), fc.record({ type, view: fc.anything(), seq: fc.anything() })),
        (value) => {
          const said = invalidMessage(value)

          expect(said === null || said.length > 0).toBe(true)
        },
      ),
    )
  })
})

describe('the operations that a message serves', () => {
  it('a request serves each of its commands', () => {
    expect(operationsOf(examples.request)).toEqual(['4/2/0', '4/2/1'])
  })

  it('an opening serves none', () => {
    expect(operationsOf({ ...examples.request, session: null } as Message)).toEqual([])
  })

  it('a forward serves those of all its requests', () => {
    const requests = [
      { client: 'a', ...requestBody },
      { client: 'b', ...requestBody, session: 7, commands: ['c'] },
      { client: 'c', ...requestBody, session: null, commands: [] },
    ]

    expect(operationsOf({ ...examples.forward, requests })).toEqual(['4/2/0', '4/2/1', '7/2/0'])
  })

  it('a reply serves as many as it has results', () => {
    expect(operationsOf(examples.reply)).toEqual(['4/2/0', '4/2/1'])
  })

  it('a reply without results serves the first, for all of its request', () => {
    expect(operationsOf({ ...examples.reply, outcome: { kind: 'sessionExpired' } })).toEqual(['4/2/0'])
  })

  it('the reply to an opening serves none', () => {
    const outcome = { kind: 'opened', session: 4 } as const

    expect(operationsOf({ ...examples.reply, session: null, outcome })).toEqual([])
  })

  it('a refusal serves its request as a whole', () => {
    expect(operationsOf(examples.refusal)).toEqual(['4/2'])
    expect(operationsOf({ ...examples.refusal, session: null })).toEqual([])
  })

  it.each([
    'ping',
    'getView',
    'viewReply',
    'forwardAck',
    'stateTransfer',
    'stateTransferAck',
    'replicaDiverged',
  ] as const)('%s serves none', (type) => {
    expect(operationsOf(examples[type])).toEqual([])
  })
})
