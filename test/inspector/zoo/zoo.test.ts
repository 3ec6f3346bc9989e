/** A zoo of XState apps: the run of each is whole, in causal order, and true to what happened. */
import { describe, expect, test } from 'vitest'
import { createActor } from 'xstate'
import { type StandbyInspectorOptions, standbyInspector } from '../../../inspector/feeds/standby-inspector.ts'
import { createRun, type Run } from '../../../inspector/model/run.ts'
import { reasonsFor } from '../../../inspector/model/why.ts'
import { readTrace } from '../../../runtime/trace/read.ts'
import { apps } from './apps.ts'
import { compare } from './compare.ts'

/** Plays an app to its end and reads the trace that it has sent. */
async function played(name: string, options: StandbyInspectorOptions = {}): Promise<Run> {
  const { machine, events } = apps[name]!
  const lines: string[] = []
  const inspect = standbyInspector({ to: (line) => lines.push(line), ...options })
  const actor = createActor(machine, { inspect })
  const errors: unknown[] = []
  actor.subscribe({ error: (error) => errors.push(error) })
  actor.start()
  for (const event of events) actor.send(event)
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  actor.stop()
  inspect.stop()
  const trace = readTrace(`${lines.join('\n')}\n`)
  const run = createRun(trace.header)
  run.append(trace.steps)
  return run
}

const stepsOf = (run: Run) => [...Array(run.end).keys()].map((i) => run.step(i)!)

describe.each(Object.keys(apps))('%s', (name) => {
  test('is a whole trace whose clocks break no rule (L1, L3)', async () => {
    const run = await played(name)
    expect(run.end).toBeGreaterThan(0)
    expect(run.brokenRules).toEqual([])
    expect(stepsOf(run)[0]).toMatchObject({ kind: 'start' })
  })

  test('every message is received after it was sent, and sent after the step that sent it', async () => {
    const run = await played(name)
    for (const { sentIn, receivedIn, from } of run.messages.all) {
      for (const received of receivedIn) expect(received).toBeGreaterThan(sentIn!)
      const before = stepsOf(run)
        .slice(0, sentIn!)
        .findLast((step) => step.node === from && step.after !== undefined)
      // Promises and callbacks have no actions.
      if (before!.actions !== undefined) expect(before!.actions.length).toBeGreaterThan(0)
    }
  })

  test('gives some answer to every why', async () => {
    const run = await played(name)
    for (const step of stepsOf(run)) expect(reasonsFor(run, step).length).toBeGreaterThan(0)
  })
})

describe('right answers', () => {
  test('all regions are shown, also those within others', async () => {
    const run = await played('parallel regions in regions')
    expect(run.lanes[0]!.changes.map(({ label }) => label)).toEqual([
      'on.(off | loud)',
      'on.(off | mute)',
      'on.(lit | mute)',
      null,
    ])
  })

  test('actions of the start belong to the start', async () => {
    const run = await played('actions of the start, raised and sent')
    const types = (i: number) => run.step(i)!.actions!.map(({ type }) => type)
    expect(types(0)).toEqual(['log', 'xstate.raise', 'log', 'xstate.spawnChild'])
    const hello = stepsOf(run).find(({ kind, node }) => kind === 'receive' && node === 'starter')!
    expect(types(hello.i)).toEqual(['greeted'])
  })

  test.each([
    ['a guard that throws', 'local', /the guard is broken/],
    ['an action that throws', 'local', /the action is broken/],
    ['an assign that throws', 'local', /the assign is broken/],
    ['a context that throws at the start', 'start', /the context is broken/],
    ['an entry that throws at the start', 'start', /the entry is broken/],
  ])('%s is a step with its event, and a crash with its error', async (name, kind, error) => {
    const run = await played(name)
    const [taken, crash] = stepsOf(run).slice(-2)
    expect(taken).toMatchObject({ kind, ...(kind === 'local' && { event: { type: 'go' } }) })
    expect(crash).toMatchObject({ kind: 'crash', detail: expect.stringMatching(error) })
  })

  test('refused tells a guard that said no from no transition at all; combined guards have names', async () => {
    const run = await played('guards by name')
    const refused = stepsOf(run).flatMap((step) => (step.refused === undefined ? [] : [step.refused]))
    expect(refused).toEqual([
      {
        event: 'push',
        reason: 'its guards said no: isOpen, not isPaid, (isOpen and (in {"shut":{}} or isPaid))',
      },
      { event: 'fly', reason: 'no transition takes it in this state' },
    ])
  })

  test('a forbidden transition is part of the chart', async () => {
    const run = await played('guards by name')
    const shut = run.machines[0]!.definition.root.states.find(({ key }) => key === 'shut')!
    expect(shut.transitions).toContainEqual({
      event: 'kick',
      guard: null,
      target: [],
      actions: [],
      reenter: false,
    })
  })

  test('what is mutated in place is recorded, diffed and said', async () => {
    const run = await played('mutations in place')
    const patches = stepsOf(run).map((step) => [step.after?.mutated, step.after?.patch])
    expect(patches.slice(1, 6)).toEqual([
      [['list'], [{ op: 'add', path: '/list/1', value: 2 }]],
      [['map'], [{ op: 'add', path: '/map/$map/b', value: 2 }]],
      [['set'], [{ op: 'add', path: '/set/$set/3', value: 3 }]],
      [['rows'], [{ op: 'replace', path: '/rows/1/on', value: true }]],
      [undefined, [{ op: 'add', path: '/list/2', value: 9 }]],
    ])
    const [first] = run.lanes
    expect(run.contexts.at(first!, 0)).toMatchObject({
      set: { $set: { 1: 1, '"1"': '1' } },
      map: { $map: { a: 1 } },
    })
    expect(
      reasonsFor(run, run.step(1)!)
        .map(({ text }) => text)
        .join(),
    ).toContain('list was mutated in place')
  })

  test('values that JSON has no form for are shown by type, getters are not run', async () => {
    const run = await played('a hostile context')
    expect(run.contexts.at(run.lanes[0]!, 0)).toEqual({
      big: { $type: 'bigint', value: `1${'0'.repeat(30)}` },
      cart: { $type: 'Cart', items: ['tea'] },
      cycle: { name: 'cycle', self: { $omitted: 'a cycle' } },
      error: { $type: 'TypeError', value: 'a wrong type' },
      fn: { $omitted: 'a function' },
      node: { $type: 'HTMLDivElement', value: 'div#root' },
      pattern: { $type: 'RegExp', value: '/a+/g' },
      promise: { $type: 'Promise' },
      trap: { $omitted: 'unreadable: a trap' },
      url: { $type: 'URL', value: 'https://example.org/x' },
      when: { $type: 'Date', value: '1970-01-01T00:00:00.000Z' },
    })
  })

  test('two runs that differ in one region, payload, context or guard are not the same', () => {
    expect(compare({ value: { a: 'x', b: { c: 'y' } } }, { value: { a: 'z', b: { c: 'y' } } })).toEqual([
      'after',
    ])
    expect(compare({ context: { n: 1 } }, { context: { n: 2 } })).toEqual(['after'])
    expect(compare({ event: { type: 'go', to: 1 } }, { event: { type: 'go', to: 2 } })).toEqual(['event'])
    expect(compare({ guard: true }, { guard: false })).toEqual(['microsteps'])
    expect(compare({ t: 1 }, { t: 2 })).toEqual([])
  })

  test('secrets stay in the app: sanitize sees contexts and events, filter leaves events out', async () => {
    const run = await played('a hostile context', {
      sanitize: (value, kind) =>
        kind === 'context' ? { n: 1 } : { ...(value as object), payload: 'hidden' },
    })
    const text = JSON.stringify(stepsOf(run))
    expect(text).not.toContain('hunter2')
    expect(text).toContain('hidden')
    const quiet = await played('a traffic light', {
      filter: (event) => !('event' in event && event.event.type === 'none'),
    })
    expect(stepsOf(quiet).some(({ event }) => JSON.stringify(event)?.includes('none'))).toBe(false)
  })

  test('an unknown option is refused', () => {
    expect(() => standbyInspector({ url: 'x' } as never)).toThrow(/url/)
  })

  test('without a window an inspector for a page does nothing', () => {
    const inspect = standbyInspector({ to: '/inspector.html' })
    createActor(apps['a traffic light']!.machine, { inspect }).start().send({ type: 'next' })
    inspect.stop()
    expect(inspect.dropped).toBe(0)
  })
})
