/** Where each message was sent, and what became of it: delivered, dropped, duplicated, or still in flight. */
import type { TraceMessage, TraceStep } from '../../runtime/trace/format.ts'

/** One message over its life; numbers are those of steps. */
export interface Track {
  readonly id: string
  readonly type: string
  readonly from: string
  readonly to: string
  /** Null if the run has not seen it sent. */
  readonly sentIn: number | null
  /** One for each copy that arrived. */
  readonly receivedIn: number[]
  readonly droppedIn: number[]
  readonly duplicatedIn: number[]
  readonly delayedIn: number[]
  /** Taken off the network, but not shown to the chart. */
  readonly refusedIn: number[]
}

export type Fate = 'delivered' | 'dropped' | 'duplicated' | 'in flight'

export interface Messages {
  /** Every message, by when it was first seen. */
  readonly all: readonly Track[]
  of(step: TraceStep): Track | null
  take(step: TraceStep): Track | null
  forgetBefore(cut: number): void
}

export function createMessages(): Messages {
  const all: Track[] = []
  const byId = new Map<string, Track>()
  const of = ({ message }: TraceStep): Track | null =>
    message === undefined ? null : (byId.get(message.id) ?? null)
  const trackOf = ({ id, type, from, to, sentIn }: TraceMessage, { kind, i }: TraceStep): Track => {
    let track = kind === 'send' ? undefined : byId.get(id)
    if (track === undefined) {
      track = {
        id,
        type,
        from,
        to,
        sentIn: sentIn ?? (kind === 'send' ? i : null),
        receivedIn: [],
        droppedIn: [],
        duplicatedIn: [],
        delayedIn: [],
        refusedIn: [],
      }
      byId.set(id, track)
      all.push(track)
    }
    // Under any name in a log, it is where the message arrived.
    const list = listFor(track, kind) ?? (sentIn === undefined ? null : track.receivedIn)
    list?.push(i)
    return track
  }
  return {
    all,
    of,
    take(step) {
      for (const message of step.joined ?? []) trackOf(message, step)
      return step.message === undefined ? null : trackOf(step.message, step)
    },
    forgetBefore(cut) {
      const isOver = (track: Track) => lastStepOf(track) < cut
      let count = 0
      while (count < all.length && (all[count]!.sentIn ?? -1) < cut) count += 1
      const kept = all.splice(0, count).filter((track) => !isOver(track) || byId.get(track.id) !== track)
      const staying = kept.filter((track) => lastStepOf(track) >= cut)
      all.unshift(...staying)
      for (const [id, track] of byId) if (isOver(track)) byId.delete(id)
    },
  }
}

/** What became of a message, as far as the run goes. */
export function fateOf(track: Track): Fate {
  if (track.duplicatedIn.length > 0 || track.receivedIn.length > 1) return 'duplicated'
  if (track.receivedIn.length > 0 || track.refusedIn.length > 0) return 'delivered'
  return track.droppedIn.length > 0 ? 'dropped' : 'in flight'
}

function lastStepOf(track: Track): number {
  const { sentIn, receivedIn, droppedIn, duplicatedIn, delayedIn, refusedIn } = track
  const lists = [receivedIn, droppedIn, duplicatedIn, delayedIn, refusedIn]
  return lists.reduce((last, list) => Math.max(last, list.at(-1) ?? -1), sentIn ?? -1)
}

function listFor(track: Track, kind: TraceStep['kind']): number[] | null {
  switch (kind) {
    case 'receive':
      return track.receivedIn
    case 'drop':
      return track.droppedIn
    case 'duplicate':
      return track.duplicatedIn
    case 'delay':
      return track.delayedIn
    case 'refuse':
      return track.refusedIn
    default:
      return null
  }
}
