/** What cannot be undercut: a hop through RxJS, and a step of a bare chart. */
import { observeOn, Subject } from 'rxjs'
import type { Application } from '../machines/application/application.ts'
import { emptyReplica, type Outcome, snapshotReplica } from '../machines/application/at-most-once.ts'
import { digest } from '../machines/application/digest.ts'
import { keyValueStore } from '../machines/application/key-value-store.ts'
import { createClientMachine } from '../machines/client/index.ts'
import { createServerMachine } from '../machines/server/index.ts'
import { createStepper } from '../machines/step.ts'
import { turnScheduler } from '../runtime/schedulers.ts'
import { type BenchOptions, type Measurement, median } from './measurement.ts'

export async function floorsBench({ quick }: BenchOptions): Promise<Measurement[]> {
  const rounds = quick ? 3 : 7
  return [
    {
      name: 'a hop: subject, scheduler, next turn',
      value: await hop(quick ? 2000 : 20_000, rounds),
      unit: 'µs',
    },
    ...bareSteps(quick ? 2000 : 20_000, rounds),
  ]
}

/** One message at a time: the next is sent when the last has arrived, as with a single caller. */
async function hop(count: number, rounds: number): Promise<number> {
  const times: number[] = []
  for (let round = -1; round < rounds; round++) {
    const subject = new Subject<number>()
    const start = performance.now()
    await new Promise<void>((resolve) => {
      subject
        .pipe(observeOn(turnScheduler))
        .subscribe((left) => (left === 0 ? resolve() : subject.next(left - 1)))
      subject.next(count)
    })
    if (round >= 0) times.push(((performance.now() - start) / count) * 1000)
  }
  return median(times)
}

/** The steps of a busy system, each on the snapshot that it meets there; what they execute is remembered after the first time. */
function bareSteps(count: number, rounds: number): Measurement[] {
  const application = keyValueStore as unknown as Application
  const view = { number: 2, primary: 's1#1', backup: 's2#1' }
  const viewReply = { type: 'viewReply', from: 'v', view } as const
  const commands = [{ op: 'put', key: 'k', value: 1 }]
  const body = { session: 1, seq: 1, commands, bytes: 30 }
  const opening = { client: 'c1#1', session: null, seq: 0, commands: [], bytes: 0 }

  const server = createStepper(createServerMachine(application))
  const follow = (id: string, ...events: Parameters<typeof server.step>[1][]) =>
    events.reduce(
      (snapshot, event) => server.step(snapshot, event).snapshot,
      server.start({ id, viewService: 'v' }).snapshot,
    )
  const forwarded = (
    number: number,
    requests: readonly (typeof opening | (typeof body & { client: string }))[],
  ) => ({ type: 'forward', from: 's1#1', viewNumber: 2, number, requests }) as const
  const state = snapshotReplica(application, emptyReplica(application), null, 1000)
  const transfer = {
    type: 'stateTransfer',
    from: 's1#1',
    view,
    index: 0,
    last: true,
    data: state.data,
  } as const
  const request = { type: 'request', from: 'c1#1', viewNumber: 2, ...body } as const
  const opened = digest([{ kind: 'opened', session: 1 }])
  const done = digest([{ kind: 'results', results: [{ value: null }] }])
  const acknowledged = (number: number, outcomes: string) =>
    ({ type: 'forwardAck', from: 's2#1', viewNumber: 2, number, digest: outcomes }) as const
  const serving = follow(
    's1#1',
    { ...viewReply, view: { number: 1, primary: 's1#1', backup: null } },
    viewReply,
    { type: 'stateTransferAck', from: 's2#1', viewNumber: 2, index: 0 },
    { type: 'request', from: 'c1#1', viewNumber: 2, session: null, seq: 0, commands: [], bytes: 0 },
    acknowledged(1, opened),
  )
  const awaitingAck = server.step(serving, request).snapshot
  const backup = follow('s2#1', transfer, forwarded(1, [opening]))
  const forward = forwarded(2, [{ client: 'c1#1', ...body }])

  const client = createStepper(createClientMachine())
  const call = { type: 'call', calls: [{ id: 1, command: commands[0]!, bytes: 30 }] } as const
  const reply = (session: number | null, seq: number, outcome: Outcome) =>
    ({ type: 'reply', from: 's1#1', session, seq, outcome }) as Parameters<typeof client.step>[1]
  const results = reply(1, 2, { kind: 'results', results: [{ value: null }] })
  let ready = client.start({ id: 'c1#1', viewService: 'v' }).snapshot
  for (const event of [
    viewReply,
    call,
    reply(null, 0, { kind: 'opened', session: 1 }),
    reply(1, 1, { kind: 'results', results: [{ value: null }] }),
  ])
    ready = client.step(ready, event).snapshot
  const awaitingReply = client.step(ready, call).snapshot

  const subjects = {
    'a call is sent (client)': () => client.step(ready, call),
    'a request is forwarded (primary)': () => server.step(serving, request),
    'a forward is applied (backup)': () => server.step(backup, forward),
    'a forward is committed (primary)': () => server.step(awaitingAck, acknowledged(2, done)),
    'a reply settles its calls (client)': () => client.step(awaitingReply, results),
    'a view reply tells nothing new': () => server.step(serving, viewReply),
  }
  return Object.entries(subjects).map(([name, run]) => {
    const times: number[] = []
    for (let round = -1; round < rounds; round++) {
      const started = performance.now()
      for (let i = 0; i < count; i++) run()
      if (round >= 0) times.push(((performance.now() - started) / count) * 1000)
    }
    return { name: `machine.transition: ${name}`, value: median(times), unit: 'µs' }
  })
}
