/** Serves the inspector for a running system, on this machine. */
/// <reference lib="esnext.disposable" preserve="true" />
import * as v from 'valibot'
import { checked } from '../../../actors/checked.ts'
import { StandbyError } from '../../../actors/errors.ts'
import type { Observe } from '../../../actors/ports.ts'
import { isLoopback } from '../../transport/address.ts'
import { createDriver } from './driver.ts'
import { createLiveFeed, type LiveFeed, type LiveFeedOptions } from './live-feed.ts'
import { servePage } from './page-server.ts'

/** Where the page is served and how much it is shown; all of it is optional. */
export interface InspectorOptions extends LiveFeedOptions {
  /** Default 0: any free port. */
  readonly port?: number
  /** Where to listen; default `127.0.0.1`, which no other machine reaches. */
  readonly host?: string
  /** What the page says that it shows; default `a running system`. */
  readonly title?: string
  /** Lets pages drive although other machines reach this address; default false. */
  readonly driveOverNetwork?: boolean
}

/** A served page. */
export interface Inspector {
  /** The address to open, with this run's token in it. Every holder of it sees the run. */
  readonly url: string
  /** Give it to `createCluster`. Costs next to nothing while no page is open. */
  readonly observe: Observe
  /**
   * Allows pages to crash, restart, cut and call; `onFault` is called before each fault.
   * @throws StandbyError `invalidOption` where other machines reach this address, unless `driveOverNetwork` is set.
   */
  drive(...of: Parameters<typeof createDriver>): void
  /** Pages that are open. */
  readonly pages: number
  /** Observations that slow pages missed, summed over all pages ever open; each page is shown its own number. */
  readonly dropped: number
  /** Reports the end of the run to every page and stops serving. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const optionsSchema = v.strictObject(
  {
    port: v.optional(
      v.pipe(
        v.number('expected a port from 0 to 65535'),
        v.integer('expected a port from 0 to 65535'),
        v.minValue(0, 'expected a port from 0 to 65535'),
        v.maxValue(65_535, 'expected a port from 0 to 65535'),
      ),
    ),
    host: v.optional(v.string('expected a host')),
    title: v.optional(v.string('expected a text')),
    driveOverNetwork: v.optional(v.boolean('expected true or false')),
    options: v.optional(v.unknown()),
    pastMax: v.optional(v.number('expected a number')),
    queueMax: v.optional(v.number('expected a number')),
    sliceMs: v.optional(v.number('expected a number')),
  },
  'expected some of port, host, title, driveOverNetwork, options, pastMax, queueMax, sliceMs',
)

/**
 * Serves the inspector, for a system of your own.
 * @throws StandbyError `invalidOption` for an option that is wrong or unknown, a port that is taken or a page that was not built.
 * @example
 * const inspector = await serveInspector()
 * await using cluster = createCluster({ observe: inspector.observe })
 * console.log(inspector.url)
 */
export async function serveInspector(options: InspectorOptions = {}): Promise<Inspector> {
  checked('serveInspector', optionsSchema, options)
  const { title = 'a running system', driveOverNetwork = false } = options
  const feed: LiveFeed = createLiveFeed(options)
  const served = await servePage(options, { kind: 'live', title }, feed.join)
  const close = async () => {
    feed.end()
    await served.close()
  }
  return {
    url: served.url,
    observe: feed.observe,
    drive(...of) {
      if (!isLoopback(served.host) && !driveOverNetwork) {
        throw new StandbyError(
          'invalidOption',
          `expected a loopback address for driving a live cluster, got ${served.host}; other machines reach it: set driveOverNetwork if that is what you want`,
        )
      }
      served.driver = createDriver(...of)
    },
    get pages() {
      return served.pages
    },
    get dropped() {
      return feed.dropped
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
