/** Takes what a feed brings into the run that is shown: gathered, and once a frame. */
import { batch } from '@preact/signals'
import type { TraceStep } from '../../runtime/trace/format.ts'
import type { Feed, FeedSink } from '../feeds/feed.ts'
import { noFilters } from '../model/filters.ts'
import { createRun, type Run } from '../model/run.ts'
import {
  chosenNode,
  cursor,
  filters,
  following,
  growth,
  live,
  loading,
  offset,
  other,
  otherSource,
  pinned,
  playing,
  problems,
  report,
  run,
  runTitle,
  source,
} from './state.ts'
import { restoreView } from './url.ts'

export interface OpenOptions {
  /** The name in the URL, such as `file:t7.jsonl`. */
  readonly source: string
  /** Steps come as they happen, and the cursor goes with them. Default false. */
  readonly live?: boolean
  /** The run grows by what is done to it here: nothing is waited for. Default false. */
  readonly driven?: boolean
}

let stopCurrent = () => {}

/** Shows what a feed brings, in place of what was shown. */
export function openFeed(feed: Feed, options: OpenOptions): void {
  stopCurrent()
  let stop = () => {}
  let isStopped = false
  stopCurrent = () => {
    isStopped = true
    stop()
  }
  problems.value = []
  runTitle.value = ''
  stop = feed(sinkFor(options, () => isStopped))
}

/** Reads a second run, to compare with the one that is shown. */
export function openSecond(feed: Feed, name: string): void {
  let target: Run | null = null
  let waiting: TraceStep[] = []
  const show = () => {
    target?.append(waiting)
    waiting = []
    batch(() => {
      other.value = target
      otherSource.value = name
      growth.value += 1
    })
  }
  feed({
    header: (header) => {
      target = createRun(header)
    },
    step: (step) => {
      waiting.push(step)
      if (waiting.length < secondBatch) return
      target?.append(waiting)
      waiting = []
    },
    end: (end) => {
      target?.finish(end)
      show()
    },
    problem: (text) => {
      report(text)
      if (target !== null) show()
    },
  })
}

const secondBatch = 1000

/** Back to the first screen. */
export function closeRun(): void {
  stopCurrent()
  stopCurrent = () => {}
  batch(() => {
    run.value = null
    other.value = null
    source.value = ''
    runTitle.value = ''
    live.value = false
    playing.value = false
    problems.value = []
  })
}

function sinkFor(
  { source: name, live: isLive = false, driven: isDriven = false }: OpenOptions,
  isStopped: () => boolean,
): FeedSink {
  let waiting: TraceStep[] = []
  let target: Run | null = null
  let isScheduled = false
  let restUntil = 0

  const flush = () => {
    isScheduled = false
    if (target === null || waiting.length === 0) return
    const steps = waiting
    waiting = []
    const wasEmpty = target.end === target.first
    target.append(steps)
    if (run.value !== target) return
    const current = target
    batch(() => {
      growth.value += 1
      if (following.value) cursor.value = current.end - 1
      else if (wasEmpty) restoreView(name)
      if (cursor.value < current.first) cursor.value = current.first
    })
  }
  const draw = () => {
    const begun = performance.now()
    flush()
    // Comes after the picture: as long again is left for what comes in, which would pile up unseen otherwise.
    setTimeout(() => {
      restUntil = 2 * performance.now() - begun
    })
  }
  const schedule = () => {
    if (isScheduled) return
    isScheduled = true
    // A hidden page gets no frames, but its run must not pile up.
    if (document.hidden) setTimeout(flush, 200)
    else setTimeout(() => requestAnimationFrame(draw), restUntil - performance.now())
  }

  return {
    header(header) {
      if (isStopped()) return
      const opened = createRun(header)
      target = opened
      batch(() => {
        run.value = opened
        source.value = name
        live.value = isLive
        loading.value = !isLive && !isDriven
        following.value = isLive
        cursor.value = 0
        offset.value = 0
        pinned.value = null
        chosenNode.value = null
        filters.value = noFilters
        playing.value = false
        growth.value += 1
      })
    },
    step(step) {
      if (isStopped()) return
      waiting.push(step)
      schedule()
    },
    end(end) {
      if (isStopped()) return
      flush()
      target?.finish(end)
      batch(() => {
        live.value = false
        loading.value = false
        growth.value += 1
      })
    },
    problem(text) {
      if (isStopped()) return
      flush()
      loading.value = false
      report(text)
    },
  }
}
