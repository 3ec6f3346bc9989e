/** `eventually` and `leadsTo` under weak fairness: what must come about does, and a lasso shows where it does not. */
import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { check } from '../../proof/check/check.ts'
import { repeat, traceOf } from '../../proof/check/run-trace.ts'
import { savedRunIn } from '../../proof/check/saved-run.ts'
import {
  type CheckedSystem,
  eventually,
  type LeadsTo,
  leadsTo,
  type SystemView,
} from '../../proof/check/system.ts'
import { readTrace } from '../../runtime/observe/index.ts'

const isIn = (id: string, value: string) => (system: SystemView) => system.node(id).snapshot.value === value
const send = (to: string, type: string) => ({ type: 'send', params: { to, message: { type } } })

/** A light that goes round, and from one colour may go off for ever. */
const light = (mayFail: boolean) =>
  createMachine({
    initial: 'red',
    states: {
      red: { after: { 1: 'green' } },
      green: { after: { 1: 'red' }, ...(mayFail ? { on: { fail: 'off' } } : {}) },
      off: {},
    },
  })
const lights = (mayFail: boolean, temporal: LeadsTo[]): CheckedSystem => ({
  nodes: [{ id: 'light', machine: light(mayFail), ...(mayFail ? { script: [{ type: 'fail' }] } : {}) }],
  temporal,
})
const shown = (system: CheckedSystem) => {
  const { verdict, violation } = check(system)
  if (violation === null) return { verdict }
  const saved = savedRunIn(readTrace(traceOf(system, violation.run, { violation })))!
  expect(repeat(system, saved).verdict).toBe(violation.reason)
  const { reason, cycleFrom, run } = violation
  return { verdict, reason, cycleFrom, steps: run.steps.length }
}

describe('a promise', () => {
  test('holds round a cycle', () => {
    const promise = leadsTo('red leads to green', isIn('light', 'red'), isIn('light', 'green'))
    expect(shown(lights(false, [promise]))).toEqual({ verdict: 'exhausted' })
  })

  test('is broken by a cycle that does not reach it', () => {
    expect(shown(lights(false, [eventually('the light is off', isIn('light', 'off'))]))).toEqual({
      verdict: 'violated',
      reason: '"the light is off" never comes about: the last 2 steps can go on for ever',
      cycleFrom: 0,
      steps: 2,
    })
  })

  test('is broken by an end that is not it', () => {
    const promise = leadsTo('off leads to red', isIn('light', 'off'), isIn('light', 'red'))
    expect(shown(lights(true, [promise]))).toMatchObject({
      verdict: 'violated',
      reason: '"off leads to red" never comes about: nothing more need happen',
    })
  })

  test('is not asked for where nothing makes it', () => {
    const promise = leadsTo('off leads to red', isIn('light', 'off'), isIn('light', 'red'))
    expect(shown(lights(false, [promise]))).toEqual({ verdict: 'exhausted' })
  })
})

test('a promise that was kept before the cycle is not broken by it', () => {
  const machine = createMachine({
    initial: 'asked',
    states: {
      asked: { after: { 1: 'answered' } },
      answered: { after: { 1: 'x' } },
      x: { after: { 1: 'y' } },
      y: { after: { 1: 'x' } },
    },
  })
  const nodes = [{ id: 'a', machine }]
  const kept = leadsTo('asked leads to answered', isIn('a', 'asked'), isIn('a', 'answered'))
  expect(shown({ nodes, temporal: [kept] })).toEqual({ verdict: 'exhausted' })
  const broken = leadsTo('answered leads to asked', isIn('a', 'answered'), isIn('a', 'asked'))
  expect(shown({ nodes, temporal: [broken] })).toMatchObject({ verdict: 'violated' })
})

describe('weak fairness', () => {
  const busy = createMachine({
    initial: 'a',
    states: { a: { after: { 1: 'b' } }, b: { after: { 1: 'a' } } },
  })
  const waiting = createMachine({ initial: 'waiting', states: { waiting: { on: { go: 'gone' } }, gone: {} } })
  const gone = eventually('it goes', isIn('waiting', 'gone'))

  test('a step that stays possible is not put off for ever by another node', () => {
    const nodes = [
      { id: 'busy', machine: busy },
      { id: 'waiting', machine: waiting, script: [{ type: 'go' }] },
    ]
    expect(shown({ nodes, temporal: [gone] })).toEqual({ verdict: 'exhausted' })
  })

  test('a message that was sent arrives, unless its receiver crashes', () => {
    const sender = createMachine({ entry: send('waiting', 'go') })
    const nodes = [
      { id: 'sender', machine: sender },
      { id: 'waiting', machine: waiting, mayCrash: true },
    ]
    for (const network of ['set', 'once', 'ordered'] as const) {
      expect(shown({ nodes, network, temporal: [gone] })).toEqual({ verdict: 'exhausted' })
      expect(shown({ nodes, network, crashes: 1, temporal: [gone] })).toMatchObject({ verdict: 'violated' })
    }
    expect(shown({ nodes, network: 'once', losses: 1, temporal: [gone] })).toMatchObject({
      verdict: 'violated',
    })
  })

  test('a step that is possible only now and then may be missed every time', () => {
    const flicker = createMachine({
      initial: 'shut',
      states: {
        shut: { after: { 1: 'open' } },
        open: { after: { 1: 'shut', 2: { target: 'through' } } },
        through: {},
      },
    })
    const through = eventually('it is through', isIn('flicker', 'through'))
    expect(shown({ nodes: [{ id: 'flicker', machine: flicker }], temporal: [through] })).toMatchObject({
      verdict: 'violated',
      steps: 2,
    })
  })
})

test('behind a bound nothing is promised', () => {
  const system = lights(false, [eventually('the light is off', isIn('light', 'off'))])
  expect(check(system, { bounds: { states: 1 } }).verdict).toBe('bounded')
  expect(check({ ...system, prunes: [() => true] }).verdict).toBe('exhausted')
})
