/** Every public door refuses an option that it does not know, and says which one was probably meant. */
import { expect, test } from 'vitest'
import { createMachine } from 'xstate'
import {
  createClient,
  createCluster as createClusterOnPorts,
  createServer,
  createViewService,
} from '../../actors/index.ts'
import { createServiceMessages, standbyInspector } from '../../inspector/index.ts'
import { replicated } from '../../machines/index.ts'
import { check, traceOf } from '../../proof/check/index.ts'
import { checkInParallel } from '../../proof/check/parallel/index.ts'
import { checkHistory, keyValueModel, renderHistory } from '../../proof/history/index.ts'
import { createVirtualClock, planOf, simulate, watchInvariants } from '../../proof/simulate/index.ts'
import { createCluster, createLog, createStory, createTrace, readTrace } from '../../runtime/index.ts'
import { createTracing } from '../../runtime/opentelemetry/index.ts'
import { seededRandom } from '../../runtime/schedulers.ts'
import { serveInspector } from '../../runtime/serve/inspector/index.ts'
import { createBroadcastChannelTransport } from '../../runtime/transport/broadcast-channel.ts'
import { type FaultRates, withFaults } from '../../runtime/transport/faults.ts'
import { createMemoryTransport } from '../../runtime/transport/memory.ts'
import { createMessagePortTransport } from '../../runtime/transport/message-port.ts'
import { openNatsTransport } from '../../runtime/transport/nats.ts'
import { openTcpTransport } from '../../runtime/transport/tcp.ts'
import { openWebSocketTransport } from '../../runtime/transport/websocket.ts'

const machine = createMachine({})
const nodes = [{ id: 'a', machine }]
const clock = createVirtualClock()
const transport = createMemoryTransport()
const ports = { transport, clock }
const here = { module: import.meta.url, name: 'nothing' }
const faulty = () => {
  const { attach, faults } = withFaults(createMemoryTransport(), { clock, random: seededRandom(1) })
  for (const id of ['s1#1', 's2#1', 'c1#1', 'view-service']) attach(id, () => {})
  return faults
}
const judgement = checkHistory(keyValueModel, [])
/** A value of any type: what is refused is refused at run time too. */
const odd = (options: object) => options as never

/** Each door, called with something that it does not know, and what it must say. */
const doors: readonly (readonly [door: string, open: () => unknown, says: string])[] = [
  ['check: its system', () => check(odd({ nodes, invariant: [] })), 'did you mean invariants?'],
  ['check: a node', () => check(odd({ nodes: [{ id: 'a', machine, scripts: [] }] })), 'did you mean script?'],
  [
    'check: a property',
    () => check(odd({ nodes, invariants: [{ name: 'x', holds: () => true, monoton: true }] })),
    'did you mean monotone?',
  ],
  ['check: a cut', () => check(odd({ nodes, cuts: [{ from: 'a', too: 'b' }] })), 'expected'],
  ['check: timers', () => check(odd({ nodes, timers: 'sorted' })), "expected 'free' or 'ordered'"],
  [
    'check: options',
    () => check({ nodes }, odd({ maxStates: 5 })),
    'expected one of the options order, bounds',
  ],
  ['check: order', () => check({ nodes }, odd({ order: 'bfs' })), "expected 'breadth-first'"],
  ['check: reduction', () => check({ nodes }, odd({ reduction: 'all' })), "expected 'sends' or 'none'"],
  ['check: bounds', () => check({ nodes }, odd({ bounds: { state: 5 } })), 'did you mean states?'],
  ['check: a bound', () => check({ nodes }, odd({ bounds: { states: -5 } })), 'whole number from 1'],
  ['check: a bound of walks', () => check({ nodes }, { bounds: { walks: 5 } }), "order: 'random-walk'"],
  ['check: liveness', () => check({ nodes }, odd({ liveness: { sample: 5 } })), 'did you mean samples?'],
  [
    'check: handlers',
    () => check({ nodes }, odd({ handlers: { idempotence: true } })),
    'did you mean idempotent?',
  ],
  ['traceOf', () => traceOf({ nodes }, { steps: [] }, odd({ scenarios: 'x' })), 'did you mean scenario?'],
  ['checkInParallel', () => checkInParallel(here, odd({ worker: 2 })), 'did you mean workers?'],
  ['checkInParallel: order', () => checkInParallel(here, odd({ order: 'depth-first' })), 'got "order"'],
  ['checkInParallel: source', () => checkInParallel(odd({ ...here, arg: [] })), 'did you mean args?'],
  ['simulate: a seed', () => simulate(odd({ seed: 1, call: 5 })), 'did you mean calls?'],
  ['simulate: a plan', () => simulate(odd({ ...planOf({ seed: 1 }), heelAt: 5 })), 'did you mean healAt?'],
  ['simulate', () => simulate({ seed: 1 }, odd({ maxSteps: 5 })), 'expected one of the options workload'],
  ['planOf', () => planOf(odd({ seed: 1, server: 5 })), 'did you mean servers?'],
  [
    'watchInvariants',
    () => watchInvariants(odd({ viewService: 'v', servers: [], clients: [], invariant: [] })),
    'did you mean invariants?',
  ],
  ['checkHistory', () => checkHistory(keyValueModel, [], odd({ timeLimit: 5 })), 'did you mean timeLimitMs?'],
  [
    'checkHistory: a limit',
    () => checkHistory(keyValueModel, [], { stepsMax: Number.NaN }),
    'expected a number above 0',
  ],
  ['renderHistory', () => renderHistory([], judgement, odd({ titel: 'x' })), 'did you mean title?'],
  ['createCluster', () => createCluster(odd({ server: 3 })), 'did you mean servers?'],
  ['createCluster: timing', () => createCluster(odd({ timing: { pingInterval: 3 } })), 'pingIntervalMs?'],
  ['createCluster: limits', () => createCluster(odd({ limits: { queuMax: 3 } })), 'did you mean queueMax?'],
  ['createCluster on ports', () => createClusterOnPorts(odd({ ...ports, seed: 3 })), 'got "seed"'],
  ['createServer', () => createServer(odd({ ...ports, id: 's#1', limit: {} })), 'did you mean limits?'],
  ['createClient', () => createClient(odd({ ...ports, id: 'c#1', timeout: 5 })), 'did you mean timeoutMs?'],
  ['createViewService', () => createViewService(odd({ ...ports, timings: {} })), 'did you mean timing?'],
  ['replicated', () => replicated(machine, odd({ selects: () => 1 })), 'input and select only, got selects'],
  ['createLog', () => createLog(odd({ levels: 'debug' })), 'did you mean level?'],
  ['createTrace', () => createTrace(odd({ write: () => {}, node: [] })), 'did you mean nodes?'],
  ['createStory', () => createStory(odd({ slow: 5 })), 'did you mean slowMs?'],
  ['readTrace', () => readTrace('', odd({ partly: true })), 'expected the option partial'],
  ['withFaults', () => withFaults(transport, odd({ clock, random: () => 1, seed: 5 })), 'got "seed"'],
  ['network.set: rates', () => faulty().set(odd({ drops: 1 })), 'did you mean drop?'],
  ['network.set: a rate', () => faulty().set({ drop: 2 }), 'probability from 0 to 1'],
  ['network.set: its scope', () => faulty().set({ drop: 1 }, odd({ form: 's1' })), 'did you mean from?'],
  ['network.set: a node', () => faulty().set({ drop: 1 }, { from: 's9' }), 'did you mean s1?'],
  ['network.set: a type', () => faulty().set({ drop: 1 }, odd({ type: 'pong' })), 'expected one of'],
  ['network.cut', () => faulty().cut('s9', 's1'), 'expected one of the nodes s1, s2, c1, view-service'],
  ['network.cut: the other end', () => faulty().cut('s1', 'view-servise'), 'did you mean view-service?'],
  ['network.cut: nothing', () => faulty().cut('s1', undefined as never), 'expected a node'],
  ['network.partition', () => faulty().partition(['s1'], ['s9']), 'did you mean s1?'],
  ['network.partition: names', () => faulty().partition(odd('s1' as never), ['s2']), 'expected groups'],
  ['createMemoryTransport', () => createMemoryTransport(odd({ delay: 5 })), 'did you mean delayMs?'],
  ['createMessagePortTransport', () => createMessagePortTransport(odd({ port: [] })), 'did you mean ports?'],
  ['createBroadcastChannelTransport', () => createBroadcastChannelTransport(odd({ nam: '' })), 'mean name?'],
  ['openTcpTransport', () => openTcpTransport(odd({ listens: {} })), 'got listens'],
  ['openWebSocketTransport', () => openWebSocketTransport(odd({ listens: {} })), 'got listens'],
  ['openNatsTransport', () => openNatsTransport(odd({ connections: {} })), 'did you mean connection?'],
  ['createTracing', () => createTracing(odd({ tracers: 1 })), 'expected'],
  ['standbyInspector', () => standbyInspector(odd({ too: '' })), 'did you mean to?'],
  ['createServiceMessages', () => createServiceMessages(odd({ replay: 1 })), 'expected the option replayMax'],
  ['serveInspector', () => serveInspector(odd({ prot: 1 })), 'did you mean port?'],
]

test.each(doors)('%s refuses what it does not know', async (_, open, says) => {
  const opened = async () => open()
  await expect(opened()).rejects.toThrow(says)
})

test.each<[string, (scope: object) => unknown]>([
  ['no rates', () => faulty().set({})],
  ['a node by name or by id', () => faulty().cut('s1', 's2#1')],
  [
    'any node before there is one',
    () => withFaults(transport, { clock, random: () => 0 }).faults.cut('x', 'y'),
  ],
  ['an option that is undefined', () => check({ nodes }, odd({ seed: undefined }))],
])('%s is taken', (_, open) => {
  const rates: FaultRates = {}
  expect(() => open(rates)).not.toThrow()
})
