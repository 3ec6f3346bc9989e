/** Negative controls: every broken protocol is caught, and the protocol as it is passes where the broken one fails. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { caught, wrongWithSound } from './catching.ts'
import { mutants } from './mutants.ts'

describe('a broken protocol is caught', () => {
  for (const mutant of mutants) {
    test(`${mutant.rule}: ${mutant.name}`, () => {
      expect(caught(mutant)).not.toBeNull()
    })
  }
})

describe('the protocol as it is passes where the broken one fails', () => {
  const bySystem = new Map(
    mutants.map((mutant) => {
      const { system, means, goals, played } = mutant
      const rest = played === undefined ? JSON.stringify({ system, means, goals }) : mutant.name
      return [rest, mutant] as const
    }),
  )
  for (const mutant of bySystem.values()) {
    test(`${mutant.rule}: ${mutant.name}`, () => {
      expect(wrongWithSound(mutant)).toBeNull()
    })
  }
})

describe('the list', () => {
  test('has a mutant of a name once, and more than 25 of them', () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length)
    expect(mutants.length).toBeGreaterThan(25)
  })

  test('breaks every rule that a chart implements', () => {
    const rules = new Set(mutants.map(({ rule }) => rule))
    const implemented = [
      ...['N2', 'N4', 'N5'],
      ...['V1', 'V2', 'V3', 'V4', 'V5', 'V6', 'V7', 'V8', 'V9', 'V10', 'V11'],
      ...['S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S8', 'S9', 'S10'],
      ...['T1', 'T2', 'T3', 'T5', 'T6', 'C1', 'C2', 'C3'],
    ]
    expect(implemented.filter((rule) => !rules.has(rule))).toEqual([])
  })

  test('stands in docs/testing.md', () => {
    const table = readFileSync(new URL('../../docs/testing.md', import.meta.url), 'utf8')
    expect(mutants.filter(({ name }) => !table.includes(`| ${name} |`)).map(({ name }) => name)).toEqual([])
  })
})
