/** Negative controls: every broken protocol is caught, by the search or by an injected message, and the protocol as it is passes the same. */

import { afterAll, describe, expect, test } from 'vitest'
import type { AnyStateMachine } from 'xstate'
import type { Application } from '../../machines/application.ts'
import { keyValueStore } from '../../machines/key-value-store.ts'
import { createServerMachine } from '../../machines/server.ts'
import { check } from '../../runtime/check/check.ts'
import { standbySystem } from '../../runtime/check/standby-system.ts'
import { chart } from '../chart.ts'
import { brokenActions, common, type Mutant, mutants, systemOf } from './mutants.ts'

const bounds = { states: 400_000 }

/** What a server in that role says to an injected event: the reason why it does not take it, or null. */
function refusalOf(
  machine: AnyStateMachine,
  { role, event }: NonNullable<Mutant['injected']>,
): string | null {
  const server = chart(machine as ReturnType<typeof createServerMachine>)
  const { snapshot } = server.start({ id: role === 'primary' ? 's1#1' : 's2#1', viewService: 'view-service' })
  const view =
    role === 'primary'
      ? { number: 1, primary: 's1#1', backup: null }
      : { number: 2, primary: 's1#1', backup: 's2#1' }
  const placed = server.step(snapshot, { type: 'viewReply', from: 'view-service', view, founding: true })
  const { ignored, sent } = server.step(placed.snapshot, event)
  const [refusal] = sent.map(({ message }) => message).filter((message) => message.type === 'refusal')
  return ignored[0] ?? refusal?.reason ?? null
}

const caught: string[] = []

describe('a broken protocol is caught', () => {
  for (const mutant of mutants) {
    const { name, rule, injected } = mutant
    test(`${rule}: ${name}`, () => {
      if (injected !== undefined) {
        const sound = createServerMachine(keyValueStore as unknown as Application)
        const machine = (mutant.charts.server?.(sound) ?? sound).provide({ actions: brokenActions } as never)
        expect(refusalOf(sound, injected)).toBe(injected.refused)
        expect(refusalOf(machine, injected)).not.toBe(injected.refused)
        caught.push(`| ${rule} | ${name} | an injected message | 1 | |`)
        return
      }
      const { verdict, violation, states } = check(systemOf(mutant), { bounds })
      expect(verdict).toBe('violated')
      caught.push(
        `| ${rule} | ${name} | ${violation!.name.split(':')[0]} | ${violation!.run.steps.length} | ${states} |`,
      )
    })
  }

  test('there are at least 25 of them', () => {
    expect(mutants.length).toBeGreaterThanOrEqual(25)
  })
})

describe('the protocol as it is passes where the broken ones fail', () => {
  const systems = new Map(
    mutants.map(({ system = {} }) => [JSON.stringify({ ...common, ...system }), { ...common, ...system }]),
  )
  for (const [key, system] of systems) {
    test(key, () => {
      const { violation } = check(standbySystem(system), { bounds: { states: 60_000 } })
      expect(violation?.story ?? null).toBeNull()
    })
  }
})

afterAll(() => {
  if (process.env.MUTANT_TABLE === '1') {
    console.log(
      ['| rule | broken | caught by | steps | states |', '| --- | --- | --- | --- | --- |', ...caught].join(
        '\n',
      ),
    )
  }
})
