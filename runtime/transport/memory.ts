/** The transport within one process: an RxJS subject that delivers copies on a scheduler, real or virtual. */
import { map, observeOn, type SchedulerLike, Subject } from 'rxjs'
import type { Envelope, Transport } from '../../actors/ports.ts'
import { copyJson } from '../../machines/json.ts'
import type { Message } from '../../machines/messages.ts'
import { turnScheduler } from '../schedulers.ts'

export interface MemoryTransportOptions {
  /** When things happen; default: the next turn of the event loop. A VirtualTimeScheduler makes it deterministic. */
  readonly scheduler?: SchedulerLike
  /** How long a message is under way; default 0. */
  readonly delayMs?: number
}

/**
 * Delivers in order, without loss or duplicates, to nodes of the same process. Messages are copied, as a socket would;
 * what is addressed to nobody is lost, as on a network.
 */
export function createMemoryTransport({
  scheduler = turnScheduler,
  delayMs = 0,
}: MemoryTransportOptions = {}): Transport {
  const receivers = new Map<string, (envelope: Envelope) => void>()
  const network = new Subject<Envelope>()
  network
    .pipe(map(copied), observeOn(scheduler, delayMs))
    .subscribe((envelope) => receivers.get(envelope.to)?.(envelope))
  let closed = false

  return {
    attach(id, receive) {
      if (closed)
        throw new Error(`expected an open transport to attach ${id} to, got a closed one; create a new one`)
      if (receivers.has(id))
        throw new Error(`expected an id that is not attached yet, got ${id}; stop the other node first`)
      receivers.set(id, receive)
      return () => {
        if (receivers.get(id) === receive) receivers.delete(id)
      }
    },
    send(envelope) {
      if (!closed) network.next(envelope)
    },
    close() {
      closed = true
      network.complete()
      receivers.clear()
    },
  }
}

function copied(envelope: Envelope): Envelope {
  return { ...envelope, message: copyJson(envelope.message) as unknown as Message }
}
