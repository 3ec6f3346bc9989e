/**
 * Any XState 5 app, watched by `inspect: standbyInspector()`: its actors, their messages with clocks, guards and refusals.
 *
 * Here every step goes into a file, as a trace: open it with `npx standby inspect FILE`, or hand it to another tool with
 * `npx standby export FILE --as shiviz`. In a browser, `to: '/inspector.html'` opens the page instead.
 *
 *     npx tsx examples/inspect-an-app.ts
 */
import { appendFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { standbyInspector } from 'standby/inspector'
import { assign, createActor, sendTo, setup } from 'xstate'

const kitchen = setup({
  types: { context: {} as { orders: number }, events: {} as { type: 'order' } | { type: 'close' } },
  guards: { hasRoom: ({ context }) => context.orders < 2 },
}).createMachine({
  id: 'kitchen',
  context: { orders: 0 },
  initial: 'open',
  states: {
    open: {
      on: {
        order: { guard: 'hasRoom', actions: assign({ orders: ({ context }) => context.orders + 1 }) },
        close: 'closed',
      },
    },
    closed: { type: 'final' },
  },
})

const restaurant = setup({
  types: { events: {} as { type: 'guest' } | { type: 'night' } },
  actors: { kitchen },
}).createMachine({
  id: 'restaurant',
  invoke: { src: 'kitchen', id: 'kitchen' },
  initial: 'day',
  states: {
    day: {
      on: {
        guest: { actions: sendTo('kitchen', { type: 'order' }) },
        night: { target: 'night', actions: sendTo('kitchen', { type: 'close' }) },
      },
    },
    night: {},
  },
})

const file = join(mkdtempSync(join(tmpdir(), 'standby-')), 'restaurant.jsonl')
const inspect = standbyInspector({
  to: (line) => {
    appendFileSync(file, `${line}\n`)
    const { kind, node, message, refused } = JSON.parse(line)
    if (refused !== undefined) console.log(`${node} refuses ${refused.event}: ${refused.reason}`)
    else if (kind === 'send') console.log(`${node} sends ${message.type} to ${message.to}`)
  },
})

const actor = createActor(restaurant, { inspect }).start()
for (const type of ['guest', 'guest', 'guest', 'night'] as const) actor.send({ type })
actor.stop()
console.log(`the whole run: ${file}`)
