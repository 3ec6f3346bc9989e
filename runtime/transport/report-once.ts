/** Reports each peer and reason once, until that peer is taken: what fails every second fills no log. */

/** Peers and reasons that are remembered; with as many, nothing new is reported until some are forgotten. */
const rememberedMax = 1000

/** Which reports were made. */
export class ReportOnce {
  private readonly report: (detail: string) => void
  private readonly byPeer = new Map<string, Set<string>>()
  private size = 0

  constructor(report: (detail: string) => void) {
    this.report = report
  }

  of(peer: string, reason: string, detail: string): void {
    const reasons = this.byPeer.get(peer) ?? new Set()
    if (reasons.has(reason) || this.size > rememberedMax) return
    this.byPeer.set(peer, reasons.add(reason))
    this.size += 1
    this.report(this.size > rememberedMax ? 'refuses more peers than are reported one by one' : detail)
  }

  /** The peer was taken: what it does wrong from now on is news again. */
  forget(peer: string): void {
    this.size -= this.byPeer.get(peer)?.size ?? 0
    this.byPeer.delete(peer)
  }
}
