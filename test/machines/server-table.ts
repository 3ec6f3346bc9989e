/** Every situation of a server and every kind of message that it can receive there, for tests of the bare chart. It asserts nothing. */
import type { Message, Received } from '../../machines/messages.ts'
import type { ServerEvent, ServerOptions } from '../../machines/server/context.ts'
import type { View } from '../../machines/view.ts'
import {
  ackOf,
  alice,
  bob,
  carol,
  diverged,
  entry,
  forward,
  me,
  opening,
  openingEntry,
  partner,
  piece,
  pieceAck,
  piecesOf,
  replicaAfter,
  request,
  roleOf,
  type ServerSeen,
  type ServerSnapshot,
  type servers,
  third,
  view,
  viewReply,
} from './servers.ts'

/** Small bounds, so that one request fills the queue and a replica with a session goes in several pieces. */
export const tableOptions: Partial<ServerOptions> = { queueMax: 1, transferBytesMax: 4 }

/** Alice opened session 1 and executed sequence numbers 1 and 2 in it. */
const served = [opening(), request({ seq: 1 }), request({ seq: 2 })]
const servedEntries = [openingEntry(), entry({ seq: 1 }), entry({ seq: 2 })]

/** Servers in view 5, one in each situation that the protocol tells apart. */
export function situationsOf(chart: ReturnType<typeof servers>): Readonly<Record<string, ServerSnapshot>> {
  const { run, start, alone, transferring, serving, awaitingState, backup } = chart
  const [first, second] = piecesOf(replicaAfter(servedEntries), view(partner, me), 4)
  const waitingForAck = run(serving(...served), request({ seq: 3 })).snapshot
  const wrongAck = { type: 'forwardAck', viewNumber: 5, number: 1, digest: 'wrong', from: partner } as const
  return {
    'before any view': start().snapshot,
    'idle in the view': run(start().snapshot, viewReply(view(partner, third))).snapshot,
    'backup, nothing of the state is in': awaitingState(),
    'backup, two pieces of the state are in': run(awaitingState(), first!, second!).snapshot,
    'backup with state, nothing applied': backup(),
    'backup with state, two forwards applied': run(
      backup(replicaAfter(servedEntries)),
      forward(1, [entry({ seq: 3 })]),
      forward(2, [entry({ seq: 4 })]),
    ).snapshot,
    'primary, transfers its only piece': transferring(),
    'primary, transfers its only piece, a request waits': run(
      serving(),
      opening(),
      viewReply(view(me, third, 6)),
      viewReply(view(me, partner, 7)),
    ).snapshot,
    'primary, transfers the second of several pieces': run(transferring(...served), pieceAck(0)).snapshot,
    'primary, alone': alone(...served),
    'primary with backup, nothing outstanding': serving(...served),
    'primary with backup, a forward outstanding': waitingForAck,
    'primary with backup, a forward outstanding, the queue full': run(waitingForAck, opening(bob)).snapshot,
    'primary, diverged': run(waitingForAck, wrongAck).snapshot,
    'backup, diverged': run(backup(), diverged()).snapshot,
  }
}

/** What a server in this situation can receive, by what it is. Older, my and newer are views; the partner is the other member of my view. */
export function eventsFor(snapshot: ServerSnapshot): Readonly<Record<string, ServerEvent>> {
  const { number } = snapshot.context.view
  const views = { 'an older': Math.max(0, number - 1), my: number, 'a newer': number + 1 }
  const senders = { 'my partner': partner, 'a third server': third }
  const events: Record<string, ServerEvent> = {}
  for (const [age, viewNumber] of Object.entries(views)) {
    Object.assign(events, viewReplies(age, viewNumber), requests(age, viewNumber), transfers(age, viewNumber))
    for (const [who, from] of Object.entries(senders)) {
      const where = `of ${age} view from ${who}`
      for (const forwardNumber of [1, 2, 3, 4]) {
        events[`forward ${forwardNumber} ${where}`] = forward(forwardNumber, [entry({ seq: 9 })], {
          viewNumber,
          from,
        })
      }
      for (const index of [0, 1, 2]) {
        events[`stateTransferAck ${index} ${where}`] = pieceAck(index, { viewNumber, from })
      }
      for (const [kind, ack] of Object.entries(acks(snapshot))) {
        events[`forwardAck ${kind} ${where}`] = { ...ack, viewNumber, from }
      }
      events[`replicaDiverged ${where}`] = diverged({ viewNumber, from })
    }
  }
  const outcome = { kind: 'opened', session: 1 } as const
  const reason = 'wrongServer'
  return {
    ...events,
    ping: { type: 'ping', viewNumber: number, from: partner },
    getView: { type: 'getView', from: alice },
    reply: { type: 'reply', session: null, seq: 0, outcome, from: partner },
    refusal: { type: 'refusal', viewNumber: number, session: null, seq: 0, reason, from: partner },
  }
}

/** The sets of events that the table may name together: by type, then also by view, by sender, by both. */
export function setsOf(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const sets = new Map<string, string[]>()
  const add = (set: string, name: string) => sets.set(set, [...(sets.get(set) ?? []), name])
  const typeOf = (name: string) => name.split(' ')[0]!
  for (const name of names) add(`every ${typeOf(name)}`, name)
  const ofView = ' (of|in) (an older|my|a newer) view'
  const sender = ' from (the view service|my partner|a third server)'
  for (const part of [ofView, sender, ofView + sender].map((text) => new RegExp(text))) {
    for (const name of names) {
      const found = part.exec(name)?.[0]
      if (found !== undefined) add(`every ${typeOf(name)}${found}`, name)
    }
  }
  return sets
}

/** What a server did with an event, as one line of text. */
export function outcomeOf(before: ServerSnapshot, { snapshot, ignored, sent, actions }: ServerSeen): string {
  const parts = ignored.map((reason) => `ignores "${reason}"`)
  for (const { to, message } of sent) {
    const receiver = to === 'view-service' ? 'the view service' : to.startsWith('s') ? to : 'the client'
    const refused = message.type === 'refusal'
    parts.push(refused ? `refuses "${message.reason}"` : `sends ${receiver} ${contentOf(message)}`)
  }
  if (roleOf(snapshot) !== roleOf(before)) parts.push(`becomes ${roleOf(snapshot)}`)
  if (snapshot.context.view !== before.context.view) parts.push(`adopts ${viewText(snapshot.context.view)}`)
  parts.push(...changesOf(before, snapshot))
  if (parts.length === 0) parts.push(actions.length === 0 ? 'nothing' : 'only sets timers')
  return parts.join(', ')
}

function contentOf(message: Message): string {
  if (message.type === 'ping') return `ping ${message.viewNumber}`
  return message.type === 'reply' ? `reply ${JSON.stringify(message.outcome)}` : message.type
}

function viewText({ number, primary, backup }: View): string {
  return `view ${number} (${primary ?? 'nobody'}, ${backup ?? 'nobody'})`
}

function changesOf(before: ServerSnapshot, after: ServerSnapshot): readonly string[] {
  const a = before.context
  const b = after.context
  const size = ({ queue }: typeof a) => queue.size
  const changes: string[] = []
  if (a.replica !== b.replica) changes.push(b.replica === null ? 'gives up its state' : 'has a new state')
  if (size(a) !== size(b)) changes.push(`${size(b)} in the queue`)
  else if (a.queue !== b.queue && JSON.stringify(a.queue) !== JSON.stringify(b.queue))
    changes.push('another queue')
  if ((a.arriving?.pieces ?? 0) !== (b.arriving?.pieces ?? 0)) {
    changes.push(`${b.arriving?.pieces ?? 0} pieces in`)
  }
  if (a.applied.number !== b.applied.number) changes.push(`last applied ${b.applied.number}`)
  return changes
}

function viewReplies(age: string, number: number): Record<string, ServerEvent> {
  const replies: Record<string, ServerEvent> = {}
  const views = {
    'me primary, no backup': view(me, null, number),
    'me primary, a backup': view(me, third, number),
    'me backup': view(partner, me, number),
    'others only': view(partner, third, number),
  }
  for (const [names, of] of Object.entries(views)) {
    const name = (from: string) => `viewReply of ${age} view from ${from} naming ${names}`
    replies[name('the view service')] = viewReply(of)
    replies[name('a third server')] = viewReply(of, { from: third })
  }
  return replies
}

function requests(age: string, viewNumber: number): Record<string, ServerEvent> {
  const name = (what: string) => `request in ${age} view, ${what}`
  return {
    [name('the next of a session')]: request({ seq: 4, viewNumber }),
    [name('a copy of the outstanding or next one')]: request({ seq: 3, viewNumber }),
    [name('a repeat')]: request({ seq: 2, viewNumber }),
    [name('a used number with other commands')]: request({ seq: 2, commands: ['other'], viewNumber }),
    [name('an old number')]: request({ seq: 1, viewNumber }),
    [name('of an expired session')]: request({ session: 77, viewNumber }),
    [name("in another client's session")]: request({ client: carol, seq: 3, viewNumber }),
    [name('opens a session')]: opening(carol, viewNumber),
    [name('opens a session that may wait already')]: opening(bob, viewNumber),
    [name('opens a session that may be open')]: opening(alice, viewNumber),
  }
}

function transfers(age: string, number: number): Record<string, ServerEvent> {
  const mine = view(partner, me, number)
  const pieces = piecesOf(replicaAfter(servedEntries), mine, 4)
  const [whole] = piecesOf(replicaAfter([]), mine, 1_000)
  const name = (from: string, what: string) => `stateTransfer of ${age} view from ${from}, ${what}`
  const events: Record<string, ServerEvent> = {
    [name('my partner', 'the whole state')]: whole!,
    [name('my partner', 'unreadable')]: piece(mine, 0, true, 'no state'),
    [name('my partner', '2 of 0 to 2, unreadable')]: piece(mine, 2, true, null),
    [name('my partner', 'to a third server')]: { ...whole!, view: view(partner, third, number) },
    [name('a third server', 'the whole state')]: { ...whole!, from: third },
  }
  for (const [index, message] of pieces.entries()) {
    events[name('my partner', `${index} of 0 to ${pieces.length - 1}`)] = message
  }
  return events
}

/** Acknowledgements of what is outstanding here, right and wrong in each respect. */
function acks({ context }: ServerSnapshot): Record<string, Received<'forwardAck'>> {
  const outstanding = context.outstanding ?? { number: 1, requests: [] }
  const replica = context.replica ?? replicaAfter([])
  const right = ackOf({ type: 'forward', viewNumber: context.view.number, ...outstanding }, replica)
  return {
    right,
    'of the number before': { ...right, number: right.number - 1 },
    'of the number after': { ...right, number: right.number + 1 },
    'with another digest': { ...right, digest: 'another' },
  }
}
