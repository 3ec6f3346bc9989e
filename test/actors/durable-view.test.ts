/** A view service that can restart: nothing is reported before it is durable, and a new life goes on where the old one ended (V11). */
import { describe, expect, test } from 'vitest'
import type { Observation } from '../../actors/observation.ts'
import { createServer } from '../../actors/server.ts'
import { createViewService } from '../../actors/view-service.ts'
import type { Received } from '../../machines/messages.ts'
import type { ViewRecord } from '../../machines/view-service.ts'
import { createPorts } from '../support/world.ts'

/** A view service with a disk, and servers. */
function createSystem(names: readonly string[] = ['s1', 's2', 's3']) {
  const { ports, advance, observations } = createPorts()
  const disk: { record: ViewRecord; at: number }[] = []
  const keep = (record: ViewRecord) =>
    void disk.push({ record: JSON.parse(JSON.stringify(record)), at: observations.length })
  const last = () => disk.at(-1)!.record
  const start = (record: ViewRecord | null) => createViewService({ ...ports, keep, record })
  const viewService = start(null)
  const servers = names.map((name) => createServer({ ...ports, id: `${name}#1` }))
  return { ports, advance, observations, disk, last, start, viewService, servers }
}

const sentViews = (observations: readonly Observation[]) =>
  observations.flatMap(({ kind, envelope }, at) =>
    kind === 'send' && envelope?.message.type === 'viewReply' ? [{ view: envelope.message.view, at }] : [],
  )

describe('V11: keep', () => {
  test('every view that is reported was durable before', () => {
    const { advance, observations, disk, servers } = createSystem()
    advance(200)
    servers[0]!.stop()
    advance(400)

    const early = sentViews(observations).filter(
      ({ view, at }) =>
        !disk.some((kept) => kept.at <= at && JSON.stringify(kept.record.view) === JSON.stringify(view)),
    )

    expect(new Set(sentViews(observations).map(({ view }) => view.number))).toEqual(new Set([1, 2, 3]))
    expect(early).toEqual([])
  })

  test('acknowledgements and known incarnations are kept too, and nothing is kept twice', () => {
    const { advance, disk, last, ports } = createSystem(['s1'])
    advance(200)
    createServer({ ...ports, id: 's2#7' })
    advance(200)

    const texts = disk.map(({ record }) => JSON.stringify(record))
    expect(last()).toMatchObject({
      view: { number: 2, primary: 's1#1', backup: 's2#7' },
      acknowledged: true,
      incarnations: [
        { name: 's1', incarnation: 1 },
        { name: 's2', incarnation: 7 },
      ],
    })
    expect(new Set(texts).size).toBe(texts.length)
  })

  test('a record that cannot be kept is asked to no node: the view service crashes instead', () => {
    const { ports, advance, observations } = createPorts()
    let kept = 0
    createViewService({
      ...ports,
      keep(record) {
        if (record.view.number === 2) throw new Error('disk full')
        kept += 1
      },
    })
    for (const id of ['s1#1', 's2#1']) createServer({ ...ports, id })

    advance(500)

    expect(kept).toBeGreaterThan(0)
    expect(new Set(sentViews(observations).map(({ view }) => view.number))).toEqual(new Set([1]))
    expect(observations.filter(({ kind }) => kind === 'crash')).toMatchObject([
      { node: 'view-service', detail: 'failed: disk full' },
    ])
  })
})

describe('V11: record', () => {
  test('a restarted view service resumes view and acknowledgement, and gives everyone a fresh chance to ping', () => {
    const { advance, last, start, viewService } = createSystem()
    advance(200)
    const view = viewService.view()
    viewService.stop()
    advance(1000)

    const second = start(last())
    expect([second.view(), second.acknowledged()]).toEqual([view, true])
    advance(1000)

    expect(second.view()).toEqual(view)
  })

  test('it promotes by what the record says when the primary has died meanwhile', () => {
    const { advance, last, start, viewService, servers } = createSystem()
    advance(200)
    viewService.stop()
    servers[0]!.stop()
    advance(1000)

    const second = start(last())
    advance(400)

    expect(second.view()).toEqual({ number: 3, primary: 's2#1', backup: 's3#1' })
    expect(servers[1]!.state()).toBe('primary.serving')
  })

  test('V7: an incarnation that was superseded before the restart proves nothing after it', () => {
    const { advance, last, start, viewService, servers, ports } = createSystem(['s1', 's2'])
    advance(200)
    servers[1]!.stop()
    createServer({ ...ports, id: 's2#2' })
    advance(300)
    viewService.stop()

    const second = start(last())
    const ping: Omit<Received<'ping'>, 'from'> = { type: 'ping', viewNumber: 0 }
    ports.transport.send({
      from: 's2#1',
      to: 'view-service',
      message: ping,
      stamp: { lamport: 1, vector: {} },
    })
    advance(300)

    expect(second.actor.getSnapshot().context.servers.map(({ id }) => id)).toEqual(['s1#1', 's2#2'])
    expect(second.view()).toMatchObject({ primary: 's1#1', backup: 's2#2' })
  })
})
