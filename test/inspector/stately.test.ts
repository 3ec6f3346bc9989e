/** The wire of @statelyai/inspect, message by message: order, late pages and broken charts. The browser tests have the real sender. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { statelyFeed } from '../../inspector/feeds/stately.ts'
import type { TraceStep } from '../../runtime/observe/index.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function fed() {
  let listen: (data: unknown) => void = () => {}
  const steps: TraceStep[] = []
  const problems: string[] = []
  const feed = statelyFeed((listener) => {
    listen = listener
    return () => {}
  })
  const stop = feed({
    header: () => {},
    step: (step) => void steps.push(step),
    end: () => {},
    problem: (text) => void problems.push(text),
  })
  const send = (...messages: readonly object[]) => {
    for (const message of messages) listen({ _version: '0.7.2', ...message })
  }
  return { steps, problems, send, stop, lines: () => steps.map(({ kind, node }) => `${kind} ${node}`) }
}

const config = JSON.stringify({ id: 'lamp', initial: 'off', states: { off: { on: { go: 'on' } }, on: {} } })
const actor = (sessionId: string, name: string, parentId?: string) => ({
  type: '@xstate.actor',
  sessionId,
  name,
  parentId,
  definition: config,
})
const event = (sessionId: string, type: string, sourceId?: string) => ({
  type: '@xstate.event',
  sessionId,
  sourceId,
  event: { type },
})
const snapshot = (sessionId: string, type: string, value: string, more: object = {}) => ({
  type: '@xstate.snapshot',
  sessionId,
  event: { type },
  snapshot: { status: 'active', value, context: {}, ...more },
})

describe('the wire of @statelyai/inspect', () => {
  test('what an actor took comes before what it sent, however deep', () => {
    const { send, lines } = fed()
    send(actor('x:0', 'a'), actor('x:1', 'b', 'x:0'), actor('x:2', 'c', 'x:1'))
    send(event('x:0', 'xstate.init'), event('x:1', 'xstate.init', 'x:0'), event('x:2', 'xstate.init', 'x:1'))
    send(
      snapshot('x:2', 'xstate.init', 'off'),
      snapshot('x:1', 'xstate.init', 'off'),
      snapshot('x:0', 'xstate.init', 'off'),
    )
    send(event('x:0', 'go'), event('x:1', 'go', 'x:0'), event('x:2', 'go', 'x:1'))
    send(snapshot('x:2', 'go', 'on'), snapshot('x:1', 'go', 'on'), snapshot('x:0', 'go', 'on'))

    expect(lines()).toEqual([
      'start a',
      'start a/b',
      'start a/b/c',
      'local a',
      'send a',
      'receive a/b',
      'send a/b',
      'receive a/b/c',
    ])
  })

  test('an actor is waited for that is introduced after it was spoken of', () => {
    const { send, lines } = fed()
    send(
      actor('x:1', 'b', 'x:0'),
      event('x:0', 'xstate.init'),
      actor('x:0', 'a'),
      snapshot('x:0', 'xstate.init', 'off'),
    )

    expect(lines()).toEqual(['start a'])
  })

  test('an actor that is never introduced goes by its session, and no one is waited for again', () => {
    const { send, lines } = fed()
    send(event('x:7', 'go'), snapshot('x:7', 'go', 'on'))
    expect(lines()).toEqual([])
    vi.advanceTimersByTime(600)
    send(snapshot('x:8', 'go', 'on'))

    expect(lines()).toEqual(['start x:7', 'start x:8'])
  })

  test('a chart that XState cannot read is said to be so, and its states are shown', () => {
    const { send, problems, steps } = fed()
    const broken = JSON.stringify({ id: 'odd', initial: 'a', states: { a: { on: { go: 'nowhere' } } } })
    send({ ...actor('x:0', 'odd'), definition: broken }, snapshot('x:0', 'xstate.init', 'a'))

    expect(problems).toEqual([expect.stringMatching(/^The chart of odd cannot be drawn: /)])
    expect(steps[0]!.after!.value).toBe('a')
  })

  test('a message that says nothing useful changes nothing', () => {
    const { send, steps, problems } = fed()
    send({ type: '@xstate.event', sessionId: 'x:0' }, { type: '@xstate.snapshot' }, { type: '@xstate.actor' })
    send(actor('x:0', 'a'), { ...snapshot('x:0', 'go', 'on'), snapshot: null }, snapshot('x:0', 'go', 'on'))

    expect(steps).toHaveLength(1)
    expect(problems).toHaveLength(1)
  })
})
