/** What cannot be undercut: a hop through RxJS, and a step of a bare chart. */
import { observeOn, Subject } from 'rxjs'
import type { Application } from '../machines/application.ts'
import { keyValueStore } from '../machines/key-value-store.ts'
import { createStepper } from '../machines/pure-transition.ts'
import { createServerMachine } from '../machines/server.ts'
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

function bareSteps(count: number, rounds: number): Measurement[] {
  const machine = createServerMachine(keyValueStore as unknown as Application)
  const { start, step } = createStepper(machine)
  const view = { number: 1, primary: 's1#1', backup: null }
  const alone = step(start({ id: 's1#1', viewService: 'v' }).snapshot, {
    type: 'viewReply',
    from: 'v',
    view,
    founding: true,
  })
  const withBackup = step(
    step(alone.snapshot, {
      type: 'viewReply',
      from: 'v',
      view: { number: 2, primary: 's1#1', backup: 's2#1' },
      founding: true,
    }).snapshot,
    { type: 'stateTransferAck', from: 's2#1', viewNumber: 2, index: 0 },
  )
  const request = {
    type: 'request',
    from: 'c1#1',
    viewNumber: 2,
    session: null,
    seq: 0,
    commands: [],
    bytes: 0,
  } as const
  const subjects = {
    'a request is forwarded': () => step(withBackup.snapshot, request),
    'a view reply tells nothing new': () =>
      step(withBackup.snapshot, { type: 'viewReply', from: 'v', view, founding: true }),
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
