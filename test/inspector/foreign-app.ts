/** An app that has nothing to do with replication: a jukebox with nested, parallel and history states, invoked children, and a crowd of actors. */
import {
  type ActorRefFrom,
  assign,
  fromCallback,
  fromPromise,
  fromTransition,
  sendParent,
  sendTo,
  setup,
} from 'xstate'

/** Passes a token on to the next actor, and hides what JSON cannot say in its context. */
export const dancer = setup({
  types: {
    input: {} as { place: number },
    context: {} as { place: number; turns: number; self: unknown; onStep: () => void },
    events: {} as { type: 'token'; hops: number } | { type: 'rest' },
  },
  guards: { goesOn: ({ event }) => event.type === 'token' && event.hops > 0 },
}).createMachine({
  id: 'dancer',
  context: ({ input }) => {
    const context = { place: input.place, turns: 0, self: {} as unknown, onStep: () => {} }
    context.self = context
    return context
  },
  initial: 'waiting',
  states: {
    waiting: {
      on: {
        token: {
          guard: 'goesOn',
          target: 'danced',
          actions: [
            assign({ turns: ({ context }) => context.turns + 1 }),
            sendParent(({ context, event }) => ({
              type: 'passed',
              from: context.place,
              hops: event.hops - 1,
            })),
          ],
        },
      },
    },
    danced: { on: { token: 'waiting', rest: 'gone' } },
    gone: { type: 'final' },
  },
})

const load = fromPromise(async ({ input }: { input: { title: string } }) => ({ ...input, seconds: 3 }))
const broken = fromPromise(async () => {
  throw new Error('the needle is broken')
})
const ticks = fromCallback(({ sendBack }) => {
  sendBack({ type: 'tick' })
})
const counter = fromTransition(
  (count: number, event: { type: 'coin' }) => (event.type === 'coin' ? count + 1 : count),
  0,
)

export const dancersMax = 100

export const jukebox = setup({
  types: {
    context: {} as { title: string | null; dancers: ActorRefFrom<typeof dancer>[]; note: string },
    events: {} as
      | { type: 'play'; title: string }
      | { type: 'pause' }
      | { type: 'resume' }
      | { type: 'louder' }
      | { type: 'tick' }
      | { type: 'coin' }
      | { type: 'crowd'; size: number }
      | { type: 'passed'; from: number; hops: number }
      | { type: 'unplug' },
  },
  actors: { load, broken, ticks, counter, dancer },
  guards: { isLoud: () => false },
  delays: { fade: 5 },
}).createMachine({
  id: 'jukebox',
  type: 'parallel',
  context: { title: null, dancers: [], note: '<script>alert(1)</script>' },
  invoke: { src: 'counter', id: 'counter' },
  states: {
    sound: {
      initial: 'silent',
      states: {
        silent: {
          on: { play: { target: 'loading', actions: assign({ title: ({ event }) => event.title }) } },
        },
        loading: {
          invoke: {
            src: 'load',
            id: 'load',
            input: ({ context }) => ({ title: context.title ?? '' }),
            onDone: 'playing',
          },
        },
        playing: {
          initial: 'intro',
          on: { pause: 'paused' },
          states: {
            intro: { invoke: { src: 'ticks', id: 'ticks' }, on: { tick: 'chorus' } },
            chorus: { after: { fade: 'ending' } },
            ending: { type: 'final' },
            last: { type: 'history', history: 'deep' },
          },
          onDone: 'silent',
        },
        paused: { on: { resume: 'playing.last' } },
      },
    },
    volume: {
      initial: 'low',
      states: {
        low: { on: { louder: [{ guard: 'isLoud', target: 'low' }, { target: 'high' }] } },
        high: { always: { guard: 'isLoud', target: 'low' } },
      },
    },
    power: {
      initial: 'on',
      states: {
        on: { on: { unplug: 'off' } },
        off: { invoke: { src: 'broken', id: 'broken', onError: 'dead' } },
        dead: {},
      },
    },
  },
  on: {
    coin: { actions: sendTo('counter', { type: 'coin' }) },
    crowd: {
      actions: assign({
        dancers: ({ spawn, event }) =>
          Array.from({ length: event.size }, (_, place) =>
            spawn('dancer', { id: `dancer-${place}`, input: { place } }),
          ),
      }),
    },
    passed: {
      actions: sendTo(
        ({ context, event }) => context.dancers[(event.from + 1) % context.dancers.length]!,
        ({ event }) => ({ type: 'token', hops: event.hops }),
      ),
    },
  },
})

/** The events of a visit, in order; between them the app settles. Nothing plays any more when the last one comes. */
export const visit = [
  { type: 'coin' },
  { type: 'play', title: 'Blue Monday' },
  { type: 'pause' },
  { type: 'louder' },
  { type: 'resume' },
  { type: 'crowd', size: dancersMax },
  { type: 'passed', from: -1, hops: 150 },
  { type: 'unplug' },
  { type: 'pause' },
] as const
