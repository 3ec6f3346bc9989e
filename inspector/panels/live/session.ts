/** The system that this page was served by: whether it is there, what was dropped on the way, and what may be done to it. */
import { batch, signal } from '@preact/signals'
import { openFeed } from '../../app/sink.ts'
import { announcement, live, report, runTitle } from '../../app/state.ts'
import type { Feed } from '../../feeds/feed.ts'
import { type Connection, connect, type Hello } from '../../feeds/websocket.ts'
import { takeWorld } from '../drive/remote.ts'

/** Null if the page was not served by a system, or only by a trace. */
export const system = signal<Hello | null>(null)
export const isConnected = signal(false)
/** Observations that the page was never shown, because it or the system was too busy. */
export const dropped = signal(0)

let connection: Connection | null = null

/** Connects to the server of this page; false if the page is a file. */
export function startServed(page: Location): boolean {
  const token = new URLSearchParams(page.search).get('token')
  if (page.protocol !== 'http:' || token === null) return false
  let isOpen = false
  connection = connect(`ws://${page.host}/feed?token=${encodeURIComponent(token)}`, {
    hello(hello, feed) {
      if (hello.kind === 'world') {
        isConnected.value = true
        isOpen = true
        return
      }
      const isLive = hello.kind === 'live'
      batch(() => {
        isConnected.value = true
        system.value = isLive ? hello : null
        if (!isOpen)
          openFeed(leaving(feed), { source: isLive ? 'live' : `file:${hello.title}`, live: isLive })
        isOpen = true
        runTitle.value = hello.title
      })
    },
    world(message) {
      takeWorld(message, (asked) => connection!.ask(asked))
    },
    dropped(count) {
      dropped.value += count
    },
    lost(isGivenUp) {
      if (isConnected.value) announcement.value = 'The connection to the system is lost.'
      isConnected.value = false
      if (isOpen && !isGivenUp) return
      live.value = false
      report(
        isOpen
          ? 'The system that was watched is gone. What it did stays here to be looked at.'
          : 'No server answers at this address. Has the run ended, or is its token missing? Open the address that was printed.',
      )
      if (!isOpen) connection?.close()
    },
  })
  return true
}

/** Another run in its place ends the connection. */
function leaving(feed: Feed): Feed {
  return (sink) => {
    const stop = feed(sink)
    return () => {
      stop()
      system.value = null
    }
  }
}

/** Does something to the live system. */
export function act(action: object, text: string): void {
  connection?.ask(action).then(
    () => {
      announcement.value = text
    },
    (error: Error) => report(`That could not be done: ${error.message}`),
  )
}
