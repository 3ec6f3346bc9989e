/** The sandbox of replicated machines: it agrees with plain XState, step by step, also with only JSON in between (M2 to M4). */
import { describe, expect, it, vi } from 'vitest'
import { assign, type createActor, createMachine, fromCallback, fromPromise, sendTo, setup } from 'xstate'
import { encode } from '../../machines/application/replicated/codec.ts'
import { chanceOf, withInputs } from '../../machines/application/replicated/determinism.ts'
import { InlineLogics } from '../../machines/application/replicated/inline-logics.ts'
import {
  Sandbox,
  type SandboxEffect,
  type StepOutput,
} from '../../machines/application/replicated/sandbox.ts'
import { seededRandom } from '../../runtime/schedulers.ts'
import { type Happening, plainRun, type Run, sandboxRun } from './runs.ts'
import { type Specimen, zoo } from './zoo.ts'

function scriptFor({ events }: Specimen, seed: number, length: number): Happening[] {
  const random = seededRandom(seed)
  const pick = (count: number) => Math.floor(random() * count)
  return Array.from({ length }, (): Happening => {
    const dice = random()
    if (dice < 0.5) return { kind: 'event', event: events[pick(events.length)]! }
    if (dice < 0.8) return { kind: 'advance', ms: pick(4) === 0 ? pick(1200) : pick(150) }
    const nth = pick(3)
    const report = [
      { kind: 'done', output: { receipt: pick(9) } },
      { kind: 'error', error: { standby$type: 'error', name: 'Error', message: 'refused', own: {} } },
      { kind: 'next', context: pick(100) },
      { kind: 'send', event: { type: 'FROM_EFFECT' } },
    ] as const
    return { kind: 'report', nth, report: report[pick(4)]! }
  })
}

function play(run: Run, script: readonly Happening[]): unknown[] {
  const after = (happening: Happening) => {
    run.do(happening)
    return run.describe()
  }
  return [run.describe(), ...script.map(after)]
}

// XState warns of events to stopped actors, as it does in plain use.
vi.spyOn(console, 'warn').mockImplementation(() => {})

describe('a sandbox agrees with plain createActor on virtual time', () => {
  it.each(zoo)('$name', (specimen) => {
    for (let seed = 1; seed <= 6; seed++) {
      const script = scriptFor(specimen, seed, 60)
      const expected = play(plainRun(specimen), script)

      expect(play(sandboxRun(specimen, true), script), `with JSON before every step, seed ${seed}`).toEqual(
        expected,
      )
      expect(play(sandboxRun(specimen, false), script), `kept, seed ${seed}`).toEqual(expected)
    }
  })
})

const quietIo = () => {
  const out: StepOutput = { emitted: [], outbox: [], effects: [] }
  let seq = 0
  return { at: 5000, nextSeq: () => seq++, out }
}

function started(machine: Parameters<typeof createActor>[0], input?: unknown) {
  const io = quietIo()
  const outside: unknown[] = []
  const sendOutside = (path: readonly string[], event: unknown) => void outside.push([path, event])
  const options = {
    machine: machine as never,
    id: 'root',
    inline: new InlineLogics(),
  }
  const sandbox = withInputs(io.at, chanceOf(1), () => Sandbox.start(options, input, io))
  const send = (event: { type: string }) =>
    withInputs(io.at, chanceOf(2), () => sandbox.step({ kind: 'event', path: [], event }, io))
  return { sandbox, out: io.out, options, io, send, outside, sendOutside }
}

const kinds = (effects: readonly SandboxEffect[]) => effects.map(({ kind }) => kind)

describe('effects (M4)', () => {
  it('a promise is not started, but handed over with its input', () => {
    let calls = 0
    const machine = setup({
      actors: { pay: fromPromise(async () => void calls++) },
    }).createMachine({ invoke: { id: 'p', src: 'pay', input: { cents: 5 } } })

    const { out } = started(machine)

    expect(calls).toBe(0)
    expect(out.effects).toMatchObject([{ kind: 'start', path: ['p'], input: { cents: 5 }, src: 'pay' }])
  })

  it('one that is left in the same step is never started', () => {
    const machine = setup({ actors: { pay: fromPromise(async () => {}) } }).createMachine({
      initial: 'a',
      states: { a: { invoke: { src: 'pay' }, always: 'b' }, b: {} },
    })

    expect(kinds(started(machine).out.effects)).toEqual([])
  })

  it('leaving the state stops it', () => {
    const machine = setup({ actors: { pay: fromPromise(async () => {}) } }).createMachine({
      initial: 'a',
      states: { a: { invoke: { src: 'pay' }, on: { GO: 'b' } }, b: {} },
    })
    const { out, send } = started(machine)

    send({ type: 'GO' })

    expect(kinds(out.effects)).toEqual(['start', 'stop'])
  })

  it('logic that is invoked and spawned inline is handed over too', () => {
    const machine = createMachine({
      context: ({ spawn }) => ({
        ref: spawn(
          fromCallback(() => {}),
          { id: 'spawned' },
        ),
      }),
      invoke: { id: 'invoked', src: fromPromise(async () => {}) },
    })

    const { out, sandbox, options } = started(machine)
    const restored = Sandbox.restore(options, JSON.parse(JSON.stringify(sandbox.persist())))

    const paths = out.effects.map((effect) => (effect.kind === 'start' ? effect.path : null))
    expect(paths.sort()).toEqual([['invoked'], ['spawned']])
    expect(restored.effectsUnderWay().map(({ path }) => path)).toEqual([['spawned'], ['invoked']])
  })

  it('a report of an earlier invocation changes nothing', () => {
    const machine = setup({ actors: { pay: fromPromise(async () => 1) } }).createMachine({
      initial: 'a',
      states: {
        a: { invoke: { id: 'p', src: 'pay', onDone: 'b' }, on: { AGAIN: { target: 'a', reenter: true } } },
        b: {},
      },
    })
    const { sandbox, io, send } = started(machine)
    send({ type: 'AGAIN' })
    const report = (invocation: number) =>
      withInputs(1, chanceOf(3), () =>
        sandbox.step({ kind: 'report', path: ['p'], invocation, report: { kind: 'done', output: 1 } }, io),
      )

    expect(report(0)).toBe(false)
    expect(sandbox.actor.getSnapshot().value).toBe('a')
    expect(report(1)).toBe(true)
    expect(sandbox.actor.getSnapshot().value).toBe('b')
  })

  it('plain actions wait for the primary, with the context of their moment', () => {
    const seen: number[] = []
    const machine = createMachine({
      context: { n: 0 },
      on: {
        GO: {
          actions: [
            ({ context }) => void seen.push(context.n),
            assign({ n: 1 }),
            ({ context }) => void seen.push(context.n),
          ],
        },
      },
    })
    const { out, send } = started(machine)

    send({ type: 'GO' })
    expect(seen).toEqual([])
    for (const effect of out.effects) if (effect.kind === 'action') effect.run()

    expect(seen).toEqual([0, 1])
  })

  it('an event that a plain action sends after the step goes outside, not into the sandbox', () => {
    const machine = createMachine({
      initial: 'a',
      states: { a: { on: { GO: { actions: ({ self }) => self.send({ type: 'NEXT' }) }, NEXT: 'b' } }, b: {} },
    })
    const { out, send, outside, sendOutside, sandbox } = started(machine)

    send({ type: 'GO' })
    for (const effect of out.effects) if (effect.kind === 'action') effect.run(sendOutside)

    expect(sandbox.actor.getSnapshot().value).toBe('a')
    expect(outside).toEqual([[[], { type: 'NEXT' }]])
  })

  it('sendTo another instance is an address in the outbox', () => {
    const machine = createMachine({
      on: {
        GO: {
          actions: sendTo((() => ({ machine: 'courier', id: 'c1' })) as never, { type: 'TAKE' } as never),
        },
      },
    })
    const { out, send } = started(machine)

    send({ type: 'GO' })

    expect(out.outbox).toEqual([{ to: { machine: 'courier', id: 'c1' }, event: { type: 'TAKE' } }])
  })
})

describe('time and chance are inputs (M3)', () => {
  it('the same seed gives the same numbers, another one others', () => {
    const draw = (seed: number) =>
      withInputs(7, chanceOf(seed), () => [Math.random(), crypto.randomUUID(), Date.now()])

    expect(draw(3)).toEqual(draw(3))
    expect(draw(3)).not.toEqual(draw(4))
    expect(draw(3)[2]).toBe(7)
  })

  it('the real ones are back before anyone else runs, also after an error', () => {
    const real = { Date, random: Math.random, uuid: crypto.randomUUID, now: performance.now }

    expect(() =>
      withInputs(1, chanceOf(1), () => {
        throw new Error('within')
      }),
    ).toThrow('within')

    expect({ Date, random: Math.random, uuid: crypto.randomUUID, now: performance.now }).toEqual(real)
    expect(Object.keys(crypto)).toEqual([])
  })

  it('dates of a step are dates', () => {
    withInputs(9, chanceOf(1), () => {
      const date = new Date()
      expect([
        date instanceof Date,
        date.getTime(),
        new Date(5).getTime(),
        Date.UTC(1970, 0, 1),
        typeof Date(),
      ]).toEqual([true, 9, 5, 0, 'string'])
    })
    expect(withInputs(9, chanceOf(1), () => new Date()) instanceof Date).toBe(true)
  })

  it('chance is spread evenly enough', () => {
    const numbers = Array.from({ length: 4000 }, (_, seed) => chanceOf(seed)())
    const mean = numbers.reduce((sum, n) => sum + n, 0) / numbers.length

    expect(Math.abs(mean - 0.5)).toBeLessThan(0.03)
    expect(new Set(numbers).size).toBe(numbers.length)
  })
})

describe('what a context may hold', () => {
  const write = () => 'a ref'

  it.each([
    ['a function', { list: [{ run: () => {} }] }, 'context.list[0].run', 'function'],
    ['a symbol', { key: Symbol('s') }, 'context.key', 'symbol'],
    ['a class', { 'odd key': new (class Order {})() }, 'context["odd key"]', 'an instance of Order'],
    ['a promise', { p: Promise.resolve() }, 'context.p', 'an instance of Promise'],
    ['a function in a map', { m: new Map([['k', () => {}]]) }, 'context.m.get("k")', 'function'],
  ])('%s is refused with its place', (_, context, place, got) => {
    expect(() => encode(context, 'context', { write })).toThrow(
      `expected a JSON value at ${place}, got ${got};`,
    )
  })

  it('a cycle is refused with its place', () => {
    const context: { self?: unknown } = {}
    context.self = context

    expect(() => encode(context, 'context', { write })).toThrow('at context.self, got a cycle')
  })
})
