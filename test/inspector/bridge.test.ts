/** The bridge to XState 4: the real receivers of `@xstate/inspect` take our runs, and a real sender of its is taken by us. `npm run build` comes first. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { createActor } from 'xstate'
import { type BridgeOptions, connectReceiver, feedFrom, serveBridge } from '../../inspector/bridge/index.ts'
import { standbyInspector } from '../../inspector/index.ts'
import type { TraceStep } from '../../runtime/observe/index.ts'
import { jukebox } from './foreign-app.ts'
import { failoverTrace } from './traces.ts'

const closing: (() => void)[] = []
const children: ChildProcess[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`expected ${what} within 20 s; it has not come about`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function served(options: BridgeOptions = {}) {
  const bridge = await serveBridge({ port: 0, ...options })
  closing.push(bridge.close)
  return bridge
}

/** A receiver of theirs, all that it hears, and the steps that its feed makes of it. */
function receiving(port: number) {
  const receiver = connectReceiver(`127.0.0.1:${port}`)
  const heard: {
    type: string
    sessionId: string
    machine?: unknown
    state?: { value: unknown; context: unknown }
  }[] = []
  const steps: TraceStep[] = []
  receiver.subscribe((event) => void heard.push(event as never))
  const problems: string[] = []
  feedFrom(receiver)({
    header: () => {},
    step: (step) => void steps.push(step),
    end: () => {},
    problem: (text) => void problems.push(text),
  })
  const ofType = (type: string) => heard.filter((event) => event.type === type)
  return { receiver, heard, steps, problems, ofType }
}

describe('runs shown by receivers of @xstate/inspect', () => {
  const { header, steps } = failoverTrace()
  const transitions = steps.filter(({ after, kind }) => after !== undefined && kind !== 'start')
  const starts = steps.filter(({ kind }) => kind === 'start')
  /** Of a node that took no step since its start, the state in which it started. */
  const lastStateOf = (node: string) =>
    steps.findLast((step) => step.node === node && step.after !== undefined)!.after!

  test('our nodes: each is a service with a machine that XState 4 accepts, and every state comes', async () => {
    const bridge = await served()
    const { ofType, problems, steps: read } = receiving(bridge.port)
    await new Promise((resolve) => setTimeout(resolve, 50))
    bridge.header(header)
    for (const step of steps) bridge.step(step)
    await until('every state', () => ofType('service.state').length === transitions.length)

    expect(ofType('service.register').map(({ sessionId }) => sessionId)).toEqual(
      starts.map(({ node }) => node),
    )
    const { machine } = ofType('service.register').find(
      ({ sessionId }) => sessionId === 's1#1',
    ) as unknown as {
      machine: {
        states: { role: { states: object } }
        transition(state: unknown, event: string): { value: unknown }
      }
    }
    expect(Object.keys(machine.states.role.states)).toEqual(['idle', 'backup', 'primary', 'replicaDiverged'])
    expect(ofType('service.state').map(({ state }) => state!.value)).toEqual(
      transitions.map(({ after }) => after!.value),
    )
    expect(ofType('service.stop').length).toBe(
      steps.filter(({ kind }) => kind === 'crash' || kind === 'stop').length,
    )
    expect(problems).toEqual([])
    expect(read.filter(({ kind }) => kind === 'start').map(({ node }) => node)).toEqual(
      starts.map(({ node }) => node),
    )
    expect(
      read.filter(({ node, after }) => node === 's2#1' && after !== undefined).at(-1)!.after!.value,
    ).toEqual(lastStateOf('s2#1').value)
  })

  test.each([
    ['the whole past', 100_000, transitions.length],
    ['where every node stood, and what came after that', 200, null],
  ])('a receiver that comes late is reported %s', async (_, replayMax, states) => {
    const bridge = await served({ replayMax })
    bridge.header(header)
    for (const step of steps) bridge.step(step)
    const late = receiving(bridge.port)
    const alive = new Set(starts.map(({ node }) => node))
    for (const { node, kind } of steps) if (kind === 'crash' || kind === 'stop') alive.delete(node)
    await until('every living node', () =>
      [...alive].every((node) => late.heard.some(({ sessionId }) => sessionId === node)),
    )
    await new Promise((resolve) => setTimeout(resolve, 100))

    const count = late.ofType('service.state').length
    if (states === null) expect(count).toBeLessThan(300)
    else expect(count).toBe(states)
    for (const node of alive) {
      const last = late.heard.findLast((event) => event.sessionId === node && event.state !== undefined)!
      expect(last.state!.value).toEqual(lastStateOf(node!).value)
    }
  })

  test('actors of XState 5: their charts, their states, their end; and an event that a receiver sends comes back', async () => {
    let actor: ReturnType<typeof createActor<typeof jukebox>> | null = null
    const sent: string[] = []
    const bridge = await served({
      onEvent: (sessionId, event) => {
        sent.push(`${sessionId} ${event.type}`)
        actor!.send(event as never)
      },
    })
    const { receiver, ofType, heard } = receiving(bridge.port)
    actor = createActor(jukebox, { inspect: standbyInspector({ to: bridge.line }) }).start()
    actor.send({ type: 'crowd', size: 2 })
    await until('two dancers', () => ofType('service.register').length === 4)
    const event = {
      type: 'external',
      $$type: 'scxml',
      name: 'louder',
      data: { type: 'louder' },
      origin: 'jukebox',
    }
    receiver.send({ type: 'xstate.event', event: JSON.stringify(event), service: 'jukebox' })
    await until('it is loud', () =>
      ofType('service.state').some(({ state }) => JSON.stringify(state!.value).includes('high')),
    )
    actor.stop()
    await until('its end', () => ofType('service.stop').some(({ sessionId }) => sessionId === 'jukebox'))

    expect(sent).toEqual(['jukebox louder'])
    const dancer = heard.find(({ sessionId }) => sessionId === 'jukebox/dancer-1') as unknown as {
      parent: string
      machine: { states: object }
    }
    expect(dancer.parent).toBe('jukebox')
    expect(Object.keys(dancer.machine.states)).toEqual(['waiting', 'danced', 'gone'])
  })
})

describe('a sender of @xstate/inspect', () => {
  test('its server shows services on XState 4 as a run', { timeout: 60_000 }, async () => {
    const source = `
      import { createMachine, interpret } from 'xstate'
      import { inspect } from '@xstate/inspect/lib/server.js'
      import { WebSocketServer } from 'ws'
      const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
      server.on('listening', () => console.log(server.address().port))
      inspect({ server })
      const light = createMachine({ id: 'light', predictableActionArguments: true, initial: 'green', context: { turns: 0 }, states: {
        green: { on: { next: 'red' } }, red: { on: { next: { target: 'green', cond: 'never' } } } } }, { guards: { never: () => false } })
      const service = interpret(light, { devTools: true, id: 'light' }).start()
      setInterval(() => service.send('next'), 50)`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
      cwd: fileURLToPath(new URL('../../inspector/bridge/', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    let printed = ''
    child.stdout.on('data', (data) => (printed += data))
    await until('its port', () => printed.includes('\n'))
    const { steps, problems } = receiving(Number(printed))
    await until('two events', () => steps.length >= 3)

    expect(problems).toEqual([])
    expect(steps[0]).toMatchObject({ kind: 'start', after: { context: { turns: 0 } } })
    expect(steps[0]!.definition!.root.states.map(({ key }) => key)).toEqual(['green', 'red'])
    expect(steps[2]).toMatchObject({ kind: 'local', event: { type: 'next' }, after: { value: 'red' } })
  })
})
