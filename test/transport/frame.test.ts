/** Frames: what is taken, what is refused and by which name, versions that meet, and proofs that cannot be used again. */
import { describe, expect, test } from 'vitest'
import {
  type Authentication,
  checkedAuthentication,
  isProof,
  permits,
  prove,
} from '../../runtime/transport/authentication.ts'
import {
  decodeFrame,
  encodeEnvelope,
  exceeds,
  unknownVersion,
  versions,
} from '../../runtime/transport/frame.ts'

const limits = { depthMax: 20 }
const envelope = {
  from: 'a#1',
  to: 'b#1',
  message: { type: 'getView' },
  stamp: { lamport: 1, vector: {} },
} as const

describe('frames', () => {
  test('an envelope is read as it was written, keys like __proto__ included', () => {
    const vector = JSON.parse('{"__proto__":3,"1":2}')
    const sent = { ...envelope, stamp: { lamport: 4, vector, truncated: true } } as never

    expect(decodeFrame(encodeEnvelope(sent), limits)).toEqual({ frame: 'envelope', envelope: sent })
  })

  test.each<[string, string, string]>([
    ['no JSON', 'GET / HTTP/1.1', 'malformed'],
    ['nothing', '', 'malformed'],
    ['null', 'null', 'malformed'],
    ['a list', '[]', 'malformed'],
    ['an unknown frame', '{"frame":"explode"}', 'malformed'],
    ['a frame that every object has', '{"frame":"toString"}', 'malformed'],
    ['an envelope from nobody', JSON.stringify({ ...envelope, from: '' }), 'malformed'],
    ['an envelope to a number', JSON.stringify({ ...envelope, to: 7 }), 'malformed'],
    ['an envelope without a message', JSON.stringify({ ...envelope, message: null }), 'malformed'],
    [
      'a stamp with a negative count',
      JSON.stringify({ ...envelope, stamp: { lamport: -1, vector: {} } }),
      'malformed',
    ],
    [
      'a stamp with a text',
      JSON.stringify({ ...envelope, stamp: { lamport: 1, vector: { a: 'x' } } }),
      'malformed',
    ],
    ['depth', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'tooDeep'],
    ['another protocol', JSON.stringify({ frame: 'hello', protocol: 'other' }), 'protocol'],
    [
      'a nonce that is none',
      JSON.stringify({ frame: 'hello', protocol: 'standby', versions: [1, 1] }),
      'malformed',
    ],
  ])('%s is refused by name', (_, raw, code) => {
    expect(decodeFrame(raw, limits)).toMatchObject({ frame: null, code, message: expect.any(String) })
  })

  test('bytes are counted as UTF-8, without a copy', () => {
    for (const text of ['', 'abc', 'äöü', '€uro', '😀😀', 'x'.repeat(50)]) {
      const bytes = Buffer.byteLength(text)
      expect([exceeds(text, bytes), exceeds(text, bytes - 1)]).toEqual([false, true])
    }
  })
})

describe('versions', () => {
  test('ranges that overlap meet; others are refused with what to do', () => {
    const [from, to] = versions

    expect([unknownVersion([from, to]), unknownVersion([0, from]), unknownVersion([to, to + 5])]).toEqual([
      null,
      null,
      null,
    ])
    expect(unknownVersion([to + 1, to + 2])).toContain('upgrade the older of the two, this one')
    expect(unknownVersion([0, from - 1])).toContain('that one')
  })
})

describe('keys', () => {
  const secret = 'sixteen characters or more'

  test('a proof holds for one side, one secret, and what both said', async () => {
    const proof = await prove(secret, 'dialer', 'hello 1', 'hello 2')

    expect(await isProof(proof, secret, 'dialer', 'hello 1', 'hello 2')).toBe(true)
    const others = [
      isProof(proof, secret, 'listener', 'hello 1', 'hello 2'),
      isProof(proof, `${secret}!`, 'dialer', 'hello 1', 'hello 2'),
      isProof(proof, secret, 'dialer', 'hello 1', 'hello 3'),
      isProof(proof, secret, 'dialer', 'hello 1hello', ' 2'),
      isProof('', secret, 'dialer', 'hello 1', 'hello 2'),
    ]
    expect(await Promise.all(others)).toEqual([false, false, false, false, false])
  })

  test.each<[readonly string[], string, boolean]>([
    [['s1'], 's1#4', true],
    [['s1'], 's10#1', false],
    [['s1'], 's1#x', false],
    [['web-*'], 'web-7#1', true],
    [['web-*'], 'view-service', false],
    [['*'], 'anything', true],
    [[], 'anything', false],
  ])('the names %j and the node %s: %s', (names, id, isPermitted) => {
    expect(permits(names, id)).toBe(isPermitted)
  })

  test.each<[string, unknown]>([
    ['a short secret', { key: { id: 'a', secret: 'short-secret' } }],
    ['no names', { accepts: { a: { secret, names: [] } } }],
    ['an unknown option', { password: secret } as Authentication],
  ])('%s is refused without a word of the secret', (_, authentication) => {
    const refuse = () => checkedAuthentication(authentication)

    expect(refuse).toThrow(expect.objectContaining({ code: 'invalidOption' }))
    expect(refuse).not.toThrow(/short-secret|sixteen/)
  })
})
