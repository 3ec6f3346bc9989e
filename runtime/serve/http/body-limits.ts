/** Bounds of request bodies, from the limits of a process. */
import type { LimitOptions } from '../../../actors/options.ts'
import type { BodyLimits } from './json-body.ts'

/** A command is nested at most this deep; see `copyJson`. */
const depthMax = 200
/** Bodies that may be under way at once, if they are all as large as one may be. */
const bodiesAtOnce = 8

/** A body may be as large as a command, and a little for what is around it. */
export function bodyLimitsOf({ commandBytesMax, commandValuesMax }: Required<LimitOptions>): BodyLimits {
  const bytesMax = commandBytesMax + 1024
  return {
    bytesMax,
    totalBytesMax: bytesMax * bodiesAtOnce,
    depthMax,
    valuesMax: commandValuesMax,
  }
}
