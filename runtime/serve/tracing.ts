/** Spans of a process, where an OpenTelemetry SDK was loaded before it, as with `node --import ./otel.mjs`. */
import type { Tracing } from '../opentelemetry/index.ts'

/**
 * The tracing of a process; null if no SDK is registered, or the package of its API is not installed: then nothing
 * is observed, and nothing costs anything.
 */
export async function loadTracing(
  system: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Tracing | null> {
  if (!isAnySdkThere()) return null
  let door: typeof import('../opentelemetry/index.ts')
  try {
    door = await import('../opentelemetry/index.ts')
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND') return null
    throw error
  }
  const tracing = door.createTracing({ system, ratio: ratioIn(env) })
  return tracing.isActive ? tracing : null
}

/** The API keeps what is registered under a symbol of its own: without it there is nothing to load the API for, which takes longer than a command. */
function isAnySdkThere(): boolean {
  return Object.getOwnPropertySymbols(globalThis).some(({ description }) =>
    description?.startsWith('opentelemetry.js.api.'),
  )
}

/**
 * The share of requests that are traced, by the variables that SDKs read themselves. Samplers that go by the parent leave
 * the first span of a trace to chance, and here each process has a part of the trace, and must derive the same answer.
 */
export function ratioIn(env: Readonly<Record<string, string | undefined>>): number {
  const { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: argument } = env
  if (sampler === 'parentbased_always_off' || sampler === 'always_off') return 0
  if (sampler !== 'parentbased_traceidratio' || argument === undefined) return 1
  const ratio = Number(argument)
  return ratio >= 0 && ratio <= 1 ? ratio : 1
}

const flushMs = 2000

/** Has the SDK export what has ended, for as long as a process that leaves can wait for it. */
export async function flushed(tracing: Tracing | null): Promise<void> {
  let alarm: NodeJS.Timeout | undefined
  const tooLate = new Promise<void>((resolve) => {
    alarm = setTimeout(resolve, flushMs)
  })
  // An exporter that fails is the SDK's business, which has its own log.
  await Promise.race([tracing?.flush().catch(() => {}), tooLate])
  clearTimeout(alarm)
}
