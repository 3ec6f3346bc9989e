/** Joins runs to the real `@xstate/inspect`: nodes and XState 5 actors shown by any of its receivers, and any of its senders shown by the inspector. */
import { createWebSocketReceiver, type InspectReceiver } from '@xstate/inspect'
import {
  createServiceMessages,
  type Feed,
  type RunSink,
  type ServiceMessage,
  xstateInspectFeed,
} from 'standby/inspector'
import { type RawData, WebSocket, WebSocketServer } from 'ws'

/** Takes a run and passes it on; give it to `standbyInspector` as lines, or feed it the steps of a trace. */
export interface Bridge extends RunSink {
  /** One line of a trace: `standbyInspector({ to: bridge.line })`. */
  readonly line: (line: string) => void
  /** Lets go of every receiver. */
  close(): void
}

export interface BridgeOptions {
  /** Messages that are kept for receivers that come late. Default 5,000. */
  readonly replayMax?: number
  /** A receiver sent an event to a service, as people do who click on one. Default: it is not heard. */
  readonly onEvent?: (sessionId: string, event: { readonly type: string }) => void
}

/** Something that takes messages. */
type Send = (message: ServiceMessage) => void

/**
 * Shows a run to every receiver that connects to this server, as `createWebSocketReceiver` does. One that connects late is
 * sent what it has missed.
 */
export function bridgeToServer(server: WebSocketServer, options: BridgeOptions = {}): Bridge {
  const receivers = new Map<WebSocket, Send>()
  const bridge = createBridge(
    options,
    () => receivers.values(),
    () => {
      for (const socket of receivers.keys()) socket.close()
    },
  )
  server.on('connection', (socket) => {
    const send: Send = (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
    }
    socket.on('close', () => receivers.delete(socket))
    socket.on('error', () => receivers.delete(socket))
    socket.on('message', (data: RawData, isBinary: boolean) => {
      const command = isBinary ? null : parsed(String(data))
      if (command?.type === 'xstate.inspecting') {
        receivers.set(socket, send)
        bridge.replayTo(send)
      } else bridge.take(command)
    })
  })
  return bridge
}

/** A bridge with a server of its own, on this machine only; its receivers connect to `127.0.0.1:port`. Default port: 8888; 0 takes a free one. */
export async function serveBridge({
  port = 8888,
  ...options
}: BridgeOptions & { readonly port?: number } = {}): Promise<Bridge & { readonly port: number }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port })
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', reject)
  })
  const bridge = bridgeToServer(server, options)
  const close = () => {
    bridge.close()
    server.close()
  }
  return { ...bridge, close, port: (server.address() as { port: number }).port }
}

/**
 * Shows a run in a window whose page listens with `createWindowReceiver`. Messages go to the window's own origin only.
 * @throws Error where the browser gives no window.
 */
export function bridgeToWindow(url: string | URL, options: BridgeOptions = {}): Bridge {
  const target = new URL(url, document.baseURI)
  const page = window.open(target, 'xstateinspector')
  if (page === null) throw new Error('expected a window for the receiver, got none; open it at a click')
  const send: Send = (message) => page.postMessage(message, target.origin)
  let isThere = false
  const bridge = createBridge(
    options,
    () => (isThere ? [send] : []),
    () => window.removeEventListener('message', take),
  )
  const take = ({ source, data }: MessageEvent<unknown>) => {
    if (source !== page) return
    const command = data as Command | null
    if (command?.type === 'xstate.inspecting') {
      isThere = true
      bridge.replayTo(send)
    } else bridge.take(command)
  }
  window.addEventListener('message', take)
  return bridge
}

/** What any receiver gets, as a feed of the inspector: `createWebSocketReceiver`, `createWindowReceiver`. */
export function feedFrom(receiver: InspectReceiver): Feed {
  return xstateInspectFeed((listen) => {
    const subscription = receiver.subscribe(listen)
    return () => subscription.unsubscribe()
  })
}

/** A receiver at the socket of a sender, such as `localhost:8888` of its `inspect({ server })`; in Node too, which may have no WebSocket. */
export function connectReceiver(server: string): InspectReceiver {
  globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket
  return createWebSocketReceiver({ server, serialize: undefined })
}

interface Command {
  readonly type?: unknown
  readonly event?: unknown
}

function createBridge(options: BridgeOptions, receivers: () => Iterable<Send>, close: () => void) {
  const { onEvent, ...kept } = options
  const messages = createServiceMessages(kept)
  const bridge: RunSink = {
    header: (header) => messages.header(header),
    step(step) {
      for (const message of messages.step(step)) for (const send of receivers()) send(message)
    },
  }
  return {
    ...bridge,
    line(text: string) {
      const value = JSON.parse(text)
      if ('format' in value) bridge.header(value)
      else if (!('end' in value)) bridge.step(value)
    },
    close,
    replayTo(send: Send) {
      for (const message of messages.replay()) send(message)
    },
    /** `xstate.event`: an SCXML event as text, whose origin is the service that is meant. */
    take(command: Command | null) {
      if (command?.type !== 'xstate.event' || typeof command.event !== 'string') return
      const { origin, data } = parsed(command.event) ?? {}
      if (typeof origin === 'string' && typeof data?.type === 'string') onEvent?.(origin, data)
    },
  }
}

function parsed(text: string): { type?: unknown; origin?: unknown; data?: { type: string } } | null {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
