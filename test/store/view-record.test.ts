/** A view service on a disk that ends at any step: its next incarnation sends no view that differs from an earlier one (V11). */
import { describe, expect, test } from 'vitest'
import { createServer } from '../../actors/server.ts'
import { createViewService, type ViewServiceNode } from '../../actors/view-service.ts'
import { incarnationFile, nextLife } from '../../runtime/store/incarnations.ts'
import { openViewRecord, viewRecordFile } from '../../runtime/store/view-record.ts'
import { createPorts } from '../support/world.ts'
import { type CrashingDisk, createCrashingDisk, Ended, type Fate, fates } from './crashing-disk.ts'
import { wrongsIn } from './sent-views.ts'

const refusal = (text: string) =>
  expect.objectContaining({ code: 'invalidStore', message: expect.stringContaining(text) })

/**
 * Two lives of a view service on one disk, the first of which ends at a step; meanwhile servers come and go.
 * Returns every view that was reported, in order.
 */
function twoLives(endsAt: number, fate: Fate, leavesOut: readonly 'sync'[] = []) {
  const { ports, advance, observations } = createPorts()
  const start = (disk: CrashingDisk, isNew: boolean): ViewServiceNode | null => {
    try {
      const store = viewRecordFile('/data', disk.files)
      const record = openViewRecord(store, { isNew })
      return createViewService({ ...ports, record, keep: (next) => store.save(next) })
    } catch (error) {
      if (error instanceof Ended) return null
      throw error
    }
  }
  const disk = createCrashingDisk(endsAt, leavesOut)
  start(disk, true)
  const [s1, s2] = ['s1#1', 's2#1', 's3#1'].map((id) => createServer({ ...ports, id }))
  advance(300)
  s1!.stop()
  advance(400)
  createServer({ ...ports, id: 's1#2' })
  advance(300)
  const hasEnded = disk.steps() >= endsAt

  const left = disk.after(fate)
  const isFirst = viewRecordFile('/data', left.files).load() === null
  if (hasEnded) start(left, isFirst)
  advance(300)
  s2!.stop()
  advance(500)
  const sentViews = observations.flatMap(({ kind, envelope }) =>
    kind === 'send' && envelope?.message.type === 'viewReply' ? [envelope.message.view] : [],
  )
  return { sentViews, hasEnded, wasFirst: isFirst }
}

describe('V11 two lives of a view service on one disk', () => {
  test('send the same views, if the first ends at any step', () => {
    let ends = 0
    let steps = 1
    for (let isOver = false; !isOver; steps++) {
      // What the other fates leave of a file is searched in file-store.test.ts.
      for (const fate of ['killed', 'nothing unsynced'] as const) {
        const { sentViews, hasEnded, wasFirst } = twoLives(steps, fate)
        expect({ steps, fate, wrongs: wrongsIn(sentViews) }).toEqual({ steps, fate, wrongs: [] })
        // No node has received a view while there is no record.
        if (wasFirst) expect(sentViews.map(({ number }) => number).sort()[0]).toBe(1)
        isOver = !hasEnded
        if (hasEnded) ends += 1
      }
    }

    expect(ends).toBeGreaterThan(60)
  })

  test('the second goes on to further views', () => {
    const { sentViews } = twoLives(40, 'nothing unsynced')

    expect(Math.max(...sentViews.map(({ number }) => number))).toBeGreaterThan(3)
  })

  test('a file that is not synced would be noticed: the second life is refused', () => {
    expect(() => {
      for (let steps = 1; steps < 40; steps++) twoLives(steps, 'names only', ['sync'])
    }).toThrow(refusal('view.json'))
  })
})

describe('V11 a start without a record', () => {
  test('is refused, but for the first of a new system', () => {
    const store = viewRecordFile('/data', createCrashingDisk().files)

    expect(() => openViewRecord(store, { isNew: false })).toThrow(refusal('--new-system'))
    expect(openViewRecord(store, { isNew: true }).view.number).toBe(0)
  })

  test('a new system has a record from its first start on, so that the second is like every other', () => {
    const store = viewRecordFile('/data', createCrashingDisk().files)
    openViewRecord(store, { isNew: true })

    expect(openViewRecord(store, { isNew: false }).view.number).toBe(0)
  })

  test('a record is never passed over: nothing founds a system where one is', () => {
    const store = viewRecordFile('/data', createCrashingDisk().files)
    const view = { number: 4, primary: 's1#1', backup: null }
    store.save({ view, acknowledged: true, incarnations: [] })

    expect(() => openViewRecord(store, { isNew: true })).toThrow(refusal('got one of view 4'))
    expect(openViewRecord(store, { isNew: false }).view).toEqual(view)
  })

  test.each([
    ['a view without a primary', { view: { number: 3, primary: null, backup: null } }],
    ['a primary before the first view', { view: { number: 0, primary: 's1#1', backup: null } }],
    ['a number that is invalid', { view: { number: -1, primary: 's1#1', backup: null } }],
    ['a field more', { more: 1 }],
  ])('refuses a record with %s', (_, change) => {
    const { files } = createCrashingDisk()
    const good = {
      view: { number: 1, primary: 's1#1', backup: null },
      acknowledged: false,
      incarnations: [],
    }
    viewRecordFile('/data', files).save({ ...good, ...change } as never)

    expect(() => viewRecordFile('/data', files).load()).toThrow(refusal('view.json'))
  })
})

describe('N2 incarnations', () => {
  const now = 1_700_000_000_000

  test('increase from life to life, no matter what the calendar says', () => {
    const { files } = createCrashingDisk()
    const lives = [now, now + 5, 0, Number.NaN].map((at) =>
      nextLife(incarnationFile('/data', files), 's1', at),
    )

    expect(lives).toEqual([now, now + 1, now + 2, now + 3].map((incarnation) => `s1#${incarnation}`))
  })

  test('are not used twice, no matter what ends the process at any step', () => {
    for (let endsAt = 1; endsAt <= 14; endsAt++) {
      for (const fate of fates) {
        const disk = createCrashingDisk(endsAt)
        const lived: string[] = []
        try {
          for (let life = 0; life < 3; life++)
            lived.push(nextLife(incarnationFile('/data', disk.files), 's1', now))
        } catch (error) {
          if (!(error instanceof Ended)) throw error
        }

        const next = nextLife(incarnationFile('/data', disk.after(fate).files), 's1', now)

        expect({ endsAt, fate, again: lived.includes(next) }).toEqual({ endsAt, fate, again: false })
      }
    }
  })

  test('a lost counter begins at the calendar, beyond all former lives', () => {
    const first = nextLife(incarnationFile('/data', createCrashingDisk().files), 's1', now)
    const second = nextLife(incarnationFile('/data', createCrashingDisk().files), 's1', now + 50)

    expect([first, second]).toEqual([`s1#${now}`, `s1#${now + 50}`])
  })

  test("another server's folder is refused", () => {
    const { files } = createCrashingDisk()
    nextLife(incarnationFile('/data', files), 's1', now)

    expect(() => nextLife(incarnationFile('/data', files), 's2', now)).toThrow(refusal('that of s1'))
  })
})
