/** `defineApplication`: an application from an initial state and a function, with everything else made for it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Application, defineApplication, type Json } from '../../machines/application/application.ts'

const counter = defineApplication({
  name: 'counter',
  initialState: 0,
  execute: (count: number, by: number) => [count + by, count + by],
})

/** An application whose command is its next state, and whose result is the state before. */
const box = (initialState: Json) =>
  defineApplication<Json, Json, Json>({ name: 'box', initialState, execute: (state, next) => [next, state] })

function pieces<State>(application: Application<State>, state: State, bytesMax: number): string[] {
  const texts: string[] = []
  let cursor: Json = null
  do {
    const { data, next } = application.snapshot(state, cursor, bytesMax)
    texts.push(JSON.stringify(data))
    cursor = next
  } while (cursor !== null)
  return texts
}

function restored<State>(application: Application<State>, texts: readonly string[]): State {
  let partial: unknown = null
  for (const [index, text] of texts.entries()) {
    partial = application.restore(partial, JSON.parse(text), index === texts.length - 1)
  }
  return partial as State
}

const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json)

describe('defineApplication', () => {
  it('has the name and the initial state it was given', () => {
    expect([counter.name, counter.initialState]).toEqual(['counter', 0])
  })

  it('executes a command: the next state and the result', () => {
    expect(counter.execute(40, 2)).toEqual([42, 42])
  })

  it('lets a command fail with the words of its error', () => {
    const application = defineApplication({
      name: 'strict',
      initialState: 0,
      execute: (): readonly [number, null] => {
        throw new Error('not today')
      },
    })

    expect(() => application.execute(0, null)).toThrow('not today')
  })

  it('has no validate unless it is given one', () => {
    expect('validate' in counter).toBe(false)
  })

  it('hands commands to the validate it is given, as a method of its definition', () => {
    const definition = {
      name: 'strict',
      initialState: 0,
      limit: 10,
      execute: (count: number, by: number) => [count + by, null] as const,
      validate(command: unknown) {
        return (command as number) > this.limit ? `expected at most ${this.limit}` : null
      },
    }
    const application = defineApplication<number, number, null>(definition)

    expect([application.validate!(11), application.validate!(10)]).toEqual(['expected at most 10', null])
  })

  it('executes as a method of its definition', () => {
    const definition = {
      name: 'steps',
      initialState: 0,
      step: 3,
      execute(count: number) {
        return [count + this.step, null] as const
      },
    }

    expect(defineApplication<number, null, null>(definition).execute(1, null)).toEqual([4, null])
  })
})

describe('what is not JSON', () => {
  it('is refused as the initial state, when the application is made', () => {
    expect(() => box({ users: { map: new Map() } } as never)).toThrow(
      'expected a JSON value at users.map, got an instance of Map',
    )
  })

  it('is refused as the next state, when a command makes it so', () => {
    expect(() => box(null).execute(null, { at: new Date(0) } as never)).toThrow(
      'expected a JSON value at at, got an instance of Date',
    )
  })

  it('is refused as a result', () => {
    const application = defineApplication<null, null, unknown>({
      name: 'clock',
      initialState: null,
      execute: () => [null, [new Date(0)]],
    })

    expect(() => application.execute(null, null)).toThrow(
      'expected a JSON value at [0], got an instance of Date',
    )
  })

  it('may be undefined as a result, for a command that has none', () => {
    const application = defineApplication<null, null, undefined>({
      name: 'silent',
      initialState: null,
      execute: () => [null, undefined],
    })

    expect(application.execute(null, null)).toEqual([null, undefined])
  })

  it('S6: makes no difference between a state that was made here and one that came as JSON', () => {
    const [made] = box(null).execute(null, { minus: -0, gone: undefined } as never)

    expect(made).toStrictEqual(restored(box(null), pieces(box(null), made, 100)))
  })
})

describe('a state', () => {
  it('cannot be changed by a command that forgets to copy it', () => {
    const list = defineApplication<readonly number[], number, number>({
      name: 'list',
      initialState: [1],
      execute: (state, item) => [state, (state as number[]).push(item)],
    })

    expect(() => list.execute(list.initialState, 2)).toThrow(TypeError)
  })

  it('cannot be changed either after it was restored', () => {
    const state = restored(box(null), pieces(box(null), { list: [1] }, 3)) as { list: number[] }

    expect(() => state.list.push(2)).toThrow(TypeError)
  })

  it('does not change with the object that it was defined from', () => {
    const initialState = { count: 0 }
    const application = box(initialState)

    initialState.count = 1

    expect(application.initialState).toEqual({ count: 0 })
  })

  it('keeps the parts that a command left alone', () => {
    const application = defineApplication<{ big: readonly number[]; count: number }, null, null>({
      name: 'parts',
      initialState: { big: [1, 2, 3], count: 0 },
      execute: (state) => [{ ...state, count: state.count + 1 }, null],
    })

    const [next] = application.execute(application.initialState, null)

    expect([next.big === application.initialState.big, next.count]).toEqual([true, 1])
  })
})

describe('the way to a backup', () => {
  it('T1: the state that arrives is the one that was sent, no matter what the size of its pieces', () => {
    fc.assert(
      fc.property(json, fc.nat(50), (state, bytesMax) => {
        expect(restored(box(null), pieces(box(null), state, bytesMax))).toEqual(state)
      }),
    )
  })

  it('T5: no piece is larger than it may be', () => {
    fc.assert(
      fc.property(json, fc.integer({ min: 1, max: 50 }), (state, bytesMax) => {
        const tooLarge = pieces(box(null), state, bytesMax).filter(
          (text) => JSON.parse(text).length > bytesMax,
        )
        expect(tooLarge).toEqual([])
      }),
    )
  })

  it('T5: a state is in as few pieces as possible', () => {
    fc.assert(
      fc.property(json, fc.integer({ min: 1, max: 50 }), (state, bytesMax) => {
        const count = pieces(box(null), state, bytesMax).length
        expect(count).toBe(Math.ceil(JSON.stringify(state).length / bytesMax))
      }),
    )
  })

  it('T5: a character of two code units survives being cut in two', () => {
    const state = { text: '\u{1f600}'.repeat(20) }

    const texts = pieces(box(null), state, 1)

    expect(restored(box(null), texts)).toEqual(state)
  })

  it('T5: a piece of at most 0 bytes still brings the state forward', () => {
    expect(pieces(box(null), 12, 0)).toEqual(['"1"', '"2"'])
  })

  it('T3: a piece repeats exactly', () => {
    const application = box(null)
    const one = application.snapshot([1, 2, 3], 2, 2)

    expect(application.snapshot([1, 2, 3], 2, 2)).toEqual(one)
  })

  it('T5: a piece is of its own state, also while another one is cut', () => {
    const application = box(null)
    application.snapshot([1, 2, 3], null, 2)

    expect(application.snapshot([4, 5, 6], 2, 2).data).toBe(',5')
  })

  it('T5: the text is made once for all pieces of a state', () => {
    let texts = 0
    const state = {
      toJSON() {
        texts++
        return 'x'.repeat(100)
      },
    }

    pieces(box(null), state as never, 10)

    expect(texts).toBe(1)
  })

  it('T5: the text is not kept once the last piece is made', () => {
    let texts = 0
    const state = { toJSON: () => `${texts++}` }
    const application = box(null)
    pieces(application, state as never, 10)

    application.snapshot(state as never, null, 10)

    expect(texts).toBe(2)
  })

  it('T1: what arrives replaces: it is not mixed with an earlier transfer', () => {
    const application = box(null)
    application.restore(null, '[1,', false)

    expect(application.restore(null, '[2]', true)).toEqual([2])
  })
})
