/** Words that the project's prose avoids, each with what to write instead. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** Agents without a name, dialect, and phrases that read translated. */
const avoided: readonly (readonly [words: RegExp, instead: string])[] = [
  [/\b(nobody|somebody|whoever|whomever)\b/i, 'name the role: caller, peer, sink, operator, user'],
  [/\b(whatever|wherever)\b/i, 'any, all, every; if'],
  [/\b(whence|whither|thereof|wherein|whereby|thereby|hitherto)\b/i, 'from where, to where, by which'],
  [/\b(anew)\b/i, 'again'],
  [/\b(befalls?|befell|befallen)\b/i, 'happens to'],
  [/\b(deeds?)\b/i, 'action, command'],
  [/\b(told|tells? of)\b/i, 'reported, sent, logged, distinguished'],
  [/\b(hears? of|heard of)\b/i, 'receives, learns of'],
  [/\b(that (is|are) none|of which there (is|are))\b/i, 'invalid; none exists'],
  [/\b(came to|comes to)\b/i, 'outcome, result; reached'],
  [/\b(ought)\b/i, 'should, must'],
]

/** A public counter and the label of a metric; they stay. */
const names = /\bnobody: |\.nobody\b|'nobody'|`nobody`/g

/** What is written for readers; generated files, lists of words and texts of others are not. */
const files = execFileSync(
  'git',
  ['ls-files', '*.ts', '*.tsx', '*.md', '*.json', '*.yml', '*.conf', '*.service'],
  {
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter((file) => file !== '' && !exempt(file))

function exempt(file: string): boolean {
  return /^(inspector\.html|package-lock\.json|test\/words\.test\.ts|README\.md)$/.test(file)
}

test('prose names its subjects and uses the words of the field', () => {
  const found = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .replaceAll(names, '')
      .split('\n')
      .flatMap((line, i) =>
        avoided.flatMap(([words, instead]) => {
          const word = words.exec(line)?.[0]
          return word === undefined ? [] : [`${file}:${i + 1}: expected ${instead}; got '${word}'`]
        }),
      ),
  )
  expect(found).toEqual([])
})

test('each word on the list is found', () => {
  for (const word of [
    'Nobody',
    'whatever',
    'anew',
    'befell',
    'deed',
    'told',
    'hears of',
    'that is none',
    'came to',
  ])
    expect(avoided.some(([words]) => words.test(`what ${word} here`))).toBe(true)
})
