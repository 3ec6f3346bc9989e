/** The gallery: stories that the protocol tells best, each played on a world of its own and open to be changed. */
import type { KeyValueCommand } from '../../machines/application/key-value-store.ts'
import { createNarrator, type Narrator } from './narrator.ts'
import { type ReplicasOptions, stagedReplicas } from './replicas.ts'
import { World } from './world.ts'

export interface Scenario {
  readonly id: string
  /** The key that opens it from the gallery. */
  readonly key: string
  readonly title: string
  readonly sentence: string
  /** The rules that it shows. */
  readonly rules: readonly string[]
  readonly options: ReplicasOptions
  readonly play: (narrator: Narrator) => void
}

const three = { servers: ['s1', 's2', 's3'], clients: ['c1'] } as const
const put = (key: string, value: string): KeyValueCommand => ({ op: 'put', key, value })
const get = (key: string): KeyValueCommand => ({ op: 'get', key })
const append = (key: string, value: string): KeyValueCommand => ({ op: 'append', key, value })

export const scenarios: readonly Scenario[] = [
  {
    id: 'first-views',
    key: '1',
    title: 'First views',
    sentence: 'Three empty servers volunteer: one becomes primary, one its backup, one stands by.',
    rules: ['V1', 'V6', 'S1', 'T6'],
    options: three,
    play({ say, until, untilInFlight, deliver, call }) {
      say('Every server pings the view service with 0: I live, and I know no view.')
      untilInFlight({ type: 'viewReply' })
      say('The first ping to arrive makes its sender primary of view 1, at once (V1).')
      untilInFlight({ type: 'stateTransfer' })
      say(
        'Another server became backup in view 2. It holds nothing yet: the primary sends it the whole state (T1).',
      )
      deliver({ type: 'stateTransfer' })
      say(
        'Only when the transfer is confirmed does the primary ping with 2. That acknowledges the view (S1, V4).',
      )
      until('settled')
      call('c1', put('greeting', 'hello'))
      say('A client calls. The primary asks its backup before it answers (S4).')
      until('answered')
      say('Answered: both replicas hold the command. From here on, it is yours.')
    },
  },
  {
    id: 'failover',
    key: '2',
    title: 'A failover',
    sentence: 'The primary crashes during a call; the backup takes over and nothing is lost.',
    rules: ['V6', 'V7', 'S4', 'S9'],
    options: three,
    play({ say, until, untilInFlight, crash, call }) {
      until('settled')
      call('c1', put('a', 'kept'))
      until('answered')
      say('The value is in both replicas. Now another call sets out.')
      call('c1', append('a', '!'))
      untilInFlight({ type: 'forward' })
      crash('primary')
      say('The primary crashes. Its forward to the backup is still in flight.')
      until('viewChange')
      say(
        'Two checks without a ping: the view service promotes the backup and appoints the idle server, in one step (V5, V6).',
      )
      until('answered')
      say('The client asked who leads now and sent the same request again. It took effect once (S9).')
      until('settled')
    },
  },
  {
    id: 'lost-replies',
    key: '3',
    title: 'Lost replies',
    sentence: 'A command is executed but its answer is lost, twice; the retry gets the stored result.',
    rules: ['S9', 'C1'],
    options: three,
    play({ say, until, untilInFlight, drop, call }) {
      until('settled')
      call('c1', append('log', 'x'))
      until('answered')
      call('c1', append('log', 'y'))
      untilInFlight({ type: 'reply' })
      say('Executed by both replicas, and the answer is on its way to the client.')
      drop({ type: 'reply' })
      say('The answer is lost. The client cannot tell that from a command that never arrived.')
      untilInFlight({ type: 'reply' })
      say(
        'It sends the same request again. The session table knows it: the stored result goes out, nothing is executed (S9).',
      )
      drop({ type: 'reply' })
      until('answered')
      say('The third copy of the answer gets through: one append, one result.')
    },
  },
  {
    id: 'deposed-primary',
    key: '4',
    title: 'A deposed primary is asked',
    sentence:
      'A primary that was cut off still believes in its view; a client that asks it gets no stale answer.',
    rules: ['S4', 'S5', 'S8'],
    options: { ...three, clients: ['c1', 'c2'] },
    play({ say, until, untilInFlight, cut, call, run, heal }) {
      until('settled')
      call('c1', put('a', 'old'))
      until('answered')
      cut('primary', 'view-service')
      say('The primary no longer reaches the view service. It does not know that it is about to be replaced.')
      until('viewChange')
      until('settled')
      call('c2', put('a', 'new'))
      until('answered')
      say('The new primary has answered a put. The old one does not know of it.')
      call('c1', get('a'))
      untilInFlight({ type: 'forward' })
      say('The old primary is asked for a read. Reads go to the backup like every command (S4).')
      run(2)
      say(
        'Its former backup refuses: that forward is of an old view (S5). So the old primary answers nothing.',
      )
      until('answered')
      say('The client asks the view service, finds the new primary, and reads the new value.')
      heal()
      until('settled')
    },
  },
  {
    id: 'double-failure',
    key: '5',
    title: 'Double failure and return',
    sentence:
      'Two of three servers die and one comes back empty; when the last holder dies too, the system answers nothing.',
    rules: ['V6', 'N2', 'N5', 'T1'],
    options: three,
    play({ say, until, crash, restart, call, run }) {
      until('settled')
      call('c1', put('a', '1'))
      until('answered')
      crash('primary')
      until('viewChange')
      until('settled')
      crash('primary')
      say('Two of three have died. The last holder of the state goes on alone.')
      until('viewChange')
      until('settled')
      restart('s1')
      say('s1 comes back as a new life, s1#2, and empty: it never speaks for its former self (N2).')
      until('viewChange')
      until('settled')
      say('It became backup and got the whole state by a transfer (T1).')
      crash('backup')
      until('viewChange')
      until('settled')
      crash('primary')
      restart('s2')
      call('c1', get('a'))
      say('Now the last holder dies too, an empty server volunteers, and a client asks.')
      run(600)
      say('An empty server becomes backup at most (N5). The system waits rather than answer wrongly.')
    },
  },
  {
    id: 'transfer',
    key: '6',
    title: 'A transfer against requests',
    sentence: 'A new backup gets a state of several pieces while clients keep calling.',
    rules: ['T2', 'T4', 'T5', 'S3'],
    options: { ...three, clients: ['c1', 'c2'], limits: { transferBytesMax: 64 } },
    play({ say, until, untilInFlight, crash, call }) {
      until('settled')
      for (const key of ['alpha', 'beta', 'gamma']) {
        call('c1', put(key, `the value of ${key}, long enough for a piece of its own`))
        until('answered')
      }
      crash('backup')
      say('The backup dies; the view service replaces it with the idle server, which holds nothing.')
      untilInFlight({ type: 'stateTransfer' })
      call('c2', get('beta'))
      say('The state travels in pieces. A client asks meanwhile.')
      untilInFlight({ type: 'refusal' })
      say(
        'Refused: stateTransfer (T2). Every command is entirely before or entirely after the transfer (T4).',
      )
      until('answered')
      say('All pieces are in, the view is acknowledged, and the retry was answered.')
      until('settled')
    },
  },
  {
    id: 'partition',
    key: '7',
    title: 'The pair is partitioned',
    sentence:
      'Primary and backup cannot reach each other, but both reach the view service: unavailable, never wrong.',
    rules: ['S4', 'V6'],
    options: three,
    play({ say, until, cut, call, run, heal }) {
      until('settled')
      cut('primary', 'backup')
      say('The link within the pair is cut. Both keep pinging, so the view service sees nothing wrong.')
      call('c1', put('a', '1'))
      run(150)
      say('The primary cannot decide without its backup (S4). It repeats the forward, and answers no client.')
      heal()
      say('The link heals.')
      until('answered')
      say('The repeated forward gets through, and the client has its answer.')
    },
  },
  {
    id: 'session-expiry',
    key: '8',
    title: 'A session expires',
    sentence: 'The session table has room for two; the third client costs the first its session.',
    rules: ['S10', 'C2'],
    options: { servers: ['s1', 's2'], clients: ['c1', 'c2', 'c3'], limits: { sessionsMax: 2 } },
    play({ say, until, untilInFlight, call }) {
      until('settled')
      for (const [client, value] of [
        ['c1', 'a'],
        ['c2', 'b'],
      ] as const) {
        call(client, append('log', value))
        until('answered')
      }
      say('Two clients have sessions. The table is full.')
      call('c3', append('log', 'c'))
      until('answered')
      say(
        'A third one opened a session: the least recent one, of c1, made room. Executed commands decide that, never time (S10).',
      )
      call('c1', append('log', 'd'))
      untilInFlight({ type: 'reply', to: 'c1' })
      say(
        'c1 gets sessionExpired, and the call may have been executed: without the session, a retry looks like a new call.',
      )
      until('answered')
      call('c1', append('log', 'e'))
      until('answered')
      say('Its next call opened a new session.')
    },
  },
  {
    id: 'lost-update',
    key: '9',
    title: 'Broken: a lost update',
    sentence: 'A primary that answers without asking its backup: an answered put is gone after the failover.',
    rules: ['S4', 'I5', 'I8'],
    options: { ...three, clients: ['c1', 'c2'], broken: 'answersAlone' },
    play({ say, until, crash, call }) {
      until('settled')
      call('c1', put('a', 'precious'))
      say('This primary breaks S4: it executes and answers alone.')
      until('answered')
      say(
        'The client has its acknowledgement. The backup knows nothing, and an invariant is violated already.',
      )
      crash('primary')
      until('viewChange')
      call('c2', get('a'))
      until('answered')
      say('After the failover the value is gone: no order of these calls explains the answers (I8).')
    },
  },
  {
    id: 'executed-twice',
    key: '0',
    title: 'Broken: executed twice',
    sentence: 'A client that renumbers its retry: one lost answer, and the command takes effect twice.',
    rules: ['S9', 'I6', 'I8'],
    options: { ...three, broken: 'renumbersRetries' },
    play({ say, until, untilInFlight, drop, call }) {
      until('settled')
      call('c1', append('log', 'x'))
      untilInFlight({ type: 'reply', to: 'c1' })
      until('answered')
      call('c1', append('log', 'y'))
      untilInFlight({ type: 'reply' })
      say('The append is executed, and its answer is lost.')
      drop({ type: 'reply' })
      until('answered')
      say('The retry carried a new sequence number, so that no session table could recognise it (S9).')
      call('c1', get('log'))
      until('answered')
      say('The log holds y twice: no order of the calls explains that (I8).')
    },
  },
]

/** A world in which the scenario has been played, looked at from its beginning. */
export function openScenario({ id, title, options, play }: Scenario): World {
  const world = new World({ title, staged: stagedReplicas(options), scenario: id })
  world.together(() => play(createNarrator(world)))
  world.goTo(0)
  return world
}
