/** The view service once more, written from V1 to V11 alone: what the chart is compared with. And transcripts that play both. */
import type { SnapshotFrom } from 'xstate'
import type { Received } from '../../machines/messages.ts'
import type { View } from '../../machines/view.ts'
import { type createViewServiceMachine, type ViewRecord, viewRecord } from '../../machines/view-service.ts'
import { type Chart, chart, type Seen } from '../support/chart.ts'

export type Machine = ReturnType<typeof createViewServiceMachine>
export type Snapshot = SnapshotFrom<Machine>

/** `s1#1:4` is a ping of s1#1 with number 4; `check` is a ping check; `restart` resumes from the record; `foreign` is no message for it. */
export type Step = string

/** Plays steps on a chart of the view service; what is seen is what the last one did. */
export interface Service {
  readonly start: (record?: ViewRecord | null) => Seen<Snapshot>
  readonly play: (snapshot: Snapshot, ...steps: readonly Step[]) => Seen<Snapshot>
  /** Steps from view 0. */
  readonly after: (...steps: readonly Step[]) => Seen<Snapshot>
  readonly bare: Chart<Machine>
}

const client = 'c1#1'
const foreign: Received = { type: 'forwardAck', from: 's1#1', viewNumber: 1, number: 1, digest: '' }

export function service(machine: Machine): Service {
  const bare = chart(machine)
  const start = (record: ViewRecord | null = null) => bare.start({ id: 'view-service', record })
  const once = (snapshot: Snapshot, step: Step) => {
    if (step === 'check') return bare.fire(snapshot, 'pingCheckInterval')
    if (step === 'getView') return bare.step(snapshot, { type: 'getView', from: client })
    if (step === 'restart') return start(JSON.parse(JSON.stringify(recordOf(snapshot))))
    if (step === 'foreign') return bare.step(snapshot, foreign as never)
    return bare.step(snapshot, { type: 'ping', ...pingOf(step) })
  }
  const play = (snapshot: Snapshot, ...steps: readonly Step[]) => {
    let seen: Seen<Snapshot> = { snapshot, actions: [], sent: [], ignored: [], timers: [] }
    for (const step of steps) seen = once(seen.snapshot, step)
    return seen
  }
  return { start, play, after: (...steps) => play(start().snapshot, ...steps), bare }
}

export function pingOf(step: Step): { readonly from: string; readonly viewNumber: number } {
  const colon = step.lastIndexOf(':')
  return { from: step.slice(0, colon), viewNumber: Number(step.slice(colon + 1)) }
}

export function recordOf(snapshot: Snapshot): ViewRecord {
  return viewRecord(snapshot.context, snapshot.hasTag('acknowledged'))
}

/** `2: s1#1 s2#1`; no one is `-`. */
export function textOf({ number, primary, backup }: View): string {
  return `${number}: ${primary ?? '-'} ${backup ?? '-'}`
}

/** The view and whether it is acknowledged: `acknowledged 2: s1#1 s2#1`. */
export function stateOf({ value, context }: Snapshot): string {
  return `${(value as { views: string }).views} ${textOf(context.view)}`
}

/** The servers that count as alive, with their silence: `s1#1 silent 0, s2#1 silent 1`. */
export function aliveOf({ context }: Snapshot): string {
  return context.servers.map(({ id, silentChecks }) => `${id} silent ${silentChecks}`).join(', ')
}

/** Everything that decides what a view service does next, as one comparable value. */
export function situationOf(snapshot: Snapshot): Situation {
  const { context } = snapshot
  return {
    view: textOf(context.view),
    acknowledged: snapshot.hasTag('acknowledged'),
    silence: aliveOf(snapshot),
    newest: context.incarnations.map(({ name, incarnation }) => `${name} ${incarnation}`).join(', '),
  }
}

export interface Situation {
  readonly view: string
  readonly acknowledged: boolean
  readonly silence: string
  readonly newest: string
}

/** What V1 to V11 say a view service knows. */
export interface Belief {
  readonly view: View
  readonly acknowledged: boolean
  /** Checks since the last ping of each living server; a server that is missing is dead (V7). */
  readonly silence: ReadonlyMap<string, number>
  readonly newest: ReadonlyMap<string, number>
}

export const ignorance: Belief = {
  view: { number: 0, primary: null, backup: null },
  acknowledged: false,
  silence: new Map(),
  newest: new Map(),
}

/** What a view service must believe after a step: first what it heard, then at most one change (V5). */
export function believe(before: Belief, step: Step, pingTimeout: number): Belief {
  if (step === 'getView' || step === 'foreign') return before
  if (step === 'restart') return { ...before, silence: freshChances(before) }
  if (step === 'check') return change({ ...before, silence: grown(before.silence, pingTimeout) }, null)
  const { from, viewNumber } = pingOf(step)
  const confirms = from === before.view.primary && viewNumber === before.view.number
  return change(
    { ...before, ...volunteered(before, from), acknowledged: before.acknowledged || confirms },
    from,
  )
}

export function expectedOf({ view, acknowledged, silence, newest }: Belief): Situation {
  return {
    view: textOf(view),
    acknowledged,
    silence: [...silence]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, checks]) => `${id} silent ${checks}`)
      .join(', '),
    newest: [...newest]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, life]) => `${name} ${life}`)
      .join(', '),
  }
}

/** V1 and V6, case by case; the cases exclude each other. */
function change(now: Belief, pinging: string | null): Belief {
  const { view, acknowledged } = now
  const { primary, backup } = view
  const lives = (id: string | null) => id !== null && now.silence.has(id)
  const idle = [...now.silence.keys()].filter((id) => id !== primary && id !== backup).sort(byNameThenLife)
  const become = (newPrimary: string, newBackup: string | undefined): Belief => ({
    ...now,
    view: { number: view.number + 1, primary: newPrimary, backup: newBackup ?? null },
    acknowledged: false,
  })
  if (view.number === 0) return pinging === null ? now : become(pinging, undefined)
  if (backup === null) return acknowledged && idle.length > 0 ? become(primary!, idle[0]) : now
  if (lives(primary)) return lives(backup) ? now : become(primary!, idle[0])
  return lives(backup) && acknowledged ? become(backup, idle[0]) : now
}

/** V7: an older life's ping proves nothing; a newer one's ends the older. */
function volunteered({ silence, newest }: Belief, id: string): Pick<Belief, 'silence' | 'newest'> {
  const { name, life } = lifeOf(id)
  if (life < (newest.get(name) ?? 0)) return { silence, newest }
  const others = [...silence].filter(([other]) => lifeOf(other).name !== name)
  return { silence: new Map([...others, [id, 0]]), newest: new Map([...newest, [name, life]]) }
}

function grown(silence: Belief['silence'], pingTimeout: number): Belief['silence'] {
  return new Map([...silence].map(([id, n]) => [id, n + 1] as const).filter(([, n]) => n !== pingTimeout))
}

/** V11: the members of the view count as just heard, unless a newer life of theirs has been heard (V7). */
function freshChances({ view, newest }: Belief): Belief['silence'] {
  const members = [view.primary, view.backup].filter((id) => id !== null)
  return new Map(members.filter((id) => lifeOf(id).life === newest.get(lifeOf(id).name)).map((id) => [id, 0]))
}

function byNameThenLife(a: string, b: string): number {
  const x = lifeOf(a)
  const y = lifeOf(b)
  if (x.name === y.name) return x.life - y.life
  return x.name < y.name ? -1 : 1
}

function lifeOf(id: string): { readonly name: string; readonly life: number } {
  const [, name, life] = /^(.*)#([1-9][0-9]{0,14})$/s.exec(id) ?? [null, id, '0']
  return { name: name!, life: Number(life) }
}

/** V5: the steps at which V6 is evaluated. */
function decides(step: Step): boolean {
  return step === 'check' || step.includes(':')
}

function asks(step: Step): boolean {
  return step === 'getView' || step.includes(':')
}

function asker(step: Step): string {
  return step === 'getView' ? client : pingOf(step).from
}

/** What V2 to V8 and V11 forbid between a state and the next one, by rule; none where all is well. */
export function violations(before: Snapshot, step: Step, after: Seen<Snapshot>): string[] {
  const from = before.context.view
  const to = after.snapshot.context.view
  const alive = after.snapshot.context.servers.map(({ id }) => id)
  const confirms =
    before.hasTag('acknowledged') || (step === `${from.primary}:${from.number}` && from.primary !== null)
  const samePair = from.primary === to.primary && from.backup === to.backup
  const isChange = from.number !== to.number
  const lives = (id: string | null) => id !== null && alive.includes(id)
  const isIdle = (id: string) => id !== to.primary && id !== to.backup
  const isAcknowledged = after.snapshot.hasTag('acknowledged')
  const sentTo = after.sent.map(
    ({ to, message }) => `${to} ${message.type === 'viewReply' ? textOf(message.view) : message.type}`,
  )
  const members = [to.primary, to.backup].filter((id) => id !== null)
  const wasSent = (id: string | null) => id === null || sentTo.includes(`${id} ${textOf(to)}`)
  const broken = {
    'V2 the number grows by exactly 1': isChange && to.number !== from.number + 1,
    'V2 the same number means the same view': !isChange && !samePair,
    'V2 consecutive views differ': isChange && samePair,
    'V3 after view 1 there is a primary': to.number > 0 && to.primary === null,
    'V3 the primary comes from the view before':
      isChange && from.number > 0 && to.primary !== from.primary && to.primary !== from.backup,
    'V3 primary and backup are two servers': to.primary !== null && to.primary === to.backup,
    'V3 a new backup lives': isChange && to.backup !== null && !alive.includes(to.backup),
    'V4 the primary changes only from an acknowledged view':
      from.number > 0 && to.primary !== from.primary && !confirms,
    'V4 unacknowledged with a dead primary nothing changes':
      isChange && from.number > 0 && !confirms && !alive.includes(from.primary!),
    'V4 a missing backup is added only after the acknowledgement':
      isChange && from.number > 0 && from.backup === null && !confirms,
    'V4 a new view is not acknowledged yet': isChange && isAcknowledged,
    'V4 an acknowledgement is not lost': !isChange && confirms && !isAcknowledged,
    'V4 only the primary with the number acknowledges': !isChange && !confirms && isAcknowledged,
    'V5 no promotion is left over': decides(step) && isAcknowledged && !lives(to.primary) && lives(to.backup),
    'V5 no dead backup of a living primary is left over':
      decides(step) && lives(to.primary) && to.backup !== null && !lives(to.backup),
    'V5 no appointment is left over':
      decides(step) && to.backup === null && isAcknowledged && alive.some(isIdle),
    'V8 a ping and a getView are answered with the current view':
      asks(step) && !sentTo.includes(`${asker(step)} ${textOf(to)}`),
    'S1 a new view goes at once to its members': isChange && ![to.primary, to.backup].every(wasSent),
    'V8 S1 no other node is reported, and no one twice':
      sentTo.length !== new Set([...(asks(step) ? [asker(step)] : []), ...(isChange ? members : [])]).size,
    'V11 a restart changes no view': step === 'restart' && isChange,
    'N3 a foreign message is refused by name': after.ignored.length !== (step === 'foreign' ? 1 : 0),
    'N3 what only asks or is refused leaves the very same state':
      (step === 'getView' || step === 'foreign') && after.snapshot !== before,
  }
  return Object.entries(broken).flatMap(([rule, isBroken]) => (isBroken ? [rule] : []))
}
