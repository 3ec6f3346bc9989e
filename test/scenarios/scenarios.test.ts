/**
 * Every transcript in this folder, executed and compared. `REWRITE_SCENARIOS=1` writes down what happens instead: then
 * the review is the diff.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { replay } from './transcript.ts'

const folder = new URL('./', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.txt'))

describe('scenarios', () => {
  test.each(files)('%s happens as written', (name) => {
    const file = new URL(name, folder)
    const written = readFileSync(file, 'utf8')

    const replayed = replay(written)

    if (process.env.REWRITE_SCENARIOS) writeFileSync(file, replayed)
    else expect(replayed).toBe(written)
  })

  test.each(files)('%s opens with why it exists', (name) => {
    expect(readFileSync(new URL(name, folder), 'utf8')).toMatch(/^# Why: .{40,}/s)
  })
})
