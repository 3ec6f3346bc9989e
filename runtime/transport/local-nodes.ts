/** The nodes of this process on a transport: who is attached, and delivery among them. What comes from elsewhere is not its business. */
import { StandbyError } from '../../actors/errors.ts'
import type { Envelope } from '../../actors/ports.ts'
import type { NodeId } from '../../machines/node-id.ts'

/** Receivers by the ids that are attached here. */
export class LocalNodes {
  private readonly receivers = new Map<NodeId, (envelope: Envelope) => void>()
  private closed = false

  get isClosed(): boolean {
    return this.closed
  }

  ids(): readonly NodeId[] {
    return [...this.receivers.keys()]
  }

  has(id: NodeId): boolean {
    return this.receivers.has(id)
  }

  /**
   * Attaches a node; returns how to detach it, which `onDetach` hears of.
   * @throws StandbyError `duplicateNode` or `stopped`
   */
  attach(id: NodeId, receive: (envelope: Envelope) => void, onDetach: () => void): () => void {
    if (this.closed) {
      const what = `expected an open transport to attach ${id} to, got a closed one; create a new one`
      throw new StandbyError('stopped', what)
    }
    if (this.receivers.has(id)) {
      const what = `expected an id that is not attached yet, got ${id}; stop the other node first`
      throw new StandbyError('duplicateNode', what)
    }
    this.receivers.set(id, receive)
    return () => {
      if (this.receivers.get(id) !== receive) return
      this.receivers.delete(id)
      onDetach()
    }
  }

  /** False where nobody of that id is attached. */
  deliver(envelope: Envelope): boolean {
    const receive = this.receivers.get(envelope.to)
    receive?.(envelope)
    return receive !== undefined
  }

  close(): void {
    this.closed = true
    this.receivers.clear()
  }
}
