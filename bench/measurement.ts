/** What a benchmark found, and how rounds of several subjects are interleaved so that noise hits all of them alike. */

/** One number that a benchmark found. */
export interface Measurement {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What the number is to reach: at least, or at most. */
  readonly target?: { readonly atLeast: number } | { readonly atMost: number }
}

export interface BenchOptions {
  /** Shorter and rougher. */
  readonly quick: boolean
}

/** Whether a measurement reaches its target; null without one. */
export function isMet({ value, target }: Measurement): boolean | null {
  if (target === undefined) return null
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Runs the subjects in turns (A B A B ...), one value a turn; the first round is for warming up and is thrown away. */
export async function interleaved<Name extends string>(
  subjects: Readonly<Record<Name, () => number | Promise<number>>>,
  rounds: number,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(subjects) as Name[]
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const value = await subjects[name]()
      if (round >= 0) values[name].push(value)
    }
  }
  return values
}

/** The median of the ratios of rounds that ran side by side: a slow moment of the machine cancels out. */
export function medianRatio(values: readonly number[], others: readonly number[]): number {
  return median(values.map((value, round) => value / others[round]!))
}
