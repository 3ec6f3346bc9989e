/** How numbers are spread, in buckets of constant relative width: a few kilobytes, however many numbers come. */

/** All null while nothing was recorded. Quantiles are the upper end of their bucket, at most 5% above the truth. */
export interface Distribution {
  readonly count: number
  readonly min: number | null
  readonly mean: number | null
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
  readonly max: number | null
}

export interface Histogram {
  /** A number from 0 on; anything else counts as 0. */
  record(value: number): void
  read(): Distribution
}

const bucketsPerOctave = 16
/** Numbers below this are one bucket. */
const smallest = 2 ** -10
const bucketsMax = bucketsPerOctave * 64

export function createHistogram(): Histogram {
  const buckets = new Uint32Array(bucketsMax)
  let [count, sum, min, max] = [0, 0, Number.POSITIVE_INFINITY, 0]

  const quantile = (share: number): number | null => {
    let rest = Math.ceil(count * share)
    for (const [index, size] of buckets.entries()) {
      rest -= size
      if (rest <= 0) return Math.min(max, Math.max(min, upperEnd(index)))
    }
    return max
  }
  return {
    record(given) {
      const value = given > 0 && Number.isFinite(given) ? given : 0
      const index = bucketOf(value)
      buckets[index] = buckets[index]! + 1
      count += 1
      sum += value
      min = Math.min(min, value)
      max = Math.max(max, value)
    },
    read() {
      if (count === 0) return { count, min: null, mean: null, p50: null, p90: null, p99: null, max: null }
      return {
        count,
        min,
        mean: sum / count,
        p50: quantile(0.5),
        p90: quantile(0.9),
        p99: quantile(0.99),
        max,
      }
    },
  }
}

function bucketOf(value: number): number {
  if (value <= smallest) return 0
  return Math.min(bucketsMax - 1, Math.ceil(Math.log2(value / smallest) * bucketsPerOctave))
}

function upperEnd(index: number): number {
  return index === 0 ? 0 : smallest * 2 ** (index / bucketsPerOctave)
}
