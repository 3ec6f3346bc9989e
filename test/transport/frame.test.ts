/** Frames: what is taken, what is refused and by which name, versions that meet, and proofs that cannot be used again. */
import { describe, expect, test } from 'vitest'
import {
  type Authentication,
  checkedAuthentication,
  generateKeyPair,
  isProof,
  permits,
  prove,
  refuseUnusableKeys,
} from '../../runtime/transport/authentication.ts'
import {
  decodeFrame,
  encodeEnvelope,
  exceeds,
  isDeeper,
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
    ['an envelope from no node', JSON.stringify({ ...envelope, from: '' }), 'malformed'],
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
      'a nonce that is invalid',
      JSON.stringify({ frame: 'hello', protocol: 'standby', versions: [2, 2] }),
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

test('a hello of version 1, which had other fields, is refused by its version', () => {
  const raw = JSON.stringify({ frame: 'hello', protocol: 'standby', versions: [1, 1], system: 'standby' })

  expect(decodeFrame(raw, limits)).toMatchObject({
    code: 'version',
    message: expect.stringContaining('got 1'),
  })
})

test('depth is known before anything is parsed, and brackets in texts are none', () => {
  expect(decodeFrame('['.repeat(1_000_000), limits)).toMatchObject({ code: 'tooDeep' })
  expect(isDeeper(JSON.stringify({ text: '[{"\\\\"'.repeat(1000) }), 10)).toBe(false)
  expect(isDeeper(JSON.stringify(Array.from({ length: 1000 }, () => [{}])), 3)).toBe(false)
  expect(isDeeper(JSON.stringify(Array.from({ length: 1000 }, () => [{}])), 2)).toBe(true)
})

test.each(['s1\n#1', 's1\u2028#1', '\u202es1#1', 's\u0085#1', 's\u001b[2J#1', '\ud800#1', 'x'.repeat(300)])(
  'an id of unprintable characters, or too many, is refused: %j',
  (id) => {
    const envelope = { from: id, to: 'a#1', message: { type: 'getView' }, stamp: { lamport: 1, vector: {} } }

    expect(decodeFrame(JSON.stringify(envelope), limits)).toMatchObject({ code: 'malformed' })
    expect(
      decodeFrame(JSON.stringify({ frame: 'nodes', attached: [id], detached: [] }), limits),
    ).toMatchObject({ code: 'malformed' })
  },
)

describe('keys', () => {
  const secret = 'sixteen characters or more'

  const statement = { side: 'dialer', key: 'a', dialed: 'hello 1', listened: 'hello 2' } as const

  test('a proof holds for one side, one key, and what both said', async () => {
    const proof = await prove({ secret }, statement)

    expect(await isProof(proof, { secret }, statement)).toBe(true)
    const others = [
      isProof(proof, { secret }, { ...statement, side: 'listener' }),
      isProof(proof, { secret }, { ...statement, key: 'b' }),
      isProof(proof, { secret: `${secret}!` }, statement),
      isProof(proof, { secret }, { ...statement, listened: 'hello 3' }),
      isProof(proof, { secret }, { ...statement, dialed: 'hello 1hello', listened: ' 2' }),
      isProof('', { secret }, statement),
    ]
    expect(await Promise.all(others)).toEqual([false, false, false, false, false, false])
  })

  test('of a pair, the public half proves nothing and checks everything; PEM is taken too', async () => {
    const { privateKey, publicKey } = await generateKeyPair()
    const other = await generateKeyPair()
    const pem = `-----BEGIN PRIVATE KEY-----\n${privateKey.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`
    const proof = await prove({ id: 'a', privateKey: pem }, statement)

    expect(await isProof(proof, { publicKey }, statement)).toBe(true)
    expect(await isProof(proof, { publicKey }, { ...statement, key: 'b' })).toBe(false)
    expect(await isProof(proof, { publicKey: other.publicKey }, statement)).toBe(false)
    await expect(refuseUnusableKeys({ key: { id: 'a', privateKey: publicKey } })).rejects.toThrow(
      /authentication\.key\.privateKey: expected a key on the curve P-256/,
    )
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
    ['a private key that is no text of base64', { key: { id: 'a', privateKey: 'short-secret!' } }],
    ['no names', { accepts: { a: { secret, names: [] } } }],
    ['an unknown option', { password: secret } as Authentication],
  ])('%s is refused without a word of the secret', (_, authentication) => {
    const refuse = () => checkedAuthentication(authentication)

    expect(refuse).toThrow(expect.objectContaining({ code: 'invalidOption' }))
    expect(refuse).not.toThrow(/short-secret|sixteen/)
  })
})
