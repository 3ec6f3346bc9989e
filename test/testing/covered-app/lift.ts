/** A machine of the covered app. */
import { setup } from 'xstate'

export const lift = setup({
  types: { events: {} as { type: 'CALL'; floor: number } | { type: 'ARRIVE' } | { type: 'ALARM' } },
  guards: { isUp: ({ event }) => event.type === 'CALL' && event.floor > 0 },
}).createMachine({
  id: 'lift',
  initial: 'idle',
  states: {
    idle: { on: { CALL: [{ guard: 'isUp', target: 'up' }, { target: 'down' }] } },
    up: { on: { ARRIVE: 'idle' }, after: { 1000: 'stuck' } },
    down: { on: { ARRIVE: 'idle' } },
    stuck: {},
  },
})
