/** The floor: a text to a server on a WebSocket and back, with nothing in between. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { type Driven, type DrivenConfig, keyOf } from './driven.ts'

export async function openEcho({ port }: Extract<DrivenConfig, { kind: 'echo' }>): Promise<Driven> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
  await once(socket, 'open')
  const waiting = new Map<number, (value: unknown) => void>()
  socket.on('message', (data) => {
    const { serial } = JSON.parse(String(data)) as { serial: number }
    waiting.get(serial)!(null)
    waiting.delete(serial)
  })
  return {
    callOf: () => (serial) =>
      new Promise((resolve) => {
        waiting.set(serial, resolve)
        socket.send(JSON.stringify({ serial, key: keyOf(serial), value: serial }))
      }),
  }
}
