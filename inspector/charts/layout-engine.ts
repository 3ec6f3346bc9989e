/** ELK in the page: it lies there compressed, is unpacked when it is first needed, and runs in a worker beside the page. */
import type { ElkNode } from 'elkjs/lib/elk-api.js'
import { within } from '../model/within.ts'
import type { LayoutEngine } from './chart-shapes.ts'

/** The id of the block in the page that holds ELK's worker: gzip, as base64. */
export const engineBlock = 'layout-engine'

/** A chart for which ELK takes longer is shown as an outline. */
const patienceMs = 10_000

/** ELK from the page's own block; it starts with the first layout or before, and again after one that took too long. */
export function embeddedEngine(page: Document): EmbeddedEngine {
  let started: Promise<Running> | null = null
  const prepared = () => (started ??= sourceIn(page).then(start))
  return {
    prepare: () => void prepared().catch(() => {}),
    async layout(graph) {
      const running = await prepared()
      try {
        return await within(patienceMs, running.layout(graph), `no layout within ${patienceMs / 1000} s`)
      } catch (error) {
        running.stop()
        started = null
        throw error
      }
    },
  }
}

export interface EmbeddedEngine extends LayoutEngine {
  /** Unpacks and starts it, so that the first layout need not wait for that; what goes wrong is said by `layout`. */
  prepare(): void
}

interface Running extends LayoutEngine {
  stop(): void
}

/** Speaks to ELK's worker as elkjs itself does: numbered commands, each answered with its data or an error. */
function start(source: string): Running {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
  const worker = new Worker(url)
  const waiting = new Map<number, (answer: Answer) => void>()
  let failure: Answer | null = null
  let asked = 0
  worker.onmessage = ({ data }: MessageEvent<Answer & { readonly id: number }>) => {
    waiting.get(data.id)?.(data)
    waiting.delete(data.id)
  }
  worker.onerror = ({ message }) => {
    failure = {
      error: { message: `the layout engine does not run here: ${message || 'workers are not allowed'}` },
    }
    for (const answer of waiting.values()) answer(failure)
  }
  const ask = (command: object) =>
    new Promise<Answer>((resolve) => {
      if (failure !== null) resolve(failure)
      waiting.set(asked, resolve)
      worker.postMessage({ ...command, id: asked++ })
    })
  void ask({ cmd: 'register', algorithms: ['layered'] })
  return {
    async layout(graph) {
      const { data, error } = await ask({ cmd: 'layout', graph, layoutOptions: {}, options: {} })
      if (data === undefined) throw new Error(error?.message ?? 'the layout engine gave no answer')
      return data
    },
    stop() {
      worker.terminate()
      URL.revokeObjectURL(url)
    },
  }
}

interface Answer {
  readonly data?: ElkNode
  readonly error?: { readonly message?: string }
}

async function sourceIn(page: Document): Promise<string> {
  const text = page.getElementById(engineBlock)?.textContent?.trim() ?? ''
  if (text === '') throw new Error('this page was built without a layout engine')
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Response(unpacked).text()
}
