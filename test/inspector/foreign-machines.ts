/** Charts of other people's kind, which have nothing to do with replication: nested, parallel, history, invoked actors, many states. */
import { type AnyStateMachine, fromPromise, setup } from 'xstate'

/** A traffic light, with its pedestrians in a region of their own. */
export const trafficLight = setup({
  delays: { greenTime: 30_000, yellowTime: 4_000, redTime: 25_000, blinkTime: 500 },
  guards: { someoneWaits: () => true, isNight: () => false },
  actions: { openRoad: () => {}, closeRoad: () => {}, beep: () => {}, countCars: () => {} },
}).createMachine({
  id: 'trafficLight',
  type: 'parallel',
  description: 'A crossing: one light for cars, one for pedestrians.',
  on: { POWER_OUTAGE: ['.cars.blinking', '.pedestrians.off'].map((target) => ({ target }))[0]! },
  states: {
    cars: {
      initial: 'red',
      states: {
        green: {
          entry: 'openRoad',
          exit: 'closeRoad',
          on: { CAR: { actions: 'countCars' } },
          after: { greenTime: 'yellow' },
        },
        yellow: { after: { yellowTime: 'red' } },
        red: { after: { redTime: [{ guard: 'isNight', target: 'blinking' }, { target: 'green' }] } },
        blinking: {
          tags: ['fault'],
          after: { blinkTime: { target: 'blinking', reenter: true } },
          on: { RESET: 'red' },
        },
      },
    },
    pedestrians: {
      initial: 'stop',
      states: {
        stop: { on: { PUSH: { guard: 'someoneWaits', target: 'waiting', actions: 'beep' } } },
        waiting: { on: { 'CARS.STOPPED': 'go' } },
        go: {
          initial: 'walk',
          states: {
            walk: { after: { 8000: 'hurry' } },
            hurry: { after: { 3000: 'over' } },
            over: { type: 'final' },
          },
          onDone: 'stop',
        },
        off: { on: { RESET: 'stop' } },
      },
    },
  },
})

/** A media player that remembers where it was. */
export const mediaPlayer = setup({
  actors: { loadTrack: fromPromise(async () => 1) },
  guards: { hasNext: () => true },
}).createMachine({
  id: 'player',
  initial: 'idle',
  on: { STOP: '.idle' },
  states: {
    idle: { description: 'Nothing is chosen.', on: { OPEN: 'loading' } },
    loading: {
      tags: ['busy'],
      invoke: {
        id: 'load',
        src: 'loadTrack',
        onDone: { target: 'ready', actions: ['rememberTrack', 'showCover'] as never },
        onError: { target: 'failed', actions: 'explain' as never },
      },
    },
    ready: {
      initial: 'paused',
      on: { NEXT: { guard: 'hasNext', target: 'loading' }, SETTINGS: 'settings' },
      states: {
        paused: { on: { PLAY: 'playing' } },
        playing: {
          initial: 'normal',
          on: { PAUSE: 'paused' },
          states: {
            normal: { on: { FASTER: 'fast', SLOWER: 'slow' } },
            fast: { on: { NORMAL: 'normal' } },
            slow: { on: { NORMAL: 'normal' } },
          },
        },
        where: { type: 'history', history: 'deep', target: 'paused' },
      },
    },
    settings: { on: { CLOSE: 'ready.where' } },
    failed: {
      on: { RETRY: { target: 'loading', reenter: true } },
      always: { guard: ({ context }) => context === null, target: 'gone' },
    },
    gone: { type: 'final' },
  },
})

/** A shop's checkout with `steps` steps, each with its own form, call to a server and ways to fail: seven states a step. */
export function checkout(steps = 10): AnyStateMachine {
  const step = (index: number) => ({
    description: `Step ${index + 1} of ${steps}.`,
    initial: 'editing',
    on: { CANCEL: '#checkout.cancelled', BACK: index === 0 ? undefined : `#checkout.step${index - 1}` },
    states: {
      editing: {
        on: {
          CHANGE: { actions: 'keepInput' },
          SUBMIT: [{ guard: 'isComplete', target: 'checking' }, { target: 'incomplete' }],
        },
      },
      incomplete: { on: { CHANGE: { target: 'editing', actions: 'keepInput' } } },
      checking: {
        invoke: {
          id: `check${index}`,
          src: 'checkWithServer',
          onDone: 'accepted',
          onError: [{ guard: 'canRetry', target: 'waiting' }, { target: 'refused' }],
        },
      },
      waiting: { after: { 1000: { target: 'checking', actions: 'countAttempt' } } },
      refused: { on: { CHANGE: 'editing' } },
      accepted: { type: 'final' },
    },
    onDone: index === steps - 1 ? 'paid' : `step${index + 1}`,
  })
  const all = Object.fromEntries(Array.from({ length: steps }, (_, index) => [`step${index}`, step(index)]))
  return setup({
    actors: { checkWithServer: fromPromise(async () => 1) },
    guards: { isComplete: () => true, canRetry: () => true },
    actions: { keepInput: () => {}, countAttempt: () => {} },
  }).createMachine({
    id: 'checkout',
    initial: 'step0',
    states: { ...all, paid: { type: 'final' }, cancelled: { type: 'final' } },
  } as never) as unknown as AnyStateMachine
}
