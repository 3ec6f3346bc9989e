/** The transport within one process: an RxJS subject that delivers copies on a scheduler, real or virtual. */
/// <reference lib="esnext.disposable" preserve="true" />
import { observeOn, type SchedulerLike, Subject } from 'rxjs'
import { StandbyError } from '../../actors/errors.ts'
import { knownOptions } from '../../actors/known-options.ts'
import type { Envelope, Transport } from '../../actors/ports.ts'
import { copyJson } from '../../machines/application/json.ts'
import type { Message } from '../../machines/messages.ts'
import { turnScheduler } from '../schedulers.ts'

const delayMaxMs = 3_600_000

/** When and how fast messages are delivered. */
export interface MemoryTransportOptions {
  /** When things happen; default: the next turn of the event loop. A VirtualTimeScheduler makes it deterministic. */
  readonly scheduler?: SchedulerLike
  /** How long a message is under way, at most an hour; default 0. */
  readonly delayMs?: number
}

/**
 * Delivers in order, without loss or duplicates, to nodes of the same process. Messages are copied, as a socket would;
 * an envelope without a receiver is lost, as on a network.
 * @throws StandbyError `invalidOption`
 */
export function createMemoryTransport(options: MemoryTransportOptions = {}): Transport & AsyncDisposable {
  knownOptions('createMemoryTransport', options, { scheduler: true, delayMs: true })
  const { scheduler = turnScheduler, delayMs = 0 } = options
  if (!(delayMs >= 0 && delayMs <= delayMaxMs)) {
    const what = `delayMs: expected a number from 0 to ${delayMaxMs}, got ${delayMs}; leave it out for no delay`
    throw new StandbyError('invalidOption', what)
  }
  const receivers = new Map<string, (envelope: Envelope) => void>()
  const network = new Subject<Envelope>()
  const delivery = network
    .pipe(observeOn(scheduler, delayMs))
    .subscribe((envelope) => receivers.get(envelope.to)?.(envelope))
  let closed = false
  const close = () => {
    closed = true
    delivery.unsubscribe()
    receivers.clear()
  }

  return {
    attach(id, receive) {
      if (closed) {
        const what = `expected an open transport to attach ${id} to, got a closed one; create a new one`
        throw new StandbyError('stopped', what)
      }
      if (receivers.has(id)) {
        const what = `expected an id that is not attached yet, got ${id}; stop the other node first`
        throw new StandbyError('duplicateNode', what)
      }
      receivers.set(id, receive)
      return () => {
        if (receivers.get(id) === receive) receivers.delete(id)
      }
    },
    send(envelope) {
      const copy = closed ? null : copied(envelope)
      if (copy !== null) network.next(copy)
    },
    close,
    [Symbol.asyncDispose]: async () => close(),
  }
}

/** What is not JSON cannot travel: it is lost, as a socket has no way to send it. */
function copied(envelope: Envelope): Envelope | null {
  try {
    return { ...envelope, message: copyJson(envelope.message) as unknown as Message }
  } catch {
    return null
  }
}
