/**
 * Checks single-decree Paxos: three servers, two clients that each write a value and then read one.
 *
 * `npx tsx examples/check-paxos.ts` searches everything that can happen, first as it should be, then with a bug: a
 * server that proposes its own value although another may have been accepted. The reads must be linearizable.
 */
import { check, linearizable, reachable } from 'standby/check'
import { registerModel } from 'standby/history'
import { createMachine, enqueueActions } from 'xstate'

type Ballot = readonly [round: number, rank: number]
type Proposal = readonly [request: number, client: string, value: string]
type Accepted = { readonly ballot: Ballot; readonly proposal: Proposal }

interface ServerContext {
  readonly ballot: Ballot
  readonly proposal: Proposal | null
  /** What each server has accepted, of those that have promised to follow this ballot. */
  readonly promises: Readonly<Record<string, Accepted | null>>
  readonly accepts: readonly string[]
  readonly accepted: Accepted | null
  readonly decided: boolean
}

type ServerEvent =
  | { type: 'put'; from: string; request: number; value: string }
  | { type: 'get'; from: string; request: number }
  | { type: 'prepare'; from: string; ballot: Ballot }
  | { type: 'promise'; from: string; ballot: Ballot; accepted: Accepted | null }
  | { type: 'accept'; from: string; ballot: Ballot; proposal: Proposal }
  | { type: 'accepted'; from: string; ballot: Ballot }
  | { type: 'decided'; from: string; ballot: Ballot; proposal: Proposal }

const servers = ['s0', 's1', 's2']
const majority = 2

const compare = (a: Ballot, b: Ballot) => a[0] - b[0] || a[1] - b[1]
const isEqual = (a: Ballot, b: Ballot) => compare(a, b) === 0

/** One server: it proposes what a client writes, and promises and accepts what others propose. */
function server(rank: number, forgetful: boolean) {
  const self = servers[rank]!
  const peers = servers.filter((id) => id !== self)
  return createMachine({
    id: 'server',
    types: {} as { context: ServerContext; events: ServerEvent },
    context: {
      ballot: [0, 0],
      proposal: null,
      promises: {},
      accepts: [],
      accepted: null,
      decided: false,
    },
    on: {
      '*': {
        actions: enqueueActions(({ context, event, enqueue }) => {
          const set = (change: Partial<ServerContext>) => enqueue.assign(change)
          const send = (to: string, message: ServerEvent | object) =>
            enqueue({ type: 'send', params: { to, message } } as never)
          const { ballot, decided } = context
          switch (event.type) {
            case 'put': {
              if (decided || context.proposal !== null) return
              const next: Ballot = [ballot[0] + 1, rank]
              set({
                ballot: next,
                proposal: [event.request, event.from, event.value],
                promises: { [self]: context.accepted },
                accepts: [],
              })
              for (const peer of peers) send(peer, { type: 'prepare', ballot: next })
              return
            }
            case 'get':
              if (decided)
                send(event.from, {
                  type: 'value',
                  request: event.request,
                  value: context.accepted!.proposal[2],
                })
              return
            case 'prepare':
              if (decided || compare(ballot, event.ballot) >= 0) return
              set({ ballot: event.ballot })
              send(event.from, { type: 'promise', ballot: event.ballot, accepted: context.accepted })
              return
            case 'promise': {
              if (decided || !isEqual(event.ballot, ballot)) return
              const promises = inOrder({ ...context.promises, [event.from]: event.accepted })
              set({ promises })
              if (Object.keys(promises).length !== majority) return
              const proposal = (forgetful ? null : newest(promises)?.proposal) ?? context.proposal!
              set({ proposal, accepted: { ballot, proposal }, accepts: [self] })
              for (const peer of peers) send(peer, { type: 'accept', ballot, proposal })
              return
            }
            case 'accept':
              if (decided || compare(ballot, event.ballot) > 0) return
              set({ ballot: event.ballot, accepted: { ballot: event.ballot, proposal: event.proposal } })
              send(event.from, { type: 'accepted', ballot: event.ballot })
              return
            case 'accepted': {
              if (decided || !isEqual(event.ballot, ballot)) return
              const accepts = [...new Set([...context.accepts, event.from])].sort()
              set({ accepts })
              if (accepts.length !== majority) return
              set({ decided: true })
              const proposal = context.proposal!
              for (const peer of peers) send(peer, { type: 'decided', ballot, proposal })
              send(proposal[1], { type: 'written', request: proposal[0] })
              return
            }
            case 'decided':
              if (decided) return
              set({
                ballot: event.ballot,
                accepted: { ballot: event.ballot, proposal: event.proposal },
                decided: true,
              })
          }
        }),
      },
    },
  })
}

function inOrder<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What was accepted under the highest ballot. */
function newest(promises: ServerContext['promises']): Accepted | null {
  let best: Accepted | null = null
  for (const accepted of Object.values(promises))
    if (accepted !== null && (best === null || compare(accepted.ballot, best.ballot) > 0)) best = accepted
  return best
}

/** A client that writes its value to one server, then reads from the next; `call` and `return` are its history. */
function client(index: number) {
  const value = String.fromCharCode('A'.charCodeAt(0) + index)
  const number = servers.length + index
  const send = (to: number, message: object) => ({
    type: 'send',
    params: { to: servers[to % servers.length]!, message },
  })
  return createMachine({
    id: 'client',
    initial: 'writing',
    states: {
      writing: {
        entry: [
          { type: 'call', params: { op: 'write', value } },
          send(number, { type: 'put', request: number, value }),
        ],
        on: {
          written: {
            guard: ({ event }: { event: { request: number } }) => event.request === number,
            target: 'reading',
            actions: { type: 'return', params: { output: null } },
          },
        },
      },
      reading: {
        entry: [
          { type: 'call', params: { op: 'read' } },
          send(number + 1, { type: 'get', request: 2 * number }),
        ],
        on: {
          value: {
            guard: ({ event }: { event: { request: number } }) => event.request === 2 * number,
            target: 'done',
            actions: {
              type: 'return',
              params: ({ event }: { event: { value: string } }) => ({ output: event.value }),
            },
          },
        },
      },
      done: {},
    },
  } as never)
}

/** The system, on a network of which each message arrives once, or any number of times. */
export function paxos(network: 'once' | 'set' = 'once', forgetful = false) {
  const history = linearizable(registerModel())
  return {
    nodes: [
      ...servers.map((id, rank) => ({ id, machine: server(rank, forgetful) })),
      ...[0, 1].map((index) => ({ id: `c${index}`, machine: client(index) })),
    ],
    network,
    observer: history.observer,
    invariants: [history.invariant],
    goals: [
      reachable('a value is read', (system) =>
        [0, 1].some((index) => system.node(`c${index}`).snapshot.value === 'done'),
      ),
    ],
  }
}

if (process.argv[1]?.endsWith('check-paxos.ts')) {
  for (const network of ['once', 'set'] as const) {
    const { verdict, states } = check(paxos(network), { reduction: 'none' })
    console.log(`as it should be, network '${network}': ${verdict}, ${states} states`)
  }
  const { verdict, violation } = check(paxos('once', true))
  console.log(`with a server that forgets what was accepted: ${verdict}`)
  console.log(`  ${violation?.name}: ${violation?.reason}`)
  console.log(violation?.story)
}
