/** ELK in the page: it lies there compressed, is unpacked when it is first needed, and runs in a worker beside the page. */
import Elk, { type ElkNode } from 'elkjs/lib/elk-api.js'
import type { LayoutEngine } from './chart-layout.ts'

/** The id of the block in the page that holds ELK's worker: gzip, as base64. */
export const engineBlock = 'layout-engine'

/** A chart for which ELK takes longer is shown as an outline. */
const patienceMs = 10_000

/** ELK from the page's own block; it starts with the first layout, and again after one that took too long. */
export function embeddedEngine(page: Document): LayoutEngine {
  let started: Promise<Running> | null = null
  return {
    async layout(graph) {
      started ??= sourceIn(page).then(start)
      const running = await started
      try {
        return await within(patienceMs, running.layout(graph))
      } catch (error) {
        running.stop()
        started = null
        throw error
      }
    },
  }
}

interface Running extends LayoutEngine {
  stop(): void
}

function start(source: string): Running {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
  const worker = new Worker(url)
  const failed = new Promise<never>((_, reject) => {
    worker.addEventListener('error', ({ message }) => {
      reject(new Error(`the layout engine does not run here: ${message || 'workers are not allowed'}`))
    })
  })
  failed.catch(() => {})
  const elk = new (Elk as unknown as ElkClass)({ workerFactory: () => worker })
  return {
    layout: (graph) => Promise.race([elk.layout(graph), failed]),
    stop() {
      worker.terminate()
      URL.revokeObjectURL(url)
    },
  }
}

type ElkClass = new (options: { workerFactory(): Worker }) => { layout(graph: ElkNode): Promise<ElkNode> }

async function sourceIn(page: Document): Promise<string> {
  const text = page.getElementById(engineBlock)?.textContent?.trim() ?? ''
  if (text === '') throw new Error('this page was built without a layout engine')
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Response(unpacked).text()
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no layout within ${ms / 1000} s`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
