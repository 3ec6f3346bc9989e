/** One end of a MessagePort or the like: texts, with a window on what the other end has not read. */

/** A MessagePort, a Worker, `parentPort`, a worker's `self`: what has messages. Of browsers or of Node. */
export interface AnyMessagePort {
  postMessage(message: unknown): void
  addEventListener?(type: 'message', listener: (event: object) => void): void
  removeEventListener?(type: 'message', listener: (event: object) => void): void
  on?(type: 'message', listener: (data: unknown) => void): unknown
  off?(type: 'message', listener: (data: unknown) => void): unknown
  start?(): void
  close?(): void
}

/** How many characters may be under way; the other end says each eighth of it that it has read. */
export const windowMax = 8 * 1024 * 1024

/** A port on which little piles up: it says no where its other end does not read. */
export class PortLink {
  private readonly port: AnyMessagePort
  private readonly onText: (text: string) => void
  private readonly onForeign: () => void
  private underWay = 0
  private unsaid = 0

  constructor(port: AnyMessagePort, onText: (text: string) => void, onForeign: () => void) {
    this.port = port
    this.onText = onText
    this.onForeign = onForeign
    if (port.addEventListener !== undefined) port.addEventListener('message', this.onEvent)
    else port.on?.('message', this.take)
    port.start?.()
  }

  /** False where too much is under way. */
  send(text: string): boolean {
    if (this.underWay >= windowMax) return false
    this.underWay += text.length
    this.port.postMessage(text)
    return true
  }

  close(): void {
    if (this.port.removeEventListener !== undefined) this.port.removeEventListener('message', this.onEvent)
    else this.port.off?.('message', this.take)
    this.port.close?.()
  }

  private readonly onEvent = (event: object): void => this.take((event as { readonly data?: unknown }).data)

  private readonly take = (data: unknown): void => {
    if (typeof data === 'number' && data > 0) this.underWay = Math.max(0, this.underWay - data)
    else if (typeof data !== 'string') this.onForeign()
    else {
      this.unsaid += data.length
      if (this.unsaid >= windowMax / 8) {
        this.port.postMessage(this.unsaid)
        this.unsaid = 0
      }
      this.onText(data)
    }
  }
}
