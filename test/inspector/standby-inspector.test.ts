/** What `inspect: standbyInspector()` reports an app that knows nothing of it. */
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type AnyActorRef, createActor, createMachine, setup } from 'xstate'
import { type StandbyInspectorOptions, standbyInspector } from '../../inspector/feeds/standby-inspector.ts'
import { createRun } from '../../inspector/model/run.ts'
import type { Json } from '../../machines/application/application.ts'
import { happenedBefore } from '../../machines/clocks.ts'
import { applyPatch, type ReadTrace, readTrace } from '../../runtime/observe/index.ts'
import { toShiviz } from '../../runtime/trace/exports/index.ts'
import { dancersMax, jukebox, visit } from './foreign-app.ts'
import { readShiviz } from './shiviz.ts'

const readLines = (lines: readonly string[]): ReadTrace =>
  readTrace(`${lines.join('\n')}\n`, { partial: true })

/** Lets promises and short timers of the app end. */
async function rest(actor: AnyActorRef, until: (value: never) => boolean) {
  const deadline = Date.now() + 5000
  while (!until(actor.getSnapshot().value as never)) {
    if (Date.now() > deadline)
      throw new Error(`expected another state, got ${JSON.stringify(actor.getSnapshot().value)}`)
    await sleep(2)
  }
}

async function visited(options: StandbyInspectorOptions = {}): Promise<string[]> {
  const lines: string[] = []
  const inspect = standbyInspector({ to: (line) => lines.push(line), ...options })
  const actor = createActor(jukebox, { inspect }).start()
  for (const event of visit) {
    actor.send(event)
    if (event.type === 'play')
      await rest(actor, ({ sound }: { sound: unknown }) => JSON.stringify(sound) === '{"playing":"chorus"}')
    if (event.type === 'resume') await rest(actor, ({ sound }: { sound: unknown }) => sound === 'silent')
    if (event.type === 'unplug') await rest(actor, ({ power }: { power: unknown }) => power === 'dead')
  }
  actor.stop()
  return lines
}

const lines = await visited()
const { header, steps } = readLines(lines)
const ofNode = (node: string, kind?: string) =>
  steps.filter((step) => step.node === node && (kind === undefined || step.kind === kind))
const taken = (node: string, type: string) =>
  steps.find(
    (step) =>
      step.node === node &&
      (step.message?.type === type || (step.event as { type?: string } | undefined)?.type === type) &&
      step.after !== undefined,
  )!

describe('standbyInspector', () => {
  test('each actor starts once, with its parent and its chart, and is asked to stop', () => {
    const starts = steps.filter(({ kind }) => kind === 'start')
    expect(header.machines).toEqual([])
    expect(starts.map(({ node }) => node).slice(0, 2)).toEqual(['jukebox', 'jukebox/counter'])
    expect(starts).toHaveLength(5 + dancersMax)
    expect(
      starts.find(({ node }) => node === 'jukebox')!.definition!.root.states.map(({ key }) => key),
    ).toEqual(['sound', 'volume', 'power'])
    const dancers = starts.filter(({ machine }) => machine === 'dancer')
    expect(dancers.map(({ parent }) => new Set([parent]))).toEqual(dancers.map(() => new Set(['jukebox'])))
    expect(dancers.filter(({ definition }) => definition !== undefined)).toHaveLength(1)
    const ended = steps.filter(({ kind }) => kind === 'stop' || kind === 'crash')
    expect(new Set(ended.map(({ node }) => node))).toEqual(new Set(starts.map(({ node }) => node)))
    expect(ofNode('jukebox/broken', 'crash')[0]!.detail).toBe('failed: the needle is broken')
    expect(ofNode('jukebox/load', 'stop')[0]!.detail).toBe('done')
  })

  test('a child of the same id, once more, is another node', () => {
    expect(steps.some(({ node }) => node === 'jukebox/ticks')).toBe(true)
    const lines: string[] = []
    const child = createMachine({ id: 'child', initial: 'a', states: { a: {} } })
    const parent = setup({ actors: { child } }).createMachine({
      id: 'parent',
      initial: 'on',
      states: {
        on: { invoke: { src: 'child', id: 'it' }, on: { next: 'off' } },
        off: { on: { next: 'on' } },
      },
    })
    const actor = createActor(parent, {
      inspect: standbyInspector({ to: (line) => lines.push(line) }),
    }).start()
    for (let turn = 0; turn < 4; turn++) actor.send({ type: 'next' })
    const starts = readLines(lines).steps.filter(({ kind }) => kind === 'start')
    expect(starts.map(({ node }) => node)).toEqual(['parent', 'parent/it', 'parent/it#2', 'parent/it#3'])
  })

  test('an event between actors is a send and a receive of one message, with the clocks of both', () => {
    const send = steps.find(({ kind, message }) => kind === 'send' && message?.type === 'token')!
    const receive = steps.find(({ kind, message }) => kind === 'receive' && message?.id === send.message!.id)!
    expect(send).toMatchObject({
      node: 'jukebox',
      message: { from: 'jukebox', to: 'jukebox/dancer-0', body: { hops: 150 } },
    })
    expect(receive.lamport).toBeGreaterThan(send.lamport!)
    expect(
      happenedBefore(
        { node: send.node!, vector: send.vector! },
        { node: receive.node!, vector: receive.vector! },
      ),
    ).toBe(true)
  })

  test('what an actor took comes before what it sent and what that did to others', () => {
    const crowd = taken('jukebox', 'crowd')
    const firstDancer = ofNode('jukebox/dancer-0', 'start')[0]!
    expect(crowd.i).toBeLessThan(firstDancer.i)
    expect(firstDancer.vector!.jukebox).toBe(crowd.vector!.jukebox)
    const passed = taken('jukebox', 'passed')
    const send = steps.find(({ kind, message }) => kind === 'send' && message?.type === 'token')!
    expect(passed.i).toBeLessThan(send.i)
  })

  test('the log of ShiViz holds: clocks count every step', () => {
    expect(readShiviz(toShiviz({ steps }))).toHaveLength(steps.length)
  })

  test('L1 L3 its clocks break no rule, those of children included, which begin in the past of their parent', () => {
    const run = createRun(header)
    run.append(steps)
    expect(run.brokenRules).toEqual([])
  })

  test('microsteps come with the guards that were asked before', () => {
    expect(taken('jukebox', 'louder').microsteps).toEqual([
      {
        event: 'louder',
        source: 'jukebox.volume.low',
        target: ['jukebox.volume.low'],
        guard: 'isLoud',
        result: false,
      },
      {
        event: 'louder',
        source: 'jukebox.volume.low',
        target: ['jukebox.volume.high'],
        guard: null,
        result: true,
      },
    ])
    expect(taken('jukebox', 'coin').actions).toContainEqual({
      type: 'xstate.sendTo',
      params: expect.anything(),
    })
  })

  test('history brings back the nested state, a delay fires as a timer', () => {
    expect(taken('jukebox', 'pause').after!.value).toMatchObject({ sound: 'paused' })
    expect(taken('jukebox', 'resume').after!.value).toMatchObject({ sound: { playing: 'chorus' } })
    expect(ofNode('jukebox', 'timer')[0]!.microsteps![0]).toMatchObject({
      source: 'jukebox.sound.playing.chorus',
    })
  })

  test('an event that no transition takes is refused, and ticks no clock', () => {
    const refused = steps.filter(({ refused }) => refused !== undefined)
    expect(refused).toHaveLength(1)
    expect(refused[0]).toMatchObject({
      refused: { event: 'pause', reason: 'no transition takes it in this state' },
    })
  })

  test('contexts are whole at the start and patched from then on; what JSON cannot say is marked', () => {
    const own = ofNode('jukebox/dancer-1').filter(({ after }) => after !== undefined)
    let context: Json = null
    for (const { after } of own) context = after!.context ?? applyPatch(context, after!.patch ?? [])
    expect(context).toEqual({
      place: 1,
      turns: expect.any(Number),
      onStep: { $omitted: 'a function' },
      self: expect.anything(),
    })
    expect((context as unknown as { turns: number }).turns).toBeGreaterThan(0)
  })

  test('actors without a chart have one of three states', () => {
    const counter = ofNode('jukebox/counter').filter(({ after }) => after !== undefined)
    expect(counter.map(({ after }) => after!.value)).toEqual(['active', 'active'])
    expect(ofNode('jukebox/load').find(({ kind }) => kind === 'local')!.after!.value).toBe('done')
  })

  test('an event for an actor that has stopped is dropped, and says so', () => {
    const lines: string[] = []
    const actor = createActor(jukebox, {
      inspect: standbyInspector({ to: (line) => lines.push(line) }),
    }).start()
    actor.stop()
    actor.send({ type: 'coin' })
    expect(readLines(lines).steps.at(-1)).toMatchObject({
      kind: 'drop',
      node: 'jukebox',
      detail: 'it has stopped',
    })
  })

  test('a root that failed learns when the next event comes for it', () => {
    const lines: string[] = []
    const machine = createMachine({
      id: 'fragile',
      on: {
        break: {
          guard: () => {
            throw new Error('no')
          },
        },
      },
    })
    const actor = createActor(machine, { inspect: standbyInspector({ to: (line) => lines.push(line) }) })
    actor.subscribe({ error: () => {} })
    actor.start()
    actor.send({ type: 'break' })
    actor.send({ type: 'break' })
    expect(readLines(lines).steps.map(({ kind, detail }) => detail ?? kind)).toEqual([
      'start',
      'local',
      expect.stringContaining('failed: '),
      'it has stopped',
    ])
  })

  test('a receiver that throws ends the watching, not the app', () => {
    const problems: string[] = []
    const inspect = standbyInspector({
      to: (line) => {
        if (line.includes('louder')) throw new Error('disk full')
      },
      onProblem: (text) => problems.push(text),
    })
    const actor = createActor(jukebox, { inspect }).start()
    actor.send({ type: 'louder' })
    expect(actor.getSnapshot().value).toMatchObject({ volume: 'high' })
    expect(problems).toEqual(['standbyInspector stopped: disk full'])
  })
})

describe('standbyInspector over a socket', () => {
  /** Stands in for a WebSocket: what it takes is kept until it opens and while it is busy. */
  class Socket {
    static readonly all: Socket[] = []
    readyState = 0
    bufferedAmount = 0
    onopen: (() => void) | null = null
    onclose: (() => void) | null = null
    onerror: (() => void) | null = null
    readonly texts: string[] = []
    constructor(readonly url: string) {
      Socket.all.push(this)
    }
    send(text: string) {
      this.texts.push(text)
    }
    close() {
      this.readyState = 3
    }
    open() {
      this.readyState = 1
      this.onopen?.()
    }
    read = () => readLines(this.texts.join('\n').split('\n'))
  }
  const until = async (condition: () => boolean) => {
    const deadline = Date.now() + 5000
    while (!condition()) {
      if (Date.now() > deadline) throw new Error('expected it within 5 s; it has not come about')
      await sleep(2)
    }
  }
  const connected = async (options: StandbyInspectorOptions = {}) => {
    Socket.all.length = 0
    const inspect = standbyInspector({ to: 'ws://127.0.0.1:1/feed', WebSocket: Socket, ...options })
    const actor = createActor(jukebox, { inspect }).start()
    await until(() => Socket.all.length === 1)
    return { inspect, actor, socket: Socket.all[0]! }
  }

  test('what happened before it opened is not lost', async () => {
    const { actor, socket, inspect } = await connected()
    actor.send({ type: 'louder' })
    socket.open()
    await until(() => socket.texts.length > 0)
    expect(socket.read().steps.map(({ kind }) => kind)).toEqual(['start', 'start', 'local'])
    expect(inspect.dropped).toBe(0)
  })

  test('past its bound it begins again from where the actors stand, and counts what no one saw', async () => {
    const { actor, socket, inspect } = await connected({ bufferMax: 10 })
    for (let turn = 0; turn < 50; turn++) actor.send({ type: 'coin' })
    socket.open()
    await until(() => socket.texts.length > 0)
    const { steps } = socket.read()
    expect(steps.map(({ kind, detail }) => `${kind} ${detail}`)).toEqual([
      'start was there before',
      'start was there before',
    ])
    expect(steps[1]!.after).toEqual({ value: 'active', context: { context: 50 } })
    expect(inspect.dropped).toBeGreaterThan(50)
    actor.send({ type: 'coin' })
    await until(() => socket.read().steps.length > 3)
    expect(socket.read().steps.at(-1)).toMatchObject({ after: { patch: [{ path: '/context', value: 51 }] } })
  })

  test('a receiver that is behind is sent nothing more until it has caught up', async () => {
    const { actor, socket } = await connected()
    socket.open()
    await until(() => socket.texts.length > 0)
    const before = socket.texts.length
    socket.bufferedAmount = 1e9
    actor.send({ type: 'louder' })
    await sleep(30)
    expect(socket.texts).toHaveLength(before)
    socket.bufferedAmount = 0
    await until(() => socket.texts.length > before)
  })

  test('after a break it connects again and says where everything stands', async () => {
    const { actor, socket, inspect } = await connected()
    socket.open()
    actor.send({ type: 'louder' })
    await until(() => socket.texts.length > 0)
    socket.readyState = 3
    socket.onclose?.()
    await until(() => Socket.all.length === 2)
    Socket.all[1]!.open()
    await until(() => Socket.all[1]!.texts.length > 0)
    expect(Socket.all[1]!.read().steps[0]).toMatchObject({
      kind: 'start',
      after: { value: { volume: 'high' } },
    })
    inspect.stop()
  })

  test('no one there: said once, and the app goes on', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const problems: string[] = []
    const inspect = standbyInspector({
      to: `ws://127.0.0.1:${port}/`,
      onProblem: (text) => problems.push(text),
    })
    createActor(jukebox, { inspect }).start().send({ type: 'louder' })
    await until(() => problems.length > 0)
    expect(problems).toEqual([expect.stringMatching(/standby inspect --listen|install the package ws/)])
    inspect.stop()
  })
})
